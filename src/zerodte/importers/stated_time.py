"""The time that a downloaded chain states of itself, in whatever language it is."""

import datetime
import re
from typing import Final

from zerodte.clock import NEW_YORK
from zerodte.constants import SECOND

_TIME: Final = re.compile(
    r"(?P<date>.*?)(?P<hour>\d{1,2}):(?P<minute>\d\d)(:\d\d)?\s*(?P<half>[AP]M)?\s*"
    r"(?P<zone>E[DS]?T|GMT(?P<offset>[+-]\d{1,2})?)\s*",
    re.ASCII | re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"\d+", re.ASCII)


def stated_time(text: str, at: int) -> int | None:
    """The time that a text states, UTC ns; None if it states none.

    Args:
        text: Such as `May 1, 2025 at 8:28 AM EDT` or `23 de marzo de 2022, 10:11 GMT-4`.
        at: The month is that of this time, UTC ns, since its name may be in any language.
    """
    found = _TIME.fullmatch(text)
    numbers = [] if found is None else [int(one) for one in _NUMBER.findall(found["date"])]
    if found is None or len(numbers) != 2:
        return None
    day, year = sorted(numbers)
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].upper() == "PM" else 0)
    offset = datetime.timedelta(hours=int(found["offset"] or 0))
    zone = NEW_YORK if found["zone"].upper().startswith("E") else datetime.timezone(offset)
    month = datetime.datetime.fromtimestamp(at // SECOND, zone).month
    try:
        stated = datetime.datetime(year, month, day, hour, int(found["minute"]), tzinfo=zone)
    except ValueError:
        return None
    return int(stated.timestamp()) * SECOND
