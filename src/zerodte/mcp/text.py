"""Figures as text for a model: every one as the API gives it, so that each can be looked up."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

#: The longest text of a tool, bytes of UTF-8.
MOST_BYTES: Final = 5_000
_SHORTENED: Final = "(The rest is left out; ask for fewer minutes or a more special tool.)"
MODEL_NOTE: Final = (
    "Dealers' positions are a model, not observed: net GEX takes dealers to be long calls and "
    "short puts, and its sign may be wrong on any day. No investment advice."
)


def figure(value: Any) -> str:
    """A value of an answer; "unknown" where it is null."""
    match value:
        case None:
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer() and abs(value) < 1e15:
            return f"{int(value):,}"
        case int() | float():
            return f"{value:,}"
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%SZ}"
        case date():
            return value.isoformat()
        case _:
            return str(value)


def facts(part: Any, *names: str) -> str:
    """Fields of a part of an answer, each with its name; "" of a part that is missing."""
    if part is None:
        return "unknown"
    return ", ".join(f"{name} {figure(getattr(part, name))}" for name in names)


def joined(lines: Iterable[str]) -> str:
    """Lines as one text of at most `MOST_BYTES`; what is too long ends at a line."""
    text = "\n".join(line for line in lines if line)
    content = text.encode()
    if len(content) <= MOST_BYTES:
        return text
    room = MOST_BYTES - len(_SHORTENED.encode()) - 1
    whole = content[:room].rpartition(b"\n")[0] or content[:room]
    return f"{whole.decode('utf-8', 'ignore')}\n{_SHORTENED}"
