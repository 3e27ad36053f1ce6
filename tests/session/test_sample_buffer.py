"""What is kept of a day: a grid that grows, statistics by change, gaps, what was unknown."""

import numpy as np
import pytest

from engine.twin import Twin
from engine.twin_pricing import When
from session.day import SECOND, Day, osi
from session.generated import priced, send
from session.usual import STRIKES, usual
from views.days import answered, read
from zerodte.session.sample import COLUMN_KINDS, SampleDay
from zerodte.session.session import Session
from zerodte.views.frame import Frame
from zerodte.views.series import hedge_flow, series
from zerodte.views.snapshot import snapshot, snapshot_at
from zerodte.views.strike_bars import heatmap, strike_flow
from zerodte.wire.heatmap import HeatmapQuery
from zerodte.wire.hedge_flow import HedgeFlowQuery
from zerodte.wire.series import SeriesQuery
from zerodte.wire.snapshot import SnapshotQuery
from zerodte.wire.strike_flow import StrikeFlowQuery

LATE = [STRIKES[0] - 2.0, 501.0, STRIKES[-1] + 2.0]


def kept(session: Session) -> SampleDay:
    day = session.samples("SPX")
    assert day is not None
    return day


def grown() -> tuple[Day, list[bytes]]:
    """A chain that gains three strikes between two samples; and what its first sample said."""
    day = send(Day(), usual(), "12:00", 500.0)
    frame = Frame.live(day.session, "live", "SPX")
    before = [
        snapshot(day.session, "live", SnapshotQuery(symbol="SPX", strike_range=0.10)),
        series(frame, SeriesQuery(symbol=frame.symbol, bar="30s", minutes=5)),
        heatmap(
            frame, HeatmapQuery(symbol=frame.symbol, metric="gex", mode="raw", bar="1m", minutes=5)
        ),
        heatmap(
            frame, HeatmapQuery(symbol=frame.symbol, metric="oi", mode="delta", bar="1m", minutes=5)
        ),
    ]
    day.send("12:00:10", define=tuple(osi(right, k) for k in LATE for right in "CP"))
    send(day, [*usual(), *priced(LATE, 500.0, 150)], "12:00:50", 500.0)
    day.session.advance(day.time("12:01:30"))
    return day, before


def test_what_was_said_before_the_grid_grew_is_said_again() -> None:
    day, before = grown()
    frame = Frame.past(kept(day.session), "live", "SPX", day.time("12:00"))
    again = [
        snapshot_at(frame, SnapshotQuery(symbol=frame.symbol, strike_range=0.10)),
        series(frame, SeriesQuery(symbol=frame.symbol, bar="30s", minutes=5)),
        heatmap(
            frame, HeatmapQuery(symbol=frame.symbol, metric="gex", mode="raw", bar="1m", minutes=5)
        ),
        heatmap(
            frame, HeatmapQuery(symbol=frame.symbol, metric="oi", mode="delta", bar="1m", minutes=5)
        ),
    ]
    assert again == before


def test_older_bars_hold_null_where_a_strike_was_listed_later() -> None:
    day, _ = grown()
    frame = Frame.live(day.session, "live", "SPX")
    for metric in ("gex", "oi"):
        body = read(
            heatmap(
                frame,
                HeatmapQuery(symbol=frame.symbol, metric=metric, mode="raw", bar="1m", minutes=5),
            )
        )
        assert body["strikes_grid"] == sorted([*STRIKES, *LATE])
        old, new, _ = body["bars"]
        nulls = [k for k, v in zip(body["strikes_grid"], old["values"], strict=True) if v is None]
        assert nulls == sorted(LATE)
        assert None not in new["values"]
        changes = read(
            heatmap(
                frame,
                HeatmapQuery(symbol=frame.symbol, metric=metric, mode="delta", bar="1m", minutes=5),
            )
        )["bars"]
        first = changes[1]["values"][body["strikes_grid"].index(501.0)]
        assert first == body["bars"][1]["values"][body["strikes_grid"].index(501.0)]


