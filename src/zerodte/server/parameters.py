"""Query and path parameters: their forms, defaults and refusals, as data for routes and OpenAPI."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar
from urllib.parse import parse_qsl

from zerodte import config
from zerodte.wire.errors import ApiError

T = TypeVar("T")

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.-]{0,14}")
#: Digits of a strike range that count: a hundredth of a percent of spot.
_RANGE_DIGITS = 4
_NARROWEST, _WIDEST = config.STRIKE_RANGE_BOUNDS

#: What the parameters in paths mean, for the documentation.
PATH_MEANINGS = {"symbol": "Trimmed and upper-cased, as SPX."}


@dataclass(frozen=True)
class Parameter(Generic[T]):
    """A query parameter.

    Attributes:
        name: As in the URL.
        meaning: For the documentation.
        schema: Its JSON schema.
        default: Its value where it is not given.
        parse: Its value from its text; raises ApiError.
    """

    name: str
    meaning: str
    schema: Mapping[str, object]
    default: T
    parse: Callable[[str], T]

    def of(self, query: Mapping[str, str]) -> T:
        """This parameter's value in a query."""
        return self.parse(query[self.name]) if self.name in query else self.default


def read_query(query_string: bytes) -> dict[str, str]:
    """A query as text by name. Of a name given twice the first counts."""
    pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    return dict(reversed(pairs))


def read_symbol(text: str) -> str:
    """A symbol from a path: trimmed, upper-cased.

    Raises:
        ApiError: `symbol_not_found`, because no symbol looks like that.
    """
    symbol = text.strip().upper() if text.isascii() else ""
    if not _SYMBOL.fullmatch(symbol):
        raise ApiError(
            "symbol_not_found",
            "A symbol is up to 15 letters, digits, dots and dashes, as SPX or BRK.B.",
        )
    return symbol


def _expiry(text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ApiError("invalid_expiry", "expiry must be a date of the form yyyy-MM-dd, as 2026-05-29.")


def _strike_range(text: str) -> float:
    if not _DECIMAL.fullmatch(text):
        raise ApiError(
            "invalid_strike_range",
            f"strike_range must be a number, a fraction of spot: {_NARROWEST} to {_WIDEST}.",
        )
    return round(min(max(float(text), _NARROWEST), _WIDEST), _RANGE_DIGITS)


EXPIRY: Parameter[date | None] = Parameter(
    "expiry",
    "Another expiry than today's, US/Eastern.",
    {"type": "string", "format": "date"},
    None,
    _expiry,
)
STRIKE_RANGE: Parameter[float] = Parameter(
    "strike_range",
    f"Fraction of spot kept in `strikes`; clamped to {_NARROWEST} to {_WIDEST}. "
    "Aggregates always use the whole chain.",
    {"type": "number", "minimum": _NARROWEST, "maximum": _WIDEST, "default": config.STRIKE_RANGE},
    config.STRIKE_RANGE,
    _strike_range,
)
