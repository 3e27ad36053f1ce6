"""The protocol of a simulated session."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from zerodte.feeds.simulator.columns import Block
from zerodte.feeds.simulator.evening import Evening
from zerodte.market.calendar import TradingSession


class BlockSource(Protocol):
    """A simulated session, as the tape writer and the demo use it."""

    @property
    def session(self) -> TradingSession:
        """The trading session."""
        ...

    @property
    def symbols(self) -> Mapping[str, Mapping[int, str]]:
        """Raw symbol by instrument id, per dataset; options as padded OSI symbols."""
        ...

    @property
    def draw(self) -> object:
        """Everything that the seed determines: a dataclass, written as `truth/parameters.json`."""
        ...

    def blocks(self) -> Iterator[Block]:
        """The session's blocks in order. Trades are numbered from 0 across blocks."""
        ...

    def evening(self) -> Evening:
        """What the session leaves to the next, after its last block."""
        ...
