"""An event: a rule that fired for a symbol at a sample, and the key that names it."""

import hashlib
from datetime import date
from typing import Final

import msgspec
from msgspec import Struct

from zerodte.alerts.field_path import FieldValue
from zerodte.clock import new_york_clock
from zerodte.wire.base import Timestamp, timestamp
from zerodte.wire.envelope import Source
from zerodte.wire.text import price

_KEY_LENGTH: Final = 32
_NAN: Final = float("nan")


class AlertEvent(Struct, frozen=True, kw_only=True):
    """An event, as its JSON has it.

    Attributes:
        id: Its key: the same rule, symbol and instant have the same.
        rule: The rule's name.
        symbol: Whose sample it was.
        at: The sample's time, UTC.
        session: The session's date, New York.
        source: live, replay or simulated.
        field: The field's path.
        comparison: How the rule compares.
        value: The field's value; null where it is unknown.
        before: Its value at the last sample before that had one.
        level: What it was compared with, if that is a number.
        spot: Dollars.
        message: The same as a sentence.
        test: Whether somebody only tries the target.
    """

    id: str
    rule: str
    symbol: str
    at: Timestamp
    session: date
    source: Source
    field: str
    comparison: str
    value: FieldValue
    before: FieldValue
    level: float | None
    spot: float | None
    message: str
    test: bool = False

    def encode(self) -> bytes:
        """The JSON."""
        return msgspec.json.encode(self)


def event_key(source: Source, rule: str, symbol: str, at: int) -> str:
    """The key of an event: hexadecimal digits of a hash.

    Live and replayed markets have the same keys; a simulated one has others, so that it never
    stands in the way of a real one.

    Args:
        source: live, replay or simulated.
        rule: The rule's name.
        symbol: The underlying.
        at: The sample's time, UTC ns.
    """
    market = "simulated" if source == "simulated" else "market"
    parts = "\0".join((market, rule, symbol, str(at)))
    return hashlib.sha256(parts.encode()).hexdigest()[:_KEY_LENGTH]


def alert_event(
    *,
    rule: str,
    symbol: str,
    at: int,
    session: date,
    source: Source,
    field: str,
    comparison: str,
    value: FieldValue,
    before: FieldValue = None,
    level: float | None = None,
    spot: float | None = None,
    test: bool = False,
) -> AlertEvent:
    """An event with its key and sentence; `at` is UTC ns."""
    was = "" if before is None else f", before {_said(before)}"
    limit = "" if level is None else f", level {_said(level)}"
    mark = "[test] " if test else "[simulated] " if source == "simulated" else ""
    clock = f"{new_york_clock(at):%H:%M:%S} New York"
    title, name = rule.replace("_", " "), field.partition(".")[2] or field
    message = (
        f"{mark}{symbol} {title} at {clock}: {name} is {_said(value)}{was}{limit}; "
        f"spot {price(_NAN if spot is None else spot)}"
    )
    return AlertEvent(
        id=event_key(source, rule, symbol, at),
        rule=rule,
        symbol=symbol,
        at=timestamp(at),
        session=session,
        source=source,
        field=field,
        comparison=comparison,
        value=value,
        before=before,
        level=level,
        spot=spot,
        message=message,
        test=test,
    )


def _said(value: FieldValue) -> str:
    """A value for people."""
    match value:
        case None:
            return "unknown"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:,.7g}"
        case _:
            return value
