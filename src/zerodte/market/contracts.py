"""The option contracts of a tape as flat arrays, and their chains.

A contract's position is its index in every array. Quotes and open interest are in other modules,
indexed by the same positions.
"""

import datetime
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import F64, I32, Bool
from zerodte.constants import MOST_EXPIRIES, MOST_OF_CHAIN, MOST_UNDERLYINGS, MULTIPLIER
from zerodte.market.calendar import epoch_day, last_trading_day
from zerodte.market.osi import Contract, MarketError, parse_osi
from zerodte.market.roots import is_adjusted, is_unsettled, root_info

#: The position of an unknown contract.
NO_POSITION = -1

_FIRST_CAPACITY = 1024
#: Characters of a padded OSI symbol: its root and date, its right, and its strike.
_DATED: Final = slice(0, 12)
_RIGHT: Final = slice(12, 13)
_STRIKE: Final = slice(13, 21)
_PADDED: Final = 21
_THOUSANDTHS: Final = 1000


@dataclass(frozen=True, eq=False, slots=True)
class Chain:
    """The contracts of one root and expiry, aligned by strike.

    Attributes:
        number: Index in `Contracts.chains`; it never changes.
        root: The OSI root of all its contracts.
        symbol: Symbol of the underlying.
        expiry: The expiration date.
        am_settled: Whether it settles at the opening of that date.
        strikes: float64[n], ascending, dollars.
        positions: int32[2, n], positions of the call (row 0) and the put (row 1) at each strike; -1
            if not listed.
        listed: bool[2, n], whether each contract is listed.
    """

    number: int
    root: str
    symbol: str
    expiry: datetime.date
    am_settled: bool
    strikes: F64
    positions: I32
    listed: Bool

    def trades_after_open(self, date: datetime.date) -> bool:
        """Whether it still trades once the session of a date has begun."""
        return self.expiry > date or (self.expiry == date and not self.am_settled)

    @property
    def call(self) -> I32:
        """int32[n], positions of the calls; -1 if not listed."""
        calls: I32 = self.positions[0]
        return calls

    @property
    def put(self) -> I32:
        """int32[n], positions of the puts; -1 if not listed."""
        puts: I32 = self.positions[1]
        return puts


