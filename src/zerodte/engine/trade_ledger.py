"""What every trade added to its contract, so that a cancel takes away exactly that.

Whole numbers throughout: what is added and taken away again leaves the same number. A contract's
totals are a row of `TOTALS`; the newest trades of each symbol are rows of `ENTRY` in its ring, so
that what a cancel can reach does not depend on other symbols. A serial numbers a symbol's trades
from 1 on; 0 means none.

Errors of sides are taken as fully correlated within a contract and minute (a cluster) and
independent beyond: the variance of flow is the sum over clusters of the squared sum of deviations.
A cluster's sum stands in its contract's totals while its minute lasts, then in the ring, at the
entry of the trade that began it.
"""

from typing import Final

import numpy as np

from zerodte.arrays import Row, Rows
from zerodte.compiled import inline, kernel
from zerodte.constants import CANCEL_REACH

#: Fixed point: expected sides, deviations and opening shares are kept in hundredths.
UNIT: Final = 100

#: A contract's totals; all zero before its first trade.
TOTALS: Final = np.dtype(
    [
        ("bought", "i8"),  # contracts
        ("sold", "i8"),
        ("unsigned", "i8"),
        ("unpriced", "i8"),  # contracts with a side, but without greeks
        ("delta_dollars", "i8"),  # signed, whole dollars
        ("gamma_dollars", "i8"),
        ("opened", "i8"),  # contracts x opening share
        ("net_bought", "i8"),  # contracts x expected side of the customer
        ("customer_dollars", "i8"),  # their delta dollars, whole
        ("variance", "f8"),  # of net_bought; whole, as long as a minute trades under a million
        ("cluster", "i8"),  # sum of deviations in the current minute
        ("minute", "i8"),
        ("owner", "i8"),  # serial of that minute's first trade
        ("last", "i8"),  # the last price, raw
        ("different", "i8"),  # the last one before it that differs
        ("newest", "i8"),  # serial of the trade that set them
        ("group", "i8"),  # of contracts whose trades are counted by rule together
        ("symbol", "i8"),  # whose ring its trades are in
        # Its terms.
        ("strike", "i8"),  # thousandths of a dollar
        ("is_call", "i8"),
        ("whole_quote", "i8"),  # the expected side of a trade that takes one, hundredths
        ("close", "i8"),  # until when its trades have a side, UTC ns
    ]
)

#: What one trade did, and the prices it found.
ENTRY: Final = np.dtype(
    [
        ("serial", "i8"),
        ("number", "i8"),  # of the trade on the tape
        ("delta_dollars", "i8"),
        ("gamma_dollars", "i8"),
        ("owner", "i8"),  # serial of its cluster's first trade
        ("cluster", "i8"),  # sum of the cluster that it began, once the minute is over
        ("last", "i8"),
        ("different", "i8"),
        ("newest", "i8"),
        ("unpriced", "i8"),
        ("customer_dollars", "i8"),
        ("position", "i4"),  # negative once undone
        ("signed", "i4"),  # contracts, negative if sold
        ("size", "i4"),
        ("customer", "i4"),  # contracts by the customer's side, negative if sold
        ("expected", "i2"),  # of that side, hundredths
        ("deviation", "i2"),  # of a contract's error, hundredths
        ("opening", "i2"),  # opening share of its time of day
        ("rule", "u1"),
        ("remainder", "u1"),  # the reason why the rest of its size has no side
    ]
)

#: What the sides of a rule are worth, and how many there were, in one group of contracts.
RULES: Final = np.dtype(
    [
        ("expected", "i8"),  # side of the customer of a purchase, hundredths
        ("records", "i8"),
        ("volume", "i8"),  # contracts
    ]
)


#: The ring of one symbol within the array of all entries.
RING: Final = np.dtype(
    [
        ("start", "i8"),  # its first entry
        ("mask", "i8"),  # its length less one; the length is a power of two
        ("newest", "i8"),  # serial of the symbol's newest trade
    ]
)

_FIRST_LENGTH: Final = 256
#: The array of all entries grows by one part in this many.
_GROWTH: Final = 8


