"""A past instant is answered as it was then, to the byte."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from views.days import Seen, answered, made, read
from zerodte.clock import new_york
from zerodte.constants import SAMPLE_INTERVAL, SECOND
from zerodte.runtime.replay import replay
from zerodte.tape.folder import open_tape
from zerodte.views.frame import Frame
from zerodte.views.series import series
from zerodte.views.snapshot import snapshot, snapshot_at
from zerodte.views.strike_bars import heatmap
from zerodte.wire.errors import ApiError
from zerodte.wire.exposure import ExposureQuery
from zerodte.wire.heatmap import HeatmapQuery
from zerodte.wire.series import SeriesQuery
from zerodte.wire.snapshot import SnapshotQuery

GOOG = datetime.date(2015, 12, 24)


def test_every_sample_is_answered_as_it_was_then(seen: Seen) -> None:
    hours = seen.session.hours
    times = range(hours.open + SAMPLE_INTERVAL, hours.close + 1, SAMPLE_INTERVAL)
    assert list(seen.said) == [at for at in times if at in seen.said]
    assert len(seen.said) == (hours.close - hours.open) // SAMPLE_INTERVAL
    for at, said in seen.said.items():
        frame = seen.frame(at)
        again = [
            lambda frame=frame: snapshot_at(
                frame, SnapshotQuery(symbol=frame.symbol, strike_range=0.03)
            ),
            lambda frame=frame: snapshot_at(
                frame, ExposureQuery(symbol=frame.symbol, strike_range=0.10)
            ),
            lambda frame=frame: series(
                frame, SeriesQuery(symbol=frame.symbol, bar="1m", minutes=30)
            ),
            lambda frame=frame: heatmap(
                frame,
                HeatmapQuery(symbol=frame.symbol, metric="dex", mode="delta", bar="5m", minutes=20),
            ),
            lambda frame=frame: snapshot_at(
                frame, SnapshotQuery(symbol=frame.symbol, inventory="1")
            ),
        ]
        assert [answered(ask) for ask in again] == said


def test_most_of_what_was_compared_says_something(seen: Seen) -> None:
    snapshots = [read(said[0]) for said in seen.said.values()]
    assert sum("regime" in body for body in snapshots) > 0.05 * len(snapshots)
    assert len({body["metadata"]["inputs_digest"] for body in snapshots if "metadata" in body}) > 30


def test_an_instant_means_the_last_sample_not_after_it(seen: Seen) -> None:
    at = list(seen.said)[40]
    exact = snapshot_at(seen.frame(at), SnapshotQuery(symbol="SPX", strike_range=0.03))
    assert (
        snapshot_at(
            seen.frame(at + SAMPLE_INTERVAL - SECOND),
            SnapshotQuery(symbol="SPX", strike_range=0.03),
        )
        == exact
    )
    assert (
        snapshot_at(seen.frame(at - SECOND), SnapshotQuery(symbol="SPX", strike_range=0.03))
        != exact
    )


def test_after_the_close_the_last_sample_stands(seen: Seen) -> None:
    close = seen.session.hours.close
    body = read(
        series(seen.frame(close + 3_600 * SECOND), SeriesQuery(symbol="SPX", bar="30s", minutes=5))
    )
    assert (
        body["as_of"]
        == read(series(seen.frame(close), SeriesQuery(symbol="SPX", bar="30s", minutes=5)))["as_of"]
    )
    assert len(body["bars"]) == 10


def refused(frame: Frame, expiry: datetime.date | None = None) -> ApiError:
    with pytest.raises(ApiError) as caught:
        snapshot_at(frame, SnapshotQuery(symbol=frame.symbol, expiry=expiry))
    return caught.value


def test_before_the_first_sample_there_is_no_snapshot_and_no_bar() -> None:
    seen = made()
    early = seen.frame(seen.session.hours.open + 29 * SECOND)
    error = refused(early)
    assert error.code == "invalid_at"
    assert "09:30:30" in error.message
    body = read(series(early, SeriesQuery(symbol=early.symbol, bar="30s", minutes=60)))
    assert (body["bars"], body["expiration"], body["gap_intervals"]) == ([], "2025-06-02", [])
    assert body["as_of"] == "2025-06-02T13:30:29Z"


def test_a_symbol_or_a_day_without_samples_has_no_past() -> None:
    nobody = Frame.past(None, "replay", "XYZ", made().session.hours.open)
    assert refused(nobody).code == "no_data"
    body = read(
        heatmap(
            nobody,
            HeatmapQuery(symbol=nobody.symbol, metric="gex", mode="raw", bar="1m", minutes=60),
        )
    )
    assert (body["strikes_grid"], body["bars"], body["underlying_price"]) == ([], [], None)
    assert body["market_open"] is False


def test_only_the_same_day_chain_has_a_past() -> None:
    seen = made()
    frame, own = seen.frame(list(seen.said)[9]), seen.session.hours.date
    assert snapshot_at(
        frame, SnapshotQuery(symbol=frame.symbol, expiry=own, strike_range=0.03)
    ) == snapshot_at(frame, SnapshotQuery(symbol=frame.symbol, strike_range=0.03))
    error = refused(frame, expiry=own.replace(day=9))
    assert error.code == "invalid_expiry"
    assert str(own) in error.message


@pytest.mark.drill
def test_a_sample_is_nearly_what_is_said_a_second_later(goog_tape: Path) -> None:
    """One comes from memory, the other from the live arrays; the clock alone has moved."""
    session = replay(open_tape(goog_tape), new_york(GOOG, datetime.time(11, 30)))

    def said(*, settled: bool) -> dict[str, Any]:
        query = ExposureQuery if settled else SnapshotQuery
        return read(snapshot(session, "replay", query(symbol="GOOG", strike_range=0.05)))

    live, baseline = said(settled=False), said(settled=True)
    session.advance(session.now + SECOND)
    for then, later in ((live, said(settled=False)), (baseline, said(settled=True))):
        assert then["exposures"] != later["exposures"]
        assert list(apart(then, later)) == []
    totals = [answer["exposures"]["total_chain_net_gex"] for answer in (live, baseline)]
    assert abs(totals[0] / totals[1] - 1.0) > 0.01, "what is settled is told apart"


def apart(one: dict[str, Any], other: dict[str, Any]) -> Iterator[str]:
    """Figures that differ by more than a second explains; far strikes may, and are left out."""
    for block in one.keys() - {"body", "strikes", "metadata", "data_as_of"}:
        if isinstance(one[block], dict):
            for name, value in one[block].items():
                found = other[block][name]
                if value == found or isinstance(value, str | dict):
                    continue
                # A profile crosses zero: what differs counts against its largest value.
                size = np.abs(value).max()
                if not np.allclose(value, found, rtol=0.0, atol=5e-3 * size):
                    yield f"{block}.{name}: {value} and {other[block][name]}"
