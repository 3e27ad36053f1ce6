"""The execution of orders: prices, counterparties, and how the tape reports them."""

from typing import Final

import numpy as np

from zerodte.arrays import F64, I64, Bool, Rows
from zerodte.constants import SECOND
from zerodte.feeds.simulator.columns import BLOCK_SECONDS
from zerodte.feeds.simulator.orders import Orders, OrderStyle
from zerodte.feeds.simulator.parameters import (
    AUCTION_DEPTH,
    CANCEL_DELAY,
    CENT,
    DEALERS_CROSSED,
    IMPROVES_AGAIN,
    LATE_DELAY,
    LEG_COST,
    REST_DEPTH,
)
from zerodte.feeds.simulator.quote_kernel import TICK_CHANGE
from zerodte.feeds.simulator.seed_draw import FlowDraw
from zerodte.records.condition import Condition

#: A trade with everything that the simulator knows about it.
SIMULATED_TRADE: Final = np.dtype(
    [
        ("time", "i8"),  # UTC ns
        ("contract", "i8"),  # position in the listing
        ("side", "i8"),  # 1 if the customer buys
        ("size", "i8"),
        ("opens", "?"),
        ("package", "i8"),
        ("price", "i8"),  # raw
        ("quote", "i8", (4,)),  # just before: bid, ask (raw), sizes; 0 if missing
        ("condition", "u1"),
        ("is_limit", "?"),
        ("dealers", "i8"),  # contracts traded by dealers, long positive
        ("counter_closes", "?"),  # whether customers on the other side prefer to close
        ("reported", "i8"),  # UTC ns; later than `time` if the print is late
        ("cancelled", "i8"),  # UTC ns of its cancel; 0 for none
        ("number", "i8"),  # of its report, in order of reports
        ("takes_back", "i8"),  # number of the report that it cancels; -1 for none
    ]
)

_CONDITIONS: Final = {
    OrderStyle.MARKETABLE: Condition.REGULAR,
    OrderStyle.RESTING: Condition.REGULAR,
    OrderStyle.AUCTION: Condition.AUCTION,
    OrderStyle.MIDPOINT: Condition.REGULAR,
    OrderStyle.CROSS: Condition.CROSS,
    OrderStyle.STOCK_OPTION: Condition.STOCK_OPTION,
    OrderStyle.OPENING: Condition.OPENING,
    OrderStyle.PACKAGE: Condition.MULTI_LEG,
}
_CONDITION_OF: Final = np.array([_CONDITIONS[style] for style in OrderStyle], np.uint8)


def execute(
    orders: Orders,
    quotes: I64,
    tick_cents: I64,
    start: int,
    opening_share: float,
    flow_draw: FlowDraw,
    rng: np.random.Generator,
) -> Rows:
    """Execute the orders of a name.

    Args:
        orders: The orders of one block, shape (k,).
        quotes: The quote just before each order: bid, ask (raw), their sizes, shape (k, 4).
        tick_cents: Ticks of each contract below and above 3 dollars, in cents, shape (k, 2).
        start: Start of the block, UTC ns.
        opening_share: Current share of orders that open positions.
        flow_draw: The parameters that the seed determines.
        rng: The random stream of this name's trades.

    Returns:
        `SIMULATED_TRADE` rows, one per order. Late trades are reported in a later block.
    """
    out = np.zeros(len(orders), SIMULATED_TRADE)
    for name in ("contract", "side", "size", "opens", "package"):
        out[name] = getattr(orders, name)
    out["time"] = out["reported"] = start + orders.time
    out["takes_back"] = -1
    out["quote"], out["condition"] = quotes, _CONDITION_OF[orders.style]
    price, is_limit = _prices(orders, quotes, tick_cents, flow_draw, rng)
    out["price"], out["is_limit"] = CENT * price, is_limit
    _show_in_quotes(out, orders.style, flow_draw, rng)
    out["dealers"] = -orders.side * _dealer_sizes(orders, flow_draw, rng)
    out["counter_closes"] = rng.random(len(orders)) >= opening_share
    _schedule_reports(out, orders, flow_draw, rng)
    return out


def _tick_sizes(price: F64, tick_cents: I64) -> I64:
    return np.where(price < 100.0 * TICK_CHANGE, tick_cents[:, 0], tick_cents[:, 1])


def _round_to_tick(price: F64, tick_cents: I64, uniform: F64) -> I64:
    """Round prices in cents to one of the two adjacent ticks, at random in proportion."""
    tick = _tick_sizes(price, tick_cents)
    below = np.floor(price / tick)
    return ((below + (uniform < price / tick - below)) * tick).astype(np.int64)


