"""Ticks, held against a slow twin that knows one rule and handles records singly."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from records.tape_digest import TapeDigest
from tape.commits import write_commits
from zerodte.records.dbn import Records
from zerodte.records.tick import Tick
from zerodte.tape import dbnfile
from zerodte.tape.folder import open_tape
from zerodte.tape.sidecars import Commit
from zerodte.tape.writer import TapeWriter

Make = Callable[..., Records]
OPEN = 1_648_042_200 * 10**9
SECOND = 10**9
CALL, PUT = "SPXW  220323C04480000", "SPXW  220323P04480000"
PLACES = ("definitions", "statistics", "underlying", "quotes", "trades")
UNDEF_TIME = 2**64 - 1

anew = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def seen(ticks: Sequence[Tick]) -> list[tuple[int, str, str, list[int]]]:
    """What a reader of ticks sees, run by run: second, place, schema, numbers of the records."""
    out: list[tuple[int, str, str, list[int]]] = []
    for tick in ticks:
        second = (tick.end - OPEN) // SECOND
        for place in PLACES:
            for batch in getattr(tick, place):
                numbers = batch.records["ts_event"].tolist()
                if out and out[-1][:3] == (second, place, batch.schema):
                    out[-1][3].extend(numbers)
                else:
                    out.append((second, place, batch.schema, numbers))
    return out


def test_tick_is_a_second_up_to_and_with_its_end(writer: TapeWriter, make: Make) -> None:
    times = (1, 1.000000001, 1.999999999, 2, 2.000000001, 5)
    writer.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", *times))
    ticks = list(open_tape(writer.path).ticks())
    assert [tick.end for tick in ticks] == [OPEN + second * SECOND for second in (1, 2, 3, 5)]
    assert [numbers for *_, numbers in seen(ticks)] == [[0], [1, 2, 3], [4], [5]]


def test_order_within_a_tick(writer: TapeWriter, make: Make) -> None:
    for schema in ("trades", "cbbo-1s", "statistics", "definition"):
        writer.write("OPRA.PILLAR", schema, make(schema, 0.1, 0.2), name=f"2{schema}.dbn")
    writer.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", 0.9, 1), name="1.dbn.zst")
    writer.write("XNAS.ITCH", "mbp-1", make("mbp-1", 0.5), name="3.dbn")
    writer.write("ZERODTE.INDEX", "trades", make("trades", 0.5), name="0.dbn")
    (tick,) = open_tape(writer.path).ticks()
    got = {
        place: [(batch.dataset, batch.schema, len(batch.records)) for batch in getattr(tick, place)]
        for place in PLACES
    }
    assert got == {
        "definitions": [("OPRA.PILLAR", "definition", 2)],
        "statistics": [("OPRA.PILLAR", "statistics", 2)],
        "underlying": [("ZERODTE.INDEX", "trades", 1), ("XNAS.ITCH", "mbp-1", 1)],
        "quotes": [("OPRA.PILLAR", "cbbo-1s", 2), ("OPRA.PILLAR", "cbbo-1s", 2)],
        "trades": [("OPRA.PILLAR", "trades", 2)],
    }
    assert tick.quotes[0].records["ts_recv"].tolist() == [OPEN + 900_000_000, OPEN + SECOND]


def test_batches_are_views_into_the_file(writer: TapeWriter, make: Make) -> None:
    writer.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", 1, 2), name="a.dbn")
    first, second = (tick.quotes[0].records for tick in open_tape(writer.path).ticks())
    assert not first.flags.owndata
    assert not first.flags.writeable
    start, after = (array.__array_interface__["data"][0] for array in (first, second))
    assert after - start == 80


def test_picked_records_are_left_out_like_others(writer: TapeWriter, make: Make) -> None:
    """Trades among quotes, and consolidated quotes among those of venues, without a time."""
    mixed = make("cmbp-1", 1, 1.5, 2, 2, 2.5, 3)
    mixed["action"][[1, 3, 4]] = b"T"
    mixed["ts_recv"][[3, 5]] = 0
    writer.write("OPRA.PILLAR", "cmbp-1", mixed)
    assert seen(list(open_tape(writer.path).ticks())) == [
        (1, "quotes", "cmbp-1", [0]),
        (2, "quotes", "cmbp-1", [1, 2]),
        (2, "trades", "tcbbo", [1]),
        (3, "quotes", "cmbp-1", [4]),
        (3, "trades", "tcbbo", [4]),
    ]
    venues = TapeWriter(writer.path.with_name("venues"))
    quotes = make("mbp-1", 1, 1.5, 2, 2, 3)
    quotes["publisher_id"] = [30, 24, 30, 30, 30]
    quotes["ts_recv"][3] = UNDEF_TIME
    venues.write("OPRA.PILLAR", "mbp-1", quotes, {1: CALL, 2: PUT})
    ticks = list(open_tape(venues.path).ticks())
    assert [numbers for *_, numbers in seen(ticks)] == [[0], [2], [4]]
    assert not any(tick.quotes[0].records.flags.writeable for tick in ticks)


# A time of a record, in tenths of a second after the open; None is a record without a time.
Times = list[int | None]
some_times = st.lists(st.one_of(st.integers(0, 60), st.none()), min_size=1, max_size=25).filter(
    lambda times: any(time is not None for time in times)
)


def timed(make: Make, schema: str, times: Times, nowhere: int = 0) -> Records:
    content = make(schema, *(0 if time is None else time / 10 for time in times))
    content["ts_recv"][[time is None for time in times]] = nowhere
    return content


def twin(files: dict[str, Times], until: int) -> list[tuple[int, str, list[int]]]:
    """The rule for one record after the other: (second, schema, numbers of the records)."""
    places: dict[tuple[int, int, str], list[int]] = {}
    for order, (schema, times) in enumerate(files.items()):
        newest = 0
        for number, time in enumerate(times):
            if time is not None:
                newest = max(newest, -(-time // 10))
                if newest <= -(-until // 10) and time <= until:
                    places.setdefault((newest, order, schema), []).append(number)
    return [(second, schema, numbers) for (second, _, schema), numbers in sorted(places.items())]


@anew
@given(some_times, some_times, st.integers(-5, 70), st.booleans(), st.integers(1, 400))
@example([None, 15, 3], [40, None, 39], 70, True, 160)
def test_cut_by_receive_time_is_that_of_the_twin(
    tmp_path: Path,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
    quotes: Times,
    trades: Times,
    until: int,
    compressed: bool,
    chunk: int,
) -> None:
    """In chunks of any size, with records late or without a time, up to any instant."""
    writer = TapeWriter(tmp_path)
    files = {"cbbo-1s": quotes, "tcbbo": trades}
    for order, (schema, times) in enumerate(files.items()):
        for old in tmp_path.glob(f"{order}*"):
            old.unlink()
        name = f"{order}.dbn.zst" if compressed else f"{order}.dbn"
        content = timed(make, schema, times, UNDEF_TIME if order else 0)
        writer.write("OPRA.PILLAR", schema, content, {1: CALL, 2: PUT}, name=name)
    tape = open_tape(tmp_path)
    # Chunks as large as a few records: the content is the same as that of a long file.
    monkeypatch.setattr(dbnfile, "CHUNK", max(chunk, 80))
    got = seen(list(tape.ticks(until=OPEN + until * SECOND // 10)))
    assert [(second, schema, numbers) for second, _, schema, numbers in got] == twin(files, until)
    if until >= 60:
        untimed = [sum(time is None for time in times) for times in files.values()]
        counts = [
            int(text.split(" records have no receive time")[0].split()[-1])
            for text in tape.warnings
        ]
        assert sorted(counts) == sorted(count for count in untimed if count)


@pytest.mark.drill
@anew
@given(st.lists(st.tuples(some_times, st.booleans()), min_size=1, max_size=4))
def test_digest_does_not_see_layout(
    tmp_path_factory: pytest.TempPathFactory,
    make: Make,
    parts: list[tuple[Times, bool]],
) -> None:
    """Files joined or apart, compressed or not, in another order: the same inputs."""
    sorted_parts = [(sorted(t for t in times if t is not None), zst) for times, zst in parts]
    apart = TapeWriter(tmp_path_factory.mktemp("apart"))
    contents = [timed(make, "tcbbo", list(times)) for times, _ in sorted_parts]
    for order, content in enumerate(contents):
        content["ts_event"] += np.uint64(1000 * order)  # equal records of two files are one
    for order, (content, (_, compressed)) in enumerate(zip(contents, sorted_parts, strict=True)):
        name = f"{order}.dbn.zst" if compressed else f"{order}.dbn"
        apart.write("OPRA.PILLAR", "tcbbo", content, {1: CALL, 2: PUT}, name=name)
    joined = TapeWriter(tmp_path_factory.mktemp("joined"))
    whole = np.concatenate(contents)[::-1]
    whole = whole[np.argsort(whole["ts_recv"], kind="stable")]
    joined.write("OPRA.PILLAR", "tcbbo", whole, {1: CALL, 2: PUT})
    assert digest(apart.path) == digest(joined.path)


def digest(path: Path) -> str:
    running = TapeDigest()
    for tick in open_tape(path).ticks():
        running.update(tick)
    return running.hexdigest()


# What each commit adds of the quotes and of the trades.
some_commits = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=8)


@anew
@given(some_commits, st.integers(0, 3), st.booleans(), st.integers(1, 400), st.data())
def test_commits_are_followed(
    tmp_path: Path,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
    added: list[tuple[int, int]],
    rest: int,
    compressed: bool,
    chunk: int,
    data: st.DataObject,
) -> None:
    """Whatever the receive times say, silent ticks included; what was not committed is counted."""
    writer = TapeWriter(tmp_path)
    totals = np.cumsum(added, axis=0)
    names, schemas = [], ("cbbo-1s", "tcbbo")
    for order, schema in enumerate(schemas):
        for old in tmp_path.glob(f"{order}*"):
            old.unlink()
        count = int(totals[-1, order]) + rest + (order == 0)
        times = data.draw(st.lists(st.integers(0, 60), min_size=count, max_size=count))
        names.append(f"{order}.dbn.zst" if compressed else f"{order}.dbn")
        if count:
            content = timed(make, schema, list(times))
            writer.write("OPRA.PILLAR", schema, content, {1: CALL, 2: PUT}, name=names[-1])
    here = [name for name in names if (tmp_path / name).exists()]
    counted = [dict(zip(names, map(int, row), strict=True)) for row in totals]
    commits = [
        Commit(OPEN + second * SECOND, {name: counts[name] for name in here})
        for second, counts in enumerate(counted, start=1)
    ]
    write_commits(writer.path, commits)
    tape = open_tape(tmp_path)
    monkeypatch.setattr(dbnfile, "CHUNK", max(chunk, 80))
    ticks = list(tape.ticks())
    assert [tick.end for tick in ticks] == [commit.end for commit in commits]
    expected = []
    for second, (after, more) in enumerate(zip(totals.tolist(), added, strict=True), start=1):
        for schema, stop, count in zip(schemas, after, more, strict=True):
            if count:
                expected.append((second, schema, list(range(stop - count, stop))))
    assert [(second, schema, numbers) for second, _, schema, numbers in seen(ticks)] == expected
    left = [(names[0], rest + 1)] + ([(names[1], rest)] if rest else [])
    assert sorted(tape.warnings) == [
        f"{n}: {k} records were never committed; left out" for n, k in left
    ]


def test_commits_name_only_what_grew(writer: TapeWriter, make: Make) -> None:
    writer.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", 1, 2, 3), name="a.dbn")
    writer.write("OPRA.PILLAR", "tcbbo", make("tcbbo", 1, 2, 3), name="b.dbn")
    counts: list[dict[str, int]] = [{"b.dbn": 1}, {}, {"a.dbn": 2}, {"a.dbn": 3, "b.dbn": 3}]
    commits = [Commit(OPEN + n * SECOND, count) for n, count in enumerate(counts, start=1)]
    write_commits(writer.path, commits)
    with (writer.path / "ticks").open("a") as ticks:
        ticks.write('{"end": 16480422')
    tape = open_tape(writer.path)
    assert tape.warnings == ["ticks: its last line is cut off; that tick was never committed"]
    assert [
        (second, schema, numbers) for second, _, schema, numbers in seen(list(tape.ticks()))
    ] == [
        (1, "tcbbo", [0]),
        (3, "cbbo-1s", [0, 1]),
        (4, "cbbo-1s", [2]),
        (4, "tcbbo", [1, 2]),
    ]


def test_commits_end_where_the_reader_wants_to(writer: TapeWriter, make: Make) -> None:
    writer.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", 0.5, 1.2, 1.8, 2.5), name="a.dbn")
    counts = enumerate((1, 3, 4, 4), start=1)
    write_commits(writer.path, [Commit(OPEN + n * SECOND, {"a.dbn": count}) for n, count in counts])
    tape = open_tape(writer.path)
    assert tape.last_receive_time == OPEN + 5 * SECOND // 2
    for tenths, count in ((4, 0), (9, 1), (10, 1), (12, 2), (17, 2), (20, 3), (25, 4), (99, 4)):
        ticks = list(tape.ticks(until=OPEN + tenths * SECOND // 10))
        numbers = [number for *_, numbers in seen(ticks) for number in numbers]
        assert numbers == list(range(count))
    write_commits(writer.path, [Commit(OPEN + SECOND, {"a.dbn": 1})])
    assert open_tape(writer.path).last_receive_time == OPEN + SECOND // 2


def test_tape_cut_within_a_frame_ends_there(writer: TapeWriter, make: Make) -> None:
    content = make("cbbo-1s", *range(1, 9))
    path = writer.write("OPRA.PILLAR", "cbbo-1s", content, name="a.dbn")
    plain = path.read_bytes()
    path.unlink()
    frames = [zstandard.compress(plain[: -4 * 80]), zstandard.compress(plain[-4 * 80 :])]
    (writer.path / "a.dbn.zst").write_bytes(b"".join(frames)[:-7])
    tape = open_tape(writer.path)
    assert [numbers for *_, numbers in seen(list(tape.ticks()))] == [[0], [1], [2], [3]]
    assert tape.warnings == [
        "a.dbn.zst: ends within a compressed frame; the part before that is used"
    ]
