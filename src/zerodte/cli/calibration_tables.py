"""What `zerodte calibrate` prints: tables of scores, and what they allow to say."""

import math
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table as Grid

from zerodte.calibrate.bar_report import BarReport
from zerodte.calibrate.comparison import ForecastComparison
from zerodte.calibrate.figure import clock
from zerodte.calibrate.score import DayInterval
from zerodte.calibrate.session_report import SessionReport
from zerodte.cli.grid import UNKNOWN_CELL, WIDE, OutputConsole, empty_grid
from zerodte.constants import BOOTSTRAP_LEVEL, COVERAGE_LEVELS
from zerodte.engine.physical import QUARTERS


def print_bars(report: BarReport) -> None:
    """Print what minute bars say."""
    console = OutputConsole(least=WIDE)
    dates = report.bars.dates
    console.print(
        f"{report.symbol}: minute bars of {len(dates)} sessions, {dates[0]} to {dates[-1]}; "
        f"{report.scored} forecast from earlier ones alone"
    )
    _print_left_out(console, report.bars.left_out)
    one, two = report.base
    console.print(
        f"closes within the band: {one:.3f} within one, {two:.3f} within two; "
        f"[..]: {BOOTSTRAP_LEVEL:.0%} intervals of resampled days",
        markup=False,
    )
    console.print(
        "\n[bold]Brier scores of the close within the band[/bold]", _brier(report.comparison)
    )
    console.print(
        "\n[bold]Share of closes within the central interval[/bold]", _coverage(report.comparison)
    )
    console.print(
        "\n[bold]Nearest strike beside the placebo half a step away[/bold]", _pins(report)
    )
    console.print(f"pins: {report.lifts[-1].sentence}", markup=False)
    console.print()
    for sentence in report.comparison.verdicts():
        console.print(sentence, markup=False)


def print_sessions(report: SessionReport) -> None:
    """Print what finished sessions say."""
    console = OutputConsole(least=WIDE)
    sessions = report.sessions.sessions
    console.print(
        f"{report.sessions.symbol}: finished sessions: {len(sessions)}, "
        f"{sessions[0].date} to {sessions[-1].date}"
    )
    _print_left_out(console, report.sessions.left_out)
    console.print("\n[bold]Physical over risk-neutral sigma[/bold]", _scale(report))
    console.print(report.sentence, markup=False)
    console.print(
        "\n[bold]Brier scores of the close within the chain's sigma[/bold]",
        _brier(report.comparison),
    )
    console.print(
        "\n[bold]Share of closes within the central interval[/bold]", _coverage(report.comparison)
    )
    console.print()
    for sentence in report.comparison.verdicts():
        console.print(sentence, markup=False)


def _print_left_out(console: Console, left_out: Mapping[str, int]) -> None:
    for reason, count in left_out.items():
        console.print(f"left out, {reason}: {count:,}")


def _scale(report: SessionReport) -> Grid:
    grid = empty_grid(
        ("quarter of the session",), [str(number) for number in range(1, QUARTERS + 1)]
    )
    grid.add_row("realised / implied variance", *(_known(one) for one in report.ratios))
    grid.add_row("k, fitted", *(_known(one) for one in report.scale.factors))
    grid.add_row("k, served", *(_known(one) for one in report.served.factors))
    return grid


def _known(value: float) -> str:
    return UNKNOWN_CELL if math.isnan(value) else f"{value:.3f}"


def _brier(comparison: ForecastComparison) -> Grid:
    heads = (
        "one band",
        f"gain of {comparison.tested}",
        "skill",
        "two bands",
        "log loss",
        "reliability",
        "resolution",
        "uncertainty",
        "PIT gap",
    )
    grid = empty_grid(("forecast",), heads)
    for name, of in comparison.scores.items():
        parts, is_rival = of.parts, name != comparison.tested
        grid.add_row(
            name,
            f"{of.brier.mean:.4f}",
            _interval(of.gain, "+.4f") if is_rival else UNKNOWN_CELL,
            f"{of.skill:+.1%}" if is_rival else UNKNOWN_CELL,
            f"{of.brier_two.mean:.4f}",
            f"{of.log_loss.mean:.3f}",
            f"{parts.reliability:.4f}",
            f"{parts.resolution:.4f}",
            f"{parts.uncertainty:.4f}",
            UNKNOWN_CELL if math.isnan(of.gap) else f"{of.gap:.3f}",
        )
    return grid


def _coverage(comparison: ForecastComparison) -> Grid:
    grid = empty_grid(("forecast",), [f"{level:g}" for level in COVERAGE_LEVELS])
    for name, of in comparison.scores.items():
        if of.coverage:
            grid.add_row(name, *(f"{one.mean:.3f}" for one in of.coverage))
        if name == comparison.tested:
            grid.add_row("  interval from", *(_known(one.low) for one in of.coverage))
            grid.add_row("  to", *(_known(one.high) for one in of.coverage))
    return grid


def _pins(report: BarReport) -> Grid:
    heads = ("claimed", "strike", "placebo", "lift", "could have seen")
    grid = empty_grid(("time",), heads)
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


def _interval(of: DayInterval, form: str) -> str:
    if math.isnan(of.low):
        return f"{of.mean:{form}}"
    # A bracket would be read as markup.
    return f"{of.mean:{form}} \\[{of.low:{form}}, {of.high:{form}}]"
