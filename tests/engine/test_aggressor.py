"""Who traded: rule by rule, every reason not to say, and the answers of the public tclf package."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.made_trades import CLOSE, MINUTE, NAN, OPEN, SECOND, Made, columns, new_flow, repeated
from zerodte.arrays import F64, I64
from zerodte.engine.aggressor import EVIDENCE, SideRule, expected_side
from zerodte.engine.flow import FlowLedger
from zerodte.engine.trades import Classifications, Trades
from zerodte.records.condition import Condition
from zerodte.records.dbn import UNDEF_PRICE, UNDEF_SIZE, records

SIXTEENTH = 10**9 // 16
TCLF = Path(__file__).parents[1] / "answers" / "tclf.npz"


def judged(*made: Made, multi_leg_weight: float = 0.0) -> list[tuple[int, SideRule]]:
    out = new_flow(multi_leg_weight).apply(columns(made), 0)
    return [(int(s), SideRule(r)) for s, r in zip(out.side, out.rule, strict=True)]


@pytest.fixture(scope="module")
def tclf() -> tuple[Classifications, dict[str, np.ndarray]]:
    """Our verdicts on the trades that tclf was asked about, and its answers."""
    with np.load(TCLF) as file:
        cases = {name: file[name] for name in file.files}
    count = len(cases["price"])
    prices = np.stack((cases["bid"] / 16, cases["ask"] / 16), axis=1)
    sizes = np.stack((cases["bid_size"], cases["ask_size"]), axis=1)
    trades = Trades(
        price=cases["price"].astype(np.int64) * SIXTEENTH,
        size=cases["size"].astype(np.int64),
        received=np.full(count, OPEN + MINUTE),
        positions=cases["contract"],
        conditions=np.zeros(count, np.uint8),
        standing=np.hstack((prices, sizes.astype(np.float64))),
        spot=np.full(count, NAN),
        delta=np.full(count, NAN),
        gamma=np.full(count, NAN),
        stale=np.zeros(count, np.bool_),
        cancels=np.full(count, -1),
    )
    flow = FlowLedger(OPEN, CLOSE)
    flow.grow(int(cases["contract"].max()) + 1)
    return flow.apply(trades, 0), cases


def test_sides_are_those_of_tclf(tclf: tuple[Classifications, dict[str, np.ndarray]]) -> None:
    ours, cases = tclf
    np.testing.assert_array_equal(ours.side, cases["side"])
    asked = {SideRule(rule) for rule in np.unique(ours.rule)}
    assert asked == set(EVIDENCE) - {SideRule.EMPTY_BID}


def test_customers_are_those_of_tclf(tclf: tuple[Classifications, dict[str, np.ndarray]]) -> None:
    ours, cases = tclf
    np.testing.assert_array_equal(ours.customer, cases["customer"])
    assert (ours.customer != ours.side).mean() > 0.1


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (Made(price=22), (1, SideRule.AT_ASK)),
        (Made(price=400), (1, SideRule.AT_ASK)),
        (Made(price=18), (-1, SideRule.AT_BID)),
        (Made(price=1), (-1, SideRule.AT_BID)),
        (Made(price=21), (1, SideRule.ABOVE_MID)),
        (Made(price=19), (-1, SideRule.BELOW_MID)),
        (Made(bid_size=1, ask_size=2), (1, SideRule.DEPTH)),
        (Made(bid_size=2, ask_size=1), (-1, SideRule.DEPTH)),
        (Made(bid_size=2, ask_size=2), (0, SideRule.NO_RULE)),
        (Made(bid_size=NAN), (0, SideRule.NO_RULE)),
        (Made(bid=0, price=22), (1, SideRule.EMPTY_BID)),
        (Made(bid=0, price=21), (0, SideRule.EMPTY_BID_UNSIGNED)),
        (Made(ask=0), (0, SideRule.NO_QUOTE)),
        (Made(bid=0, ask=0), (0, SideRule.NO_QUOTE)),
        (Made(bid=20, ask=20), (0, SideRule.CROSSED_OR_LOCKED)),
        (Made(bid=23), (0, SideRule.CROSSED_OR_LOCKED)),
        (Made(stale=True), (0, SideRule.STALE)),
        (Made(at=OPEN - 1), (0, SideRule.OUTSIDE_SESSION)),
        (Made(at=OPEN + 5 * SECOND - 1), (0, SideRule.OUTSIDE_SESSION)),
        (Made(at=OPEN + 5 * SECOND), (1, SideRule.DEPTH)),
        (Made(at=CLOSE), (1, SideRule.DEPTH)),
        (Made(at=CLOSE + 1), (0, SideRule.OUTSIDE_SESSION)),
        (Made(condition=Condition.REGULAR), (1, SideRule.DEPTH)),
        (Made(condition=Condition.AUCTION), (1, SideRule.DEPTH)),
        (Made(condition=Condition.STOCK_OPTION), (0, SideRule.CONDITION)),
        (Made(condition=Condition.CROSS), (0, SideRule.CONDITION)),
        (Made(condition=Condition.LATE), (0, SideRule.CONDITION)),
        (Made(condition=Condition.OPENING), (0, SideRule.CONDITION)),
        (Made(condition=Condition.MULTI_LEG), (0, SideRule.MULTI_LEG)),
        (Made(condition=Condition.CANCEL), (0, SideRule.CANCEL_UNMATCHED)),
        (Made(price=0), (0, SideRule.DIRTY)),
        (Made(price=-1), (0, SideRule.DIRTY)),
        (Made(price=UNDEF_PRICE), (0, SideRule.DIRTY)),
        (Made(size=0), (0, SideRule.DIRTY)),
        (Made(size=UNDEF_SIZE), (0, SideRule.DIRTY)),
        (Made(position=-1), (0, SideRule.NONE)),
    ],
)
def test_one_trade(made: Made, expected: tuple[int, SideRule]) -> None:
    assert judged(made) == [expected]


@pytest.mark.parametrize(("before", "side"), [(19, 1), (21, -1)])
def test_the_tick_test_looks_for_the_last_price_that_differs(before: int, side: int) -> None:
    even = Made(bid_size=3, ask_size=3)
    first = dataclasses.replace(even, price=before)
    other = dataclasses.replace(even, price=before, position=1)
    assert judged(first, even, even, other, even)[4] == (side, SideRule.TICK)
    assert judged(other, even) == [judged(other)[0], (0, SideRule.NO_RULE)]


@pytest.mark.parametrize("condition", [*range(2, 5), Condition.LATE, Condition.OPENING])
def test_the_tick_test_passes_over_prices_of_another_kind(condition: int) -> None:
    even = Made(bid_size=3, ask_size=3)
    odd = dataclasses.replace(even, price=21, condition=condition)
    assert judged(odd, even, multi_leg_weight=1.0)[1] == (0, SideRule.NO_RULE)


def test_prices_are_compared_without_rounding() -> None:
    """Three cents are the middle of one and five; in doubles the middle lies above."""
    assert (0.01 + 0.05) / 2 > 0.03
    trades = columns([Made()])._replace(
        price=np.array([30_000_000]), standing=np.array([[0.01, 0.05, 1.0, 2.0]])
    )
    assert new_flow().apply(trades, 0).rule.tolist() == [SideRule.DEPTH]


@pytest.mark.parametrize("dollars", [lambda raw: raw / 1e9, lambda raw: raw * 1e-9])
def test_a_price_at_the_quote_is_at_the_quote(dollars: Callable[[I64], F64]) -> None:
    """Every cent up to a hundred dollars, and indices' strikes, however the quote was scaled."""
    cents = np.concatenate([np.arange(2, 10_000), np.arange(400_000, 700_000, 997)])
    asks = repeated(Made(), len(cents))
    raw = cents * 10_000_000
    quotes = np.stack([dollars(raw - 10_000_000), dollars(raw)], axis=1)
    trades = asks._replace(price=raw, standing=np.hstack([quotes, asks.standing[:, 2:]]))
    assert set(new_flow().apply(trades, 0).rule.tolist()) == {SideRule.AT_ASK}
    below = trades._replace(price=raw - 10_000_000)
    assert set(new_flow().apply(below, 0).rule.tolist()) == {SideRule.AT_BID}


