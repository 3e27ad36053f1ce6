"""`zerodte doctor` as a command."""

import dataclasses
import datetime
import itertools
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from zerodte.cli.configuration.configuration import FILE_VARIABLE
from zerodte.cli.doctor.data import (
    examine_alerts,
    examine_configuration,
    examine_folder,
    examine_history,
    examine_keys,
    examine_recordings,
    examine_session_files,
    examine_tape,
)
from zerodte.cli.doctor.finding import Finding
from zerodte.cli.doctor.machine import (
    examine_calendar,
    examine_clock,
    examine_kernels,
    examine_limits,
)
from zerodte.cli.doctor.port import examine_port
from zerodte.cli.doctor.vendor import examine_vendor
from zerodte.cli.options import FOLDER, VENDORS
from zerodte.cli.vendors import CBOE_URL_OPTION, GATEWAY_OPTION, vendor_symbols
from zerodte.clock import NEW_YORK
from zerodte.errors import printable

_MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "problem": ("problem", "red")}
_WIDTH = max(len(mark) for mark, _ in _MARKS.values())


@click.command("doctor")
@click.argument(
    "subject",
    metavar="[TAPE|cboe|databento|tastytrade|alpaca|massive|tradier|thetadata]",
    type=FOLDER,
    required=False,
)
@click.option("--symbols", default="SPX", show_default=True, help="Underlyings of a vendor's feed.")
@CBOE_URL_OPTION
@GATEWAY_OPTION
@click.option(
    "--capture",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for a copy of what a vendor sends, for bug reports; no key is in it.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    envvar=FILE_VARIABLE,
    help="TOML file of settings, as for the other commands.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array of findings.")
@click.pass_context
def doctor_command(
    context: click.Context,
    subject: Path | None,
    symbols: str,
    url: str,
    gateway: tuple[str, int] | None,
    capture: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Examine what a server needs here, and the tape in folder TAPE or a vendor's feed.

    The exit status is 1 if there is a problem; warnings leave it 0.
    """
    findings = []
    vendor = str(subject) if str(subject) in VENDORS else ""
    names = vendor_symbols(vendor, symbols) if vendor else []
    diagnosis = _diagnosis(config, None if vendor else subject)
    feed = examine_vendor(vendor, names, url, gateway, capture) if vendor else ()
    for finding in itertools.chain(diagnosis, feed):
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
    if any(finding.state == "problem" for finding in findings):
        context.exit(1)


def _diagnosis(path: Path | None, tape: Path | None) -> Iterator[Finding]:
    finding, configuration = examine_configuration(path)
    yield finding
    yield from examine_session_files(configuration)
    yield from examine_calendar(datetime.datetime.now(tz=NEW_YORK).date())
    yield examine_clock()
    yield examine_limits()
    yield examine_kernels()
    yield examine_keys(configuration)
    yield from examine_alerts(configuration)
    yield examine_port(configuration)
    yield examine_folder("temporary files", Path(tempfile.gettempdir()))
    yield from examine_recordings(configuration)
    yield from examine_history(configuration)
    if tape is not None:
        yield from examine_tape(tape)


def _print(finding: Finding) -> None:
    mark, colour = _MARKS[finding.state]
    state = click.style(f"{mark:<{_WIDTH}}", fg=colour)
    click.echo(f"{state}  {finding.about}: {printable(finding.found)}")
    if finding.advice:
        click.echo(f"{'':{_WIDTH}}  -> {printable(finding.advice)}")
