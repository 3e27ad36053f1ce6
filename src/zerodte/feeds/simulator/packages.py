"""Where contracts lie among each other, and the legs of packages: verticals, condors, flies."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import F64, I64, Index
from zerodte.feeds.simulator.columns import ContractList
from zerodte.feeds.simulator.parameters import HORIZONS

NO_CONTRACT: Final = -1

#: A logistic curve of this slope is a normal one, to a hundredth.
_LOGISTIC: Final = 1.702
_FURTHEST: Final = 6.0


@dataclass(frozen=True, slots=True)
class Leg:
    """A leg of a structure, told from its first.

    Attributes:
        sign: 1 where who buys the structure buys it.
        opposite: Whether it is of the other right, and as far out on the other side of the money.
        beyond: Whether it lies a width further out.
        later: Whether it is of the next expiry.
    """

    sign: int
    opposite: bool = False
    beyond: bool = False
    later: bool = False


#: The first leg of each is the one that is chosen; its sign is 1.
STRUCTURES: Final[dict[str, tuple[Leg, ...]]] = {
    "single": (Leg(1),),
    "vertical": (Leg(1), Leg(-1, beyond=True)),
    "condor": (
        Leg(1),
        Leg(-1, beyond=True),
        Leg(1, opposite=True),
        Leg(-1, opposite=True, beyond=True),
    ),
    "strangle": (Leg(1), Leg(1, opposite=True)),
    "calendar": (Leg(1, later=True), Leg(-1)),
}
#: A fly is a condor around one strike.
STRUCTURES["fly"] = STRUCTURES["condor"]
MOST_LEGS: Final = max(len(legs) for legs in STRUCTURES.values())


def outness(delta: F64) -> F64:
    """How far out of the money contracts are, in standard deviations; below 0 in the money."""
    reach = np.clip(np.abs(delta), 1e-6, 1.0 - 1e-6)
    out: F64 = np.clip(np.log((1.0 - reach) / reach) / _LOGISTIC, -_FURTHEST, _FURTHEST)
    return out


def horizon_of(listing: ContractList) -> Index:
    """The place of each contract's expiry in `HORIZONS`."""
    sessions = [chain.whole_sessions for chain in listing.chains]
    return np.searchsorted(HORIZONS, sessions, side="right")[listing.chain] - 1


class Lattice:
    """Contracts by chain, right and place among the chain's strikes."""

    def __init__(self, listing: ContractList) -> None:
        """Lay out a listing."""
        self._listing = listing
        size, chains = len(listing.symbols), len(listing.chains)
        self._place = np.zeros(size, np.intp)
        strikes = [np.unique(listing.strike[listing.chain == i]) for i in range(chains)]
        longest = max(len(values) for values in strikes)
        self._table = np.full((chains, 2, longest), NO_CONTRACT, np.intp)
        for i, values in enumerate(strikes):
            members = np.flatnonzero(listing.chain == i)
            self._place[members] = np.searchsorted(values, listing.strike[members])
            right = listing.is_call[members].astype(np.intp)
            self._table[i, right, self._place[members]] = members
        self._next = self._next_expiry(strikes)

    def _next_expiry(self, strikes: Sequence[F64]) -> Index:
        """The contract of the same right and the nearest strike in its name's next expiry."""
        listing = self._listing
        out = np.full(len(listing.symbols), NO_CONTRACT, np.intp)
        for i, (chain, following) in enumerate(itertools.pairwise(listing.chains)):
            if chain.name == following.name:
                members, there = np.flatnonzero(listing.chain == i), strikes[i + 1]
                at = np.searchsorted(0.5 * (there[1:] + there[:-1]), listing.strike[members])
                out[members] = self._table[i + 1, listing.is_call[members].astype(np.intp), at]
        return out

    def middle(self, delta: F64) -> Index:
        """The place of the strike at the money in each chain."""
        listing = self._listing
        far = np.where(listing.is_call, np.abs(delta - 0.5), np.inf)
        order = np.lexsort((far, listing.chain))
        first = np.searchsorted(listing.chain[order], np.arange(len(listing.chains)))
        return self._place[order[first]]

    def per_sigma(self, delta: F64) -> F64:
        """Strikes within a standard deviation of each chain's money."""
        near = self._listing.is_call & (np.abs(outness(delta)) < 1.0)
        count = np.bincount(self._listing.chain[near], minlength=len(self._listing.chains))
        strikes: F64 = np.maximum(0.5 * count, 1.0)
        return strikes

    def legs(self, structure: str, first: Index, width: I64, middle: Index) -> Index:
        """The contracts of packages, shape (k, legs); `NO_CONTRACT` where there is none.

        Args:
            structure: A key of `STRUCTURES`.
            first: Contracts that are chosen, shape (k,).
            width: Strikes from a leg to its wing, shape (k,).
            middle: As from `middle`.
        """
        chain, right = self._listing.chain[first], self._listing.is_call[first].astype(np.intp)
        place, centre = self._place[first], middle[chain]
        if structure == "fly":
            place = centre
        columns = []
        for leg in STRUCTURES[structure]:
            own = 1 - right if leg.opposite else right
            at = 2 * centre - place if leg.opposite else place
            if leg.beyond:
                at = at + width * (2 * own - 1)
            inside = (at >= 0) & (at < self._table.shape[2])
            found = np.where(inside, self._table[chain, own, np.where(inside, at, 0)], NO_CONTRACT)
            columns.append(
                np.where(found >= 0, self._next[found], NO_CONTRACT) if leg.later else found
            )
        return np.stack(columns, axis=1)


class Packages:
    """What customers opened today as packages and still hold."""

    def __init__(self) -> None:
        """Begin with none."""
        self._contract = np.empty((0, MOST_LEGS), np.intp)
        self._side = np.empty((0, MOST_LEGS), np.int64)
        self._size = np.empty(0, np.int64)

    def remember(self, contract: Index, side: I64, size: I64) -> None:
        """Add packages: contracts and sides of shape (k, legs), sizes of shape (k,)."""
        room = ((0, 0), (0, MOST_LEGS - contract.shape[1]))
        legs = np.pad(contract, room, constant_values=NO_CONTRACT)
        self._contract = np.concatenate((self._contract, legs))
        self._side = np.concatenate((self._side, np.pad(side, room)))
        self._size = np.concatenate((self._size, size))

    def take(self, count: int, random: np.random.Generator) -> tuple[Index, I64, I64]:
        """Take out so many, if there are, to be closed: contracts, sides that close, sizes."""
        chosen = random.choice(len(self._size), min(count, len(self._size)), replace=False)
        taken = self._contract[chosen], -self._side[chosen], self._size[chosen]
        rest = np.ones(len(self._size), np.bool_)
        rest[chosen] = False
        self._contract, self._side = self._contract[rest], self._side[rest]
        self._size = self._size[rest]
        return taken
