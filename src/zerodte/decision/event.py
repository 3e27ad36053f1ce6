"""Scheduled news of a day: what is known to come, so that nobody sells premium into it."""

import datetime
import functools
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from zerodte.clock import new_york, new_york_clock
from zerodte.constants import EVENT_HOLD


@dataclass(frozen=True, slots=True)
class ScheduledEvent:
    """Something that is known to come.

    Attributes:
        at: UTC ns.
        name: For people.
    """

    at: int
    name: str

    @property
    def words(self) -> str:
        """Its name and its time."""
        return f"{self.name} at {new_york_clock(self.at):%H:%M}{_PLACE}"


#: Days on which the Federal Open Market Committee publishes its decision, at 14:00 New York (the
#: Federal Reserve's calendars of 2022 to 2027; later ones are tentative there).
_FOMC_DAYS: Final = (
    *("2022-01-26", "2022-03-16", "2022-05-04", "2022-06-15"),
    *("2022-07-27", "2022-09-21", "2022-11-02", "2022-12-14"),
    *("2023-02-01", "2023-03-22", "2023-05-03", "2023-06-14"),
    *("2023-07-26", "2023-09-20", "2023-11-01", "2023-12-13"),
    *("2024-01-31", "2024-03-20", "2024-05-01", "2024-06-12"),
    *("2024-07-31", "2024-09-18", "2024-11-07", "2024-12-18"),
    *("2025-01-29", "2025-03-19", "2025-05-07", "2025-06-18"),
    *("2025-07-30", "2025-09-17", "2025-10-29", "2025-12-10"),
    *("2026-01-28", "2026-03-18", "2026-04-29", "2026-06-17"),
    *("2026-07-29", "2026-09-16", "2026-10-28", "2026-12-09"),
    *("2027-01-27", "2027-03-17", "2027-04-28", "2027-06-09"),
    *("2027-07-28", "2027-09-15", "2027-10-27", "2027-12-08"),
)
_FOMC_TIME: Final = datetime.time(14)
#: Whose time it is.
_PLACE: Final = " New York"


@functools.cache
def fomc() -> tuple[ScheduledEvent, ...]:
    """The rate decisions that are known."""
    days = map(datetime.date.fromisoformat, _FOMC_DAYS)
    return tuple(ScheduledEvent(new_york(day, _FOMC_TIME), "FOMC statement") for day in days)


def ahead(events: Iterable[ScheduledEvent], now: int, end: int) -> Sequence[ScheduledEvent]:
    """Those before `end` that come after `now` (UTC ns) or have just come, in order of time."""
    return sorted((e for e in events if now - EVENT_HOLD < e.at < end), key=lambda event: event.at)


def count_events(notices: Sequence[str], most: int) -> int:
    """How many notices of a sample are the words of events, for files that do not say so.

    Args:
        notices: The events are the first of them.
        most: How many events there were at most.
    """
    return len(list(itertools.takewhile(lambda text: text.endswith(_PLACE), notices[:most])))
