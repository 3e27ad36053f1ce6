"""Conversion between UTC nanoseconds and New York time."""

import datetime
import re
from zoneinfo import ZoneInfo

from zerodte.constants import SECOND
from zerodte.errors import ZerodteError

NEW_YORK = ZoneInfo("America/New_York")

_WALL_CLOCK = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)

#: Digits after the first nine are less than a nanosecond.
_FRACTION = re.compile(r"[.,](\d{1,9})", re.ASCII)


class ClockError(ZerodteError, ValueError):
    """A text that is not a valid New York time."""


def new_york(date: datetime.date, time: datetime.time) -> int:
    """Convert New York time to UTC nanoseconds.

    A time that occurs twice, on the night when daylight saving ends, is the first of the two;
    `time.fold` selects the second.
    """
    instant = datetime.datetime.combine(date, time, NEW_YORK)
    seconds = int(instant.replace(microsecond=0).timestamp())
    return seconds * SECOND + instant.microsecond * 1000


def new_york_clock(instant: int) -> datetime.datetime:
    """New York time at `instant` (UTC nanoseconds), truncated to microseconds."""
    seconds, nanoseconds = divmod(instant, SECOND)
    local = datetime.datetime.fromtimestamp(seconds, NEW_YORK)
    return local.replace(microsecond=nanoseconds // 1000)


def parse_utc(text: str) -> int:
    """Parse an ISO 8601 time, of UTC unless it names a zone, as UTC nanoseconds, exactly.

    Raises:
        ClockError: If it is no such time.
    """
    try:
        moment = datetime.datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        seconds = int(moment.replace(microsecond=0).timestamp())
    except (ValueError, OverflowError):
        raise ClockError(
            f"{text[:40]!r} is not a time in ISO 8601, such as 2022-03-23T14:11:00.5Z"
        ) from None
    fraction = _FRACTION.search(text)
    return seconds * SECOND + (int(fraction[1].ljust(9, "0")) if fraction else 0)


def parse_new_york(text: str) -> int:
    """Parse a US/Eastern time, 'yyyy-MM-ddTHH:mm[:ss]', as UTC nanoseconds.

    Raises:
        ClockError: If it has another form, or daylight saving skips that time.
    """
    try:
        if _WALL_CLOCK.fullmatch(text) is None:
            raise ValueError
        local = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ClockError(
            f"{text!r} is not a US/Eastern time yyyy-MM-ddTHH:mm[:ss], such as 2022-03-23T10:11"
        ) from None
    instant = new_york(local.date(), local.time())
    if new_york_clock(instant).replace(tzinfo=None) != local:
        raise ClockError(f"{text} does not exist in New York: daylight saving skips it")
    return instant
