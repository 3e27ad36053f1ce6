"""What is counted of alerts."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AlertStats:
    """Counts of alerts by target since the start, for their operator.

    Attributes:
        sent: Events that a target has taken.
        failed: Attempts that failed.
        dropped: Events that a target will not get: it refused them, or too many waited.
        waiting: Events that wait for a target now.
    """

    sent: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)


def no_alerts() -> AlertStats:
    """The counts of a server without alerts."""
    return AlertStats()
