"""Query and path parameters: their forms, defaults and refusals, as data for routes and OpenAPI."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar, get_args
from urllib.parse import parse_qsl

from zerodte import constants
from zerodte.market.calendar import parse_new_york
from zerodte.market.osi import MarketError
from zerodte.market.roots import root_info
from zerodte.wire.errors import ApiError
from zerodte.wire.heatmap import HeatmapMetric, HeatmapMode
from zerodte.wire.hedge_flow import Side
from zerodte.wire.leaderboard import LeaderMetric
from zerodte.wire.window import BarSize, StrikeBarSize

T = TypeVar("T")

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_WALL_CLOCK = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.-]{0,14}")
_NARROWEST, _WIDEST = constants.STRIKE_RANGE_BOUNDS
#: Digits of a strike range, a hundredth of a percent of spot: nearly the same is the same answer.
_RANGE_DIGITS = 4
_SHORTEST, _LONGEST = constants.WINDOW_BOUNDS
_STRIKE_BARS: tuple[str, ...] = get_args(StrikeBarSize)

#: What the parameters in paths mean, for the documentation.
PATH_MEANINGS = {"symbol": "Trimmed and upper-cased, as SPX; a root is its symbol's."}


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
    """A symbol from a path: trimmed, upper-cased; that of a root, as SPX for SPXW.

    Raises:
        ApiError: `symbol_not_found`, because no symbol looks like that.
    """
    symbol = text.strip().upper() if text.isascii() else ""
    if not _SYMBOL.fullmatch(symbol):
        raise ApiError(
            "symbol_not_found",
            "A symbol is up to 15 letters, digits, dots and dashes, as SPX or BRK.B.",
        )
    return root_info(symbol).symbol


def _one_of(code: str, name: str, choices: Sequence[str]) -> Callable[[str], Any]:
    """A parser of one of a few words."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ApiError(code, f"{name} must be {'|'.join(choices)}")
        return text

    return parse


def _clamped(code: str, name: str, bounds: tuple[int, int]) -> Callable[[str], int]:
    """A parser of an integer, which is brought into its bounds however large it is."""
    least, most = bounds

    def parse(text: str) -> int:
        if not _INTEGER.fullmatch(text):
            raise ApiError(code, f"{name} must be an integer, {least} to {most}")
        digits = text.lstrip("+-").lstrip("0")
        size = most if len(digits) > len(str(most)) else int(digits or 0)
        return min(max(-size if text[0] == "-" else size, least), most)

    return parse


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


def _strike_bar(text: str) -> Any:
    if text in constants.BARS and text not in _STRIKE_BARS:
        message = f"{text} bars are not offered by strike; bar must be {'|'.join(_STRIKE_BARS)}"
        raise ApiError("bar_unavailable", message)
    return _one_of("invalid_bar", "bar", _STRIKE_BARS)(text)


def _at(text: str) -> int:
    form = "at must be a US/Eastern time of the form yyyy-MM-ddTHH:mm:ss, as 2026-05-29T15:45:00"
    if not _WALL_CLOCK.fullmatch(text):
        raise ApiError("invalid_at", form)
    try:
        return parse_new_york(text)
    except MarketError as error:
        raise ApiError("invalid_at", f"{error}; {form}") from error
    except (ValueError, OverflowError) as error:  # a year that no clock of this machine knows
        raise ApiError("invalid_at", form) from error


def _choice(default: str, choices: Sequence[str]) -> dict[str, object]:
    return {"type": "string", "enum": list(choices), "default": default}


def _count(default: int, bounds: tuple[int, int]) -> dict[str, object]:
    return {"type": "integer", "minimum": bounds[0], "maximum": bounds[1], "default": default}


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
    {
        "type": "number",
        "minimum": _NARROWEST,
        "maximum": _WIDEST,
        "default": constants.STRIKE_RANGE,
    },
    constants.STRIKE_RANGE,
    _strike_range,
)
AT: Parameter[int | None] = Parameter(
    "at",
    "A past instant, US/Eastern `yyyy-MM-ddTHH:mm:ss`: the answer as it was at the last sample "
    "not after it.",
    {"type": "string", "pattern": f"^{_WALL_CLOCK.pattern}$"},
    None,
    _at,
)
BAR: Parameter[BarSize] = Parameter(
    "bar",
    "The size of a bar.",
    _choice("30s", tuple(constants.BARS)),
    "30s",
    _one_of("invalid_bar", "bar", tuple(constants.BARS)),
)
STRIKE_BAR: Parameter[StrikeBarSize] = Parameter(
    "bar", "The size of a bar.", _choice("1m", _STRIKE_BARS), "1m", _strike_bar
)
MINUTES: Parameter[int] = Parameter(
    "minutes",
    f"Length of the window up to the last sample; clamped to {_SHORTEST} to {_LONGEST}.",
    _count(constants.WINDOW, constants.WINDOW_BOUNDS),
    constants.WINDOW,
    _clamped("invalid_minutes", "minutes", constants.WINDOW_BOUNDS),
)
SIDE: Parameter[Side] = Parameter(
    "side",
    "Whose flow.",
    _choice("all", get_args(Side)),
    "all",
    _one_of("invalid_side", "side", get_args(Side)),
)
METRIC: Parameter[HeatmapMetric] = Parameter(
    "metric",
    "What the map shows.",
    _choice("gex", get_args(HeatmapMetric)),
    "gex",
    _one_of("invalid_metric", "metric", get_args(HeatmapMetric)),
)
MODE: Parameter[HeatmapMode] = Parameter(
    "mode",
    "Values, or their change from the bar before; the first bar stays raw.",
    _choice("raw", get_args(HeatmapMode)),
    "raw",
    _one_of("invalid_mode", "mode", get_args(HeatmapMode)),
)
LEADER_METRIC: Parameter[LeaderMetric] = Parameter(
    "metric",
    "What is ranked.",
    _choice("heat", get_args(LeaderMetric)),
    "heat",
    _one_of("invalid_metric", "metric", get_args(LeaderMetric)),
)
LEADERS: Parameter[int] = Parameter(
    "n",
    "Entries, at most; clamped to {} to {}.".format(*constants.LEADERS_BOUNDS),
    _count(constants.LEADERS, constants.LEADERS_BOUNDS),
    constants.LEADERS,
    _clamped("invalid_n", "n", constants.LEADERS_BOUNDS),
)
