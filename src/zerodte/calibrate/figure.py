"""The scores of minute bars as a self-contained HTML page."""

import html
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from zerodte.arrays import F64
from zerodte.calibrate.bar_report import BarReport, ForecastScore
from zerodte.calibrate.forecast import (
    CLIMATOLOGY,
    CONSTANTS,
    HAR_GAUSSIAN,
    HAR_T,
    VIX_FITTED,
    VIX_GAUSSIAN,
)
from zerodte.calibrate.score import BINS, DayInterval
from zerodte.charts.page import Panel, page, panels, paragraph
from zerodte.charts.svg import PlotDot, PlotLine, dot_plot, line_plot
from zerodte.constants import BOOTSTRAP_LEVEL, COVERAGE_LEVELS, SCORED_MINUTES

_NOMINAL: Final = "nominal"
_STRIKE: Final = "lift of the nearest strike"
#: The color of each series, the same on the whole page.
_COLORS: Final = {
    HAR_T: "blue",
    CLIMATOLOGY: "grey",
    VIX_FITTED: "orange",
    VIX_GAUSSIAN: "orange",
    HAR_GAUSSIAN: "green",
    CONSTANTS: "grey",
    _NOMINAL: "ink",
    _STRIKE: "blue",
}
#: Elapsed minutes labelled on axes of time.
_MARKS: Final = (30, 90, 150, 210, 270, 330, 385)


def figure(report: BarReport) -> str:
    """The scores as an HTML page."""
    first, last = report.bars.dates[0], report.bars.dates[-1]
    parts = [
        paragraph(
            f"{report.symbol}, minute bars of {len(report.bars)} sessions from {first} to {last}; "
            f"{report.scored} forecast from earlier ones alone. Lines over dots and bands: "
            f"{BOOTSTRAP_LEVEL:.0%} intervals of resampled days."
        ),
        "<ul>",
        *(f"<li>{html.escape(f'har_t is {sentence}')}</li>" for sentence in report.verdicts()),
        "</ul>",
        "<h2>Is it right as often as it says?</h2>",
        panels([_coverage(report), _reliability(report), _pit(report)]),
        "<h2>Does it know more than the others?</h2>",
        panels([_brier(report), _by_time(report), _gain(report)]),
        "<h2>Are closes drawn to strikes?</h2>",
        paragraph(report.lifts[-1].sentence + "."),
        panels([_pins(report)]),
    ]
    return page(f"How far {report.symbol} moves to the close", parts, _COLORS)


def clock(minute: int) -> str:
    """New York time of elapsed minutes of a session."""
    return f"{(570 + minute) // 60}:{(570 + minute) % 60:02d}"


def _with_law(report: BarReport) -> Iterator[tuple[str, ForecastScore]]:
    return ((name, of) for name, of in report.scores.items() if of.coverage)


def _coverage(report: BarReport) -> Panel:
    levels = np.array(COVERAGE_LEVELS)
    lines = [PlotLine(_NOMINAL, levels, levels)]
    for name, of in _with_law(report):
        if name in (HAR_T, CLIMATOLOGY, VIX_FITTED):
            lines.append(_line(name, levels, of.coverage, with_band=name == HAR_T))
    name = "share of closes within the central interval, by its level"
    marks = [(level, f"{level:g}") for level in COVERAGE_LEVELS]
    return _lines(name, lines, marks)


def _reliability(report: BarReport) -> Panel:
    lines = []
    ends = [1.0, 0.0]
    for name in (CLIMATOLOGY, HAR_T):
        parts = report.scores[name].parts
        at = np.array(parts.forecast)
        ends = [min(ends[0], float(at.min())), max(ends[1], float(at.max()))]
        lines.append(PlotLine(name, at, np.array(parts.happened)))
    lines.insert(0, PlotLine(_NOMINAL, np.array(ends), np.array(ends)))
    marks = [(x, f"{x:.2f}") for x in np.linspace(ends[0], ends[1], 5).tolist()]
    return _lines("share that came within the band, by the forecast", lines, marks)


def _pit(report: BarReport) -> Panel:
    rows = []
    for tenth in range(BINS):
        label = f"{tenth / BINS:.1f} to {(tenth + 1) / BINS:.1f}"
        shown = ((name, of.pit[tenth]) for name, of in _with_law(report))
        rows.append((label, [_dot(n, of) for n, of in shown if n in (HAR_T, VIX_FITTED)]))
    name = "share of closes in each tenth of the forecast; a tenth is right"
    return Panel(name, (HAR_T, VIX_FITTED), dot_plot(rows, name))


def _brier(report: BarReport) -> Panel:
    rows = [(name, [_dot(name, of.brier)]) for name, of in report.scores.items()]
    name = "Brier score of the close within the band; less is better"
    return Panel(name, (HAR_T,), dot_plot(rows, name))


def _gain(report: BarReport) -> Panel:
    rivals = [(name, of) for name, of in report.scores.items() if name != HAR_T]
    rows = [(name, [_dot(HAR_T, of.gain)]) for name, of in rivals]
    name = "har_t's gain over each, in Brier; above 0 is better"
    return Panel(name, (HAR_T,), dot_plot(rows, name))


def _by_time(report: BarReport) -> Panel:
    minutes = np.array(SCORED_MINUTES, dtype=np.float64)
    lines = [
        PlotLine(name, minutes, np.array(report.scores[name].brier_by_time))
        for name in (VIX_FITTED, CLIMATOLOGY, HAR_T)
    ]
    return _lines("Brier score by time", lines, [(float(m), clock(m)) for m in _MARKS])


def _pins(report: BarReport) -> Panel:
    rows = [
        (
            " ".join(clock(m) for m in one.minutes) if len(one.minutes) == 1 else "all times",
            [_dot(_STRIKE, one.lift)],
        )
        for one in report.lifts
    ]
    name = "closes in the nearest strike's cell over the half-step placebo, less what was forecast"
    return Panel(name, (_STRIKE,), dot_plot(rows, name))


def _line(name: str, x: F64, of: Iterable[DayInterval], *, with_band: bool) -> PlotLine:
    means, lows, highs = np.array([(one.mean, one.low, one.high) for one in of]).T
    return PlotLine(name, x, means, lows, highs) if with_band else PlotLine(name, x, means)


def _lines(name: str, lines: list[PlotLine], marks: list[tuple[float, str]]) -> Panel:
    return Panel(name, [line.series for line in lines], line_plot(lines, marks, name))


def _dot(series: str, of: DayInterval) -> PlotDot:
    return PlotDot(series, of.mean, of.low, of.high)
