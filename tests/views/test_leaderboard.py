"""The leaderboard against the endpoints of each symbol."""

import datetime
import functools
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from session.day import Day, osi
from session.generated import priced
from session.made_tape import quotes, stock, trades, write
from views.days import Seen, read
from zerodte.feeds.synthetic_tape import write_synthetic_tape
from zerodte.market.calendar import calendar
from zerodte.runtime.replay import replay
from zerodte.session.session import Session
from zerodte.tape.folder import open_tape
from zerodte.views.frame import Frame
from zerodte.views.leaderboard import leaderboard
from zerodte.views.series import hedge_flow, series
from zerodte.views.snapshot import snapshot
from zerodte.wire.hedge_flow import HedgeFlowQuery
from zerodte.wire.leaderboard import LeaderboardQuery
from zerodte.wire.series import SeriesQuery
from zerodte.wire.snapshot import SnapshotQuery

STRIKES = [490.0 + 2.0 * n for n in range(11)]


def market(session: Session, metric: Any, n: int = 20) -> dict[str, Any]:
    return read(leaderboard(session, "replay", LeaderboardQuery(metric=metric, n=n)))


def values(session: Session, metric: Any) -> dict[str, float]:
    return {entry["symbol"]: entry["value"] for entry in market(session, metric)["entries"]}


@functools.cache
def sampled() -> Session:
    """The generated chain of a symbol, up to a few minutes before its tape ends."""
    with tempfile.TemporaryDirectory() as folder:
        hours = calendar().session(datetime.date(2024, 11, 27))
        assert hours is not None
        write_synthetic_tape(Path(folder), hours)
        return replay(open_tape(folder))


@functools.cache
def trading() -> Session:
    """A chain that still trades."""
    with tempfile.TemporaryDirectory() as folder:
        tape = write(
            Path(folder),
            ("cbbo-1s", quotes("cbbo-1s", 8_000, 600, seed=1)),
            ("tcbbo", trades("tcbbo", 1_000, 600, seed=2)),
            ("bbo-1s", stock(600)),
        )
        return replay(tape)


@pytest.mark.parametrize("make", [sampled, trading])
def test_metrics_are_those_of_the_symbols_own_endpoints(make: Callable[[], Session]) -> None:
    session = make()
    (symbol,) = session.symbols()
    frame = Frame.live(session, "replay", symbol)
    last = read(series(frame, SeriesQuery(symbol=frame.symbol, bar="30s", minutes=390)))["bars"][-1]
    flows = [
        read(
            hedge_flow(
                frame, HedgeFlowQuery(symbol=frame.symbol, side=side, bar="30s", minutes=390)
            )
        )["bars"]
        for side in ("calls", "puts")
    ]
    moved = [sum(bar["bar"] or 0 for bar in bars[-10:]) for bars in flows]
    assert values(session, "abs_flow") == {symbol: abs(moved[0]) + abs(moved[1])}
    known = {symbol: last["pin_score"]} if last["pin_score"] is not None else {}
    assert values(session, "pin_risk") == known
    charm = last["charm_dollars_per_hour"]
    assert values(session, "charm_intensity") == ({} if charm is None else {symbol: abs(charm)})


def test_the_flow_of_the_last_samples_is_not_that_of_the_day() -> None:
    (of_ten,) = values(trading(), "abs_flow").values()
    bars = read(
        hedge_flow(
            Frame.live(trading(), "replay", "ABC"),
            HedgeFlowQuery(symbol="SPX", side="calls", bar="30s", minutes=390),
        )
    )["bars"]
    assert of_ten > 0
    assert bars[-11]["bar"] != 0, "one sample more or less is told apart"


def test_heat_is_flow_against_gamma() -> None:
    session = sampled()
    (symbol,) = session.symbols()
    bar = read(
        series(
            Frame.live(session, "replay", symbol), SeriesQuery(symbol="SPX", bar="30s", minutes=1)
        )
    )["bars"][-1]
    body = json.loads(snapshot(session, "replay", SnapshotQuery(symbol=symbol, strike_range=0.10)))
    gross = sum(abs(row["call_gex"]) + abs(row["put_gex"]) for row in body["strikes"])
    against = max(abs(bar["net_gex"]), 0.05 * gross)
    expected = abs(bar["hedge_flow_cumulative_all"]) / against
    assert values(session, "heat") == {symbol: pytest.approx(expected, rel=1e-4)}


def several() -> Session:
    """Three symbols at one sample; none has traded, and one was never quoted."""
    day = Day()
    define, quoted, oi = [], {}, {}
    for root, held in (("AAA", 10), ("BBB", 900), ("CCC", 0)):
        for row in priced(STRIKES, 500.0, 30):
            for right, quote in (("C", row.call), ("P", row.put)):
                assert quote is not None
                name = osi(right, row.strike, root=root)
                define.append(name)
                if held:
                    # Calls twice the puts, so that gamma has a sign.
                    quoted[name] = quote.bid, quote.ask
                    oi[name] = held * (2 if right == "C" else 1)
    day.send("10:00", define=tuple(define), quotes=quoted, oi=oi)
    return day.session


def test_the_largest_comes_first_and_the_unknown_not_at_all() -> None:
    session = several()
    body = market(session, "charm_intensity")
    assert [entry["rank"] for entry in body["entries"]] == [1, 2]
    assert {entry["symbol"] for entry in body["entries"]} == {"AAA", "BBB"}
    shown = [entry["value"] for entry in body["entries"]]
    assert shown == sorted(shown, reverse=True)
    assert shown[0] > shown[1] > 0.0
    assert body == body | {"metric": "charm_intensity", "n": 20, "market_open": True}
    assert body["as_of"] == "2022-03-23T14:00:00Z"
    assert len(market(session, "charm_intensity", 1)["entries"]) == 1
    assert values(session, "heat") == values(session, "abs_flow") == {}, "nobody has traded"


def test_equals_stand_in_the_order_of_their_names() -> None:
    """The pin score does not know how large a market is."""
    first, second = market(several(), "pin_risk")["entries"]
    assert first["value"] == second["value"] > 0
    assert [first["symbol"], second["symbol"]] == ["AAA", "BBB"]


def test_without_samples_there_are_no_entries() -> None:
    day = Day()
    day.session.advance(day.time("09:00"))
    body = market(day.session, "heat")
    assert (body["entries"], body["market_open"]) == ([], False)
    assert body["as_of"] == "2022-03-23T13:00:00Z"


def test_after_the_close_the_last_sample_stands(seen: Seen) -> None:
    seen.session.advance(seen.session.hours.close + 60 * 10**9)
    body = market(seen.session, "abs_flow")
    assert body["market_open"] is False
    assert datetime.datetime.fromisoformat(body["as_of"]).timestamp() * 1e9 == (
        seen.session.hours.close
    )