class Contracts:
    """Contracts in order of arrival. Arrays only grow, and positions never change.

    Attributes:
        rejected: Number of rejected symbols, by reason.
        beyond: Number of contracts beyond the `MOST_OF_CHAIN` of their chain or the
            `MOST_EXPIRIES` of their root, by underlying.
    """

    def __init__(self) -> None:
        self.rejected: Counter[str] = Counter()
        self.beyond: Counter[str] = Counter()
        self._size = 0
        self._position_by_symbol: dict[str, int] = {}
        self._chain_by_date: dict[str, int] = {}
        self._positions_by_strike: list[dict[int, int]] = []
        self._expiries_of: Counter[str] = Counter()
        self._strike = np.empty(_FIRST_CAPACITY, np.float64)
        self._is_call = np.empty(_FIRST_CAPACITY, np.bool_)
        self._chain = np.empty(_FIRST_CAPACITY, np.int32)
        self._chains: list[Chain] = []
        self._chain_numbers: dict[tuple[str, datetime.date], int] = {}
        self._numbers_by_symbol: dict[str, list[int]] = {}
        self._stale_chains: set[int] = set()

    def __len__(self) -> int:
        return self._size

    def add(self, raw_symbol: str) -> int:
        """Add a contract by its OSI symbol, padded or not, and return its position.

        A known symbol returns its existing position. A text that is not an OSI symbol, or has an
        adjusted root, returns -1 and is counted once in `rejected`; so is what would exceed
        `MOST_UNDERLYINGS`. One beyond the bounds of its own symbol is counted once in `beyond`.
        """
        position = self._position_by_symbol.get(raw_symbol)
        if position is None:
            position = self._position_by_symbol[raw_symbol] = self._position_of(raw_symbol)
        return position

    def refuse(self, raw_symbol: str, multiplier: int) -> None:
        """Set a contract aside that is of another number of units than `MULTIPLIER`."""
        if self._position_by_symbol.get(raw_symbol) != NO_POSITION:
            self._position_by_symbol[raw_symbol] = NO_POSITION
            self.rejected[_of_size(multiplier)] += 1

    def contract(self, position: int) -> Contract:
        """The contract at a position.

        Raises:
            IndexError: If there is no such position.
        """
        if position < 0:
            raise IndexError(f"no contract at position {position}")
        chain = self._chains[self.chain[position]]
        right = "C" if self.is_call[position] else "P"
        return Contract(chain.root, chain.expiry, float(self.strike[position]), right)

    @property
    def strike(self) -> F64:
        """float64[n], dollars."""
        return self._strike[: len(self)]

    @property
    def is_call(self) -> Bool:
        """bool[n]."""
        return self._is_call[: len(self)]

    @property
    def expiry(self) -> I32:
        """int32[n], days since 1970-01-01."""
        by_chain = np.array([epoch_day(chain.expiry) for chain in self._chains], np.int32)
        return by_chain[self.chain]

    @property
    def chain(self) -> I32:
        """int32[n], the number of each contract's chain."""
        return self._chain[: len(self)]

    @property
    def chains(self) -> list[Chain]:
        """All chains by number. A chain that gained contracts is replaced by a new `Chain`."""
        if self._stale_chains:
            self._rebuild()
        return self._chains

    def same_day(self, symbol: str, date: datetime.date) -> Chain | None:
        """The chain of a symbol that expires at the close of `date`, or None.

        AM-settled chains are excluded. Of two roots with this expiry, the one with more strikes.
        """
        return closing_chain(chain for chain in self.expiries(symbol) if chain.expiry == date)

    def next_same_day(self, symbol: str, after: datetime.date) -> datetime.date | None:
        """The first expiry after `after` that is not AM-settled, or None."""
        later = (c.expiry for c in self.expiries(symbol) if not c.am_settled and c.expiry > after)
        return min(later, default=None)

    def symbols(self) -> list[str]:
        """The symbols of all underlyings, sorted."""
        return sorted(self._numbers_by_symbol)

    def expiries(self, symbol: str) -> list[Chain]:
        """All chains of a symbol, of any root, sorted by expiry and root."""
        chains = self.chains
        found = [chains[number] for number in self._numbers_by_symbol.get(symbol, ())]
        return sorted(found, key=lambda chain: (chain.expiry, chain.root))

    def _position_of(self, raw_symbol: str) -> int:
        number, digits = self._chain_by_date.get(raw_symbol[_DATED]), raw_symbol[_STRIKE]
        right = raw_symbol[_RIGHT]
        # Most symbols are padded ones of a chain that is known: only their strike is new.
        if number is None or right not in {"C", "P"} or not _is_strike(raw_symbol):
            return self._parsed(raw_symbol)
        return self._place(number, int(digits), right)

    def _parsed(self, raw_symbol: str) -> int:
        """The position of a contract whose symbol has any form."""
        try:
            contract = parse_osi(raw_symbol)
        except MarketError:
            self.rejected["not an OSI symbol"] += 1
            return NO_POSITION
        if is_adjusted(contract.root):
            self.rejected["adjusted root"] += 1
            return NO_POSITION
        if is_unsettled(contract.root):
            self.rejected["contracts of index roots whose settlement is unknown"] += 1
            return NO_POSITION
        if (multiplier := root_info(contract.root).multiplier) != MULTIPLIER:
            self.rejected[_of_size(multiplier)] += 1
            return NO_POSITION
        number = self._chain_number(contract.root, last_trading_day(contract.expiry))
        if number is None:
            return NO_POSITION
        if len(raw_symbol) == _PADDED:
            self._chain_by_date[raw_symbol[_DATED]] = number
        return self._place(number, round(contract.strike * _THOUSANDTHS), contract.right)

    def _place(self, number: int, thousandths: int, right: str) -> int:
        """The position of a contract of a chain, a new one the first time."""
        is_call = right == "C"
        known = self._positions_by_strike[number]
        key = 2 * thousandths + is_call
        if key in known:
            return known[key]
        if len(known) >= MOST_OF_CHAIN:
            self.beyond[self._chains[number].symbol] += 1
            return NO_POSITION
        position = known[key] = self._size
        if position == len(self._strike):
            self._grow()
        self._size += 1
        self._strike[position] = thousandths / _THOUSANDTHS
        self._is_call[position] = is_call
        self._chain[position] = number
        self._stale_chains.add(number)
        return position

    def _grow(self) -> None:
        self._strike = np.concatenate([self._strike, np.empty_like(self._strike)])
        self._is_call = np.concatenate([self._is_call, np.empty_like(self._is_call)])
        self._chain = np.concatenate([self._chain, np.empty_like(self._chain)])

    def _chain_number(self, root: str, expiry: datetime.date) -> int | None:
        """The number of a chain, a new one the first time; None, counted, beyond the bounds."""
        number = self._chain_numbers.get((root, expiry))
        if number is not None:
            return number
        symbol = root_info(root).symbol
        is_known = symbol in self._numbers_by_symbol
        if not is_known and len(self._numbers_by_symbol) >= MOST_UNDERLYINGS:
            self.rejected[f"contracts of more than {MOST_UNDERLYINGS:,} underlyings"] += 1
            return None
        if self._expiries_of[root] >= MOST_EXPIRIES:
            self.beyond[symbol] += 1
            return None
        number = self._chain_numbers[root, expiry] = len(self._chains)
        self._chains.append(_new_chain(number, root, expiry))
        self._numbers_by_symbol.setdefault(symbol, []).append(number)
        self._positions_by_strike.append({})
        self._expiries_of[root] += 1
        return number

    def _rebuild(self) -> None:
        """Replace the chains that gained contracts, all in one pass."""
        numbers = np.array(sorted(self._stale_chains), np.int32)
        is_stale = np.zeros(len(self._chains), np.bool_)
        is_stale[numbers] = True
        positions = np.flatnonzero(is_stale[self.chain]).astype(np.int32)
        positions = positions[np.lexsort((self.strike[positions], self.chain[positions]))]
        strikes, chain = self.strike[positions], self.chain[positions]
        is_first = np.ones(len(positions), np.bool_)
        is_first[1:] = (strikes[1:] != strikes[:-1]) | (chain[1:] != chain[:-1])
        rows = np.cumsum(is_first) - 1
        sides = np.full((2, int(rows[-1]) + 1), NO_POSITION, np.int32)
        sides[(~self.is_call[positions]).astype(np.intp), rows] = positions
        strikes, chain = strikes[is_first], chain[is_first]
        starts = np.searchsorted(chain, numbers).tolist()
        for number, start, stop in zip(
            numbers.tolist(), starts, [*starts[1:], len(strikes)], strict=True
        ):
            self._chains[number] = _with_strikes(
                self._chains[number], strikes[start:stop].copy(), sides[:, start:stop].copy()
            )
        self._stale_chains.clear()