def test_changes_are_from_the_last_bar_that_knew_the_strike() -> None:
    """Between two that know it lies one that knows nothing: everything was silent."""
    day = send(Day(), usual(), "12:00", 500.0)
    day.session.advance(day.time("12:01"))
    send(day, usual(0.3), "12:02", 500.0)
    frame = Frame.live(day.session, "live", "SPX")
    raw, changes = (
        [
            bar["values"]
            for bar in read(
                heatmap(
                    frame,
                    HeatmapQuery(symbol=frame.symbol, metric="gex", mode=mode, bar="1m", minutes=3),
                )
            )["bars"]
        ]
        for mode in ("raw", "delta")
    )
    assert changes[0] == raw[0]
    assert changes[1] == raw[1] == [None] * len(STRIKES)
    assert changes[2] == pytest.approx(np.subtract(raw[2], raw[0]).tolist(), rel=1e-6, abs=1.0)


def test_charm_of_a_bar_is_the_twins() -> None:
    rows = usual()
    day = send(Day(), rows, "12:00", 500.0)
    (bar,) = read(
        series(
            Frame.live(day.session, "live", "SPX"), SeriesQuery(symbol="SPX", bar="30s", minutes=1)
        )
    )["bars"]
    expected = sum(map(sum, Twin(rows, When(150.0), 500.0).charm_hour))
    assert bar["charm_dollars_per_hour"] == pytest.approx(expected, rel=1e-6)


def test_every_column_grows_with_the_grid() -> None:
    day, _ = grown()
    samples = kept(day.session)
    assert len(samples) == 4
    assert samples.strikes.tolist() == sorted([*STRIKES, *LATE])
    assert [int(samples.grid(row).sum()) for row in range(4)] == [len(STRIKES)] + 3 * [
        len(STRIKES) + 3
    ]
    late = np.isin(samples.strikes, LATE)
    for name, kind in COLUMN_KINDS.items():
        column = getattr(samples.columns, name)
        assert column.shape == kind.shape(4, len(samples.strikes))
        assert column.dtype == np.dtype(kind.dtype)
        np.testing.assert_array_equal(column[0][..., late], kind.nothing)


def test_a_kept_day_stays_as_it_is_while_the_session_goes_on() -> None:
    day = send(Day(), usual(), "12:00", 500.0)
    early = kept(day.session)
    said = snapshot_at(
        Frame.past(early, "live", "SPX", early.contexts[-1].at),
        SnapshotQuery(symbol="SPX", strike_range=0.10),
    )
    send(day, [*usual(0.4), *priced(LATE, 500.0, 150)], "12:00:30", 501.0)
    assert len(early) == 1
    assert len(kept(day.session)) == 2
    assert (
        snapshot_at(
            Frame.past(early, "live", "SPX", day.time("13:00")),
            SnapshotQuery(symbol="SPX", strike_range=0.10),
        )
        == said
    )


def test_statistics_are_kept_once_per_change() -> None:
    day = send(Day(), usual(), "12:00", 500.0)
    for clock in ("12:00:30", "12:01"):
        send(day, usual(0.3), clock, 500.0)
    name = osi("C", 500.0)
    day.send("12:01:10", oi={name: 123})
    day.session.advance(day.time("12:02"))
    day.send("12:02:10", volume={name: 77})
    day.session.advance(day.time("12:03"))
    samples = kept(day.session)
    assert [said.since for said in samples.statistics] == [0, 3, 5]
    at = STRIKES.index(500.0)
    official = [samples.statistics_at(row).official[0, at] for row in range(len(samples))]
    assert official[2:4] == [official[0], 123.0]
    assert samples.statistics_at(6).cleared[0, at] == 77.0


