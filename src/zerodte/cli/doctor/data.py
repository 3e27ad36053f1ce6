"""Examinations of what a server reads and writes: configuration, folders, tape, history."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Final

import click

from zerodte.access.key_place import open_keys
from zerodte.alerts.alert_file import read_alert_file
from zerodte.calibrate.parameter_file import read_calibration
from zerodte.cli.configuration.configuration import (
    DEFAULT_ORIGIN,
    FILE_VARIABLE,
    Configuration,
    default_path,
)
from zerodte.cli.configuration.table import BY_KEY
from zerodte.cli.doctor.finding import Finding
from zerodte.cli.server_options import ServerOptions
from zerodte.cli.session_settings import read_events
from zerodte.errors import ZerodteError
from zerodte.history.history import History
from zerodte.tape.folder import open_tape

GIGABYTE: Final = 1_000_000_000
#: Free space under which a recording may not get through a session, and under which to act soon.
_TOO_LITTLE: Final = 1 * GIGABYTE
_LITTLE: Final = 10 * GIGABYTE


def examine_configuration(path: Path | None) -> tuple[Finding, Configuration]:
    """The file and the environment; what can be used of them."""
    about = "configuration"
    if path is None and os.environ.get(FILE_VARIABLE) is None:
        path = default_path()
    try:
        configuration = Configuration(path)
        rows = configuration.everything_in_force()
    except ZerodteError as error:
        advice = "correct it; zerodte config keys lists all settings"
        return Finding.problem(about, str(error), advice), Configuration(None, {})
    count = sum(row.origin != DEFAULT_ORIGIN for row in rows)
    source = f"{configuration.path}" if configuration.path else "no file"
    what = f"{count} setting{'' if count == 1 else 's'} set" if count else "defaults"
    return Finding.ok(about, f"{source}; {what}"), configuration


def examine_session_files(configuration: Configuration) -> Iterator[Finding]:
    """The files of events and calibrations."""
    events = configuration.in_force(BY_KEY["session.events"]).value
    if events is not None:
        yield _read("events", lambda: f"{len(read_events(Path(events)))} in {events}")
    for name in configuration.in_force(BY_KEY["session.calibration"]).value:
        yield _read("calibration", lambda: f"of {read_calibration(Path(name)).symbol} in {name}")  # noqa: B023  # called at once


def examine_alerts(configuration: Configuration) -> Iterator[Finding]:
    """The file of alerts, with the secrets that it names; no target is asked."""
    about, path = "alerts", configuration.in_force(BY_KEY["server.alerts"]).value
    if path is None:
        return
    try:
        plan = read_alert_file(Path(path))
    except ZerodteError as error:
        yield Finding.problem(about, str(error), "docs/alerts.md says what the file holds")
        return
    rules, targets = len(plan.rules), len(plan.targets)
    found = f"{rules} rules and {targets} targets in {path}"
    yield Finding.ok(about, f"{found}; zerodte alerts test asks the targets")


def options_of(configuration: Configuration) -> ServerOptions:
    """The settings of the table `server`, as a command would receive them."""
    values = {}
    for field in fields(ServerOptions):
        setting = BY_KEY[f"server.{field.name}"]
        values[field.name] = setting.converted(configuration.in_force(setting).value)
    return ServerOptions(**values)


def examine_keys(configuration: Configuration) -> Finding:
    """The store of keys, if answers need a key."""
    about = "keys"
    try:
        keys = options_of(configuration).access().keys
        if keys is None:
            return Finding.ok(about, "answers need no key")
        with open_keys(keys) as store:
            place = store.place
            valid = sum(record.revoked is None for record in store.records().values())
    except click.UsageError as error:
        advice = "set server.auth, server.keys and server.open so that they agree"
        return Finding.problem(about, error.message, advice)
    except ZerodteError as error:
        return Finding.problem(about, str(error), "run zerodte keys create, or mend what it says")
    if not valid:
        return Finding.warning(about, f"{place} has no valid key", "run zerodte keys create")
    return Finding.ok(about, f"{valid} valid in {place}")


def examine_recordings(configuration: Configuration) -> Iterator[Finding]:
    """The folder in which `zerodte live` records."""
    record = configuration.in_force(BY_KEY["live.record"]).value
    if record is not None:
        yield examine_folder("recordings", Path(record))


def examine_history(configuration: Configuration) -> Iterator[Finding]:
    """The store of finished sessions: can it be listed, and, if a folder, written."""
    about, root = "history", configuration.in_force(BY_KEY["server.history"]).value
    if root is None:
        return
    try:
        history = History(root)
        days = list(history.sizes())
    except ZerodteError as error:
        yield Finding.problem(about, str(error), "correct server.history, or its rights and keys")
        return
    span = f", {days[0]} to {days[-1]}" if days else ""
    yield Finding.ok(about, f"{len(days)} sessions in {history.display_root}{span}")
    if "://" not in root:
        yield examine_folder(about, Path(root))


def examine_tape(path: Path) -> Iterator[Finding]:
    """A tape: can it be opened, and does it warn of anything."""
    about = "tape"
    try:
        tape = open_tape(path)
    except (ZerodteError, OSError) as error:
        advice = "docs/tape.md says what a tape is; zerodte import makes one of other formats"
        yield Finding.problem(about, str(error), advice)
        return
    yield Finding.ok(about, f"the session of {tape.session.date}, {len(tape.selected_files)} files")
    for warning in tape.warnings:
        yield Finding.warning(about, warning, f"zerodte verify {path} reads every byte of it")


def examine_folder(about: str, folder: Path) -> Finding:
    """Whether a folder can be written, now or once it is made, and how much space is free."""
    made = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not made.is_dir():
        return Finding.problem(about, f"{made} is no folder", "choose another folder, or move it")
    if not os.access(made, os.W_OK | os.X_OK):
        return Finding.problem(
            about,
            f"{made} cannot be written by this user",
            f"run chown or chmod, or run as the user that owns {made}",
        )
    free = shutil.disk_usage(made).free
    found = f"{free / GIGABYTE:,.1f} GB free for {folder}"
    if free < _TOO_LITTLE:
        return Finding.problem(about, found, "make room: a recording waits while the disk is full")
    if free < _LITTLE:
        return Finding.warning(about, found, "make room soon: move or delete old recordings")
    return Finding.ok(about, found)


def _read(about: str, read: Callable[[], str]) -> Finding:
    try:
        return Finding.ok(about, read())
    except (ZerodteError, OSError) as error:
        return Finding.problem(about, str(error), f"correct the file of session.{about}")
