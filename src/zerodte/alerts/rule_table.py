"""A rule as a table of a file says it."""

import math
import re
from collections.abc import Sequence
from typing import Annotated, Any, Final

from msgspec import Meta

from zerodte.alerts.error import AlertError
from zerodte.alerts.field_path import FieldPath, FieldValue, field_path
from zerodte.alerts.rule import (
    COMPARISONS,
    LEVEL_COMPARISONS,
    SPAN_COMPARISONS,
    AlertRule,
    ComparisonName,
)
from zerodte.alerts.session_time import CLOSE, OPEN, session_time
from zerodte.alerts.toml_table import TomlTable
from zerodte.constants import MINUTE
from zerodte.market.roots import underlying_of

_KEYS: Final = (
    "field",
    *COMPARISONS,
    "minutes",
    "hysteresis",
    "hysteresis_pct",
    "cool_down",
    "ignore",
    "from",
    "until",
    "symbols",
)
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.ASCII)
_SYMBOL: Final = re.compile(r"[!-~]{1,32}", re.ASCII)
_Minutes: Final = Annotated[int, Meta(ge=0, le=390)]
_NotNegative: Final = Annotated[float, Meta(ge=0.0)]
_Percent: Final = Annotated[float, Meta(ge=0.0, le=100.0)]
_TIMES: Final = "a time such as 10:15, open+15 or close-30"


def alert_rule(name: str, content: object, symbols: frozenset[str]) -> AlertRule:
    """The rule of a table.

    Args:
        name: Its name.
        content: What TOML says below `[rules.NAME]`.
        symbols: Whose samples it looks at unless it says so itself; empty for all.

    Raises:
        AlertError: It cannot be used.
    """
    table = TomlTable(f"rules.{name}", content, _KEYS)
    check_name(name, table.name)
    field = table.required("field", field_path, 'a path such as "snapshot.regime.label"')
    comparison = _comparison(table)
    is_number = field.kind == "number"
    if is_number == (comparison == "becomes") and comparison not in ("changes", "unknown"):
        usable = [*LEVEL_COMPARISONS, "moves", "surges"] if is_number else ["becomes"]
        raise table.error(
            comparison,
            f"{field.text} is a {field.kind}; compare it by "
            f"{', '.join([*usable, 'changes'])} or unknown",
        )
    hysteresis = table.get("hysteresis", _NotNegative, "a number from 0 on", 0.0)
    if hysteresis and (not is_number or comparison == "unknown"):
        raise table.error("hysteresis", f"{comparison} of a {field.kind} has none; leave it out")
    percent = table.get("hysteresis_pct", _Percent, "percent, 0 to 100", 0.0)
    if percent and comparison not in LEVEL_COMPARISONS:
        raise table.error("hysteresis_pct", f"{comparison} has no level; leave it out")
    if not math.isfinite(hysteresis):
        raise table.error("hysteresis", "write a finite number")
    return AlertRule(
        name=name,
        field=field,
        comparison=comparison,
        operand=_operand(table, comparison, field),
        over=_span(table, comparison) * MINUTE,
        hysteresis=hysteresis,
        hysteresis_pct=percent,
        cool_down=table.get("cool_down", _Minutes, "minutes, 0 to 390", 0) * MINUTE,
        ignore=_ignored(table, field),
        start=table.parsed("from", session_time, _TIMES, OPEN),
        end=table.parsed("until", session_time, _TIMES, CLOSE),
        symbols=symbols_of(table) if "symbols" in table else symbols,
    )


def check_name(name: str, table: str) -> None:
    """Refuse a name that a log or a metric could not hold as it is.

    Raises:
        AlertError: It has other characters.
    """
    if not _NAME.fullmatch(name):
        raise AlertError(
            f"{table}: a name has small letters, digits, _ and -, 64 at most, and begins with a "
            "letter"
        )


def symbols_of(table: TomlTable) -> frozenset[str]:
    """The underlyings of the key `symbols`; empty without it.

    Raises:
        AlertError: One is no symbol.
    """
    listed: list[str] = table.get("symbols", list[str], 'a list such as ["SPX", "SPY"]', [])
    names = [text.strip().upper() for text in listed]
    if wrong := [name for name in names if not _SYMBOL.fullmatch(name)]:
        raise table.error("symbols", f"{wrong[0]!r} is no symbol; write one such as SPX")
    return frozenset(underlying_of(name) for name in names)


def _comparison(table: TomlTable) -> ComparisonName:
    """The one comparison of a rule."""
    found: Sequence[ComparisonName] = [name for name in COMPARISONS if name in table]
    if len(found) != 1:
        said = "none" if not found else " and ".join(found)
        raise AlertError(
            f"{table.name}: one comparison makes a rule, and this has {said}; choose one of "
            f"{', '.join(COMPARISONS)}"
        )
    return found[0]


def _operand(table: TomlTable, name: ComparisonName, field: FieldPath) -> FieldValue | FieldPath:
    """What a rule compares its field with."""
    if name in ("changes", "unknown"):
        if not table.get(name, bool, "true", False):
            raise table.error(name, "write true")
        return None
    if name == "becomes":
        return _wanted(table, field)
    if name in LEVEL_COMPARISONS and isinstance(table.get(name, Any, "", None), str):
        other = table.parsed(name, field_path, "a number, or the path of a field", None)
        if other is None or other.kind != "number":
            raise table.error(name, f"{other and other.text} is no number")
        return other
    words = "a number, or the path of a field" if name in LEVEL_COMPARISONS else "a number"
    number = table.get(name, float, words, 0.0)
    if not math.isfinite(number):
        raise table.error(name, "write a finite number")
    if name in SPAN_COMPARISONS and number <= 0.0:
        raise table.error(name, "write a number above 0")
    return number


def _wanted(table: TomlTable, field: FieldPath) -> FieldValue:
    if field.kind == "boolean":
        return table.get("becomes", bool, "true or false", None)
    text = table.get("becomes", str, "a text in quotes", "")
    if field.choices and text not in field.choices:
        raise table.error("becomes", f"{text!r} is not one of {', '.join(field.choices)}")
    return text


def _span(table: TomlTable, name: ComparisonName) -> int:
    """The minutes that a comparison takes."""
    if name not in SPAN_COMPARISONS:
        if "minutes" in table:
            raise table.error("minutes", f"{name} takes none; leave it out")
        return 0
    minutes = table.get("minutes", _Minutes, "minutes, 1 to 390", 0)
    if not minutes:
        raise table.error("minutes", f"{name} needs them; write 1 to 390")
    return minutes


def _ignored(table: TomlTable, field: FieldPath) -> frozenset[str]:
    listed: list[str] = table.get("ignore", list[str], 'a list of texts, such as ["unknown"]', [])
    if listed and field.kind != "text":
        raise table.error("ignore", f"{field.text} is a {field.kind}; leave it out")
    for text in listed:
        if field.choices and text not in field.choices:
            raise table.error("ignore", f"{text!r} is not one of {', '.join(field.choices)}")
    return frozenset(listed)
