"""Options of what a session is told besides its data; and the rules of its decisions."""

import csv
import datetime
import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from zerodte.calibrate.parameter_file import read_calibration
from zerodte.cli.configuration.options import setting_options
from zerodte.clock import new_york
from zerodte.decision.event import ScheduledEvent, fomc
from zerodte.decision.probability import ProbabilityMethod
from zerodte.decision.rules_page import rules_page
from zerodte.errors import ZerodteError
from zerodte.session.settings import SessionSettings
from zerodte.wire.calibration import CalibrationFile

_COLUMNS = ("date", "time", "name")
#: More than these are no calendar.
_MOST_EVENTS = 10_000


def read_events(path: Path) -> tuple[ScheduledEvent, ...]:
    """Scheduled events of a CSV file with the columns date, time (New York) and name.

    Raises:
        ZerodteError: If it is not such a file; says the line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if missing := [name for name in _COLUMNS if name not in (rows.fieldnames or ())]:
                raise ZerodteError(
                    f"{path}: its first line has no column {missing[0]}; expected: date,time,name"
                )
            events = [_event(path, rows.line_num, row) for row in rows]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ZerodteError(f"{path}: not a CSV file of text: {error}") from error
    if len(events) > _MOST_EVENTS:
        raise ZerodteError(f"{path}: {len(events):,} events; at most {_MOST_EVENTS:,} are taken")
    return tuple(events)


def _event(path: Path, line: int, row: dict[str, Any]) -> ScheduledEvent:
    try:
        date = datetime.date.fromisoformat((row["date"] or "").strip())
        time = datetime.time.fromisoformat((row["time"] or "").strip())
    except ValueError as error:
        raise ZerodteError(
            f"{path}: line {line}: {error}; write yyyy-MM-dd and HH:MM, New York"
        ) from error
    name = (row["name"] or "").strip()
    if not name or not name.isprintable():
        raise ZerodteError(f"{path}: line {line}: the event has no name that can be printed")
    return ScheduledEvent(new_york(date, time.replace(tzinfo=None)), name)


def _calibrations(paths: Iterable[Path]) -> dict[str, CalibrationFile]:
    files: dict[str, CalibrationFile] = {}
    for path in paths:
        file = read_calibration(path)
        if file.symbol in files:
            raise click.UsageError(f"{path}: another file is of {file.symbol} too; give one")
        files[file.symbol] = file
    return files


@click.command("rules")
def rules_command() -> None:
    """Print the table of rules that setups and severity are decided by, as Markdown."""
    click.echo(rules_page(), nl=False)


def session_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options of the table `session` for a command, which receives `settings`."""

    @setting_options("session")
    @functools.wraps(command)
    def with_settings(
        *,
        open_interest: str,
        events: Path | None,
        probabilities: ProbabilityMethod,
        calibration: tuple[Path, ...],
        **others: Any,
    ) -> None:
        own = () if events is None else read_events(events)
        settings = SessionSettings(
            open_interest, probabilities, _calibrations(calibration), (*fomc(), *own)
        )
        command(settings=settings, **others)

    return with_settings
