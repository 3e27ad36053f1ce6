"""`zerodte alerts`: check a file of alerts, try its targets, list what a rule can watch."""

import sys
import time
from pathlib import Path
from typing import Final

import click

from zerodte.alerts.alert_file import AlertPlan, read_alert_file
from zerodte.alerts.attempt import attempt
from zerodte.alerts.event import alert_event
from zerodte.alerts.field_path import FieldPath, all_field_paths
from zerodte.alerts.rule import AlertRule
from zerodte.alerts.watcher import session_events
from zerodte.cli.grid import UNFOLDED, OutputConsole, empty_grid
from zerodte.clock import new_york_clock
from zerodte.constants import MINUTE
from zerodte.service.stage import CurrentSession

_FILE: Final = click.Path(path_type=Path, dir_okay=False)


@click.group("alerts")
def alerts_group() -> None:
    """Check a file of alerts, and try its targets."""


@alerts_group.command("check", short_help="Check a file of alerts, and list rules and targets.")
@click.argument("file", type=_FILE)
def check_command(file: Path) -> None:
    """Check the file of alerts FILE, and list its rules and targets. Nothing is sent."""
    plan = read_alert_file(file)
    rules = empty_grid(("rule", "field", "fires when it", "from", "until", "symbols"), ("cool",))
    for rule in plan.rules:
        cool = f"{rule.cool_down // MINUTE} min" if rule.cool_down else ""
        rules.add_row(
            rule.name,
            rule.field.text,
            _condition(rule),
            str(rule.start),
            str(rule.end),
            _names(rule.symbols),
            cool,
        )
    targets = empty_grid(("target", "kind", "signed", "rules", "symbols"), ())
    for target in plan.targets:
        signed = "yes" if target.secret else ""
        targets.add_row(
            target.name, target.kind, signed, _names(target.rules), _names(target.symbols)
        )
    console = OutputConsole(unseen=UNFOLDED)
    console.print(rules)
    console.print(targets)


@alerts_group.command("test", short_help="Send each target one event that is marked as a test.")
@click.argument("file", type=_FILE)
@click.option("--target", metavar="NAME", help="Try only this target.")
def test_command(file: Path, target: str | None) -> None:
    """Send each target of the file FILE one event that is marked as a test, once.

    It ends with 1 if one of them did not take it.
    """
    plan = read_alert_file(file)
    targets = [each for each in plan.targets if target in (None, each.name)]
    if not targets:
        known = ", ".join(each.name for each in plan.targets)
        raise click.UsageError(f"there is no target {target!r}; known: {known}")
    is_well = True
    for each in targets:
        began = time.monotonic()
        outcome = attempt(each, _test_event())
        took = time.monotonic() - began
        is_taken = outcome.result == "taken"
        is_well = is_well and is_taken
        said = "took it" if is_taken else "did not take it"
        click.echo(f"{each.name}: {said}: {outcome.text} ({took:.1f} s)")
    if not is_well:
        sys.exit(1)


@alerts_group.command("fields", short_help="List the fields that a rule can watch.")
@click.argument("word", required=False)
def fields_command(word: str | None) -> None:
    """List the fields that a rule can watch; with WORD those whose path has it."""
    for path in all_field_paths().values():
        if word is None or word in path.text:
            click.echo(f"{path.text}  {_form(path)}")


def print_events(current: CurrentSession, plan: AlertPlan) -> None:
    """Print the events of a session that was played."""
    count = 0
    for event in session_events(current, plan.rules):
        count += 1
        to = ", ".join(target.name for target in plan.targets if target.wants(event))
        click.echo(f"{event.message}  [{event.id}]  to {to or 'no target'}")
    click.echo(f"{count:,} events; none was sent.")


def _test_event() -> bytes:
    now = time.time_ns()
    event = alert_event(
        rule="test",
        symbol="TEST",
        at=now,
        session=new_york_clock(now).date(),
        source="simulated",
        field="test",
        comparison="becomes",
        value="a test",
        test=True,
    )
    return event.encode()


def _condition(rule: AlertRule) -> str:
    """What makes a rule fire, in words."""
    operand = rule.operand
    match operand:
        case None:
            number = ""
        case bool():
            number = str(operand).lower()
        case float():
            number = f"{operand:g}"
        case FieldPath():
            number = operand.text
        case _:
            number = operand
    minutes = f"{rule.over // MINUTE} min"
    if rule.comparison == "unknown":
        return f"is unknown for {minutes}"
    if rule.comparison == "surges":
        return f"moves {number} times the median in {minutes}"
    if rule.comparison == "moves":
        return f"moves by {number} in {minutes}"
    words = {"above": "is above", "below": "is below"}.get(rule.comparison, rule.comparison)
    return f"{words} {number}".rstrip()


def _names(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "all"


def _form(path: FieldPath) -> str:
    return " | ".join(path.choices) or path.kind
