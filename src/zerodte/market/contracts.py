"""All option contracts of a tape as flat arrays, and the chains they form.

What is listed, in which order it came, and where to find it. No quotes, no open interest: those
are arrays elsewhere, indexed by the positions given out here.
"""

import datetime
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from zerodte.arrays import F64, I32, Bool
from zerodte.market.calendar import epoch_day
from zerodte.market.osi import Contract, MarketError, parse_osi
from zerodte.market.roots import is_adjusted, root_info

#: The position of what is not a contract here.
NO_POSITION = -1

_FIRST_ROOM = 1024


@dataclass(frozen=True, eq=False, slots=True)
class Chain:
    """The contracts of one root and expiry, side by side on their strikes.

    Attributes:
        number: The chain's place in `Contracts.chains`; it never changes.
        root: The OSI root of all its contracts.
        symbol: The underlying's symbol.
        expiry: The market date it expires on.
        am_settled: Whether it settles at that day's opening.
        strikes: float64[n], ascending, dollars.
        positions: int32[2, n], of the call (row 0) and the put (row 1) at each strike; -1 where
            none is listed.
        listed: bool[2, n], where one is.
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
        """int32[n], position of the call at each strike, -1 where none is listed."""
        calls: I32 = self.positions[0]
        return calls

    @property
    def put(self) -> I32:
        """int32[n], the same for puts."""
        puts: I32 = self.positions[1]
        return puts


class Contracts:
    """Contracts in order of arrival. The arrays only grow; a position never moves.

    Attributes:
        rejected: How many symbols were refused, by reason.
    """

    def __init__(self) -> None:
        self.rejected: Counter[str] = Counter()
        self._contracts: list[Contract] = []
        self._positions: dict[str, int] = {}
        self._known: dict[Contract, int] = {}
        self._strike = np.empty(_FIRST_ROOM, np.float64)
        self._is_call = np.empty(_FIRST_ROOM, np.bool_)
        self._expiry = np.empty(_FIRST_ROOM, np.int32)
        self._chain = np.empty(_FIRST_ROOM, np.int32)
        self._chains: list[Chain] = []
        self._members: list[list[int]] = []
        self._numbers: dict[tuple[str, datetime.date], int] = {}
        self._numbers_of: dict[str, list[int]] = {}
        self._changed: set[int] = set()

    def __len__(self) -> int:
        return len(self._contracts)

    def add(self, raw_symbol: str) -> int:
        """List a contract by its OSI symbol, padded or not, and give its position.

        A symbol that came before gives the same position again. One that is not an OSI symbol,
        or of an adjusted root, gives -1 and is counted once in `rejected`.
        """
        position = self._positions.get(raw_symbol)
        if position is None:
            position = self._positions[raw_symbol] = self._place(raw_symbol)
        return position

    def contract(self, position: int) -> Contract:
        """The contract at a position.

        Raises:
            IndexError: If there is none.
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
        """Every chain, by its number. One that gained contracts since is a new `Chain` there."""
        for number in self._changed:
            self._chains[number] = self._rebuilt(self._chains[number])
        self._changed.clear()
        return self._chains

    def chain_of(self, root: str, expiry: datetime.date) -> Chain | None:
        """The chain of a root and expiry, or None."""
        number = self._numbers.get((root, expiry))
        return None if number is None else self.chains[number]

    def same_day(self, symbol: str, date: datetime.date) -> Chain | None:
        """The chain of a symbol that expires at the close of `date`, or None.

        Never of an AM-settled root. Where two roots expire then, the one with more strikes.
        """
        todays = [c for c in self.expiries(symbol) if c.expiry == date and not c.am_settled]
        return max(todays, key=lambda c: len(c.strikes), default=None)

    def next_same_day(self, symbol: str, after: datetime.date) -> datetime.date | None:
        """The first date after `after` with a same-day chain of the symbol, or None."""
        later = (c.expiry for c in self.expiries(symbol) if not c.am_settled and c.expiry > after)
        return min(later, default=None)

    def symbols(self) -> list[str]:
        """The underlyings that have contracts, sorted."""
        return sorted(self._numbers_of)

    def expiries(self, symbol: str) -> list[Chain]:
        """Every chain of a symbol, of all its roots, sorted by expiry and root."""
        chains = self.chains
        own = [chains[number] for number in self._numbers_of.get(symbol, ())]
        return sorted(own, key=lambda chain: (chain.expiry, chain.root))

    def _place(self, raw_symbol: str) -> int:
        try:
            contract = parse_osi(raw_symbol)
        except MarketError:
            self.rejected["not an OSI symbol"] += 1
            return NO_POSITION
        if is_adjusted(contract.root):
            self.rejected["adjusted root"] += 1
            return NO_POSITION
        position = self._known.get(contract)
        return self._append(contract) if position is None else position

    def _append(self, contract: Contract) -> int:
        position = self._known[contract] = len(self)
        if position == len(self._strike):
            self._double()
        number = self._chain_number(contract)
        self._contracts.append(contract)
        self._strike[position] = contract.strike
        self._is_call[position] = contract.right == "C"
        self._expiry[position] = epoch_day(contract.expiry)
        self._chain[position] = number
        self._members[number].append(position)
        self._changed.add(number)
        return position

    def _double(self) -> None:
        self._strike = np.concatenate([self._strike, np.empty_like(self._strike)])
        self._is_call = np.concatenate([self._is_call, np.empty_like(self._is_call)])
        self._expiry = np.concatenate([self._expiry, np.empty_like(self._expiry)])
        self._chain = np.concatenate([self._chain, np.empty_like(self._chain)])

    def _chain_number(self, contract: Contract) -> int:
        number = self._numbers.get((contract.root, contract.expiry))
        if number is None:
            number = self._numbers[contract.root, contract.expiry] = len(self._chains)
            chain = _new_chain(number, contract)
            self._chains.append(chain)
            self._numbers_of.setdefault(chain.symbol, []).append(number)
            self._members.append([])
        return number

    def _rebuilt(self, chain: Chain) -> Chain:
        members = np.array(self._members[chain.number], np.int32)
        strikes, place = np.unique(self._strike[members], return_inverse=True)
        sides = np.full((2, len(strikes)), NO_POSITION, np.int32)
        sides[(~self._is_call[members]).astype(np.intp), place] = members
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
