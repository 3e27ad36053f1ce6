"""What becomes of orders: at what price they trade, against whom, and what the tape shows of it."""

from typing import Final

import numpy as np

from zerodte.arrays import F64, I64, Bool, Rows
from zerodte.constants import SECOND
from zerodte.feeds.simulator.columns import BLOCK_SECONDS
from zerodte.feeds.simulator.orders import Orders, Style
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

#: A trade, as the simulator knows it.
TRADE: Final = np.dtype(
    [
        ("time", "i8"),  # UTC ns
        ("contract", "i8"),  # position in the listing
        ("side", "i8"),  # 1 where the customer buys
        ("size", "i8"),
        ("opens", "?"),
        ("package", "i8"),
        ("price", "i8"),  # raw
        ("quote", "i8", (4,)),  # just before: bid, ask (raw), sizes; 0 where there is none
        ("condition", "u1"),
        ("is_limit", "?"),
        ("dealers", "i8"),  # contracts that dealers took, long positive
        ("counter_closes", "?"),  # whether customers on the other side would rather close
        ("reported", "i8"),  # UTC ns; later than `time` where the print is late
        ("cancelled", "i8"),  # UTC ns at which it is taken back; 0: never
        ("number", "i8"),  # of its report, in the order of reports
        ("takes_back", "i8"),  # number of the report that it takes back; -1: of none
    ]
)

_CONDITIONS: Final = {
    Style.TAKES: Condition.REGULAR,
    Style.RESTS: Condition.REGULAR,
    Style.AUCTION: Condition.AUCTION,
    Style.MIDPOINT: Condition.REGULAR,
    Style.CROSS: Condition.CROSS,
    Style.STOCK_OPTION: Condition.STOCK_OPTION,
    Style.OPENING: Condition.OPENING,
    Style.PACKAGE: Condition.MULTI_LEG,
}
_CONDITION_OF: Final = np.array([_CONDITIONS[style] for style in Style], np.uint8)


def execute(
    orders: Orders,
    quotes: I64,
    cents: I64,
    start: int,
    opening: float,
    drawn: FlowDraw,
    random: np.random.Generator,
) -> Rows:
    """Let the orders of a name trade.

    Args:
        orders: Of one block, shape (k,).
        quotes: What stood just before each: bid, ask (raw), their sizes, shape (k, 4).
        cents: Ticks of each contract below and above 3 dollars, shape (k, 2).
        start: Of the block, UTC ns.
        opening: Share of orders that open positions at this time.
        drawn: What the seed drew.
        random: The name's stream.

    Returns:
        `TRADE` rows, one for each order; late ones are reported in a later block.
    """
    out = np.zeros(len(orders), TRADE)
    for name in ("contract", "side", "size", "opens", "package"):
        out[name] = getattr(orders, name)
    out["time"] = out["reported"] = start + orders.time
    out["takes_back"] = -1
    out["quote"], out["condition"] = quotes, _CONDITION_OF[orders.style]
    price, is_limit = _prices(orders, quotes, cents, drawn, random)
    out["price"], out["is_limit"] = CENT * price, is_limit
    _show(out, orders.style, drawn, random)
    out["dealers"] = -orders.side * _taken(orders, drawn, random)
    out["counter_closes"] = random.random(len(orders)) >= opening
    _report(out, orders, drawn, random)
    return out


def _ticks(price: F64, cents: I64) -> I64:
    return np.where(price < 100.0 * TICK_CHANGE, cents[:, 0], cents[:, 1])


def _on_grid(price: F64, cents: I64, chance: F64) -> I64:
    """A price in cents on one of the two ticks around it, the nearer the likelier."""
    tick = _ticks(price, cents)
    below = np.floor(price / tick)
    return ((below + (chance < price / tick - below)) * tick).astype(np.int64)


