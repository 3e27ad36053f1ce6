"""Who traded: the rules that sign one trade, and the reasons not to sign it.

Pure functions of one trade, compiled into the kernel that walks over a tick's trades. Prices are
the tape's integers of 1e-9 dollars, so that no comparison knows rounding.

Sources: Lee and Ready, "Inferring trade direction from intraday data", 1991, for the quote rule and
the tick test; Grauer, Schuster and Uhrig-Homburg, "Option trade classification", 2023, for the
depth rule and the size rule.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from zerodte.compiled import inline
from zerodte.constants import EXPECTED_SIDE, FAR_SPREADS, MOST_TRADED
from zerodte.records.condition import Condition
from zerodte.records.dbn import UNDEF_PRICE

BUY: Final = 1
SELL: Final = -1
UNSIGNED: Final = 0


class SideRule(IntEnum):
    """What decided about a trade: the rule that gave it its side, or why it has none."""

    #: Not a trade of a contract that is known.
    NONE = 0

    AT_ASK = 1
    AT_BID = 2
    ABOVE_MID = 3
    BELOW_MID = 4
    DEPTH = 5
    TICK = 6
    #: At or above the ask, where nobody bids.
    EMPTY_BID = 7

    # Unsigned, yet volume.
    NO_RULE = 8
    EMPTY_BID_UNSIGNED = 9
    NO_QUOTE = 10
    CROSSED_OR_LOCKED = 11
    STALE = 12
    OUTSIDE_SESSION = 13
    CONDITION = 14
    MULTI_LEG = 15

    # No volume.
    #: Without a price or a size.
    DIRTY = 16
    CANCEL = 17
    #: A cancel of a trade that is unknown, cancelled already, or too long ago.
    CANCEL_UNMATCHED = 18


#: The kind of evidence behind each rule that signs, a key of `EXPECTED_SIDE`.
EVIDENCE: Final[Mapping[SideRule, str]] = {
    SideRule.AT_ASK: "quote",
    SideRule.AT_BID: "quote",
    SideRule.ABOVE_MID: "quote",
    SideRule.BELOW_MID: "quote",
    SideRule.EMPTY_BID: "empty bid",
    SideRule.DEPTH: "depth",
    SideRule.TICK: "tick",
}


def expected_side(rule: SideRule) -> float:
    """Mean of the customer's side of a trade that a rule calls a purchase; 0 if it signs none."""
    return EXPECTED_SIDE[EVIDENCE[rule]] if rule in EVIDENCE else 0.0


@inline
def is_dirty(price: int, size: int) -> bool:
    """Whether a trade lacks a price or a size, or has one beyond reason."""
    return price <= 0 or price == UNDEF_PRICE or size <= 0 or size > MOST_TRADED


@inline
def is_far(price: float, bid: float, ask: float) -> bool:
    """Whether a price lies so many spreads outside of a two-sided quote that one of them is odd."""
    reach = FAR_SPREADS * (ask - bid)
    return bid > 0.0 and ask > bid and (price > ask + reach or price < bid - reach)


@inline
def reason_against(
    condition: int, stale: bool, in_session: bool, multi_leg_weight: float
) -> SideRule:
    """Why the trade's circumstances forbid to sign it; NONE if they do not."""
    if condition in (Condition.STOCK_OPTION, Condition.CROSS, Condition.LATE, Condition.OPENING):
        return SideRule.CONDITION
    if condition == Condition.MULTI_LEG and multi_leg_weight == 0.0:
        return SideRule.MULTI_LEG
    if not in_session:
        return SideRule.OUTSIDE_SESSION
    return SideRule.STALE if stale else SideRule.NONE


@inline
def sign(
    price: int, bid: int, ask: int, bid_size: float, ask_size: float, reference: int
) -> tuple[int, SideRule]:
    """The aggressor's side, and the first rule that speaks.

    Args:
        price: The trade's, raw.
        bid: Before the trade, raw; 0 where nobody bids.
        ask: Before the trade, raw; 0 where nobody offers.
        bid_size: Contracts, NaN where unknown.
        ask_size: Contracts, NaN where unknown.
        reference: The contract's previous different price, raw; 0 where there is none.
    """
    if ask <= 0:
        return UNSIGNED, SideRule.NO_QUOTE
    if bid <= 0:
        return (
            (BUY, SideRule.EMPTY_BID) if price >= ask else (UNSIGNED, SideRule.EMPTY_BID_UNSIGNED)
        )
    if bid >= ask:
        return UNSIGNED, SideRule.CROSSED_OR_LOCKED
    if price >= ask:
        return BUY, SideRule.AT_ASK
    if price <= bid:
        return SELL, SideRule.AT_BID
    if 2 * price > bid + ask:
        return BUY, SideRule.ABOVE_MID
    if 2 * price < bid + ask:
        return SELL, SideRule.BELOW_MID
    return _sign_at_mid(price, bid_size, ask_size, reference)


@inline
def _sign_at_mid(
    price: int, bid_size: float, ask_size: float, reference: int
) -> tuple[int, SideRule]:
    if ask_size > bid_size:
        return BUY, SideRule.DEPTH
    if ask_size < bid_size:
        return SELL, SideRule.DEPTH
    if reference > 0:
        return (BUY if price > reference else SELL), SideRule.TICK
    return UNSIGNED, SideRule.NO_RULE


@inline
def by_size(rule: SideRule, size: int, bid_size: float, ask_size: float) -> int:
    """The customer's side by the size rule: whose resting order a whole quote was; 0 if none.

    Args:
        rule: What decided the aggressor's side.
        size: Contracts traded.
        bid_size: Contracts, NaN where unknown.
        ask_size: Contracts, NaN where unknown.
    """
    at_bid, at_ask = size == bid_size, size == ask_size
    if at_bid == at_ask or not (rule <= SideRule.TICK or rule == SideRule.NO_RULE):
        return UNSIGNED
    return BUY if at_bid else SELL
