"""What a connection to a vendor's stream leaves to the next one, and its patience."""

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from zerodte.feeds.followed_contracts import FollowedContracts, OptionListing
from zerodte.feeds.interest_records import ListedInterest
from zerodte.feeds.patience import Patience


class StreamedChain(Protocol):
    """The listed contracts of an underlying."""

    @property
    def listings(self) -> Sequence[OptionListing]:
        """They."""
        ...

    @property
    def interest(self) -> Mapping[str, ListedInterest]:
        """Open interest by raw symbol, where it is known."""
        ...


AnyChain = TypeVar("AnyChain", bound=StreamedChain)


@dataclass(slots=True)
class StreamReading(Generic[AnyChain]):
    """What a connection leaves to the next one.

    Attributes:
        most: Contracts of which a connection may have quotes.
        contracts: Those that are followed; None before the first connection.
        chains: The chains that were asked for last, by underlying.
        listed_at: When they were, seconds of the monotonic clock.
        spots: Prices of the underlyings, dollars; NaN if unknown.
        patience: With the vendor.
    """

    most: int
    contracts: FollowedContracts | None = None
    chains: dict[str, AnyChain] = field(default_factory=dict)
    listed_at: float = -math.inf
    spots: dict[str, float] = field(default_factory=dict)
    patience: Patience = field(default_factory=Patience)

    def noting(self) -> AbstractContextManager[None]:
        """Note what a refusal says of the next connections."""
        return self.patience.noting()
