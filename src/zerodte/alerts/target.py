"""A target: where events go, and which."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from msgspec import Meta

from zerodte.alerts.error import AlertError
from zerodte.alerts.event import AlertEvent
from zerodte.alerts.rule_table import check_name, symbols_of
from zerodte.alerts.secret import (
    Secret,
    secret_of_file,
    secret_of_variable,
    signing_key,
)
from zerodte.alerts.toml_table import TomlTable

TargetKind: TypeAlias = Literal["webhook", "slack", "discord", "ntfy", "command"]

_KINDS: Final = ("webhook", "slack", "discord", "ntfy", "command")
_KEYS: Final = (
    "kind",
    "url",
    "url_env",
    "url_file",
    "secret_env",
    "secret_file",
    "token_env",
    "token_file",
    "command",
    "seconds",
    "rules",
    "symbols",
)
#: What only some kinds have.
_OWN: Final[Mapping[str, tuple[str, ...]]] = {
    "secret": ("webhook",),
    "token": ("ntfy",),
    "command": ("command",),
    "url": ("webhook", "slack", "discord", "ntfy"),
}
_Seconds: Final = Annotated[float, Meta(gt=0.0, le=60.0)]
_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class AlertTarget:
    """A target.

    Attributes:
        name: Its name in logs, metrics and health.
        kind: How it is spoken to.
        url: Where; None for a command. It may hold a secret, so it is shown nowhere.
        secret: What requests are signed with, of a webhook; None for no signature.
        token: What is sent as a bearer token, to ntfy; None for none.
        command: The program and its arguments; empty for a URL.
        seconds: How long an answer or the command may take.
        rules: The rules whose events it gets; empty for all.
        symbols: The symbols likewise.
    """

    name: str
    kind: TargetKind
    url: Secret | None = None
    secret: Secret | None = None
    token: Secret | None = None
    command: tuple[str, ...] = ()
    seconds: float = _SECONDS
    rules: frozenset[str] = frozenset()
    symbols: frozenset[str] = frozenset()

    def wants(self, event: AlertEvent) -> bool:
        """Whether it gets an event."""
        is_rule = not self.rules or event.rule in self.rules
        return is_rule and (not self.symbols or event.symbol in self.symbols)


def alert_target(name: str, content: object, rules: frozenset[str]) -> AlertTarget:
    """The target of a table.

    Args:
        name: Its name.
        content: What TOML says below `[targets.NAME]`.
        rules: The names of all rules.

    Raises:
        AlertError: It cannot be used.
    """
    table = TomlTable(f"targets.{name}", content, _KEYS)
    check_name(name, table.name)
    if "kind" not in table:
        raise table.error("kind", f"it is missing; write one of {', '.join(_KINDS)}")
    kind: TargetKind = table.get("kind", TargetKind, f"one of {', '.join(_KINDS)}", "webhook")
    for stem, kinds in _OWN.items():
        for key in (stem, f"{stem}_env", f"{stem}_file"):
            if key in table and kind not in kinds:
                raise table.error(key, f"a target of the kind {kind} has none; leave it out")
    is_command = kind == "command"
    wanted: list[str] = table.get("rules", list[str], 'a list such as ["pin_lock"]', [])
    if unknown := sorted(set(wanted) - rules):
        raise table.error("rules", f"there is no rule {unknown[0]}; known: {_listed(rules)}")
    seconds = table.get("seconds", _Seconds, "seconds, above 0 and up to 60", _SECONDS)
    if not math.isfinite(seconds):
        raise table.error("seconds", "write seconds, above 0 and up to 60")
    secret = _secret(table, "secret")
    if secret is not None:
        _check_signing(table, secret)
    return AlertTarget(
        name=name,
        kind=kind,
        url=None if is_command else _url(table),
        secret=secret,
        token=_secret(table, "token"),
        command=_command(table) if is_command else (),
        seconds=seconds,
        rules=frozenset(wanted),
        symbols=symbols_of(table),
    )


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _command(table: TomlTable) -> tuple[str, ...]:
    words = 'a list of texts, the program first, such as ["/usr/local/bin/notify", "--desk"]'
    command: list[str] = table.get("command", list[str], words, [])
    if not command or not command[0] or any("\0" in each for each in command):
        raise table.error("command", f"write {words}")
    return tuple(command)


def _secret(table: TomlTable, stem: str) -> Secret | None:
    """The secret that a variable or file holds; None where neither is named."""
    variable, file = f"{stem}_env", f"{stem}_file"
    if variable in table and file in table:
        raise table.error(variable, f"{file} says it too; drop one")
    if variable in table:
        return table.parsed(variable, secret_of_variable, "the name of a variable", None)
    return table.parsed(file, lambda text: secret_of_file(Path(text)), "a path", None)


def _check_signing(table: TomlTable, secret: Secret) -> None:
    try:
        signing_key(secret)
    except AlertError as error:
        key = "secret_env" if "secret_env" in table else "secret_file"
        raise table.error(key, str(error)) from error


def _url(table: TomlTable) -> Secret:
    """The URL of a target, however it is given."""
    given = [key for key in ("url", "url_env", "url_file") if key in table]
    found = table.parsed("url", Secret, "a URL in quotes", None) or _secret(table, "url")
    if found is None or len(given) != 1:
        raise table.error("url", "write one of url, url_env and url_file")
    text = found.reveal()
    try:
        parts = urlsplit(text)
        is_right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        is_right = is_right and "@" not in parts.netloc and text.isascii() and text.isprintable()
    except ValueError:
        is_right = False
    if not is_right or " " in text:
        # A wrong one may be a right one with a slip, so it is not shown either.
        raise table.error(
            given[0], "it is no URL; write one such as https://desk.example/hook, without a user"
        )
    return found


def check_targets(targets: Mapping[str, object], rules: frozenset[str]) -> tuple[AlertTarget, ...]:
    """The targets of a file, in its order.

    Raises:
        AlertError: One cannot be used.
    """
    return tuple(alert_target(name, content, rules) for name, content in targets.items())
