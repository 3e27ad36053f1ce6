"""The scores as a self-contained HTML page."""

import html
import math
from collections.abc import Iterable
from typing import Final

import numpy as np

from zerodte.charts.page import Panel, page, panels, paragraph
from zerodte.charts.svg import PlotDot, PlotLine, dot_plot, line_plot
from zerodte.evaluate.gamma import CONVENTIONS, DAY, INVENTORY
from zerodte.evaluate.hedging import FIVE_MINUTES
from zerodte.evaluate.interest import clock
from zerodte.evaluate.observations import ALL, INTEREST_METHODS
from zerodte.evaluate.report import Report, TimeSeries
from zerodte.evaluate.statistic import LEVEL, Interval
from zerodte.market.calendar import TradingSession

#: The color of each series, the same on the whole page.
_COLORS: Final = {
    "true": "ink",
    "inventory": "blue",
    CONVENTIONS[0]: "grey",
    CONVENTIONS[1]: "orange",
    "settled": "grey",
    "signed_v1": "orange",
    "turnover_v1": "green",
    "turnover_v2": "ink",
    "turnover_v3": "blue",
    "aggressor": "blue",
    "aggressor as customer": "orange",
    "assumed": "ink",
    "estimated flow": "blue",
    "correlation": "blue",
    "slope": "green",
}
_SIDES: Final = ("aggressor", "aggressor as customer", "assumed")
_SERIES_SHOWN: Final = 4
_SHARES: Final = (0.0, 1.0)
_ANY: Final = (-math.inf, math.inf)


def figure(report: Report) -> str:
    """The scores as an HTML page."""
    seeds, first = len(report.tapes), report.tapes[0]
    spread = f"lines over dots: {LEVEL:.0%} intervals over seeds" if seeds > 1 else "no intervals"
    dates = ", ".join(dict.fromkeys(tape.hours.date.isoformat() for tape in report.tapes))
    largest = sorted(first.time_series, key=lambda c: -float(c.minutes["true_oi"].max()))[
        :_SERIES_SHOWN
    ]
    parts = [
        paragraph(f"{dates}; {seeds} seed{'s' if seeds > 1 else ''}, {spread}. Simulated market."),
        "<h2>Sides of trades, and open interest of same-day chains</h2>",
        panels([_sides(report), _interest(report)]),
        "<h2>Dealers' gamma and hedge flow, same-day chains</h2>",
        paragraph("Compared with the gamma and the trades of dealers' true inventory."),
        panels([*_gamma(report), _hedging(report)]),
        f"<h2>One session: {html.escape(first.name)}</h2>",
        paragraph(
            "Dealers' gamma: true, estimated from the inventory with its 90% interval, and by the "
            "convention. Below it, true and estimated hedge flow."
        ),
        panels(panel for series in largest for panel in _time_series_panels(series, first.hours)),
    ]
    return page("Estimates against truth", parts, _COLORS)


def _sides(report: Report) -> Panel:
    """By rule: accuracy for the aggressor, for the customer, and as assumed."""
    rows = []
    for (kind, name), figures in report.tables["sides"].items():
        if kind in (ALL, "rule") and math.isfinite(figures["right"].mean):
            columns = zip(_SIDES, ("right", "as_customer", "assumed"), strict=True)
            dots = [_dot(series, figures[at]) for series, at in columns if at in figures]
            rows.append((name, dots))
    name = "share of contracts with the right side, by the rule that decided"
    return Panel(name, _SIDES, dot_plot(rows, name, _SHARES))


def _interest(report: Report) -> Panel:
    """Error by contract through the day, by method."""
    rows = report.tables["open_interest"]
    times = dict.fromkeys(time for symbol, time, _ in rows if symbol == ALL)
    dot_rows = [
        (time, [_dot(m, rows[ALL, time, m]["contract_error"]) for m in INTEREST_METHODS])
        for time in times
    ]
    name = "error of open interest by contract, over true open interest"
    return Panel(name, INTEREST_METHODS, dot_plot(dot_rows, name))


def _gamma(report: Report) -> Iterable[Panel]:
    """By symbol over the day: three scores of three estimates."""
    rows = report.tables["gamma"]
    symbols = list(dict.fromkeys(symbol for symbol, time, _ in rows if time == DAY))
    panels = (
        ("sign", "gamma: share of minutes with the right sign", _SHARES),
        ("correlation", "gamma: correlation over minutes", (-1.0, 1.0)),
        ("error", "gamma: error over the root mean square of the truth", _ANY),
    )
    series = (INVENTORY, *CONVENTIONS)
    for column, name, limits in panels:
        dot_rows = [(s, [_dot(e, rows[s, DAY, e][column]) for e in series]) for s in symbols]
        yield Panel(name, series, dot_plot(dot_rows, name, limits))


def _hedging(report: Report) -> Panel:
    """By symbol over five minutes: estimated against true hedge flow."""
    series = ("correlation", "slope")
    rows = {
        symbol: figures
        for (symbol, step), figures in report.tables["hedge_flow"].items()
        if step == FIVE_MINUTES
    }
    dot_rows = [(symbol, [_dot(name, rows[symbol][name]) for name in series]) for symbol in rows]
    name = "hedge flow over five minutes: correlation, and slope (1 is unbiased)"
    return Panel(name, series, dot_plot(dot_rows, name))


def _time_series_panels(series: TimeSeries, hours: TradingSession) -> Iterable[Panel]:
    """One symbol through one session."""
    rows = series.minutes[series.minutes["gross_gex"] > 0.0]
    x = rows["minute"].astype(np.float64)
    inventory, low, high, convention, true = (
        rows[name] / rows["gross_gex"]
        for name in (
            "inventory_gex",
            "inventory_low",
            "inventory_high",
            "effective_gex",
            "true_gex",
        )
    )
    step = 60 if len(series.flow) > 120 else 5
    marks = [(float(m), clock(hours, m)) for m in range(0, len(series.flow) + 1, step)]
    lines = [PlotLine(INVENTORY, x, inventory, low, high), PlotLine(CONVENTIONS[1], x, convention)]
    lines.append(PlotLine("true", x, true))
    name = f"{series.symbol}: gamma over gross"
    yield Panel(name, [line.series for line in lines], line_plot(lines, marks, name))
    x = np.arange(1.0, len(series.flow) + 1)
    lines = [PlotLine("estimated flow", x, np.cumsum(series.flow))]
    lines.append(PlotLine("true", x, np.cumsum(series.true_flow)))
    name = f"{series.symbol}: hedge flow since the open, dollars"
    yield Panel(name, [line.series for line in lines], line_plot(lines, marks, name))


def _dot(series: str, of: Interval) -> PlotDot:
    return PlotDot(series, of.mean, of.low, of.high)