def test_mids_are_kept_to_half_a_hundredth_of_a_cent() -> None:
    day = Day()
    name = osi("C", 500.0)
    rows = {osi("P", 500.0): (1.0, 1.1), name: (123.4567, 123.4570)}
    day.send("12:00", define=tuple(rows), quotes=rows)
    samples = kept(day.session)
    assert samples.columns.mid[0].tolist() == [[2_469_137], [21_000]]
    assert samples.columns.spread[0].tolist() == [[6], [2_000]]


def test_a_chain_that_was_never_quoted_has_samples_without_figures() -> None:
    day = Day()
    day.send("12:00", define=tuple(osi(right, k) for k in STRIKES for right in "CP"))
    day.session.advance(day.time("12:05"))
    frame = Frame.live(day.session, "live", "SPX")
    bars = read(series(frame, SeriesQuery(symbol=frame.symbol, bar="1m", minutes=10)))["bars"]
    assert len(bars) == 6
    assert {name: value for name, value in bars[-1].items() if value is not None} == {
        "t": "2022-03-23T16:05:00Z"
    }
    assert b"no_strike_data_for_window" in answered(
        lambda: strike_flow(frame, StrikeFlowQuery(symbol=frame.symbol, bar="1m", minutes=10))
    )
    assert b"warming_up" in answered(
        lambda: snapshot_at(frame, SnapshotQuery(symbol=frame.symbol, strike_range=0.1))
    )


def test_flow_is_unknown_until_the_first_trade() -> None:
    """Not 0: a tape may have no trades at all."""
    day = send(Day(), usual(), "12:00", 500.0)
    frame = Frame.live(day.session, "live", "SPX")
    (bar,) = read(
        hedge_flow(frame, HedgeFlowQuery(symbol=frame.symbol, side="all", bar="1m", minutes=5))
    )["bars"]
    assert (bar["bar"], bar["cumulative"]) == (None, None)
    (bar,) = read(strike_flow(frame, StrikeFlowQuery(symbol=frame.symbol, bar="1m", minutes=5)))[
        "bars"
    ]
    assert set(bar["contracts"]) == {None}


@pytest.mark.parametrize("silent", [14, 15])
def test_a_silence_is_a_gap_once_no_cadence_explains_it(silent: int) -> None:
    day = send(Day(), usual(), "09:30:15", 500.0)
    send(day, usual(), "12:00:00", 500.0)
    day.session.advance(day.time("12:00:00") + silent * SECOND)
    send(day, usual(), f"12:00:{silent + 1}", 500.0)
    day.session.advance(day.time("12:00:30"))
    body = read(
        series(
            Frame.live(day.session, "live", "SPX"), SeriesQuery(symbol="SPX", bar="30s", minutes=5)
        )
    )
    night = ("2022-03-23T13:30:15Z", "2022-03-23T16:00:00Z")
    short = ("2022-03-23T16:00:00Z", f"2022-03-23T16:00:{silent + 1}Z")
    spans = [(gap["start"], gap["end"]) for gap in body["gap_intervals"]]
    assert spans == ([night, short] if silent == 15 else [night])
    assert {gap["reason"] for gap in body["gap_intervals"]} == {"silence"}


def test_a_past_answer_knows_of_a_gap_what_was_known_then() -> None:
    day = send(Day(), usual(), "12:00:00", 500.0)
    day.session.advance(day.time("12:00:30"))
    said = series(
        Frame.live(day.session, "live", "SPX"), SeriesQuery(symbol="SPX", bar="30s", minutes=5)
    )
    send(day, usual(), "12:10:00", 500.0)
    now = series(
        Frame.live(day.session, "live", "SPX"), SeriesQuery(symbol="SPX", bar="30s", minutes=5)
    )
    then = series(
        Frame.past(kept(day.session), "live", "SPX", day.time("12:00:30")),
        SeriesQuery(symbol="SPX", bar="30s", minutes=5),
    )
    assert then == said
    assert read(then)["gap_intervals"][-1]["end"] == "2022-03-23T16:00:30Z"
    assert read(now)["gap_intervals"][-1]["end"] == "2022-03-23T16:10:00Z"
