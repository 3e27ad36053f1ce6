"""The day's trades as running totals by contract: one compiled pass over a tick's trades.

Volume by side, signed dollars, what open interest and dealers' inventory are built from, and the
number of records by what decided. Memory does not grow with the length of the tape.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from zerodte.arrays import F64, I8, I32, I64, Bool, Row, Rows
from zerodte.compiled import inline, kernel
from zerodte.constants import (
    MINUTE,
    MULTI_LEG_WEIGHT,
    MULTIPLIER,
    OPENING_NOISE,
    OPENING_SHARE,
    SECOND,
    WHOLE_QUOTE_SIDE,
    WHOLE_QUOTE_SIDE_OF_MANY,
)
from zerodte.engine.aggressor import (
    SideRule,
    by_size,
    expected_side,
    is_dirty,
    is_far,
    reason_against,
    sign,
)
from zerodte.engine.book import RAW_PER_DOLLAR, grown, raw_price
from zerodte.engine.open_interest import Turnover
from zerodte.engine.packages import sign_packages
from zerodte.engine.trade_ledger import (
    HOLDINGS,
    RULES,
    TOTALS,
    UNIT,
    TradeRings,
    expect_growth,
    find_entry,
    hold,
    is_full,
    join_cluster,
    place,
    remember_price,
    tally,
    undo,
)
from zerodte.engine.trades import NO_CANCEL, Classifications, Trades
from zerodte.records.condition import Condition

_ONE_PERCENT: Final = 0.01
#: Standard deviation of a contract's side by its expected value, both in hundredths: a side of
#: mean m has variance 1 - m squared.
_DEVIATIONS: Final = np.rint(np.sqrt(UNIT**2 - np.arange(UNIT + 1) ** 2)).astype(np.int64)
_MULTI_LEG: Final = int(Condition.MULTI_LEG)


class ContractTerms(NamedTuple):
    """What contracts are, shape (contracts,).

    Attributes:
        strike: Dollars.
        is_call: Whether it is a call.
        single_listed: Whether one exchange alone lists it.
        close: Until when it trades, UTC ns.
    """

    strike: F64
    is_call: Bool
    single_listed: Bool
    close: I64


class _Terms(NamedTuple):
    """What holds of all trades of a session.

    Attributes:
        signed_from: From when trades are signed, UTC ns.
        first_minute: Of the session, since 1970.
        multi_leg_weight: The share of a multi-leg trade that is signed.
        opening: The opening share of every minute of the session, hundredths.
    """

    signed_from: int
    first_minute: int
    multi_leg_weight: float
    opening: I64


class FlowLedger:
    """Running totals of a session's trades, by contract position."""

    def __init__(
        self, session_open: int, session_close: int, multi_leg_weight: float = MULTI_LEG_WEIGHT
    ) -> None:
        """Begin a session.

        Args:
            session_open: UTC ns.
            session_close: UTC ns.
            multi_leg_weight: The share of a multi-leg trade's size that is signed, in [0, 1].
        """
        self._terms = _Terms(
            signed_from=session_open + OPENING_NOISE,
            first_minute=session_open // MINUTE,
            multi_leg_weight=float(multi_leg_weight),
            opening=_opening_by_minute((session_close - session_open) // MINUTE),
        )
        self._close = session_close
        self._rules = _rules()[np.newaxis]
        self._holdings = np.zeros(1, HOLDINGS)
        self._totals = np.zeros(0, TOTALS)
        self._trades = TradeRings()
        self._trades.grow(1)
        self._far = np.zeros(1, np.int64)

    def grow(
        self,
        contracts: int,
        group: I32 | None = None,
        symbol: I32 | None = None,
        terms: ContractTerms | None = None,
    ) -> None:
        """Make room for positions below `contracts`.

        Args:
            contracts: How many there are.
            group: The group of each, shape (contracts,), whose trades are counted by rule
                together: its chain. By default all are of one.
            symbol: The number of each one's symbol, shape (contracts,). By default all are of one.
            terms: By default none is known: no package can be told, and all stop at the close.
        """
        self._totals = grown(self._totals, contracts, 0)
        if terms is None:
            self._totals["whole_quote"] = round(UNIT * WHOLE_QUOTE_SIDE_OF_MANY)
            self._totals["close"] = self._close
        else:
            own = self._totals[: len(terms.strike)]
            own["strike"], own["is_call"] = np.rint(1000.0 * terms.strike), terms.is_call
            own["close"] = terms.close
            sides = (round(UNIT * side) for side in (WHOLE_QUOTE_SIDE, WHOLE_QUOTE_SIDE_OF_MANY))
            own["whole_quote"] = np.where(terms.single_listed, *sides)
        if symbol is not None and len(symbol):
            self._totals["symbol"][: len(symbol)] = symbol
            symbols = int(symbol.max()) + 1
            self._trades.grow(symbols)
            self._far = grown(self._far, symbols, 0)
        if group is not None and len(group):
            self._totals["group"][: len(group)] = group
            more = int(group.max()) + 1 - len(self._rules)
            if more > 0:
                self._rules = np.concatenate((self._rules, np.tile(_rules(), (more, 1))))
                self._holdings = np.concatenate((self._holdings, np.zeros(more, HOLDINGS)))

    def settle(self, positions: I32, open_interest: F64) -> None:
        """Take the morning's open interest of contracts.

        Args:
            positions: Of contracts that there is room for, without repetition.
            open_interest: Contracts, in their shape; NaN where unknown.
        """
        _settle(
            positions, np.nan_to_num(open_interest).astype(np.int64), self._totals, self._holdings
        )

    def apply(self, trades: Trades, first: int) -> Classifications:
        """Take trades in order.

        Args:
            trades: Of positions that there is room for.
            first: Number of the first; the others follow it. A number never comes twice, and a
                later trade has a higher one.
        """
        count = len(trades.positions)
        out = Classifications.empty(count)
        packages = np.zeros((2, count), np.int8)
        if (trades.conditions == _MULTI_LEG).any():
            terms = self._terms
            sign_packages(trades, self._totals, terms.signed_from, *packages)
        row = 0
        while row < count:
            row = _apply(
                trades,
                row,
                first,
                self._terms,
                packages,
                self._totals,
                self._rules,
                self._holdings,
                self._trades.rings,
                self._trades.entries,
                self._far,
                out,
            )
            if row < count:
                self._trades.lengthen(int(self._totals["symbol"][trades.positions[row]]))
        return out

    @property
    def far_outside(self) -> int:
        """Trades whose price lay many spreads outside of the quote, signed all the same."""
        return int(self._far.sum())

    @property
    def far_outside_by_symbol(self) -> I64:
        """Likewise by the symbol's number, shape (symbols,)."""
        return self._far

    def turnover(self, positions: I32) -> Turnover:
        """What was traded of contracts, in their shape; the last one's for a negative position."""
        rows = self._totals[positions]
        bought, sold = rows["bought"].astype(np.float64), rows["sold"].astype(np.float64)
        return Turnover(
            bought=bought,
            sold=sold,
            traded=bought + sold + rows["unsigned"],
            opened=rows["opened"] / UNIT,
            growth=rows["growth"] / UNIT,
            net_bought=rows["net_bought"] / UNIT,
            variance=rows["variance"] / UNIT**2,
        )

    @property
    def records(self) -> I64:
        """How many records each `SideRule` decided, shape (rules,)."""
        return np.asarray(self._rules["records"].sum(axis=0))

    def records_by_group(self, rule: SideRule) -> I64:
        """How many records a rule decided, by group of contracts, shape (groups,)."""
        return np.asarray(self._rules["records"][:, rule])

    @property
    def volume(self) -> I64:
        """Their contracts: those signed by the rule, the others by the reason, shape (rules,)."""
        return np.asarray(self._rules["volume"].sum(axis=0))

    def volume_of(self, group: int) -> I64:
        """`volume` of one group of contracts alone."""
        return np.asarray(self._rules["volume"][group])

    @property
    def bought(self) -> I64:
        """Contracts that the aggressor bought, by position, as is all that follows."""
        return self._totals["bought"]

    @property
    def sold(self) -> I64:
        """Contracts that the aggressor sold."""
        return self._totals["sold"]

    @property
    def unsigned(self) -> I64:
        """Contracts that were traded but have no side."""
        return self._totals["unsigned"]

    @property
    def traded(self) -> I64:
        """All contracts traded."""
        return self.bought + self.sold + self.unsigned

    @property
    def unpriced(self) -> I64:
        """Contracts with a side that the dollars lack, because greeks were unknown."""
        return self._totals["unpriced"]

    @property
    def delta_dollars(self) -> I64:
        """Signed delta dollars since the open."""
        return self._totals["delta_dollars"]

    @property
    def gamma_dollars(self) -> I64:
        """Signed gamma dollars per 1% move since the open."""
        return self._totals["gamma_dollars"]

    @property
    def opened(self) -> F64:
        """Contracts x opening share of the time of day, summed over trades."""
        return self._totals["opened"] / UNIT

    @property
    def net_bought(self) -> F64:
        """Contracts that customers are expected to have bought less sold."""
        return self._totals["net_bought"] / UNIT

    @property
    def customer_dollars(self) -> I64:
        """Delta dollars of `net_bought` since the open, each trade's whole."""
        return self._totals["customer_dollars"]

    @property
    def variance(self) -> F64:
        """Of `net_bought`, contracts squared."""
        return self._totals["variance"] / UNIT**2


def _fixed(values: Iterable[float]) -> I64:
    return np.array([round(UNIT * value) for value in values], np.int64)


def _opening_by_minute(minutes: int) -> I64:
    """The opening share of every minute of a session."""
    parts = np.arange(minutes) * len(OPENING_SHARE) // minutes
    return _fixed(OPENING_SHARE)[parts]


def _rules() -> Rows:
    """What every rule's sides are worth, before any trade."""
    out = np.zeros(len(SideRule), RULES)
    out["expected"] = _fixed(expected_side(rule) for rule in SideRule)
    return out


@inline
def _value(entry: Row, spot: float, delta: float, gamma: float) -> None:
    """Write a trade's signed dollars, each rounded once."""
    shares = float(entry.signed) * MULTIPLIER
    delta_dollars = shares * delta * spot
    gamma_dollars = shares * gamma * spot * spot * _ONE_PERCENT
    is_priced = np.isfinite(delta_dollars + gamma_dollars)
    entry.unpriced = 0 if is_priced else abs(entry.signed)
    entry.delta_dollars = int(np.rint(delta_dollars)) if is_priced else 0
    entry.gamma_dollars = int(np.rint(gamma_dollars)) if is_priced else 0
    # Of the contracts that the customer is expected to have traded.
    bought = float(entry.customer) * (entry.expected / UNIT) * MULTIPLIER
    entry.customer_dollars = int(np.rint(bought * delta * spot)) if is_priced else 0


@inline
def _classify(
    price: int, size: int, quote: tuple[float, float, float, float], totals: Row
) -> tuple[int, int, SideRule]:
    """The aggressor's side, the customer's by the size rule, and what decided the former."""
    bid, ask, bid_size, ask_size = quote
    reference = totals.last if totals.last != price else totals.different
    side, rule = sign(price, raw_price(bid), raw_price(ask), bid_size, ask_size, reference)
    return side, by_size(rule, size, bid_size, ask_size), rule


@kernel
def _settle(positions: I32, open_interest: I64, totals: Rows, holdings: Rows) -> None:
    """Write the morning's open interest of contracts, and what of it is held."""
    for i in range(positions.shape[0]):
        mine = totals[positions[i]]
        mine.official = open_interest[i]
        hold(mine, holdings[mine.group])


@kernel
def _apply(
    trades: Trades,
    begin: int,
    first: int,
    terms: _Terms,
    packages: I8,
    totals: Rows,
    rules: Rows,
    holdings: Rows,
    rings: Rows,
    entries: Rows,
    far: I64,
    out: Classifications,
) -> int:
    """Take the trades from row `begin` on; returns the first row whose symbol's ring is full."""
    # Helpers get numbers and rows, never arrays: to hand one on is to count its references, twice.
    price, sizes, received, positions, conditions, standing, spot, delta, gamma, stale, cancels = (
        trades
    )
    sides, customers, decided, delta_dollars, gamma_dollars = out
    for i in range(begin, positions.shape[0]):
        position, condition, size = positions[i], conditions[i], sizes[i]
        if position < 0:
            continue
        is_cancel = cancels[i] != NO_CANCEL or condition == Condition.CANCEL
        if is_cancel or is_dirty(price[i], size):
            rule = SideRule.DIRTY
            if is_cancel:
                ring = rings[totals[position].symbol]
                at = find_entry(cancels[i], ring, entries)
                done = undo(at, totals, ring, entries, rules, holdings)
                rule = SideRule.CANCEL if done else SideRule.CANCEL_UNMATCHED
                if done:
                    undone = entries[at]
                    delta_dollars[i] = -undone.delta_dollars
                    gamma_dollars[i] = -undone.gamma_dollars
            decided[i] = rule
            rules[totals[position].group, rule].records += 1
            continue
        mine, minute = totals[position], received[i] // MINUTE
        ring = rings[mine.symbol]
        if is_full(ring):
            return i
        in_session = terms.signed_from <= received[i] <= mine.close
        rule = reason_against(condition, bool(stale[i]), in_session, terms.multi_leg_weight)
        is_own_price = rule != SideRule.CONDITION and condition != Condition.MULTI_LEG
        side, whole = 0, 0
        if rule == SideRule.NONE:
            quote = (standing[i, 0], standing[i, 1], standing[i, 2], standing[i, 3])
            side, whole, rule = _classify(price[i], size, quote, mine)
            far[mine.symbol] += is_far(price[i] / RAW_PER_DOLLAR, quote[0], quote[1])
        ring.newest += 1
        entry = entries[place(ring, ring.newest)]
        entry.serial, entry.number = ring.newest, first + i
        entry.position, entry.size = position, size
        entry.signed, entry.rule, entry.remainder = side * size, rule, rule
        if side != 0 and condition == Condition.MULTI_LEG:
            entry.signed = side * int(np.rint(terms.multi_leg_weight * size))
            entry.remainder = SideRule.MULTI_LEG
        entry.opening = terms.opening[
            min(max(minute - terms.first_minute, 0), terms.opening.shape[0] - 1)
        ]
        own = mine.group
        expect_growth(entry, mine, holdings[own], received[i] // SECOND)
        buyer = whole if whole != 0 else side
        expected = mine.whole_quote if whole != 0 else rules[own, rule].expected
        if condition == Condition.MULTI_LEG:
            # A leg's own price says little: only its package's does.
            buyer, expected = packages[0, i], packages[1, i]
        if buyer == 0:
            expected = 0
        entry.customer, entry.expected = buyer * size, expected
        entry.deviation = _DEVIATIONS[expected]
        entry.last, entry.different, entry.newest = mine.last, mine.different, mine.newest
        _value(entry, spot[i], delta[i], gamma[i])
        deviation = tally(entry, mine, rules[own, rule], rules[own, entry.remainder], 1)
        hold(mine, holdings[own])
        join_cluster(entry, mine, entries[place(ring, mine.owner)], minute, deviation)
        if is_own_price:
            remember_price(entry, mine, price[i])
        sides[i], customers[i], decided[i] = side, buyer, rule
        delta_dollars[i], gamma_dollars[i] = entry.delta_dollars, entry.gamma_dollars
    return int(positions.shape[0])
