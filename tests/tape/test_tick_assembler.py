"""Which tick a live record goes to, held against a twin that takes one record after the other."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zerodte.records.dbn import Records
from zerodte.tape.record_router import SessionSpan
from zerodte.tape.tick_assembler import GRACE, Arrival, ClosedTick, Piece, TickAssembler

Make = Callable[..., Records]
OPEN = 1_648_042_200 * 10**9
SECOND = 10**9
WINDOW = SessionSpan(OPEN - 3600 * SECOND, OPEN + 3600 * SECOND)

anew = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

#: (stream, receive times in tenths of a second after the open, the feed's clock beyond the newest)
Chunks = list[tuple[int, list[int], int]]
some_chunks = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.lists(st.integers(-20, 90), max_size=6),
        st.integers(0, 12),
    ),
    min_size=1,
    max_size=12,
)


def arrivals(make: Make, chunks: Chunks) -> list[Arrival]:
    """The chunks as they arrive; the feed's clock is the newest receive time, or ahead of it."""
    counts, clock, out = [0, 0], OPEN - 2 * SECOND, []
    for stream, tenths, ahead in chunks:
        clock = max([clock, *(OPEN + t * SECOND // 10 for t in tenths)]) + ahead * SECOND // 10
        piece = None
        if tenths:
            piece = Piece(counts[stream], make("cbbo-1s", *(t / 10 for t in tenths)))
            counts[stream] += len(tenths)
        out.append(Arrival(clock, f"stream{stream}" if tenths else "", piece))
    return out


def closed(assembler: TickAssembler, arriving: Sequence[Arrival]) -> list[ClosedTick]:
    """All ticks, asked for after every arrival."""
    out = []
    for arrival in arriving:
        assembler.add(arrival)
        out += assembler.close_ticks()
    return out + assembler.finish()


def told(ticks: Sequence[ClosedTick]) -> list[tuple[int, str, list[int]]]:
    """(end, stream, receive times), without silent ticks."""
    return [
        (tick.end, name, piece.records["ts_recv"].tolist())
        for tick in ticks
        for name, piece in sorted(tick.pieces.items())
    ]


def twin(arriving: Sequence[Arrival], last: int = 0) -> dict[tuple[int, str], list[int]]:
    """The rule for one record after the other."""
    out: dict[tuple[int, str], list[int]] = {}
    newest: dict[str, int] = {}
    for arrival in arriving:
        times = [] if arrival.piece is None else arrival.piece.records["ts_recv"].tolist()
        if not last:
            last = (min([arrival.clock, *times]) - 1) // SECOND * SECOND
        for time in times:
            second = -(-time // SECOND) * SECOND
            second = max(second, last + SECOND, newest.get(arrival.name, 0))
            newest[arrival.name] = second
            out.setdefault((second, arrival.name), []).append(time)
        while last + SECOND + GRACE <= arrival.clock:
            last += SECOND
    return out


@anew
@given(some_chunks)
def test_ticks_are_those_of_the_twin(make: Make, chunks: Chunks) -> None:
    arriving = arrivals(make, chunks)
    ticks = closed(TickAssembler(WINDOW), arriving)
    expected = twin(arriving)
    assert told(ticks) == [(*key, expected[key]) for key in sorted(expected)]
    ends = [tick.end for tick in ticks]
    assert ends == list(range(ends[0], ends[-1] + 1, SECOND)) if ends else not expected
    assert not any(tick.gap for tick in ticks)


@anew
@given(some_chunks, st.integers(1, 3))
def test_how_records_are_divided_does_not_matter(make: Make, chunks: Chunks, size: int) -> None:
    whole = arrivals(make, chunks)
    parts = [Arrival(OPEN - 3 * SECOND)]
    for arrival in whole:
        piece = arrival.piece
        starts = [] if piece is None else range(0, len(piece.records), size)
        for at in starts:
            assert piece is not None
            part = piece.rows(at, min(at + size, len(piece.records)))
            newest = int(part.records["ts_recv"].max())
            parts.append(Arrival(max(newest, parts[-1].clock), arrival.name, part))
        parts.append(Arrival(arrival.clock))
    whole = [parts[0], *whole]
    assert told(closed(TickAssembler(WINDOW), parts)) == told(closed(TickAssembler(WINDOW), whole))


@anew
@given(some_chunks, st.data())
def test_a_feed_that_goes_on_from_the_counts_closes_the_same_ticks(
    make: Make, chunks: Chunks, data: st.DataObject
) -> None:
    """The first ticks were committed, everything else is sent again: a stream's first records."""
    arriving = [Arrival(OPEN - 3 * SECOND), *arrivals(make, chunks)]
    ticks = closed(TickAssembler(WINDOW), arriving)
    kept = data.draw(st.integers(1, len(ticks))) if ticks else 0
    counts: dict[str, int] = {}
    for tick in ticks[:kept]:
        for name, piece in tick.pieces.items():
            assert piece.first == counts.get(name, 0)
            counts[name] = piece.first + len(piece.records)
    again = []
    for arrival in arriving:
        rest = None
        if (sent := arrival.piece) is not None:
            skipped = min(max(counts.get(arrival.name, 0) - sent.first, 0), len(sent.records))
            rest = sent.rows(skipped, len(sent.records))
        again.append(Arrival(arrival.clock, arrival.name, rest))
    last = ticks[kept - 1].end if kept else 0
    resumed = closed(TickAssembler(WINDOW, last), again)
    assert told([*ticks[:kept], *resumed]) == told(ticks)
    assert [tick.end for tick in resumed] == [tick.end for tick in ticks[kept:]]


def seconds(ticks: Sequence[ClosedTick]) -> list[int]:
    return [(tick.end - OPEN) // SECOND for tick in ticks]


def test_a_tick_closes_when_the_clock_is_past_its_end_by_the_grace(make: Make) -> None:
    assembler = TickAssembler(WINDOW)
    assembler.add(Arrival(OPEN + SECOND, "s", Piece(0, make("cbbo-1s", 0.5, 1))))
    assembler.advance(OPEN + SECOND + GRACE - 1)
    assert assembler.close_ticks() == []
    assembler.advance(OPEN + SECOND + GRACE)
    assert seconds(assembler.close_ticks()) == [1]
    assert assembler.last_end == OPEN + SECOND
    assembler.advance(OPEN + 4 * SECOND + GRACE)
    assert seconds(assembler.close_ticks()) == [2, 3, 4], "silence closes ticks too"


def test_late_records_go_to_the_next_open_tick(make: Make) -> None:
    assembler = TickAssembler(WINDOW)
    assembler.add(Arrival(OPEN + 2 * SECOND, "s", Piece(0, make("cbbo-1s", 0.5, 2))))
    assert seconds(assembler.close_ticks()) == [1]
    assembler.add(Arrival(OPEN + 2 * SECOND, "t", Piece(0, make("tcbbo", 0.7, 1.5, 0.9))))
    (second,) = assembler.finish()
    assert second.end == OPEN + 2 * SECOND
    assert len(second.pieces["t"].records) == 3


def test_a_receive_time_ahead_of_the_feeds_clock_is_no_time_at_all(make: Make) -> None:
    assembler = TickAssembler(WINDOW)
    rows = make("cbbo-1s", 1, 1800, 2, 0.5)
    rows["ts_recv"][3] = 2**64 - 1
    assembler.add(Arrival(OPEN + 2 * SECOND, "s", Piece(0, rows)))
    first, second = assembler.finish()
    assert (len(first.pieces["s"].records), len(second.pieces["s"].records)) == (2, 2)


def test_no_tick_lies_outside_of_the_sessions_time(make: Make) -> None:
    assembler = TickAssembler(SessionSpan(OPEN, OPEN + 3 * SECOND - 1))
    assembler.add(Arrival(OPEN - 10 * SECOND, "s", Piece(0, make("cbbo-1s", -10))))
    ticks = assembler.close_ticks()
    over = [assembler.is_over]
    assembler.advance(2**63 - 1)
    ticks += assembler.close_ticks()
    over.append(assembler.is_over)
    assert seconds(ticks) == [0, 1, 2, 3]
    assert over == [False, True]
    assert assembler.finish() == []


def gaps(ticks: Sequence[ClosedTick]) -> list[str]:
    return [tick.gap for tick in ticks]


def test_ticks_without_the_feed_are_gaps_until_it_is_back(make: Make) -> None:
    assembler = TickAssembler(WINDOW)
    assembler.add(Arrival(OPEN + 2 * SECOND, "s", Piece(0, make("cbbo-1s", 1, 2))))
    assert gaps(assembler.close_ticks()) == [""]
    assembler.disconnect("away")
    assembler.advance(OPEN + 4 * SECOND + GRACE)
    assert gaps(assembler.close_ticks()) == ["away"] * 3
    assembler.resume()
    assembler.add(Arrival(OPEN + 5 * SECOND, "s", Piece(1, make("cbbo-1s", 2, 3, 5))))
    (fifth,) = assembler.finish()
    assert (fifth.gap, fifth.pieces["s"].records["ts_recv"].tolist()[0]) == (
        "",
        OPEN + 2 * SECOND,
    ), "what was missed comes late"


def test_what_was_sent_meanwhile_is_lost_where_a_feed_does_not_go_on(make: Make) -> None:
    assembler = TickAssembler(WINDOW, OPEN + SECOND)
    assembler.skip(OPEN + 3 * SECOND + 1, "down")
    assembler.add(Arrival(OPEN + 5 * SECOND, "s", Piece(0, make("cbbo-1s", 3.5, 5))))
    ticks = assembler.finish()
    assert [(s, t.gap) for s, t in zip(seconds(ticks), ticks, strict=True)] == [
        *((2, "down"), (3, "down"), (4, "down")),
        (5, ""),
    ]


def test_records_of_open_ticks_are_forgotten_when_they_are_sent_again(make: Make) -> None:
    assembler = TickAssembler(WINDOW)
    rows = make("cbbo-1s", 1, 2)
    assembler.add(Arrival(OPEN + 2 * SECOND, "s", Piece(0, rows)))
    assert len(assembler.close_ticks()) == 1
    held = [assembler.pending_count]
    assembler.resume()
    held.append(assembler.pending_count)
    assert held == [1, 0]
    assembler.add(Arrival(OPEN + 2 * SECOND, "s", Piece(1, rows[1:])))
    (second,) = assembler.finish()
    assert len(second.pieces["s"].records) == 1


def test_conditions_and_cancels_stay_with_their_records(make: Make) -> None:
    times = (0.5, 1, 1.5, 2, 2.5)
    codes = np.arange(5, dtype=np.uint8)
    pairs = np.array([[11, 3], [12, 10], [14, 12]])
    piece = Piece(10, make("tcbbo", *times), codes, pairs)
    for cuts in itertools.combinations(range(1, 5), 2):
        assembler = TickAssembler(WINDOW)
        for start, stop in itertools.pairwise((0, *cuts, 5)):
            assembler.add(Arrival(OPEN + 3 * SECOND, "s", piece.rows(start, stop)))
        got = [tick.pieces["s"] for tick in assembler.finish() if tick.pieces]
        assert np.concatenate([part.conditions for part in got]).tolist() == codes.tolist()
        assert np.concatenate([part.cancel_pairs for part in got]).tolist() == pairs.tolist()
        for part in got:
            inside = (part.first <= part.cancel_pairs[:, 0]) & (
                part.cancel_pairs[:, 0] < part.first + len(part.records)
            )
            assert inside.all()


@pytest.mark.parametrize("closed_at", [0, OPEN])
def test_nothing_is_complete_before_anything_arrived(closed_at: int) -> None:
    assembler = TickAssembler(WINDOW, closed_at)
    assert assembler.close_ticks() == []
    assert assembler.finish() == []