class TradeRings:
    """The newest `CANCEL_REACH` trades of each symbol.

    A ring is short at first and doubles as trades come, so that quiet symbols take little memory.
    It leaves its old place to another one that grows to that length.

    Attributes:
        entries: Of dtype `ENTRY`, the rings of all symbols.
        rings: Of dtype `RING`, by symbol.
    """

    def __init__(self) -> None:
        # Memory is only taken as entries are written.
        self.entries: Rows = np.zeros(CANCEL_REACH, ENTRY)
        self.rings: Rows = np.zeros(0, RING)
        self._used = 0
        self._left: dict[int, list[int]] = {}

    def grow(self, symbols: int) -> None:
        """Make room for symbols below `symbols`."""
        count = symbols - len(self.rings)
        if count > 0:
            more = np.zeros(count, RING)
            first = self._take(count * _FIRST_LENGTH)
            more["start"] = first + _FIRST_LENGTH * np.arange(count)
            more["mask"] = _FIRST_LENGTH - 1
            self.rings = np.concatenate((self.rings, more))

    def lengthen(self, symbol: int) -> None:
        """Double the ring of a symbol; it has no entry that is older than its length."""
        ring = self.rings[symbol]
        start, length = int(ring["start"]), int(ring["mask"]) + 1
        if start + length == self._used:
            self._take(length)
        else:
            left = self._left.get(2 * length)
            # What another ring wrote beyond the copy is not read before it is overwritten.
            new = left.pop() if left else self._take(2 * length)
            self.entries[new : new + length] = self.entries[start : start + length]
            self._left.setdefault(length, []).append(start)
            ring["start"] = new
        ring["mask"] = 2 * length - 1

    def _take(self, count: int) -> int:
        """The first of so many unused entries."""
        first, self._used = self._used, self._used + count
        if self._used > len(self.entries):
            # In place: with a copy, a second of many trades would wait for all those before.
            size = len(self.entries)
            self.entries.resize(max(self._used, size + size // _GROWTH), refcheck=False)
        return first


@inline
def is_full(ring: Row) -> bool:
    """Whether a ring must be lengthened before it takes another trade."""
    full: bool = ring.newest == ring.mask and ring.mask + 1 < CANCEL_REACH
    return full


@inline
def place(ring: Row, serial: int) -> int:
    """Where a ring keeps a trade, or kept it."""
    where: int = ring.start + (serial & ring.mask)
    return where


@inline
def tally(entry: Row, totals: Row, rule: Row, remainder: Row, sign: int) -> int:
    """Add what is simply summed to the totals, or with `sign` -1 take it away.

    Args:
        entry: The trade.
        totals: Its contract's row.
        rule: The row of what decided.
        remainder: The row of why the rest of its size has no side.
        sign: 1 or -1.

    Returns:
        The standard deviation of the trade's flow.
    """
    signed, size = int(entry.signed), int(entry.size)
    bought, sold = max(signed, 0), max(-signed, 0)
    rest = size - bought - sold
    totals.bought += sign * bought
    totals.sold += sign * sold
    totals.unsigned += sign * rest
    totals.unpriced += sign * entry.unpriced
    totals.delta_dollars += sign * entry.delta_dollars
    totals.gamma_dollars += sign * entry.gamma_dollars
    totals.opened += sign * size * entry.opening
    totals.net_bought += sign * entry.customer * entry.expected
    totals.customer_dollars += sign * entry.customer_dollars
    rule.records += sign
    rule.volume += sign * (bought + sold)
    remainder.volume += sign * rest
    return int(size * entry.deviation)


@inline
def join_cluster(entry: Row, totals: Row, owner: Row, minute: int, deviation: int) -> None:
    """Add a trade to the cluster of its minute, or begin a new one with it.

    A late trade joins the newest cluster.

    Args:
        entry: The trade.
        totals: Its contract's row.
        owner: Where the ring keeps, or kept, the trade that began the contract's cluster.
        minute: Of the trade, since 1970.
        deviation: Of the trade's flow.
    """
    in_reach = totals.owner > 0 and entry.serial - totals.owner < CANCEL_REACH
    if minute > totals.minute or not in_reach:
        if in_reach:
            owner.cluster = totals.cluster
        totals.owner, totals.minute, totals.cluster = entry.serial, minute, 0
    entry.owner = totals.owner
    totals.variance += float(deviation) * float(2 * totals.cluster + deviation)
    totals.cluster += deviation


@inline
def leave_cluster(entry: Row, totals: Row, owner: Row, deviation: int) -> None:
    """Take a trade out of its cluster; the arguments are those of `join_cluster`."""
    if entry.owner == totals.owner:
        totals.cluster -= deviation
        rest = totals.cluster
    else:
        owner.cluster -= deviation
        rest = owner.cluster
    totals.variance = max(totals.variance - float(deviation) * float(2 * rest + deviation), 0.0)


@inline
def remember_price(entry: Row, totals: Row, price: int) -> None:
    """Make `price` the contract's last."""
    if price != totals.last:
        totals.different = totals.last
        totals.last = price
    totals.newest = entry.serial


@kernel
def find_entry(number: int, ring: Row, entries: Rows) -> int:
    """Where the ring keeps the trade of a number, -1 where it does not; numbers ascend."""
    low, high = max(1, ring.newest - ring.mask), ring.newest
    while low < high:
        middle = (low + high) // 2
        if entries[place(ring, middle)].number < number:
            low = middle + 1
        else:
            high = middle
    at = place(ring, low)
    return at if ring.newest > 0 and entries[at].number == number else -1


@kernel
def undo(at: int, totals: Rows, ring: Row, entries: Rows, rules: Rows) -> bool:
    """Take away what a trade did.

    The price it left is forgotten only while it is the contract's last.

    Args:
        at: Where its entry is, negative for an unknown trade.
        totals: Of all contracts.
        ring: Of the trade's symbol.
        entries: Of all symbols.
        rules: Of all groups.

    Returns:
        False if the trade is unknown, undone already, or its minute began too long ago.
    """
    if at < 0 or entries[at].position < 0:
        return False
    entry = entries[at]
    owner = entries[place(ring, entry.owner)]
    if owner.serial != entry.owner:
        return False
    mine = totals[entry.position]
    own = mine.group
    deviation = tally(entry, mine, rules[own, entry.rule], rules[own, entry.remainder], -1)
    leave_cluster(entry, mine, owner, deviation)
    entry.position = -1
    newest = entry
    # Back to the last trade that stands: the ones before it may have been undone already.
    while mine.newest == newest.serial and newest.position < 0:
        mine.last, mine.different, mine.newest = newest.last, newest.different, newest.newest
        newest = entries[place(ring, mine.newest)]
    return True
