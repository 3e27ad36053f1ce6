"""The scores as self-contained HTML pages: of minute bars, and of finished sessions."""

import html
from collections.abc import Iterable
from typing import Final

import numpy as np

from zerodte.arrays import F64
from zerodte.calibrate.bar_report import BarReport
from zerodte.calibrate.comparison import ForecastComparison
from zerodte.calibrate.forecast import (
    CLIMATOLOGY,
    CONSTANTS,
    HAR_GAUSSIAN,
    HAR_T,
    VIX_FITTED,
    VIX_GAUSSIAN,
)
from zerodte.calibrate.score import BINS, DayInterval
from zerodte.calibrate.session_report import CHAIN, PHYSICAL, SessionReport
from zerodte.charts.page import Panel, page, panels, paragraph
from zerodte.charts.svg import PlotDot, PlotLine, dot_plot, line_plot
from zerodte.constants import BOOTSTRAP_LEVEL, COVERAGE_LEVELS, SCORED_MINUTES
from zerodte.engine.physical import QUARTERS

_NOMINAL: Final = "nominal"
_UNIT: Final = "the chain's own"
_FITTED: Final = "fitted"
_STRIKE: Final = "lift of the nearest strike"
#: The color of each series, the same on the whole page.
_COLORS: Final = {
    HAR_T: "blue",
    PHYSICAL: "blue",
    CHAIN: "orange",
    _UNIT: "grey",
    _FITTED: "blue",
    CLIMATOLOGY: "grey",
    VIX_FITTED: "orange",
    VIX_GAUSSIAN: "orange",
    HAR_GAUSSIAN: "green",
    CONSTANTS: "grey",
    _NOMINAL: "ink",
    _STRIKE: "blue",
}
#: Rivals that are drawn as lines.
_DRAWN: Final = (VIX_FITTED, CLIMATOLOGY, CHAIN)
#: Elapsed minutes labelled on axes of time.
_MARKS: Final = (30, 90, 150, 210, 270, 330, 385)


def bar_figure(report: BarReport) -> str:
    """The scores of minute bars as an HTML page."""
    first, last = report.bars.dates[0], report.bars.dates[-1]
    parts = [
        paragraph(
            f"{report.symbol}, minute bars of {len(report.bars)} sessions from {first} to {last}; "
            f"{report.scored} forecast from earlier ones alone. Lines over dots and bands: "
            f"{BOOTSTRAP_LEVEL:.0%} intervals of resampled days."
        ),
        *_comparison(report.comparison),
        "<h2>Are closes drawn to strikes?</h2>",
        paragraph(report.lifts[-1].sentence + "."),
        panels([_pins(report)]),
    ]
    return page(f"How far {report.symbol} moves to the close", parts, _COLORS)


def session_figure(report: SessionReport) -> str:
    """The scores of finished sessions as an HTML page."""
    sessions = report.sessions.sessions
    parts = [
        paragraph(
            f"{len(sessions)} finished sessions of {report.sessions.symbol}, {sessions[0].date} to "
            f"{sessions[-1].date}, each scored from those before it. Lines over dots and bands: "
            f"{BOOTSTRAP_LEVEL:.0%} intervals of resampled days."
        ),
        paragraph(report.sentence + "."),
        "<h2>How far closes move, over what the chain prices</h2>",
        panels([_scale(report)]),
        *_comparison(report.comparison),
    ]
    return page(f"What {report.sessions.symbol}'s chain prices, and what came", parts, _COLORS)


def _comparison(comparison: ForecastComparison) -> list[str]:
    """Every forecast beside the others."""
    return [
        "<ul>",
        *(f"<li>{html.escape(sentence)}</li>" for sentence in comparison.verdicts()),
        "</ul>",
        "<h2>Is it right as often as it says?</h2>",
        panels([_coverage(comparison), _reliability(comparison), _pit(comparison)]),
        "<h2>Does it know more than the others?</h2>",
        panels([_brier(comparison), _by_time(comparison), _gain(comparison)]),
    ]


def _scale(report: SessionReport) -> Panel:
    quarters = np.arange(1.0, QUARTERS + 1.0)
    lines = [
        PlotLine(_UNIT, quarters, np.ones(QUARTERS)),
        PlotLine(_FITTED, quarters, np.array(report.scale.factors)),
    ]
    return _lines(
        "k by quarter of the session", lines, [(at, f"{at:g}") for at in quarters.tolist()]
    )


def clock(minute: int) -> str:
    """New York time of elapsed minutes of a session."""
    return f"{(570 + minute) // 60}:{(570 + minute) % 60:02d}"


def _plotted(comparison: ForecastComparison) -> list[str]:
    """The forecasts that are drawn as lines, the tested one last and so on top."""
    shown = [name for name in _DRAWN if name in comparison.scores]
    return [*shown, comparison.tested]


def _coverage(comparison: ForecastComparison) -> Panel:
    levels = np.array(COVERAGE_LEVELS)
    lines = [PlotLine(_NOMINAL, levels, levels)]
    for name in _plotted(comparison):
        of = comparison.scores[name].coverage
        lines.append(_line(name, levels, of, with_band=name == comparison.tested))
    name = "share of closes within the central interval, by its level"
    return _lines(name, lines, [(level, f"{level:g}") for level in COVERAGE_LEVELS])


def _reliability(comparison: ForecastComparison) -> Panel:
    lines, low, high = [], 1.0, 0.0
    for name in _plotted(comparison):
        parts = comparison.scores[name].parts
        at = np.array(parts.forecast)
        low, high = min(low, float(at.min())), max(high, float(at.max()))
        lines.append(PlotLine(name, at, np.array(parts.happened)))
    ends = np.array([low, high])
    lines.insert(0, PlotLine(_NOMINAL, ends, ends))
    marks = [(at, f"{at:.2f}") for at in np.linspace(low, high, 5).tolist()]
    return _lines("share that came within the band, by the forecast", lines, marks)


def _pit(comparison: ForecastComparison) -> Panel:
    names, rows = _plotted(comparison)[::-1], []
    for tenth in range(BINS):
        label = f"{tenth / BINS:.1f} to {(tenth + 1) / BINS:.1f}"
        rows.append((label, [_dot(name, comparison.scores[name].pit[tenth]) for name in names]))
    name = "share of closes in each tenth of the forecast; a tenth is right"
    return Panel(name, names, dot_plot(rows, name))


def _brier(comparison: ForecastComparison) -> Panel:
    rows = [(name, [_dot(name, of.loss)]) for name, of in comparison.scores.items()]
    name = "Brier score of the close within the band; less is better"
    return Panel(name, (comparison.tested,), dot_plot(rows, name))


def _gain(comparison: ForecastComparison) -> Panel:
    tested = comparison.tested
    rows = [(name, [_dot(tested, of.gain)]) for name, of in comparison.rivals.items()]
    name = f"gain of {tested} over each, in Brier; above 0 is better"
    return Panel(name, (tested,), dot_plot(rows, name))


def _by_time(comparison: ForecastComparison) -> Panel:
    minutes = np.array(SCORED_MINUTES, dtype=np.float64)
    lines = [
        PlotLine(name, minutes, np.array(comparison.scores[name].brier_by_time))
        for name in _plotted(comparison)
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
