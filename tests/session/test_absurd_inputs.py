"""Sizes, counts and prices beyond reason, through the session's door: no total turns."""

import json

import numpy as np
import pytest

from session.day import SECOND, WEDNESDAY, Day, ask, osi, raw
from session.test_trades_alone import send, trade
from session.usual import STRIKES, heard, of_stock, usual, warned
from zerodte.records.dbn import Records
from zerodte.views.frame import Frame
from zerodte.views.series import hedge_flow
from zerodte.views.strike_bars import heatmap, strike_flow
from zerodte.wire.heatmap import HeatmapQuery
from zerodte.wire.hedge_flow import HedgeFlowQuery
from zerodte.wire.strike_flow import StrikeFlowQuery

CALL = osi("C", STRIKES[10])
#: As large as a trade can be.
LARGEST = 10_000_000
OTHERS = 7 * (2 * len(STRIKES) - 1)


def frame(day: Day, symbol: str = "SPX") -> Frame:
    return Frame.live(day.session, "replay", symbol)


def crowd(day: Day, size: int, count: int, at: int) -> Records:
    rows: Records = np.tile(trade(day, CALL, 10.0, at), count)
    rows["size"] = size
    rows["price"] += np.arange(count)  # equal records of one instant may be one that came twice
    rows["ask_px_00"] = rows["price"]
    return rows


@pytest.fixture(scope="module")
def of_three_billion() -> Day:
    day = heard()
    for after in (5, 10, 15):
        at = day.time("12:00") + after * SECOND
        send(day, crowd(day, LARGEST, 100, at), at, first=100 * after)
    day.send("12:00:30", index={"SPX": 500.0})
    return day


def test_three_billion_contracts_are_three_billion(of_three_billion: Day) -> None:
    answer, traded = ask(of_three_billion.session), 300 * LARGEST
    assert answer["flow"]["total_volume"] == OTHERS + traded
    assert sum(answer["metadata"]["volume_by_rule"].values()) == traded
    (bar,) = json.loads(
        strike_flow(frame(of_three_billion), StrikeFlowQuery(symbol="SPX", minutes=390))
    )["bars"][-1:]
    assert max(bar["contracts"]) == traded


def test_their_uncertainty_is_still_one(of_three_billion: Day) -> None:
    """All in one minute of one contract: the square of it passes an integer of 64 bits."""
    flow = of_three_billion.session.market.flow
    assert flow.variance.min() >= 0.0
    assert flow.variance.max() > 1e18
    book = ask(of_three_billion.session)["dealer_inventory"]
    assert book["net_gex_low"] < book["net_gex"] < book["net_gex_high"]


def test_trades_beyond_reason_are_left_out_and_counted() -> None:
    day = heard()
    at = day.time("12:00:05")
    send(day, crowd(day, 1_500_000_000, 2, at), at)
    assert warned(day.session, "trades without a price or size: 2 left out")
    assert ask(day.session)["flow"]["total_volume"] == OTHERS + 7


def test_open_interest_beyond_reason_is_unknown_in_a_heatmap() -> None:
    day = Day()
    names = [osi(right, strike) for strike in STRIKES for right in "CP"]
    quotes = {
        osi(right, row.strike): (quote.bid, quote.ask)
        for row in usual()
        for right, quote in (("C", row.call), ("P", row.put))
        if quote is not None
    }
    day.send(
        "12:00",
        define=tuple(names),
        oi=dict.fromkeys(names, 2**63 - 2),
        quotes=quotes,
        index={"SPX": 500.0},
    )
    assert warned(day.session, f"open interest beyond reason: {len(names)}")
    assert ask(day.session)["flow"]["total_oi"] is None
    body = json.loads(heatmap(frame(day), HeatmapQuery(symbol="SPX", metric="oi", minutes=390)))
    assert set(body["bars"][-1]["values"]) == {None}


def test_asks_beyond_reason_make_no_straddle() -> None:
    sound = ask(heard().session)["expected_move"]["straddle_price"]
    day = heard()
    day.send("12:00:01", quotes={osi("C", k): (9.0, 2**63 - 2) for k in STRIKES})
    answer = ask(day.session)
    assert answer["expected_move"]["straddle_price"] is None
    assert sound > 0.0
    assert warned(day.session, "too wide")
    assert answer["metadata"]["data_quality_score"] < 70


def stock_day(factor: float) -> list[int]:
    """ABC's hedge flow since its first trade; for a minute its own quote is so many times high."""
    day, quotes = Day(), of_stock()
    name, interest = osi("C", 500.0, WEDNESDAY, "ABC"), dict.fromkeys(quotes, 100)
    for number, after in enumerate(range(0, 181, 10)):
        at = day.time("12:00") + after * SECOND
        wrong = factor if 60 <= after < 120 else 1.0
        clock = f"12:0{after // 60}:{after % 60:02d}"
        stocks = {"ABC": (499.99 * wrong, 500.01 * wrong)}
        if after:
            day.send(clock, quotes=quotes, stocks=stocks)
        else:
            day.send(clock, define=tuple(quotes), oi=interest, quotes=quotes, stocks=stocks)
        rows = trade(day, name, 20.0, at + SECOND)
        rows["bid_px_00"], rows["ask_px_00"] = raw(19.9), raw(20.0 if number % 3 else 20.1)
        send(day, rows, at + SECOND, first=number)
    day.send("12:03:30", quotes=quotes, stocks={"ABC": (499.99, 500.01)})
    body = json.loads(hedge_flow(frame(day, "ABC"), HedgeFlowQuery(symbol="ABC", minutes=390)))
    return [bar["cumulative"] for bar in body["bars"] if bar["cumulative"] is not None]


@pytest.mark.parametrize("factor", [10.0, 1.05])
def test_a_spot_too_high_leaves_the_days_flow_as_it_is(factor: float) -> None:
    sound = stock_day(1.0)
    assert sound[-1] != 0
    assert stock_day(factor) == pytest.approx(sound, rel=0.01)
