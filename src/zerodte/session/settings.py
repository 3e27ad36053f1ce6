"""What a session is told besides its data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from zerodte.constants import OPEN_INTEREST_METHOD
from zerodte.decision.event import ScheduledEvent, fomc
from zerodte.decision.probability import ProbabilityMethod
from zerodte.engine.physical import PUBLISHED_SCALE, Scale


@dataclass(frozen=True, eq=False, slots=True)
class SessionSettings:
    """What a session is told.

    Attributes:
        open_interest: How trades move open interest: a key of `open_interest.METHODS`.
        probabilities: How chances of the close are computed.
        scales: Fitted scales of the close by symbol; others have the published one.
        events: Scheduled news.
    """

    open_interest: str = OPEN_INTEREST_METHOD
    probabilities: ProbabilityMethod = "density"
    scales: Mapping[str, Scale] = field(default_factory=dict)
    events: tuple[ScheduledEvent, ...] = field(default_factory=fomc)

    def scale(self, symbol: str) -> Scale:
        """The scale of a symbol's close."""
        return self.scales.get(symbol, PUBLISHED_SCALE)


DEFAULT_SETTINGS: Final = SessionSettings()
