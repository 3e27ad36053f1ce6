"""Fields of a query: how the text of each is parsed, its JSON schema, and its error.

The type determines the field: one of a few words, an integer or a fraction within bounds, a date,
a symbol, or a New York wall clock time. Numbers out of bounds are clamped; any other malformed text
is an error.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args, get_origin

from msgspec import NODEFAULT, Meta

from zerodte.clock import ClockError, parse_new_york
from zerodte.constants import SECOND
from zerodte.wire.errors import ApiError

Schema: TypeAlias = dict[str, object]

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMAL: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_WALL_CLOCK: Final = re.compile(
    r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z?)?"
)
#: An instant given as a date alone.
_CLOSE: Final = "T16:00:00"
_MOST_SYMBOLS: Final = 32
_STRIKES: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,4})?)-([0-9]{1,9}(?:\.[0-9]{1,4})?)")
_SYMBOL: Final = re.compile(r" *[!-~]{1,32} *")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a query.

    Attributes:
        name: The name in the URL.
        meaning: One sentence for the documentation.
        schema: JSON schema of the parameter.
        code: Error code of a malformed text.
        in_path: Whether it is part of the path rather than the query string.
        parse: Parses a text; raises ApiError.
    """

    name: str
    meaning: str
    schema: Schema
    code: str
    in_path: bool
    parse: Callable[[str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hints:
    """What annotations add to a field's type."""

    kind: str = ""
    code: str = ""
    in_path: bool = False
    unit: str = ""
    digits: int | None = None


def describe(kind: str = "", **form: Any) -> Meta:
    """What a field's type does not express.

    Args:
        kind: symbol, symbols, strikes or wall_clock, if the type alone does not determine it.
        form: `code`, if it is not invalid_ plus the field's name; `in_path`; the `unit` of a
            number, for its error message; the `digits` to which it is rounded.
    """
    return Meta(extra={"form": _Hints(kind=kind, **form)})


def field_of(name: str, annotation: Any, default: Any) -> Field:
    """The field that an annotation describes."""
    kind: Any = annotation
    metas: list[Meta] = []
    if get_origin(annotation) is Annotated:
        kind, *metas = get_args(annotation)
    form = _of(metas, lambda meta: meta.extra and meta.extra["form"]) or _Hints()
    code = form.code or f"invalid_{name}"
    low, high = _of(metas, lambda meta: meta.ge), _of(metas, lambda meta: meta.le)
    parse, schema = _reader(name, code, kind, form, low, high)
    if default is not None and default is not NODEFAULT:
        schema = schema | {"default": default}
    meaning = _of(metas, lambda meta: meta.description) or ""
    return Field(name, meaning, schema, code, form.in_path, parse)


def _of(metas: Iterable[Meta], get: Callable[[Meta], Any]) -> Any:
    """The first value that an annotation gives; None if none does."""
    return next((value for meta in metas if (value := get(meta)) is not None), None)


def _reader(
    name: str, code: str, kind: Any, form: _Hints, low: Any, high: Any
) -> tuple[Callable[[str], Any], Schema]:
    """The parser and the JSON schema of a field."""
    if form.kind == "symbol":
        return _symbol, {"type": "string", "pattern": f"^{_SYMBOL.pattern}$"}
    if form.kind == "symbols":
        return _symbols(name, code), {"type": "string"}
    if form.kind == "strikes":
        return _strikes(name, code), {"type": "string", "pattern": f"^{_STRIKES.pattern}$"}
    if form.kind == "wall_clock":
        schema: Schema = {"type": "string", "format": "wall-clock"}
        return _wall_clock(name, code), schema | {"pattern": f"^{_WALL_CLOCK.pattern}$"}
    if get_origin(kind) is Literal:
        choices = get_args(kind)
        return _choice(name, code, choices), {"type": "string", "enum": list(choices)}
    types = set(get_args(kind)) or {kind}
    if date in types:
        return _date(name, code), {"type": "string", "format": "date"}
    # The bounds are no part of the schema, because a number beyond them is clamped, not refused.
    if int in types:
        return _integer(name, code, low, high), {"type": "integer"}
    if float in types:
        return _fraction(name, code, low, high, form), {"type": "number"}
    raise TypeError(f"no parser for {kind}")


def _symbol(text: str) -> str:
    """Any short text: a symbol that nobody tracks, such as ES=F, is unknown, not malformed."""
    if not _SYMBOL.fullmatch(text):
        message = "A symbol is up to 32 ASCII characters without a space, such as SPX or BRK.B."
        raise ApiError("symbol_not_found", message)
    return text.strip().upper()


def _symbols(name: str, code: str) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(_symbol(part) for part in text.split(",") if part.strip()))
        if not 1 <= len(found) <= _MOST_SYMBOLS:
            raise ApiError(code, f"{name} must be 1 to {_MOST_SYMBOLS} symbols, such as SPX,SPY")
        return found

    return parse


def _strikes(name: str, code: str) -> Callable[[str], tuple[float, float]]:
    def parse(text: str) -> tuple[float, float]:
        if found := _STRIKES.fullmatch(text):
            low, high = (float(end) for end in found.groups())
            if low <= high:
                return low, high
        raise ApiError(code, f"{name} must be two prices, the lower one first, such as 5500-5700.")

    return parse


def _choice(name: str, code: str, choices: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text in choices:
            return text
        raise ApiError(code, f"{name} must be {'|'.join(choices)}")

    return parse


def _integer(name: str, code: str, low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not _INTEGER.fullmatch(text):
            raise ApiError(code, f"{name} must be an integer, {low} to {high}")
        digits = text.lstrip("+-").lstrip("0")
        size = (
            high if len(digits) > len(str(high)) else int(digits or 0)
        )  # avoids parsing a huge number
        return min(max(-size if text[0] == "-" else size, low), high)

    return parse


def _fraction(
    name: str, code: str, low: float, high: float, form: _Hints
) -> Callable[[str], float]:
    def parse(text: str) -> float:
        if not _DECIMAL.fullmatch(text):
            raise ApiError(code, f"{name} must be a number, {form.unit}: {low} to {high}.")
        return round(min(max(float(text), low), high), form.digits)

    return parse


def _date(name: str, code: str) -> Callable[[str], date]:
    def parse(text: str) -> date:
        try:
            if _DATE.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        raise ApiError(code, f"{name} must be a date of the form yyyy-MM-dd, such as 2026-05-29.")

    return parse


def _wall_clock(name: str, code: str) -> Callable[[str], int]:
    form = (
        f"{name} must be a US/Eastern time of the form yyyy-MM-ddTHH:mm:ss, such as "
        "2026-05-29T15:45:00, the same with a Z for UTC, or a date, which means 16:00; the years "
        "are 1900 to 2099"
    )

    def parse(text: str) -> int:
        if not _WALL_CLOCK.fullmatch(text):
            raise ApiError(code, form)
        try:
            moment = datetime.fromisoformat(text)
            if text.endswith("Z"):
                return round(moment.timestamp()) * SECOND
            return parse_new_york(text if "T" in text else text + _CLOSE)
        except ClockError as error:
            raise ApiError(code, f"{error}; {form}") from error
        except ValueError as error:
            raise ApiError(code, f"there is no such time as {text}; {form}") from error

    return parse
