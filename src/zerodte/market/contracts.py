"""The option contracts of a tape as flat arrays, and their chains.

A contract's position is its index in every array. Quotes and open interest are in other modules,
indexed by the same positions.
"""

import datetime
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from zerodte.arrays import F64, I32, Bool
from zerodte.market.calendar import epoch_day, last_trading_day
from zerodte.market.osi import Contract, MarketError, parse_osi
from zerodte.market.roots import is_adjusted, root_info

#: The position of an unknown contract.
NO_POSITION = -1

_FIRST_CAPACITY = 1024


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
    """

    def __init__(self) -> None:
        self.rejected: Counter[str] = Counter()
        self._contracts: list[Contract] = []
        self._position_by_symbol: dict[str, int] = {}
        self._position_by_contract: dict[Contract, int] = {}
        self._strike = np.empty(_FIRST_CAPACITY, np.float64)
        self._is_call = np.empty(_FIRST_CAPACITY, np.bool_)
        self._expiry = np.empty(_FIRST_CAPACITY, np.int32)
        self._chain = np.empty(_FIRST_CAPACITY, np.int32)
        self._chains: list[Chain] = []
        self._chain_positions: list[list[int]] = []
        self._chain_numbers: dict[tuple[str, datetime.date], int] = {}
        self._numbers_by_symbol: dict[str, list[int]] = {}
        self._stale_chains: set[int] = set()

    def __len__(self) -> int:
        return len(self._contracts)

    def add(self, raw_symbol: str) -> int:
        """Add a contract by its OSI symbol, padded or not, and return its position.

        A known symbol returns its existing position. A text that is not an OSI symbol, or has an
        adjusted root, returns -1 and is counted once in `rejected`.
        """
        position = self._position_by_symbol.get(raw_symbol)
        if position is None:
            position = self._position_by_symbol[raw_symbol] = self._position_of(raw_symbol)
        return position

    def contract(self, position: int) -> Contract:
        """The contract at a position.

        Raises:
            IndexError: If there is no such position.
        """
        if position < 0:
            raise IndexError(f"no contract at position {position}")
        return self._contracts[position]

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
        return self._expiry[: len(self)]

    @property
    def chain(self) -> I32:
        """int32[n], the number of each contract's chain."""
        return self._chain[: len(self)]

    @property
    def chains(self) -> list[Chain]:
        """All chains by number. A chain that gained contracts is replaced by a new `Chain`."""
        for number in self._stale_chains:
            self._chains[number] = self._rebuild(self._chains[number])
        self._stale_chains.clear()
        return self._chains

    def same_day(self, symbol: str, date: datetime.date) -> Chain | None:
        """The chain of a symbol that expires at the close of `date`, or None.

        AM-settled chains are excluded. Of two roots with this expiry, the one with more strikes.
        """
        todays = [c for c in self.expiries(symbol) if c.expiry == date and not c.am_settled]
        return max(todays, key=lambda c: len(c.strikes), default=None)

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
        try:
            contract = parse_osi(raw_symbol)
        except MarketError:
            self.rejected["not an OSI symbol"] += 1
            return NO_POSITION
        if is_adjusted(contract.root):
            self.rejected["adjusted root"] += 1
            return NO_POSITION
        last_day = last_trading_day(contract.expiry)
        if last_day != contract.expiry:
            contract = replace(contract, expiry=last_day)
        position = self._position_by_contract.get(contract)
        return self._append(contract) if position is None else position

    def _append(self, contract: Contract) -> int:
        position = self._position_by_contract[contract] = len(self)
        if position == len(self._strike):
            self._grow()
        number = self._chain_number(contract)
        self._contracts.append(contract)
        self._strike[position] = contract.strike
        self._is_call[position] = contract.right == "C"
        self._expiry[position] = epoch_day(contract.expiry)
        self._chain[position] = number
        self._chain_positions[number].append(position)
        self._stale_chains.add(number)
        return position

    def _grow(self) -> None:
        self._strike = np.concatenate([self._strike, np.empty_like(self._strike)])
        self._is_call = np.concatenate([self._is_call, np.empty_like(self._is_call)])
        self._expiry = np.concatenate([self._expiry, np.empty_like(self._expiry)])
        self._chain = np.concatenate([self._chain, np.empty_like(self._chain)])

    def _chain_number(self, contract: Contract) -> int:
        number = self._chain_numbers.get((contract.root, contract.expiry))
        if number is None:
            number = self._chain_numbers[contract.root, contract.expiry] = len(self._chains)
            chain = _new_chain(number, contract)
            self._chains.append(chain)
            self._numbers_by_symbol.setdefault(chain.symbol, []).append(number)
            self._chain_positions.append([])
        return number

    def _rebuild(self, chain: Chain) -> Chain:
        positions = np.array(self._chain_positions[chain.number], np.int32)
        strikes, strike_index = np.unique(self._strike[positions], return_inverse=True)
        sides = np.full((2, len(strikes)), NO_POSITION, np.int32)
        sides[(~self._is_call[positions]).astype(np.intp), strike_index] = positions
        listed = sides >= 0
        for array in (strikes, sides, listed):
            array.flags.writeable = False
        return replace(chain, strikes=strikes, positions=sides, listed=listed)


def _new_chain(number: int, contract: Contract) -> Chain:
    root = root_info(contract.root)
    return Chain(
        number=number,
        root=contract.root,
        symbol=root.symbol,
        expiry=contract.expiry,
        am_settled=root.settlement == "AM",
        strikes=np.empty(0, np.float64),
        positions=np.empty((2, 0), np.int32),
        listed=np.empty((2, 0), np.bool_),
    )
