"""The time that a downloaded chain states of itself, in whatever language it is."""

import datetime
import re
from typing import Final
from zoneinfo import ZoneInfo

from zerodte.clock import NEW_YORK
from zerodte.constants import SECOND

_TIME: Final = re.compile(
    r"(?P<date>.*?)(?P<hour>\d{1,2}):(?P<minute>\d\d)(:\d\d)?\s*(?P<half>[AP]M)?\s*"
    r"(?P<zone>[ECMP][DS]?T|BST|GMT(?P<offset>[+-]\d{1,2})?)\s*",
    re.ASCII | re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"\d+", re.ASCII)
_WORD: Final = re.compile(r"[^\W\d_]+")
#: Zones by the first letter of their names: EDT, EST and ET are one clock.
_ZONES: Final[dict[str, datetime.tzinfo]] = {
    "E": NEW_YORK,
    "C": ZoneInfo("America/Chicago"),
    "M": ZoneInfo("America/Denver"),
    "P": ZoneInfo("America/Los_Angeles"),
    "B": datetime.timezone(datetime.timedelta(hours=1)),
}
_ENGLISH: Final = (
    "january february march april may june july august september october november december"
)
#: English months, by their names and the first three letters of these.
_MONTHS: Final = {
    name[:size]: number
    for number, name in enumerate(_ENGLISH.split(), 1)
    for size in (3, len(name))
}


def stated_time(text: str, at: int) -> int | None:
    """The time that a text states, UTC ns; None if it states none.

    Args:
        text: Such as `May 1, 2025 at 8:28 AM EDT` or `23 de marzo de 2022, 10:11 GMT-4`.
        at: Where the month is not in English, it is the one whose date is nearest to this time,
            UTC ns.
    """
    found = _TIME.fullmatch(text)
    numbers = [] if found is None else [int(one) for one in _NUMBER.findall(found["date"])]
    if found is None or len(numbers) != 2:
        return None
    day, year = sorted(numbers)
    hour, minute = int(found["hour"]), int(found["minute"])
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].upper() == "PM" else 0)
    offset = datetime.timedelta(hours=int(found["offset"] or 0))
    zone = _ZONES.get(found["zone"][0].upper(), datetime.timezone(offset))
    month = _english_month(found["date"])
    times = []
    for candidate in [month] if month else range(1, 13):
        try:
            stated = datetime.datetime(year, candidate, day, hour, minute, tzinfo=zone)
        except ValueError:
            continue
        times.append(int(stated.timestamp()) * SECOND)
    return min(times, key=lambda time: abs(time - at), default=None)


def _english_month(text: str) -> int | None:
    """The month that a date names in English; None if it does not."""
    words = [word.lower() for word in _WORD.findall(text)]
    words = [word for word in words if word != "at"]
    # A short name beside other words may be a day of the week, as "mar" for a Tuesday.
    if len(words) > 1:
        words = [word for word in words if len(word) > 3 or word == "may"]
    return next((_MONTHS[word] for word in words if word in _MONTHS), None)
