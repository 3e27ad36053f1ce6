"""What a simulated session leaves to the next: prices, volatility, and positions that live on."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from zerodte.arrays import F64, I64, Bool, Index
from zerodte.feeds.simulator.columns import ContractList, ListedChain
from zerodte.feeds.simulator.prices import PriceDraw

#: Root and expiry, ISO date.
ChainKey: TypeAlias = tuple[str, str]


def chain_key(chain: ListedChain) -> ChainKey:
    """The key of a chain in `Evening.chains`."""
    return chain.root, chain.expiry.isoformat()


@dataclass(frozen=True, eq=False, slots=True)
class OpenPositions:
    """The positions of a chain with k strikes after the close.

    Attributes:
        strikes: Dollars, ascending, shape (k,).
        interest: Open interest of calls and puts, contracts, shape (k, 2).
        dealers: The dealers' positions, contracts, long positive, shape (k, 2).
    """

    strikes: F64
    interest: I64
    dealers: I64

    @property
    def held(self) -> F64:
        """The strikes with open interest, dollars."""
        return self.strikes[self.interest.any(axis=1)]

    def find(self, strikes: F64) -> tuple[Index, Bool]:
        """Find ascending strikes among those of the evening.

        Returns:
            The places of those that are there, and which of `strikes` they are.
        """
        _, place, found = np.intersect1d(self.strikes, strikes, return_indices=True)
        is_known = np.zeros(len(strikes), np.bool_)
        is_known[found] = True
        return place, is_known


@dataclass(frozen=True, eq=False, slots=True)
class Evening:
    """A session after its close.

    Attributes:
        prices: The parameters of its prices.
        close: Last price by symbol, dollars; of the index too, if it was not listed.
        chains: Positions of the expiries that live on.
    """

    prices: PriceDraw
    close: dict[str, float]
    chains: dict[ChainKey, OpenPositions]


def open_positions(
    listing: ContractList, interest: I64, dealers: I64
) -> dict[ChainKey, OpenPositions]:
    """The positions of the expiries after a session's, by chain.

    Args:
        listing: The session's contracts.
        interest: Their open interest at its end, shape (n,).
        dealers: The dealers' positions, shape (n,).
    """
    found = {}
    for place, chain in enumerate(listing.chains):
        if chain.expiry > listing.session.date:
            own = listing.chain == place
            found[chain_key(chain)] = OpenPositions(
                listing.strike[own][::2], interest[own].reshape(-1, 2), dealers[own].reshape(-1, 2)
            )
    return found