def closing_chain(chains: Iterable[Chain]) -> Chain | None:
    """Of one expiry's chains the PM-settled one with most strikes; None where none is."""
    at_close = (chain for chain in chains if not chain.am_settled)
    return max(at_close, key=lambda chain: len(chain.strikes), default=None)


def _is_strike(raw_symbol: str) -> bool:
    """Whether a padded symbol ends in a strike above 0."""
    digits = raw_symbol[_STRIKE]
    is_digits = digits.isascii() and digits.isdigit()
    return len(raw_symbol) == _PADDED and is_digits and int(digits) > 0


def _with_strikes(chain: Chain, strikes: F64, positions: I32) -> Chain:
    """A chain with other contracts, aligned by strike."""
    listed = positions >= 0
    for array in (strikes, positions, listed):
        array.flags.writeable = False
    return Chain(
        number=chain.number,
        root=chain.root,
        symbol=chain.symbol,
        expiry=chain.expiry,
        am_settled=chain.am_settled,
        strikes=strikes,
        positions=positions,
        listed=listed,
    )


def _of_size(multiplier: int) -> str:
    return f"contracts of {multiplier:,} instead of {MULTIPLIER} units"


def _new_chain(number: int, contract_root: str, expiry: datetime.date) -> Chain:
    root = root_info(contract_root)
    return Chain(
        number=number,
        root=contract_root,
        symbol=root.symbol,
        expiry=expiry,
        am_settled=root.settlement == "AM",
        strikes=np.empty(0, np.float64),
        positions=np.empty((2, 0), np.int32),
        listed=np.empty((2, 0), np.bool_),
    )
