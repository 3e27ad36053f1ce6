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
from zerodte.constants import (
    CANCEL_REACH,
    CLOSABLE_SHARE,
    CLOSING_SHARE,
    OPEN_INTEREST_WEIGHT,
    PACE_HALF_LIFE,
)
from zerodte.engine.book import grown

#: Fixed point: expected sides, deviations and opening shares are kept in hundredths.
UNIT: Final = 100

#: What was held before the newest second that had a trade, and traded of late.
_LATELY: Final = (
    ("stood", "i8"),  # as `held`
    ("pace", "f8"),  # contracts traded in earlier seconds, fading
    ("pace_at", "i8"),  # the minute that it was faded to
    ("fresh", "i8"),  # contracts traded in that second
    ("second", "i8"),  # since 1970
)
#: Seconds of a minute.
_SECONDS: Final = 60

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
        ("growth", "i8"),  # contracts x expected growth of open positions
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
        # What of it is held, and traded of late.
        ("official", "i8"),  # contracts settled in the morning; 0 where unknown
        ("held", "i8"),  # contracts that may be closed, in `HELD_UNIT`
        *_LATELY,
    ]
)

#: Contracts held are kept in ten thousandths: a hundredth of the weight of a hundredth.
HELD_UNIT: Final = UNIT * UNIT

#: What is held and traded of late of all contracts of a group: its chain.
HOLDINGS: Final = np.dtype([("held", "i8"), *_LATELY])

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
        ("growth", "i2"),  # expected growth of open positions per contract
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


#: So many trades of a symbol lie beside each other.
_CHUNK: Final = 1024

