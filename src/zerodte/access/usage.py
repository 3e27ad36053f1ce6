"""What a caller has used of a UTC day."""

from dataclasses import dataclass
from datetime import UTC, datetime

#: Seconds of a UTC day; unix time has no leap seconds.
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Usage:
    """Answers that a caller has received in a UTC day, and how many it may.

    Attributes:
        answers: Counted so far.
        limit: The plan's daily limit; None for any number.
        reset: When the next day begins, unix seconds.
    """

    answers: int
    limit: int | None
    reset: int

    @property
    def remaining(self) -> int | None:
        """Answers left; None for any number."""
        return None if self.limit is None else max(self.limit - self.answers, 0)


def next_day(now: float) -> int:
    """When the UTC day after the one of `now` begins, both unix seconds."""
    return (int(now) // DAY_S + 1) * DAY_S


def day_of(now: float) -> str:
    """The UTC day of an instant in unix seconds, yyyy-MM-dd."""
    return datetime.fromtimestamp(now, tz=UTC).date().isoformat()
