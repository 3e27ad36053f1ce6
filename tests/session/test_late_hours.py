"""Hours by product: what trades for a quarter of an hour after the close of stocks."""

import datetime
import json
from typing import Any

import pytest

from session.day import SECOND, WEDNESDAY, Day, ask, osi
from session.test_trades_alone import send, trade
from session.usual import usual
from views.market import served
from zerodte.engine.aggressor import SideRule
from zerodte.views.frame import Frame
from zerodte.wire.symbol_flow import FlowLevelsQuery

THURSDAY = WEDNESDAY + datetime.timedelta(days=1)
ROOTS = {"SPX": "SPXW", "SPY": "SPY", "AAPL": "AAPL"}


def day_of(symbol: str, clock: str, expiry: datetime.date = WEDNESDAY) -> Day:
    """The everyday chain of a symbol in the last minute of stocks, and its quotes at `clock`."""
    day = Day()
    quotes = {
        osi(right, row.strike, expiry, ROOTS[symbol]): (quote.bid, quote.ask)
        for row in usual(elapsed=389)
        for right, quote in (("C", row.call), ("P", row.put))
        if quote is not None
    }
    spot: dict[str, Any] = (
        {"index": {"SPX": 500.0}} if symbol == "SPX" else {"stocks": {symbol: (499.9, 500.1)}}
    )
    interest = dict.fromkeys(quotes, 100)
    day.send("15:59:30", define=tuple(quotes), oi=interest, quotes=quotes, **spot)
    day.send("16:00", quotes=quotes, **spot)
    if clock > "16:00":
        day.send(clock, quotes=quotes, **spot)
    return day


@pytest.mark.parametrize(
    ("symbol", "clock", "opened"),
    [
        ("SPY", "16:10", True),
        ("SPY", "16:15", True),
        ("SPY", "16:15:01", False),
        ("SPX", "16:00", True),
        ("SPX", "16:00:01", False),
        ("AAPL", "16:00", True),
        ("AAPL", "16:00:01", False),
    ],
)
def test_a_symbol_is_open_while_its_expiring_options_trade(
    symbol: str, clock: str, opened: bool
) -> None:
    answer = ask(day_of(symbol, clock).session, symbol)
    if opened:
        assert answer["market_open"] is True
        assert answer["exposures"]["net_gex"] is not None
    else:
        assert answer["session_closed"] is True


def test_after_the_close_of_stocks_no_time_is_left() -> None:
    answer = ask(day_of("SPY", "16:10").session, "SPY")
    assert (answer["time_to_close_hours"], answer["time_to_close_pct"]) == (0.0, 100.0)
    assert answer["expected_move"]["remaining_1sd_dollars"] is None


def test_an_index_chain_of_a_later_day_trades_late() -> None:
    day = day_of("SPX", "16:10", THURSDAY)
    assert day.session.is_open_for("SPX", THURSDAY)
    assert not day.session.is_open_for("SPX")


@pytest.mark.parametrize(
    ("symbol", "expiry", "opened"),
    [("SPY", WEDNESDAY, True), ("SPX", WEDNESDAY, False), ("SPX", THURSDAY, True)],
)
def test_answers_of_all_expiries_are_open_while_any_of_them_trades(
    symbol: str, expiry: datetime.date, opened: bool
) -> None:
    service = served(day_of(symbol, "16:10", expiry).session)
    answer = json.loads(service.answer(FlowLevelsQuery(symbol=symbol)))
    assert answer["market_open"] is opened


@pytest.mark.parametrize(
    ("symbol", "expiry", "rule"),
    [
        ("SPY", WEDNESDAY, SideRule.AT_ASK),
        ("SPX", WEDNESDAY, SideRule.OUTSIDE_SESSION),
        ("SPX", THURSDAY, SideRule.AT_ASK),
        ("AAPL", WEDNESDAY, SideRule.OUTSIDE_SESSION),
    ],
)
def test_a_trade_after_the_close_of_stocks_has_a_side_where_its_product_trades(
    symbol: str, expiry: datetime.date, rule: SideRule
) -> None:
    day = day_of(symbol, "16:04:59", expiry)
    at, name = day.time("16:05"), osi("C", 500.0, expiry, ROOTS[symbol])
    (trades,) = send(day, trade(day, name, 5.0, at), at)
    assert trades.classifications.rule.tolist() == [rule]
    bought = 7 if rule == SideRule.AT_ASK else 0
    assert int(day.session.market.flow.bought.sum()) == bought


def test_a_past_instant_says_it_too() -> None:
    day = day_of("SPY", "16:10")
    frame = Frame.live(day.session, "replay", "SPY")
    assert frame.market_open
    samples = day.session.samples("SPY")
    for after, opened in ((0, True), (900, True), (901, False)):
        at = day.time("16:00") + after * SECOND
        assert Frame.past(samples, "replay", "SPY", at).market_open is opened
