"""What a session is told besides its data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from zerodte.constants import OPEN_INTEREST_METHOD
from zerodte.decision.event import ScheduledEvent, fomc
from zerodte.decision.probability import ProbabilityMethod
from zerodte.engine.physical import PUBLISHED_SCALE, Scale
from zerodte.wire.calibration import CalibrationFile


def scale_of(file: CalibrationFile | None) -> Scale:
    """The scale that a calibration file serves; the published one without any of its own."""
    if file is None or file.scale is None:
        return PUBLISHED_SCALE
    return Scale(file.scale, file.sessions, file.scale_version)


@dataclass(frozen=True, eq=False, slots=True)
class SessionSettings:
    """What a session is told.

    Attributes:
        open_interest: How trades move open interest: a key of `open_interest.METHODS`.
        probabilities: How chances of the close are computed.
        calibrations: Files of calibration by symbol; others have the published scale of the close.
        events: Scheduled news.
    """

    open_interest: str = OPEN_INTEREST_METHOD
    probabilities: ProbabilityMethod = "density"
    calibrations: Mapping[str, CalibrationFile] = field(default_factory=dict)
    events: tuple[ScheduledEvent, ...] = field(default_factory=fomc)

    def scale(self, symbol: str) -> Scale:
        """The scale of a symbol's close."""
        return scale_of(self.calibrations.get(symbol))


DEFAULT_SETTINGS: Final = SessionSettings()
