"""`zerodte calibrate`: how far closes have moved, as a table, a page and a file of parameters."""

import math
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table as Grid

from zerodte.calibrate.bar_report import BarReport, bar_report
from zerodte.calibrate.bars import read_bars
from zerodte.calibrate.error import CalibrationError
from zerodte.calibrate.figure import clock, figure
from zerodte.calibrate.forecast import HAR_T
from zerodte.calibrate.score import DayInterval
from zerodte.constants import BOOTSTRAP_LEVEL, COVERAGE_LEVELS
from zerodte.market.roots import underlying_of

_UNKNOWN = "–"
#: Wide enough for the widest table.
_WIDTH = 150
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("calibrate", short_help="Measure how far closes have moved.")
@click.option("--bars", type=_FILE, help="Minute bars, Parquet or CSV: time, close, vix_open.")
@click.option("--vix", type=_FILE, help="The VIX by day, Parquet or CSV: date, open.")
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
    if bars is None:
        raise click.UsageError("give minute bars with --bars")
    if symbol is None:
        raise click.UsageError("bars do not name their symbol; give it with --symbol")
    report = bar_report(underlying_of(symbol), read_bars(bars, vix), step)
    if as_json:
        sys.stdout.buffer.write(report.json() + b"\n")
    else:
        _print_bars(report)
    if page_file is not None:
        _write(page_file, figure(report).encode())
        click.echo(f"page written to {page_file}", err=True)
    if out is not None:
        _write(out, report.file().encode())
        click.echo(f"parameters written to {out}", err=True)


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


def _print_bars(report: BarReport) -> None:
    console = Console(highlight=False)
    console.width = max(console.width, _WIDTH)
    dates = report.bars.dates
    console.print(
        f"{report.symbol}: minute bars of {len(dates)} sessions, {dates[0]} to {dates[-1]}; "
        f"{report.scored} forecast from earlier ones alone"
    )
    for reason, count in report.bars.left_out.items():
        console.print(f"left out, {reason}: {count:,}")
    one, two = report.base
    console.print(
        f"closes within the band: {one:.3f} within one, {two:.3f} within two; "
        f"[..]: {BOOTSTRAP_LEVEL:.0%} intervals of resampled days",
        markup=False,
    )
    console.print("\n[bold]Brier scores of the close within the band[/bold]", _brier(report))
    console.print("\n[bold]Share of closes within the central interval[/bold]", _coverage(report))
    console.print(
        "\n[bold]Nearest strike beside the placebo half a step away[/bold]", _pins(report)
    )
    console.print(f"pins: {report.lifts[-1].sentence}", markup=False)
    console.print()
    for sentence in report.verdicts():
        console.print(f"{HAR_T} is {sentence}", markup=False)


def _brier(report: BarReport) -> Grid:
    heads = (
        "one band",
        "har_t's gain",
        "two bands",
        "log loss",
        "reliability",
        "resolution",
        "uncertainty",
        "PIT gap",
    )
    grid = _grid(("forecast",), heads)
    for name, of in report.scores.items():
        parts = of.parts
        grid.add_row(
            name,
            f"{of.brier.mean:.4f}",
            _UNKNOWN if name == HAR_T else _interval(of.gain, "+.4f"),
            f"{of.brier_two.mean:.4f}",
            f"{of.log_loss.mean:.3f}",
            f"{parts.reliability:.4f}",
            f"{parts.resolution:.4f}",
            f"{parts.uncertainty:.4f}",
            _UNKNOWN if math.isnan(of.gap) else f"{of.gap:.3f}",
        )
    return grid


def _coverage(report: BarReport) -> Grid:
    grid = _grid(("forecast",), [f"{level:g}" for level in COVERAGE_LEVELS])
    for name, of in report.scores.items():
        if of.coverage:
            grid.add_row(name, *(f"{one.mean:.3f}" for one in of.coverage))
        if name == HAR_T:
            grid.add_row("  interval from", *(f"{one.low:.3f}" for one in of.coverage))
            grid.add_row("  to", *(f"{one.high:.3f}" for one in of.coverage))
    return grid


def _pins(report: BarReport) -> Grid:
    heads = ("claimed", "strike", "placebo", "lift", "could have seen")
    grid = _grid(("time",), heads)
    for one in report.lifts:
        grid.add_row(
            clock(one.minutes[0]) if len(one.minutes) == 1 else "all",
            f"{one.claimed:.3f}",
            f"{one.strike:.3f}",
            f"{one.placebo:.3f}",
            _interval(one.lift, "+.3f"),
            f"{one.detectable:.3f}",
        )
    return grid


def _grid(labels: Sequence[str], heads: Sequence[str]) -> Grid:
    grid = Grid(box=None, padding=(0, 2, 0, 0))
    for label in labels:
        grid.add_column(label, header_style="dim", no_wrap=True)
    for head in heads:
        grid.add_column(head, header_style="dim", justify="right", no_wrap=True)
    return grid


def _interval(of: DayInterval, form: str) -> str:
    # A bracket would be read as markup.
    return f"{of.mean:{form}} \\[{of.low:{form}}, {of.high:{form}}]"