@pytest.mark.parametrize("made", [Made(price=22, bid=0), Made(bid=20, ask=20), Made(stale=True)])
def test_the_size_rule_wants_two_quotes_that_count(made: Made) -> None:
    exact = dataclasses.replace(made, size=7, ask_size=7.0)
    out = new_flow().apply(columns([exact]), 0)
    assert out.customer.tolist() == out.side.tolist()


@pytest.mark.parametrize(("weight", "signed"), [(1.0, 5), (0.5, 2), (0.1, 0)])
def test_a_weighted_multi_leg_trade_is_signed_in_part(weight: float, signed: int) -> None:
    flow = new_flow(weight)
    flow.apply(columns([Made(price=22, condition=Condition.MULTI_LEG)]), 0)
    assert (flow.bought[0], flow.unsigned[0]) == (signed, 5 - signed)
    assert (flow.volume[SideRule.AT_ASK], flow.volume[SideRule.MULTI_LEG]) == (signed, 5 - signed)


def test_what_signs_errs_less_than_a_coin_but_for_an_empty_bid() -> None:
    for rule in SideRule:
        is_worth = rule in EVIDENCE and rule != SideRule.EMPTY_BID
        assert (0.0 < expected_side(rule) < 1.0) == is_worth
        assert is_worth or expected_side(rule) == 0.0


@pytest.mark.parametrize(
    ("price", "quote", "far"),
    [
        (1.30, (1.00, 1.10), 0),
        (2.11, (1.00, 1.10), 1),
        (0.01, (1.20, 1.30), 1),
        (9.00, (0.0, 0.05), 0),  # nobody bids: there is no spread to measure by
    ],
)
def test_prices_far_outside_of_the_quote_are_signed_and_counted(
    price: float, quote: tuple[float, float], far: int
) -> None:
    flow = FlowLedger(OPEN, CLOSE)
    flow.grow(1)
    one = records("tcbbo", 1)
    one["price"], one["size"], one["ts_recv"] = round(price * 1e9), 3, OPEN + 60 * 10**9
    trades = Trades.of(one, np.zeros(1, np.int32))
    trades.standing[0] = (*quote, 10.0, 10.0)
    classifications = flow.apply(trades, 0)
    assert flow.far_outside == far
    assert classifications.side[0] != 0
