"""`zerodte keys`: create, list, rotate and revoke the keys of a server."""

import json
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Final

import click

from zerodte.access.key import KeyRecord
from zerodte.access.key_place import KeyPlace, open_keys
from zerodte.access.usage import day_of
from zerodte.cli.access import default_key_file
from zerodte.cli.configuration.options import CONFIG, current_configuration, setting_option
from zerodte.cli.grid import UNFOLDED, OutputConsole, empty_grid

_ONCE: Final = "It is shown only this once, and stored as a digest."


@click.group("keys")
def keys_group() -> None:
    """Create, list, rotate and revoke the keys of a server."""


def _known_plan(_context: click.Context, _option: click.Parameter, name: str) -> str:
    plans = current_configuration().plans
    if name not in plans:
        known = ", ".join(repr(plan.name) for plan in plans)
        raise click.BadParameter(f"{name!r} is not one of {known}.")
    return name


@keys_group.command("create", short_help="Create a key and print it, once.")
@click.option(
    "--plan",
    required=True,
    callback=_known_plan,
    help="What the key may ask for, and how often.",
)
@click.option("--name", default="", help="What the key is for, such as the name of its user.")
@CONFIG
@setting_option("server.keys")
def create_command(plan: str, name: str, keys: KeyPlace | None) -> None:
    """Create a key and print it. A running server knows it at once."""
    with open_keys(keys or default_key_file(), create=True) as store:
        record, key = store.create(plan, name)
        place = store.place
    limit = current_configuration().plans[plan].daily_limit
    answers = "any number of answers" if limit is None else f"{limit:,} answers"
    click.echo(f"Key {_shown(record)} on the plan {plan}, {answers} a day, in {place}.", err=True)
    click.echo(_ONCE, err=True)
    click.echo(key)


@keys_group.command("list", short_help="List the keys and what they have used today.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array instead of a table.")
@CONFIG
@setting_option("server.keys")
def list_command(as_json: bool, keys: KeyPlace | None) -> None:
    """List the keys, revoked ones included, with their answers of this UTC day."""
    with open_keys(keys or default_key_file()) as store:
        records, usage = store.records().values(), Counter(store.usage(day_of(time.time())))
    if as_json:
        click.echo(json.dumps([_row(record, usage[record.id]) for record in records], indent=1))
        return
    grid = empty_grid(("id", "name", "plan", "created", "revoked"), ("today",))
    for record in records:
        cells = [str(cell or "") for cell in _row(record, usage[record.id]).values()]
        grid.add_row(*cells[:-1], f"{usage[record.id]:,}")
    OutputConsole(unseen=UNFOLDED).print(grid)


@keys_group.command("rotate", short_help="Replace a key by a new one.")
@click.argument("key")
@CONFIG
@setting_option("server.keys")
def rotate_command(key: str, keys: KeyPlace | None) -> None:
    """Replace KEY, an id or a name, by a new key, which is printed.

    The old one is refused at once. Plan, name and usage stay.
    """
    with open_keys(keys or default_key_file()) as store:
        record, new = store.rotate(key)
    click.echo(f"Key {_shown(record)} has a new text; the old one is refused.", err=True)
    click.echo(_ONCE, err=True)
    click.echo(new)


@keys_group.command("revoke", short_help="Refuse a key from now on.")
@click.argument("key")
@CONFIG
@setting_option("server.keys")
def revoke_command(key: str, keys: KeyPlace | None) -> None:
    """Refuse KEY, an id or a name, from now on. Its streams end."""
    with open_keys(keys or default_key_file()) as store:
        record = store.revoke(key)
    click.echo(f"Key {_shown(record)} is revoked.")


def _shown(record: KeyRecord) -> str:
    return f"{record.id} ({record.name})" if record.name else record.id


def _row(record: KeyRecord, today: int) -> dict[str, str | int | None]:
    return {
        "id": record.id,
        "name": record.name,
        "plan": record.plan,
        "created": _time(record.created),
        "revoked": None if record.revoked is None else _time(record.revoked),
        "today": today,
    }


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