def _prices(
    orders: Orders, quotes: I64, cents: I64, drawn: FlowDraw, random: np.random.Generator
) -> tuple[I64, Bool]:
    """Prices in cents, and whether a resting order was hit."""
    count, side, style = len(orders), orders.side, orders.style
    bid, ask = (quotes[:, 0] // CENT), (quotes[:, 1] // CENT)
    ask = np.where(ask > 0, ask, bid)
    low = np.maximum(np.minimum(bid, ask), cents[:, 0])
    high = np.maximum(np.maximum(bid, ask), cents[:, 0])
    far, near = np.where(side > 0, high, low), np.where(side > 0, low, high)
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    tick, chance = _ticks(middle, cents), random.random((5, count))
    again = np.floor(np.log1p(-chance[0]) / np.log(IMPROVES_AGAIN))
    better = np.maximum((1.0 + again) * tick, AUCTION_DEPTH * chance[1] * half)
    improves = (style == Style.RESTS) & (chance[2] < drawn.improving) & (high - low > tick)
    cost = LEG_COST[0] + LEG_COST[1] * random.standard_normal(count)
    wanted = np.select(
        [style == choice for choice in Style],
        [
            far,
            near + side * np.where(improves, np.maximum(tick, REST_DEPTH * chance[1] * half), 0.0),
            far - side * np.minimum(better, half),
            middle,
            low + (high - low) * chance[3],
            low + (high - low) * chance[3],
            middle,
            middle + side * half * cost,
        ],
    )
    # Nobody bids: who sells rests at the offer, and is bought from.
    is_bidless = (quotes[:, 0] == 0) & (side < 0)
    wanted = np.where(is_bidless, high, wanted)
    # An auction improves the far side, and never past mid: a market of one tick has no room for it.
    chance[4] = np.where(style == Style.AUCTION, side < 0, chance[4])
    price = np.clip(_on_grid(wanted, cents, chance[4]), low, high)
    is_outside = (style == Style.PACKAGE) & (chance[0] < drawn.outside)
    beyond = np.where(chance[1] < 0.5, high + _ticks(high, cents), low - _ticks(low - 1.0, cents))
    price = np.where(is_outside, np.maximum(beyond, cents[:, 0]), price)
    # What trades on its own side of the quote, though it did not mean to rest, has rested too.
    rested = (style == Style.RESTS) | ((style == Style.MIDPOINT) & (price == near))
    return price, (rested & (price != far)) | is_bidless


def _show(out: Rows, style: I64, drawn: FlowDraw, random: np.random.Generator) -> None:
    """Let the quotes just before show what the orders had made of them."""
    chance, quote = random.random((2, len(out))), out["quote"]
    place = np.where(out["side"] > 0, 0, 1)
    each = np.arange(len(out))
    own = quote[each, place]
    rested = out["is_limit"] & (style == Style.RESTS)
    joined = rested & (out["price"] == own) & (chance[0] < drawn.alone)
    made = rested & (out["price"] != own) & (chance[0] < drawn.in_sequence)
    quote[each[made], place[made]] = out["price"][made]
    shown = joined | made
    quote[each[shown], 2 + place[shown]] = out["size"][shown]
    # Elsewhere the dealers' side is often the deeper one.
    inside = (out["price"] > quote[:, 0]) & (out["price"] < quote[:, 1])
    tells = inside & (chance[1] < 2.0 * drawn.depth_tells - 1.0)
    sizes = np.sort(quote[tells, 2:], axis=1)
    quote[tells, 2:] = np.where(out["side"][tells, None] > 0, sizes, sizes[:, ::-1])


def _taken(orders: Orders, drawn: FlowDraw, random: np.random.Generator) -> I64:
    """Contracts that dealers take of each; all or nothing but for some of the larger ones."""
    count = len(orders)
    share = np.full(count, drawn.dealers_taken)
    share[orders.style == Style.RESTS] = drawn.dealers_rested
    share[orders.style == Style.CROSS] = DEALERS_CROSSED
    is_leg = orders.package > 0
    share[is_leg] = drawn.dealers_package
    # The legs of a package have the same counterparty.
    chance = random.random((2, count + 1 + int(orders.package.max(initial=0))))
    place = np.where(is_leg, count + orders.package, np.arange(count))
    part = np.where(chance[1, place] < 0.9, 1.0, chance[0, place] / np.maximum(share, 1e-9))
    taken = np.where(chance[0, place] < share, np.ceil(part * orders.size), 0.0)
    return taken.astype(np.int64)


def _report(out: Rows, orders: Orders, drawn: FlowDraw, random: np.random.Generator) -> None:
    """Let some single orders that open be reported late, others be taken back."""
    chance, delay = random.random(len(out)), random.standard_exponential(len(out))
    plain = (orders.style == Style.TAKES) & orders.opens
    is_late = plain & (chance < drawn.late)
    out["condition"][is_late] = Condition.LATE
    seconds = BLOCK_SECONDS + LATE_DELAY * delay[is_late]
    out["reported"][is_late] += (SECOND * seconds).astype(np.int64)
    is_wrong = plain & (chance > 1.0 - drawn.cancelled)
    seconds = 1.0 + CANCEL_DELAY * delay[is_wrong]
    out["cancelled"][is_wrong] = out["time"][is_wrong] + (SECOND * seconds).astype(np.int64)