def _prices(
    orders: Orders, quotes: I64, tick_cents: I64, flow_draw: FlowDraw, rng: np.random.Generator
) -> tuple[I64, Bool]:
    """Prices in cents, and whether the customer's order was resting."""
    count, side, style = len(orders), orders.side, orders.style
    bid, ask = (quotes[:, 0] // CENT), (quotes[:, 1] // CENT)
    ask = np.where(ask > 0, ask, bid)
    low = np.maximum(np.minimum(bid, ask), tick_cents[:, 0])
    high = np.maximum(np.maximum(bid, ask), tick_cents[:, 0])
    far_side, near_side = np.where(side > 0, high, low), np.where(side > 0, low, high)
    mid, half = 0.5 * (low + high), 0.5 * (high - low)
    tick, uniform = _tick_sizes(mid, tick_cents), rng.random((5, count))
    extra_ticks = np.floor(np.log1p(-uniform[0]) / np.log(IMPROVES_AGAIN))
    improvement = np.maximum((1.0 + extra_ticks) * tick, AUCTION_DEPTH * uniform[1] * half)
    is_improving = (
        (style == OrderStyle.RESTING) & (uniform[2] < flow_draw.improving) & (high - low > tick)
    )
    cost = LEG_COST[0] + LEG_COST[1] * rng.standard_normal(count)
    target = np.select(
        [style == choice for choice in OrderStyle],
        [
            far_side,
            near_side
            + side * np.where(is_improving, np.maximum(tick, REST_DEPTH * uniform[1] * half), 0.0),
            far_side - side * np.minimum(improvement, half),
            mid,
            low + (high - low) * uniform[3],
            low + (high - low) * uniform[3],
            mid,
            mid + side * half * cost,
        ],
    )
    # Without a bid, a seller rests at the offer until someone buys.
    has_no_bid = (quotes[:, 0] == 0) & (side < 0)
    target = np.where(has_no_bid, high, target)
    # An auction improves the far side, but not past mid. In a one-tick market there is no room.
    uniform[4] = np.where(style == OrderStyle.AUCTION, side < 0, uniform[4])
    price = np.clip(_round_to_tick(target, tick_cents, uniform[4]), low, high)
    is_outside = (style == OrderStyle.PACKAGE) & (uniform[0] < flow_draw.outside)
    price_outside = np.where(
        uniform[1] < 0.5,
        high + _tick_sizes(high, tick_cents),
        low - _tick_sizes(low - 1.0, tick_cents),
    )
    price = np.where(is_outside, np.maximum(price_outside, tick_cents[:, 0]), price)
    # A midpoint order that trades on its own side of the quote counts as resting too.
    is_resting = (style == OrderStyle.RESTING) | (
        (style == OrderStyle.MIDPOINT) & (price == near_side)
    )
    return price, (is_resting & (price != far_side)) | has_no_bid


def _show_in_quotes(out: Rows, style: I64, flow_draw: FlowDraw, rng: np.random.Generator) -> None:
    """Make the quotes before trades reflect resting orders and the dealers' depth."""
    uniform, quote = rng.random((2, len(out))), out["quote"]
    own_side = np.where(out["side"] > 0, 0, 1)
    rows = np.arange(len(out))
    own_price = quote[rows, own_side]
    is_resting = out["is_limit"] & (style == OrderStyle.RESTING)
    at_touch = is_resting & (out["price"] == own_price) & (uniform[0] < flow_draw.alone)
    improved = is_resting & (out["price"] != own_price) & (uniform[0] < flow_draw.in_sequence)
    quote[rows[improved], own_side[improved]] = out["price"][improved]
    visible = at_touch | improved
    quote[rows[visible], 2 + own_side[visible]] = out["size"][visible]
    # Inside the quote, the deeper side is often the dealers'.
    inside = (out["price"] > quote[:, 0]) & (out["price"] < quote[:, 1])
    is_informative = inside & (uniform[1] < 2.0 * flow_draw.depth_tells - 1.0)
    sizes = np.sort(quote[is_informative, 2:], axis=1)
    quote[is_informative, 2:] = np.where(
        out["side"][is_informative, None] > 0, sizes, sizes[:, ::-1]
    )


def _dealer_sizes(orders: Orders, flow_draw: FlowDraw, rng: np.random.Generator) -> I64:
    """Contracts of each order that dealers trade: mostly all or nothing, sometimes a part."""
    count = len(orders)
    share = np.full(count, flow_draw.dealers_taken)
    share[orders.style == OrderStyle.RESTING] = flow_draw.dealers_rested
    share[orders.style == OrderStyle.CROSS] = DEALERS_CROSSED
    is_leg = orders.package > 0
    share[is_leg] = flow_draw.dealers_package
    # The legs of a package have the same counterparty.
    uniform = rng.random((2, count + 1 + int(orders.package.max(initial=0))))
    counterparty = np.where(is_leg, count + orders.package, np.arange(count))
    part = np.where(
        uniform[1, counterparty] < 0.9, 1.0, uniform[0, counterparty] / np.maximum(share, 1e-9)
    )
    sizes = np.where(uniform[0, counterparty] < share, np.ceil(part * orders.size), 0.0)
    return sizes.astype(np.int64)


def _schedule_reports(
    out: Rows, orders: Orders, flow_draw: FlowDraw, rng: np.random.Generator
) -> None:
    """Schedule late reports and cancels for some opening single orders."""
    uniform, delay = rng.random(len(out)), rng.standard_exponential(len(out))
    is_plain = (orders.style == OrderStyle.MARKETABLE) & orders.opens
    is_late = is_plain & (uniform < flow_draw.late)
    out["condition"][is_late] = Condition.LATE
    seconds = BLOCK_SECONDS + LATE_DELAY * delay[is_late]
    out["reported"][is_late] += (SECOND * seconds).astype(np.int64)
    is_wrong = is_plain & (uniform > 1.0 - flow_draw.cancelled)
    seconds = 1.0 + CANCEL_DELAY * delay[is_wrong]
    out["cancelled"][is_wrong] = out["time"][is_wrong] + (SECOND * seconds).astype(np.int64)
