"""New York's clock: instants are int UTC nanoseconds, wall clock times are US/Eastern."""

import datetime
import re
from zoneinfo import ZoneInfo

from zerodte.constants import SECOND
from zerodte.errors import ZerodteError

NEW_YORK = ZoneInfo("America/New_York")

_WALL_CLOCK = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)


class ClockError(ZerodteError, ValueError):
    """A text that is no time of New York's clocks."""


def new_york(date: datetime.date, time: datetime.time) -> int:
    """The instant when New York's clocks show `time` on `date`, in UTC nanoseconds.

    Where they show it twice, on the night that daylight saving ends, the first of the two
    (`time.fold` picks the second).
    """
    instant = datetime.datetime.combine(date, time, NEW_YORK)
    whole = int(instant.replace(microsecond=0).timestamp())
    return whole * SECOND + instant.microsecond * 1000


def new_york_clock(instant: int) -> datetime.datetime:
    """What New York's clocks show at `instant` (UTC nanoseconds), cut to microseconds."""
    seconds, rest = divmod(instant, SECOND)
    shown = datetime.datetime.fromtimestamp(seconds, NEW_YORK)
    return shown.replace(microsecond=rest // 1000)


def parse_new_york(text: str) -> int:
    """Read a US/Eastern wall clock time, 'yyyy-MM-ddTHH:mm' or with ':ss', as UTC nanoseconds.

    Raises:
        ClockError: If it is not of that form, or clocks skip that time for daylight saving.
    """
    try:
        if _WALL_CLOCK.fullmatch(text) is None:
            raise ValueError
        shown = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ClockError(
            f"{text!r} is not a US/Eastern time yyyy-MM-ddTHH:mm[:ss], such as 2022-03-23T10:11"
        ) from None
    instant = new_york(shown.date(), shown.time())
    if new_york_clock(instant).replace(tzinfo=None) != shown:
        raise ClockError(f"{text} never was in New York: clocks went forward over it")
    return instant