#: One symbol's ring: its newest trades, in chunks of the array of all entries.
RING: Final = np.dtype(
    [
        ("newest", "i8"),  # serial of the symbol's newest trade
        ("chunks", "i4", (CANCEL_REACH // _CHUNK,)),  # 0 for what is not needed yet
    ]
)

#: Of a settled contract, and of a hundredth of a grown one, in `HELD_UNIT`.
_CLOSABLE: Final = round(HELD_UNIT * CLOSABLE_SHARE)
_WEIGHT: Final = round(UNIT * OPEN_INTEREST_WEIGHT)
#: What is left of a pace after so many minutes.
_FADING: Final = 0.5 ** (np.append(np.arange(20 * PACE_HALF_LIFE), np.inf) / PACE_HALF_LIFE)
#: The array of all entries grows by so many: 2 MB, which takes a millisecond.
_GROWTH: Final = 2**14


class TradeRings:
    """The newest `CANCEL_REACH` trades of each symbol.

    A ring gets another chunk when its trades need one, until it has that length. So quiet symbols
    take little memory, and no trade ever moves.

    Attributes:
        entries: Of dtype `ENTRY`, the rings of all symbols.
        rings: Of dtype `RING`, by symbol.
    """

    def __init__(self) -> None:
        self.entries: Rows = np.zeros(_GROWTH, ENTRY)
        self.rings: Rows = np.zeros(0, RING)
        self._chunks = 1  # what a ring without chunks points at is nobody's

    def grow(self, symbols: int) -> None:
        """Make room for symbols below `symbols`."""
        self.rings = grown(self.rings, symbols, 0)

    def lengthen(self, symbol: int) -> None:
        """Give the ring of a symbol the chunk that its next trade needs."""
        ring = self.rings[symbol]
        ring["chunks"][_chunk_of(int(ring["newest"]) + 1)] = self._chunks
        self._chunks += 1
        if self._chunks * _CHUNK > len(self.entries):
            # In place: with a copy, a second of many trades would wait for all those before. A
            # large array that numpy made could not grow so: its memory is of two kinds.
            self.entries.resize(len(self.entries) + _GROWTH, refcheck=False)


@inline
def _chunk_of(serial: int) -> int:
    """Which of its ring's chunks a trade is in."""
    return (serial & (CANCEL_REACH - 1)) // _CHUNK


@inline
def is_full(ring: Row) -> bool:
    """Whether a ring must be lengthened before it takes another trade."""
    full: bool = ring.chunks[_chunk_of(ring.newest + 1)] == 0
    return full


@inline
def place(ring: Row, serial: int) -> int:
    """Where a ring keeps a trade, or kept it."""
    where: int = ring.chunks[_chunk_of(serial)] * _CHUNK + (serial & (_CHUNK - 1))
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
    totals.growth += sign * size * entry.growth
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


@inline
def hold(totals: Row, holdings: Row) -> None:
    """Count anew what of a contract may be closed: a share of the morning's, and all opened since.

    Args:
        totals: The contract's row.
        holdings: Its group's.
    """
    morning = totals.official * _CLOSABLE
    held = max(morning + totals.growth * _WEIGHT, 0)
    holdings.held += held - totals.held
    totals.held = held


@inline
def _pace(row: Row, second: int) -> float:
    """Contracts traded in earlier seconds, as they have faded by a second (since 1970)."""
    gone = second // _SECONDS - row.pace_at
    return float(row.pace * _FADING[min(max(gone, 0), _FADING.shape[0] - 1)])


@inline
def _begin_second(row: Row, second: int) -> None:
    """Let what was traded before a second (since 1970), if it is another one, count for it."""
    if row.second != second:
        row.pace = _pace(row, row.second) + row.fresh
        row.pace_at = max(row.pace_at, row.second // _SECONDS)
        row.fresh, row.second, row.stood = 0, second, row.held


@inline
def expect_growth(entry: Row, totals: Row, holdings: Row, second: int) -> None:
    """Write what open positions are expected to grow by with a trade, hundredths of its contracts.

    Closing trades come where positions are held, opening ones where they will: the larger a
    contract's share of what is held beside its share of what is traded, the more of them close.
    Of what is held the other trades of its second change nothing, so their order is no matter.

    It is `UNIT` where all open, less than 0 where more close than open.

    Args:
        entry: The trade's row.
        totals: Its contract's.
        holdings: Its group's.
        second: Of the trade, since 1970.
    """
    _begin_second(totals, second)
    _begin_second(holdings, second)
    pace, pace_of_all = _pace(totals, second) + entry.size, _pace(holdings, second) + entry.size
    totals.fresh += entry.size
    holdings.fresh += entry.size
    closing = 0.0
    if holdings.stood > 0:
        closing = CLOSING_SHARE * (pace_of_all / pace) * (totals.stood / holdings.stood)
    entry.growth = int(np.rint(UNIT * (1.0 - 2.0 * min(closing, 1.0))))


@kernel
def find_entry(number: int, ring: Row, entries: Rows) -> int:
    """Where the ring keeps the trade of a number, -1 where it does not; numbers ascend."""
    low, high = max(1, ring.newest - CANCEL_REACH + 1), ring.newest
    while low < high:
        middle = (low + high) // 2
        if entries[place(ring, middle)].number < number:
            low = middle + 1
        else:
            high = middle
    at = place(ring, low)
    return at if ring.newest > 0 and entries[at].number == number else -1


@kernel
def undo(at: int, totals: Rows, ring: Row, entries: Rows, rules: Rows, holdings: Rows) -> bool:
    """Take away what a trade did.

    The price it left is forgotten only while it is the contract's last. What later trades were
    expected to open stays, and so does its part of the pace.

    Args:
        at: Where its entry is, negative for an unknown trade.
        totals: Of all contracts.
        ring: Of the trade's symbol.
        entries: Of all symbols.
        rules: Of all groups.
        holdings: Of all groups.

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
    hold(mine, holdings[own])
    leave_cluster(entry, mine, owner, deviation)
    entry.position = -1
    newest = entry
    # Back to the last trade that stands: the ones before it may have been undone already.
    while mine.newest == newest.serial and newest.position < 0:
        mine.last, mine.different, mine.newest = newest.last, newest.different, newest.newest
        newest = entries[place(ring, mine.newest)]
    return True
