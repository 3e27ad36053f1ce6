"""The execution of orders: prices, counterparties and quotes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.simulator.runs import flow_draw, is_on_tick, rng
from zerodte.arrays import Rows
from zerodte.feeds.simulator.orders import Orders, OrderStyle
from zerodte.feeds.simulator.trading import execute
from zerodte.records.condition import Condition

CENT = 10_000_000
USUAL = flow_draw()


def made(
    style: OrderStyle, side: int, bid: int, ask: int, *, count: int = 1, size: int = 10
) -> tuple[Orders, np.ndarray[tuple[int, int], np.dtype[np.int64]]]:
    """The same order many times over, and the quote before it, in cents."""
    whole = np.ones(count, np.int64)
    orders = Orders(
        time=np.arange(count),
        contract=np.zeros(count, np.intp),
        side=side * whole,
        size=size * whole,
        style=int(style) * whole,
        package=np.arange(1, count + 1) if style == OrderStyle.PACKAGE else 0 * whole,
        opens=np.ones(count, np.bool_),
    )
    return orders, np.tile([bid * CENT, ask * CENT, 30, 70], (count, 1))


def traded(
    style: OrderStyle,
    side: int,
    bid: int,
    ask: int,
    *,
    count: int = 4000,
    ticks: tuple[int, int] = (1, 1),
) -> Rows:
    """What becomes of it."""
    orders, quotes = made(style, side, bid, ask, count=count)
    return execute(orders, quotes, np.tile(ticks, (count, 1)), 0, 0.7, USUAL, rng())


@pytest.mark.parametrize("side", [1, -1])
def test_a_market_order_pays_the_far_side(side: int) -> None:
    rows = traded(OrderStyle.MARKETABLE, side, 200, 210)
    assert (rows["price"] == (210 if side > 0 else 200) * CENT).all()
    assert not rows["is_limit"].any()


@pytest.mark.parametrize("side", [1, -1])
def test_a_resting_order_trades_on_its_own_side(side: int) -> None:
    rows = traded(OrderStyle.RESTING, side, 200, 210)
    near, far = (200, 210) if side > 0 else (210, 200)
    assert rows["is_limit"].all()
    assert (side * (far * CENT - rows["price"]) > 0).all()
    at_touch = rows["price"] == near * CENT
    assert np.mean(at_touch) == pytest.approx(1.0 - USUAL.improving, abs=0.03)


def test_a_resting_order_is_seen_as_often_as_quotes_come_in_sequence() -> None:
    rows = traded(OrderStyle.RESTING, 1, 200, 210)
    inside = rows["price"] > 200 * CENT
    shown = inside & (rows["quote"][:, 0] == rows["price"])
    assert (rows["quote"][shown, 2] == rows["size"][shown]).all()
    assert np.mean(shown[inside]) == pytest.approx(USUAL.in_sequence, abs=0.03)
    alone = rows["quote"][~inside, 2] == rows["size"][~inside]
    assert np.mean(alone) == pytest.approx(USUAL.alone, abs=0.03)


@pytest.mark.parametrize("side", [1, -1])
def test_an_auction_improves_no_further_than_to_mid(side: int) -> None:
    price = traded(OrderStyle.AUCTION, side, 200, 210)["price"] / CENT
    assert (side * (price - 205) >= 0).all()
    assert (price != (210 if side > 0 else 200)).all()


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("bid", "ask", "ticks"),
    [(200, 203, (1, 1)), (200, 205, (1, 5)), (285, 300, (5, 10)), (295, 310, (5, 10))],
)
def test_an_auction_never_trades_on_the_takers_side_of_mid(
    side: int, bid: int, ask: int, ticks: tuple[int, int]
) -> None:
    price = traded(OrderStyle.AUCTION, side, bid, ask, ticks=ticks)["price"]
    assert (side * (2 * price - (bid + ask) * CENT) >= 0).all()


@pytest.mark.parametrize("side", [1, -1])
def test_an_auction_in_a_market_of_one_tick_pays_the_far_side(side: int) -> None:
    rows = traded(OrderStyle.AUCTION, side, 200, 201)
    assert (rows["price"] == (201 if side > 0 else 200) * CENT).all()
    assert not rows["is_limit"].any()


def test_the_midpoint_is_the_nearest_tick_on_either_side() -> None:
    even = traded(OrderStyle.MIDPOINT, 1, 200, 202)["price"] / CENT
    odd = traded(OrderStyle.MIDPOINT, 1, 200, 203)["price"] / CENT
    assert (even == 201).all()
    assert set(odd) == {201.0, 202.0}
    assert odd.mean() == pytest.approx(201.5, abs=0.03)


def test_legs_lie_near_the_middle_and_some_outside() -> None:
    rows = traded(OrderStyle.PACKAGE, 1, 200, 220)
    price = rows["price"] / CENT
    outside = (price < 200) | (price > 220)
    assert np.mean(outside) == pytest.approx(USUAL.outside, abs=0.015)
    assert set(price[outside]) == {199.0, 221.0}
    assert 210 < price[~outside].mean() < 217


def test_a_sell_order_without_a_bid_rests_at_the_offer() -> None:
    rows = traded(OrderStyle.MARKETABLE, -1, 0, 5, ticks=(5, 10))
    assert (rows["price"] == 5 * CENT).all()
    assert rows["is_limit"].all()


def test_conditions_tell_how_a_trade_came_about() -> None:
    named = {
        OrderStyle.MARKETABLE: Condition.REGULAR,
        OrderStyle.RESTING: Condition.REGULAR,
        OrderStyle.AUCTION: Condition.AUCTION,
        OrderStyle.MIDPOINT: Condition.REGULAR,
        OrderStyle.CROSS: Condition.CROSS,
        OrderStyle.STOCK_OPTION: Condition.STOCK_OPTION,
        OrderStyle.OPENING: Condition.OPENING,
        OrderStyle.PACKAGE: Condition.MULTI_LEG,
    }
    assert set(named) == set(OrderStyle)
    for style, condition in named.items():
        rows = traded(style, 1, 200, 210)
        usual = rows["condition"] != Condition.LATE
        assert (rows["condition"][usual] == condition).all()
        assert usual.all() or style == OrderStyle.MARKETABLE


def test_dealers_take_their_share_and_no_more_than_was_traded() -> None:
    shares = {
        OrderStyle.MARKETABLE: USUAL.dealers_taken,
        OrderStyle.RESTING: USUAL.dealers_rested,
        OrderStyle.PACKAGE: USUAL.dealers_package,
    }
    for style, share in shares.items():
        for side in (1, -1):
            dealers = side * traded(style, side, 200, 210)["dealers"]
            assert ((dealers <= 0) & (dealers >= -10)).all()
            assert np.mean(dealers != 0) == pytest.approx(share, abs=0.03)


def test_all_legs_of_a_package_have_the_same_counterparty() -> None:
    orders, quotes = made(OrderStyle.PACKAGE, 1, 200, 210, count=4000)
    orders = replace(orders, package=np.arange(4000) // 4 + 1)
    rows = execute(orders, quotes, np.tile((1, 1), (4000, 1)), 0, 0.7, USUAL, rng())
    dealers = rows["dealers"].reshape(-1, 4)
    assert (dealers == dealers[:, :1]).all()
    assert len(np.unique(dealers)) > 2


def test_the_deeper_side_is_the_dealers_as_often_as_drawn() -> None:
    rows = traded(OrderStyle.CROSS, 1, 200, 240, count=20_000)
    inside = (rows["price"] > 200 * CENT) & (rows["price"] < 240 * CENT)
    size = rows["quote"][inside, 2:]
    # The quote given has the deeper side right for who buys, wrong for who sells.
    assert (size[:, 1] > size[:, 0]).all()
    sold = traded(OrderStyle.CROSS, -1, 200, 240, count=20_000)
    inside = (sold["price"] > 200 * CENT) & (sold["price"] < 240 * CENT)
    size = sold["quote"][inside, 2:]
    told = np.mean(size[:, 0] > size[:, 1])
    assert told == pytest.approx(2.0 * USUAL.depth_tells - 1.0, abs=0.02)


def test_only_plain_orders_that_open_are_late_or_taken_back() -> None:
    often = replace(USUAL, late=0.3, cancelled=0.3)
    for style in OrderStyle:
        orders, quotes = made(style, 1, 200, 210, count=500)
        ticks = np.tile((1, 1), (500, 1))
        rows = execute(orders, quotes, ticks, 7, 0.7, often, rng())
        odd = (rows["reported"] > rows["time"]) | (rows["cancelled"] > 0)
        assert odd.any() == (style == OrderStyle.MARKETABLE)
        assert not ((rows["reported"] > rows["time"]) & (rows["cancelled"] > 0)).any()
        closing = replace(orders, opens=np.zeros(500, np.bool_))
        rows = execute(closing, quotes, ticks, 7, 0.7, often, rng())
        assert (rows["reported"] == rows["time"]).all()
        assert (rows["cancelled"] == 0).all()


@given(
    bid=st.integers(0, 200),
    width=st.integers(-3, 400),
    side=st.sampled_from([1, -1]),
    style=st.sampled_from(list(OrderStyle)),
    ticks=st.sampled_from([(1, 1), (1, 5), (5, 10)]),
    seed=st.integers(0, 1000),
)
def test_any_price_is_on_a_tick_and_within_reach(
    bid: int, width: int, side: int, style: OrderStyle, ticks: tuple[int, int], seed: int
) -> None:
    def grid(units: int) -> int:
        price = units * ticks[0]
        return price if price < 300 else 300 + (price - 300) // ticks[0] * ticks[1]

    low, high = grid(bid), max(grid(max(bid + width, 0)), ticks[0])
    orders, quotes = made(style, side, low, high, count=20)
    rows = execute(orders, quotes, np.tile(ticks, (20, 1)), 0, 0.5, USUAL, rng(seed))
    price = rows["price"]
    assert (price > 0).all()
    full = np.ones(20, np.int64)
    assert is_on_tick(price, ticks[0] * full, ticks[1] * full).all()
    reach = ticks[1] if style == OrderStyle.PACKAGE else 0
    least, most = min(low, high), max(low, high)
    assert (price >= (max(least, ticks[0]) - reach) * CENT).all()
    assert (price <= (most + reach) * CENT).all()
