"""Sessions in every state of a day, and what a promised type lacks in an answer."""

import datetime
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints, is_typeddict

from session.day import Day
from session.generated import priced, send
from session.usual import INTEREST, STRIKES, usual
from zerodte.session.session import Session

Json: TypeAlias = dict[str, Any]
#: Monday after a weekend, and after Good Friday.
MONDAY, EASTER_MONDAY = datetime.date(2022, 3, 28), datetime.date(2022, 4, 18)


def in_session() -> Session:
    day = send(Day(), usual(), "12:00", 500.0)
    return send(day, usual(elapsed=151), "12:01", 500.1).session


def before_the_first_sample() -> Session:
    return send(Day(), priced(STRIKES, 500.0, 0, oi=INTEREST), "09:30:05", 500.0).session


def after_the_close() -> Session:
    day = send(Day(), usual(elapsed=389), "15:59", 500.0)
    day.session.advance(day.time("16:20"))
    return day.session


def before_the_open() -> Session:
    return send(Day(), priced(STRIKES, 500.0, 0, oi=INTEREST), "09:00", 500.0).session


def days_before(session: datetime.date, days: int) -> Session:
    """The chain of a session on a day without one before it."""
    day = Day(session)
    day.date = session - datetime.timedelta(days=days)
    return send(day, priced(STRIKES, 500.0, 0, oi=INTEREST), "11:00", 500.0, session).session


STATES: dict[str, Callable[[], Session]] = {
    "in session": in_session,
    "before the first sample": before_the_first_sample,
    "after the close": after_the_close,
    "before the open": before_the_open,
    "weekend": lambda: days_before(MONDAY, 1),
    "holiday": lambda: days_before(EASTER_MONDAY, 3),
}


def absent(promised: type, value: Json, at: str = "") -> Iterator[str]:
    """Dotted paths of promised fields that an answer lacks, at any depth."""
    for name, hint in get_type_hints(promised).items():
        inner = [choice for choice in (hint, *get_args(hint)) if is_typeddict(choice)]
        if name not in value:
            yield f"{at}{name}"
        elif get_origin(hint) is list and inner:
            for item in value[name]:
                yield from absent(inner[0], item, f"{at}{name}[].")
        elif inner and value[name] is not None:
            yield from absent(inner[0], value[name], f"{at}{name}.")
