"""The grid of contracts by strike, and the legs of packages: verticals, condors, flies."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import F64, I64, Index
from zerodte.feeds.simulator.columns import ContractList
from zerodte.feeds.simulator.parameters import HORIZONS

NO_CONTRACT: Final = -1

#: A logistic curve with this slope approximates the normal distribution to 0.01.
_LOGISTIC: Final = 1.702
_FURTHEST: Final = 6.0


@dataclass(frozen=True, slots=True)
class Leg:
    """A leg of a structure, relative to the first leg.

    Attributes:
        sign: 1 if the buyer of the structure buys this leg, else -1.
        opposite: Whether it has the other right, equally far on the other side of the money.
        beyond: Whether it is one width further out of the money.
        later: Whether it has the next expiry.
    """

    sign: int
    opposite: bool = False
    beyond: bool = False
    later: bool = False


#: The first leg is the one that the customer chooses; its sign is 1.
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
#: A fly is a condor whose short strikes coincide.
STRUCTURES["fly"] = STRUCTURES["condor"]
MOST_LEGS: Final = max(len(legs) for legs in STRUCTURES.values())


def otm_sigmas(delta: F64) -> F64:
    """Standard deviations out of the money, from delta; negative in the money."""
    absolute = np.clip(np.abs(delta), 1e-6, 1.0 - 1e-6)
    sigmas: F64 = np.clip(np.log((1.0 - absolute) / absolute) / _LOGISTIC, -_FURTHEST, _FURTHEST)
    return sigmas


def horizon_of(listing: ContractList) -> Index:
    """The index of each contract's expiry in `HORIZONS`."""
    sessions = [chain.whole_sessions for chain in listing.chains]
    return np.searchsorted(HORIZONS, sessions, side="right")[listing.chain] - 1


@dataclass(frozen=True, eq=False, slots=True)
class ChainScale:
    """Where the money is in each of m chains, and how far a standard deviation reaches.

    Attributes:
        at_the_money: Index of the strike at the money, shape (m,).
        strikes_per_sigma: Strikes per standard deviation, at least 1, shape (m,).
    """

    at_the_money: Index
    strikes_per_sigma: F64


class ContractGrid:
    """Contracts by chain, right and strike."""

    def __init__(self, listing: ContractList) -> None:
        """Build the grid of a listing."""
        self._listing = listing
        size, chains = len(listing.symbols), len(listing.chains)
        self._strike_index = np.zeros(size, np.intp)
        strikes = [np.unique(listing.strike[listing.chain == i]) for i in range(chains)]
        longest = max(len(values) for values in strikes)
        self._table = np.full((chains, 2, longest), NO_CONTRACT, np.intp)
        for i, values in enumerate(strikes):
            members = np.flatnonzero(listing.chain == i)
            self._strike_index[members] = np.searchsorted(values, listing.strike[members])
            right = listing.is_call[members].astype(np.intp)
            self._table[i, right, self._strike_index[members]] = members
        self._next = self._next_expiry(strikes)
        self._scale: tuple[F64, ChainScale] | None = None

    def _next_expiry(self, strikes: Sequence[F64]) -> Index:
        """Each contract's counterpart in the next expiry: same right, nearest strike."""
        listing = self._listing
        sigmas = np.full(len(listing.symbols), NO_CONTRACT, np.intp)
        for i, (chain, following) in enumerate(itertools.pairwise(listing.chains)):
            if chain.name == following.name:
                members, next_strikes = np.flatnonzero(listing.chain == i), strikes[i + 1]
                index = np.searchsorted(
                    0.5 * (next_strikes[1:] + next_strikes[:-1]), listing.strike[members]
                )
                sigmas[members] = self._table[
                    i + 1, listing.is_call[members].astype(np.intp), index
                ]
        return sigmas

    def scale(self, delta: F64) -> ChainScale:
        """The place and the width of the money in each chain, for deltas of shape (n,).

        All names ask for the same deltas in a minute: the last answer is kept.
        """
        if self._scale is None or self._scale[0] is not delta:
            self._scale = (
                delta,
                ChainScale(self._at_the_money(delta), self._strikes_per_sigma(delta)),
            )
        return self._scale[1]

    def _at_the_money(self, delta: F64) -> Index:
        listing = self._listing
        far = np.where(listing.is_call, np.abs(delta - 0.5), np.inf)
        order = np.lexsort((far, listing.chain))
        first = np.searchsorted(listing.chain[order], np.arange(len(listing.chains)))
        return self._strike_index[order[first]]

    def _strikes_per_sigma(self, delta: F64) -> F64:
        near = self._listing.is_call & (np.abs(otm_sigmas(delta)) < 1.0)
        count = np.bincount(self._listing.chain[near], minlength=len(self._listing.chains))
        strikes: F64 = np.maximum(0.5 * count, 1.0)
        return strikes

    def legs(self, structure: str, first: Index, width: I64, at_the_money: Index) -> Index:
        """The contracts of packages, shape (k, legs); `NO_CONTRACT` where none is listed.

        Args:
            structure: A key of `STRUCTURES`.
            first: The contract of the first leg, shape (k,).
            width: Distance from a leg to its wing in strikes, shape (k,).
            at_the_money: As of `ChainScale`.
        """
        chain, right = self._listing.chain[first], self._listing.is_call[first].astype(np.intp)
        strike_index, centre = self._strike_index[first], at_the_money[chain]
        if structure == "fly":
            strike_index = centre
        columns = []
        for leg in STRUCTURES[structure]:
            own = 1 - right if leg.opposite else right
            index = 2 * centre - strike_index if leg.opposite else strike_index
            if leg.beyond:
                index = index + width * (2 * own - 1)
            inside = (index >= 0) & (index < self._table.shape[2])
            contract = np.where(
                inside, self._table[chain, own, np.where(inside, index, 0)], NO_CONTRACT
            )
            columns.append(
                np.where(contract >= 0, self._next[contract], NO_CONTRACT)
                if leg.later
                else contract
            )
        return np.stack(columns, axis=1)


class OpenPackages:
    """The packages that customers opened today and still hold."""

    def __init__(self) -> None:
        """Start empty."""
        self._contract = np.empty((0, MOST_LEGS), np.intp)
        self._side = np.empty((0, MOST_LEGS), np.int64)
        self._size = np.empty(0, np.int64)

    def add(self, contract: Index, side: I64, size: I64) -> None:
        """Add packages: contracts and sides of shape (k, legs), sizes of shape (k,)."""
        padding = ((0, 0), (0, MOST_LEGS - contract.shape[1]))
        legs = np.pad(contract, padding, constant_values=NO_CONTRACT)
        self._contract = np.concatenate((self._contract, legs))
        self._side = np.concatenate((self._side, np.pad(side, padding)))
        self._size = np.concatenate((self._size, size))

    def pop(self, count: int, rng: np.random.Generator) -> tuple[Index, I64, I64]:
        """Remove up to `count` random packages: their contracts, closing sides and sizes."""
        chosen = rng.choice(len(self._size), min(count, len(self._size)), replace=False)
        packages = self._contract[chosen], -self._side[chosen], self._size[chosen]
        is_kept = np.ones(len(self._size), np.bool_)
        is_kept[chosen] = False
        self._contract, self._side = self._contract[is_kept], self._side[is_kept]
        self._size = self._size[is_kept]
        return packages
