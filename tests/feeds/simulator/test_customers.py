"""Orders compared with the parameters of customers: number, kind, opening and closing."""

from dataclasses import replace

import numpy as np
import pytest

from feeds.simulator.runs import first_minute, flow_draw, rng
from zerodte.constants import MINUTE
from zerodte.feeds.simulator.customers import Customers
from zerodte.feeds.simulator.dealers import DealerLedger
from zerodte.feeds.simulator.orders import Orders, OrderStyle, Sizes, merge_orders
from zerodte.feeds.simulator.packages import ContractGrid, otm_sigmas
from zerodte.feeds.simulator.parameters import KINDS, SIZES
from zerodte.feeds.simulator.seed_draw import RANGES, FlowDraw
from zerodte.feeds.simulator.trading import SIMULATED_TRADE

WORLD, START = first_minute("SPX")
LISTING = WORLD.listing


def day(flow: FlowDraw, blocks: range) -> list[Orders]:
    """The orders of so many minutes in which no price moves."""
    customers = Customers(LISTING, 0, ContractGrid(LISTING), flow, rng())
    ledger = DealerLedger(LISTING, flow, np.zeros(len(LISTING.symbols)))
    return [
        merge_orders(customers.orders(replace(START, start=START.start + i * MINUTE), ledger))
        for i in blocks
    ]


def only(name: str, **changes: float) -> FlowDraw:
    """The parameters of a seed with one type of customer only."""
    return replace(flow_draw(), mix={kind: float(kind == name) for kind in KINDS}, **changes)


@pytest.mark.drill
def test_the_day_has_the_drawn_volume() -> None:
    flow = flow_draw()
    orders = merge_orders(day(flow, range(0, 390, 3)))
    today = np.array([chain.whole_sessions == 0 for chain in LISTING.chains])[LISTING.chain]
    traded = 3 * np.bincount(today[orders.contract], orders.size.astype(np.float64), minlength=2)
    assert traded[1] / LISTING.settled_interest[today].sum() == pytest.approx(
        flow.turnover, rel=0.12
    )
    # Calendars that begin today have their other leg later.
    assert traded[0] / LISTING.names[0].volume == pytest.approx(flow.later, rel=0.2)


def test_orders_open_as_often_as_drawn() -> None:
    flow = flow_draw()
    for block, share in ((0, flow.opening_morning), (195, flow.opening_noon)):
        orders = merge_orders(day(flow, range(block, block + 8)))
        single = orders.package == 0
        opens = np.mean(orders.opens[single])
        assert opens == pytest.approx(share, abs=0.05)


def test_single_orders_have_the_drawn_styles() -> None:
    flow = flow_draw()
    orders = merge_orders(day(flow, range(60, 90)))
    single = orders.style[orders.package == 0]
    assert np.mean(single == OrderStyle.RESTING) == pytest.approx(flow.limit, abs=0.02)
    taking = 1.0 - flow.limit - flow.cross - flow.stock_option
    assert np.mean(single == OrderStyle.AUCTION) == pytest.approx(taking * flow.auction, abs=0.02)
    assert np.mean(single == OrderStyle.MIDPOINT) == pytest.approx(taking * flow.midpoint, abs=0.01)
    assert not (single == OrderStyle.PACKAGE).any()
    assert (orders.style[orders.package > 0] == OrderStyle.PACKAGE).all()


@pytest.mark.parametrize("name", ["lottery_calls", "put_hedges", "premium_sellers", "momentum"])
def test_a_customer_type_trades_by_its_parameters(name: str) -> None:
    kind = KINDS[name]
    orders = merge_orders(day(only(name), range(30, 60)))
    orders = orders.take(orders.opens)
    assert np.mean(orders.side > 0) == pytest.approx(kind.buy_share, abs=0.03)
    assert np.mean(LISTING.is_call[orders.contract]) == pytest.approx(kind.call_share, abs=0.03)
    out = otm_sigmas(START.delta)[orders.contract]
    assert np.mean(out) == pytest.approx(kind.otm, abs=0.5 * kind.otm_deviation)


@pytest.mark.parametrize("side", [1, -1])
def test_traders_offset_dealers_purchases(side: int) -> None:
    flow = only("traders", leaning=8.0)
    ledger = DealerLedger(LISTING, flow, np.zeros(len(LISTING.symbols)))
    trades = np.zeros(len(LISTING.symbols), SIMULATED_TRADE)
    trades["contract"], trades["side"] = np.arange(len(trades)), side
    trades["size"], trades["opens"] = LISTING.settled_interest // 2, True
    trades["dealers"] = -side * trades["size"]
    bought = []
    for _ in range(2):
        customers = Customers(LISTING, 0, ContractGrid(LISTING), flow, rng())
        orders = merge_orders(customers.orders(START, ledger))
        bought.append(float(np.mean(orders.side[orders.opens] > 0)))
        ledger.apply(trades)
    assert bought[0] == pytest.approx(0.5, abs=0.05)
    assert side * (bought[1] - bought[0]) < -0.4


def test_packages_are_whole() -> None:
    orders = merge_orders(day(only("condors"), range(10, 30)))
    assert (orders.package > 0).all()
    assert np.array_equal(np.unique(orders.package), 1 + np.arange(orders.package.max()))
    by_package = orders.take(np.argsort(orders.package, kind="stable"))
    opening = by_package.take(by_package.opens)
    legs = np.bincount(opening.package)
    assert set(legs[legs > 0].tolist()) == {4}
    for column in (opening.time, opening.size, LISTING.chain[opening.contract]):
        assert (column.reshape(-1, 4) == column.reshape(-1, 4)[:, :1]).all()
    assert (opening.side.reshape(-1, 4).sum(axis=1) == 0).all()


def test_closing_packages_take_back_what_was_opened() -> None:
    days = day(only("credit_spreads", opening_morning=0.5, opening_noon=0.5), range(10, 40))
    held: dict[tuple[tuple[int, int], ...], int] = {}
    closed = 0
    for orders in days:
        made: dict[tuple[tuple[int, int], ...], int] = {}
        for number in np.unique(orders.package[orders.package > 0]).tolist():
            legs = orders.take(orders.package == number)
            sign = 1 if legs.opens[0] else -1
            key = tuple(
                sorted(zip(legs.contract.tolist(), (sign * legs.side).tolist(), strict=True))
            )
            made[key] = made.get(key, 0) + sign * int(legs.size[0])
            closed += not legs.opens[0]
        for key, size in made.items():
            held[key] = held.get(key, 0) + size
    assert closed > 100
    assert min(held.values()) >= 0


def test_sizes_are_those_of_the_table() -> None:
    sizes = Sizes(1.0)
    found = sizes.draw(rng(), 200_000, 1.0)
    weight = np.array([weight for _, weight in SIZES])
    edges = [size for size, _ in SIZES]
    share = np.histogram(found, bins=[*edges, 10_000])[0] / len(found)
    assert np.allclose(share, weight / weight.sum(), atol=0.004)
    assert found.mean() == pytest.approx(sizes.mean(1.0), rel=0.05)
    assert (Sizes(3.0).draw(rng(), 1000, 1.0) == 1).mean() == pytest.approx(
        weight[0] / weight.sum(), abs=0.05
    )


def test_a_seed_draws_within_its_ranges() -> None:
    for seed in range(20):
        made = flow_draw(seed)
        for name, (low, high) in RANGES.items():
            assert low <= getattr(made, name) <= high
        assert sum(made.mix.values()) == pytest.approx(1.0)
    assert flow_draw(1) != flow_draw(2)
    assert flow_draw(1) == flow_draw(1)
