"""Two kinds of plots as inline SVG: dots with intervals by row, and lines over time.

Colors are CSS classes, so that the page's style sheet decides light and dark mode.
"""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from zerodte.arrays import F64

_WIDTH: Final = 560
_ROW: Final = 26
#: Margins.
_LEFT: Final = 128
_RIGHT: Final = 16
_TOP: Final = 10
_BOTTOM: Final = 30
#: Of plots of lines.
_LINES_LEFT: Final = 56
_LINES_HEIGHT: Final = 220


@dataclass(frozen=True, slots=True)
class PlotDot:
    """A value with its interval (NaN if unknown), in the color of its series."""

    series: str
    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, eq=False, slots=True)
class PlotLine:
    """A series over x, with a band between `low` and `high` if given."""

    series: str
    x: F64
    y: F64
    low: F64 = field(default_factory=lambda: np.empty(0))
    high: F64 = field(default_factory=lambda: np.empty(0))


def dot_plot(
    rows: Sequence[tuple[str, Sequence[PlotDot]]],
    title: str,
    limits: tuple[float, float] = (-math.inf, math.inf),
) -> str:
    """Rows of dots on one axis, each with its interval clipped to `limits`."""
    rows = [(label, [_clip(dot, limits) for dot in dots]) for label, dots in rows]
    values = [v for _, dots in rows for d in dots for v in (d.value, d.low, d.high)]
    is_finite = [value for value in values if math.isfinite(value)]
    ticks = _ticks(min(is_finite, default=0.0), max(is_finite, default=1.0))
    height = _TOP + _ROW * len(rows) + _BOTTOM
    scale = _Scale(ticks[0], ticks[-1], _LEFT, _WIDTH - _RIGHT)
    out = [_vertical(scale(tick), _TOP, height - _BOTTOM, _number(tick)) for tick in ticks]
    for number, (label, dots) in enumerate(rows):
        middle = _TOP + _ROW * (number + 0.5)
        out.append(_text(_LEFT - 8, middle + 4, label, "end"))
        for place, dot in enumerate(dots):
            if math.isfinite(dot.value):
                out.append(_dot(dot, label, scale, middle + 6.0 * (place - (len(dots) - 1) / 2)))
    return _svg(_WIDTH, height, title, out)


def line_plot(lines: Sequence[PlotLine], marks: Sequence[tuple[float, str]], title: str) -> str:
    """Lines over x in drawing order, the last on top. The y axis includes 0.

    Args:
        lines: The lines, with gaps where y is NaN.
        marks: Positions on the x axis with their labels.
        title: Label for screen readers.
    """
    values = np.concatenate([np.concatenate((n.y, n.low, n.high)) for n in lines] or [np.empty(0)])
    values = values[np.isfinite(values)]
    ticks = _ticks(float(values.min(initial=0.0)), float(values.max(initial=0.0)))
    bottom = _LINES_HEIGHT - _BOTTOM
    y = _Scale(ticks[0], ticks[-1], bottom, _TOP)
    places = [at for line in lines for at in line.x.tolist()] + [at for at, _ in marks]
    x = _Scale(min(places, default=0.0), max(places, default=1.0), _LINES_LEFT, _WIDTH - _RIGHT)
    out = [_horizontal(y(tick), _number(tick), strong=tick == 0.0) for tick in ticks]
    out += [_text(x(at), _LINES_HEIGHT - 10, label, "middle") for at, label in marks]
    out += [_band(line, x, y) for line in lines if len(line.low)]
    out += [_path(line, x, y) for line in lines]
    return _svg(_WIDTH, _LINES_HEIGHT, title, out)


@dataclass(frozen=True, slots=True)
class _Scale:
    """A linear map from values to page coordinates."""

    first: float
    last: float
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        span = (self.last - self.first) or 1.0
        return self.begin + (value - self.first) / span * (self.end - self.begin)


def _ticks(low: float, high: float) -> list[float]:
    """Four to nine round numbers that span low to high."""
    span = (high - low) or abs(high) or 1.0
    unit = 10.0 ** math.floor(math.log10(span / 4))
    step = next(unit * size for size in (1, 2, 5, 10) if span / (unit * size) <= 6)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * number for number in range(first, max(last, first + 1) + 1)]


def _number(value: float) -> str:
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return f"{round(value, 9):g}"


def _clip(dot: PlotDot, limits: tuple[float, float]) -> PlotDot:
    """Clip an interval: Student's interval of a share may exceed the range of shares."""
    return replace(dot, low=max(dot.low, limits[0]), high=min(dot.high, limits[1]))


def _dot(dot: PlotDot, label: str, scale: _Scale, height: float) -> str:
    label_text = html.escape(f"{label}, {dot.series}: {dot.value:.3g}")
    line = ""
    if math.isfinite(dot.low):
        label_text += f" ({dot.low:.3g} to {dot.high:.3g})"
        line = _line("", (scale(dot.low), scale(dot.high)), (height, height))
    return (
        f'<g class="{css_class(dot.series)}"><title>{label_text}</title>{line}'
        f'<circle cx="{scale(dot.value):.1f}" cy="{height}" r="3.5"/></g>'
    )


def _path(line: PlotLine, x: _Scale, y: _Scale) -> str:
    is_finite = np.isfinite(line.y)
    pieces, pen = [], "M"
    for at, value, is_finite_here in zip(
        line.x.tolist(), line.y.tolist(), is_finite.tolist(), strict=True
    ):
        if is_finite_here:
            pieces.append(f"{pen}{x(at):.1f} {y(value):.1f}")
        pen = "L" if is_finite_here else "M"
    title = f"<title>{html.escape(line.series)}</title>"
    return f'<path class="line {css_class(line.series)}" d="{" ".join(pieces)}">{title}</path>'


def _band(line: PlotLine, x: _Scale, y: _Scale) -> str:
    is_finite = np.isfinite(line.low) & np.isfinite(line.high)
    at, low, high = line.x[is_finite], line.low[is_finite], line.high[is_finite]
    points = [*zip(at, high, strict=True), *zip(at[::-1], low[::-1], strict=True)]
    corners = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in points)
    return f'<polygon class="band {css_class(line.series)}" points="{corners}"/>'


def css_class(series: str) -> str:
    """The CSS class of a series."""
    return "of-" + "".join(c if c.isalnum() else "-" for c in series)


def _line(name: str, x: tuple[float, float], y: tuple[float, float]) -> str:
    ends = f'x1="{x[0]:.1f}" x2="{x[1]:.1f}" y1="{y[0]:.1f}" y2="{y[1]:.1f}"'
    return f'<line class="{name}" {ends}/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(text)}</text>'


def _vertical(x: float, top: float, bottom: float, label: str) -> str:
    return _line("grid", (x, x), (top, bottom)) + _text(x, bottom + 18, label, "middle")


def _horizontal(y: float, label: str, *, strong: bool) -> str:
    name = "axis" if strong else "grid"
    line = _line(name, (_LINES_LEFT, _WIDTH - _RIGHT), (y, y))
    return line + _text(_LINES_LEFT - 8, y + 4, label, "end")


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    name = html.escape(title, quote=True)
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{name}">{"".join(parts)}</svg>'
    )
