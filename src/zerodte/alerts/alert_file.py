"""A file of alerts: rules, shipped ones by name, and targets."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

from msgspec import Meta

from zerodte.alerts.error import AlertError
from zerodte.alerts.rule import AlertRule
from zerodte.alerts.rule_table import alert_rule, symbols_of
from zerodte.alerts.shipped import SHIPPED_RULES
from zerodte.alerts.target import AlertTarget, check_targets
from zerodte.alerts.toml_table import TomlTable

_KEYS: Final = ("use", "symbols", "most_waiting", "rules", "targets")
_MOST_BYTES: Final = 1 << 20
_MOST_RULES, _MOST_TARGETS = 200, 32
_Most: Final = Annotated[int, Meta(ge=1, le=100_000)]
_MOST_WAITING: Final = 1_000


@dataclass(frozen=True, slots=True)
class AlertPlan:
    """What a file of alerts says.

    Attributes:
        rules: The rules, those by name first.
        targets: The targets.
        most_waiting: Events that may wait for one target.
    """

    rules: tuple[AlertRule, ...]
    targets: tuple[AlertTarget, ...]
    most_waiting: int = _MOST_WAITING


def read_alert_file(path: Path) -> AlertPlan:
    """Read a file of alerts.

    Raises:
        AlertError: It cannot be read or used; says where and what would be right.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise AlertError("larger than a megabyte; this is no file of alerts")
        return alert_plan(tomllib.loads(content.decode()))
    except OSError as error:
        raise AlertError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AlertError(f"{path}: not a TOML file: {error}") from error
    except AlertError as error:
        raise AlertError(f"{path}: {error}") from error


def alert_plan(document: Mapping[str, Any]) -> AlertPlan:
    """The plan of a TOML document.

    Raises:
        AlertError: It cannot be used.
    """
    table = TomlTable("", document, _KEYS)
    symbols = symbols_of(table)
    used: list[str] = table.get("use", list[str], 'a list of names, such as ["regime_flip"]', [])
    own = table.tables("rules")
    rules = []
    for name in dict.fromkeys(used):
        if name not in shipped_tables():
            near = get_close_matches(name, shipped_tables(), n=1) or list(shipped_tables())
            raise table.error("use", f"there is no rule {name} to use; known: {', '.join(near)}")
        if name in own:
            raise AlertError(f"rules.{name}: use has that name too; choose another, or drop one")
        rules.append(alert_rule(name, shipped_tables()[name], symbols))
    rules += [alert_rule(name, content, symbols) for name, content in own.items()]
    if not 1 <= len(rules) <= _MOST_RULES:
        raise AlertError(
            f"{len(rules)} rules; write 1 to {_MOST_RULES}, with use or as [rules.NAME]"
        )
    tables = table.tables("targets")
    if not 1 <= len(tables) <= _MOST_TARGETS:
        raise AlertError(f"{len(tables)} targets; write 1 to {_MOST_TARGETS}, as [targets.NAME]")
    targets = check_targets(tables, frozenset(rule.name for rule in rules))
    words = "a whole number, 1 to 100000"
    return AlertPlan(tuple(rules), targets, table.get("most_waiting", _Most, words, _MOST_WAITING))


@cache
def shipped_tables() -> Mapping[str, Any]:
    """The rules that come with the program, by name, as tables."""
    tables: Mapping[str, Any] = tomllib.loads(SHIPPED_RULES)["rules"]
    return tables
