"""`zerodte config`: what is in force, and what there is."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import click

from zerodte.cli.configuration.configuration import SettingInForce
from zerodte.cli.configuration.options import CONFIG, current_configuration
from zerodte.cli.configuration.plans import plans_as_toml
from zerodte.cli.configuration.table import SETTINGS
from zerodte.errors import printable

#: What a URL may tell that is nobody's business: a user with a password, and options.
_USER: Final = re.compile(r"(?<=://)[^/@\s]*@")
_OPTIONS: Final = re.compile(r"(?<=\?).+")
_HIDDEN: Final = "***"


@click.group("config")
def config_group() -> None:
    """Show the configuration."""


@config_group.command("show", short_help="Print what is in force, and from where.")
@CONFIG
def config_show_command() -> None:
    """Print every setting as TOML, with where its value comes from; secrets are hidden.

    A command's own flags come on top of it.
    """
    configuration = current_configuration()
    click.echo(f"# file: {configuration.path or 'none'}")
    table = ""
    for row in configuration.everything_in_force():
        if row.setting.table != table:
            table = row.setting.table
            click.echo(f"\n[{table}]")
        click.echo(_line(row))
    for line in plans_as_toml(configuration.plans):
        click.echo(line)


@config_group.command("keys", short_help="Print all settings as a Markdown table.")
def config_keys_command() -> None:
    """Print all settings as a Markdown table: docs/configuration.md holds that text."""
    for line in settings_table():
        click.echo(line)


def settings_table() -> Iterator[str]:
    """The table of settings as Markdown, line by line."""
    yield "| key | flag | variable | default | on SIGHUP | meaning |"
    yield "|---|---|---|---|---|---|"
    for row in SETTINGS:
        cells = (
            f"`{row.key}`",
            f"`{row.flag}`",
            f"`{row.variable}`",
            "" if row.default in (None, ()) else f"`{toml(row.to_toml(row.default))}`",
            "changes" if row.reloads else "",
            row.help.partition("  [default")[0],
        )
        yield f"| {' | '.join(cells)} |"


def toml(value: Any) -> str:
    """A value of a setting as TOML writes it."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml(one) for one in value)}]"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return json.dumps(str(value), ensure_ascii=False)


def _line(row: SettingInForce) -> str:
    if row.value in (None, ()):
        return f"# {row.setting.name} is not set"
    value = _HIDDEN if row.setting.is_secret else _public(row.setting.to_toml(row.value))
    return printable(f"{row.setting.name} = {toml(value)}  # {row.origin}")


def _public(value: Any) -> Any:
    """A value without what a URL in it tells of users, passwords and options."""
    if not isinstance(value, str) or "://" not in value:
        return value
    return _OPTIONS.sub(_HIDDEN, _USER.sub(f"{_HIDDEN}@", value))
