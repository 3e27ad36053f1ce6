"""`zerodte calibrate`: how far closes have moved, as tables, a page and a file of parameters."""

import sys
from pathlib import Path

import click

from zerodte.calibrate.bar_report import BarReport, bar_report
from zerodte.calibrate.bars import read_bars
from zerodte.calibrate.error import CalibrationError
from zerodte.calibrate.figure import bar_figure, session_figure
from zerodte.calibrate.session_report import SessionReport, session_report
from zerodte.calibrate.sessions import read_sessions
from zerodte.cli.calibration_tables import print_bars, print_sessions
from zerodte.history.history import History
from zerodte.market.roots import underlying_of

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("calibrate")
@click.option("--bars", type=_FILE, help="Minute bars, Parquet or CSV: time, close, vix_open.")
@click.option("--vix", type=_FILE, help="The VIX by day, Parquet or CSV: date, open.")
@click.option(
    "--history",
    metavar="ROOT",
    help="Finished sessions instead of bars: a folder or the URL of an object store.",
)
@click.option("--symbol", help="The underlying; needed with --bars.")
@click.option(
    "--step",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Distance of strikes in dollars, for the placebo of pins.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
@click.option(
    "--page",
    "page_file",
    type=click.Path(path_type=Path),
    help="Also draw the scores into this new HTML file.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Also write the fitted parameters into this new JSON file.",
)
def calibrate_command(
    bars: Path | None,
    vix: Path | None,
    history: str | None,
    symbol: str | None,
    step: float,
    as_json: bool,
    page_file: Path | None,
    out: Path | None,
) -> None:
    """Measure how far closes have moved, and fit what forecasts of the close need.

    Every forecast is scored on sessions that it was not fitted on.
    """
    for path in (page_file, out):
        if path is not None:
            _check_new(path)
    report = _report(bars, vix, history, symbol and underlying_of(symbol), step)
    if as_json:
        sys.stdout.buffer.write(report.json() + b"\n")
    elif isinstance(report, BarReport):
        print_bars(report)
    else:
        print_sessions(report)
    if page_file is not None:
        _write(page_file, _figure(report).encode())
        click.echo(f"page written to {page_file}", err=True)
    if out is not None:
        _write(out, report.file().encode())
        click.echo(f"parameters written to {out}", err=True)


def _report(
    bars: Path | None, vix: Path | None, history: str | None, symbol: str | None, step: float
) -> BarReport | SessionReport:
    if (bars is None) == (history is None):
        raise click.UsageError("give either minute bars with --bars or sessions with --history")
    if history is not None:
        if vix is not None:
            raise click.UsageError("--vix goes with --bars; sessions need none")
        return session_report(read_sessions(History(history), symbol))
    if symbol is None or bars is None:
        raise click.UsageError("bars do not name their symbol; give it with --symbol")
    return bar_report(symbol, read_bars(bars, vix), step)


def _figure(report: BarReport | SessionReport) -> str:
    return bar_figure(report) if isinstance(report, BarReport) else session_figure(report)


def _check_new(path: Path) -> None:
    if path.exists():
        raise CalibrationError(f"{path}: exists and is not overwritten; choose another file")
    if not path.parent.is_dir():
        raise CalibrationError(f"{path.parent}: no such folder for the file {path.name}")


def _write(path: Path, content: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(content)
    except OSError as error:
        raise CalibrationError(f"{path}: cannot be written: {error.strerror}") from error
