"""The scores as a self-contained HTML page."""

import html
import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

from zerodte.evaluate.gamma import CONVENTIONS, DAY, INVENTORY
from zerodte.evaluate.hedging import FIVE_MINUTES
from zerodte.evaluate.interest import clock
from zerodte.evaluate.observations import ALL, INTEREST_METHODS
from zerodte.evaluate.report import Report, TimeSeries
from zerodte.evaluate.statistic import LEVEL, Interval
from zerodte.evaluate.svg import PlotDot, PlotLine, css_class, dot_plot, line_plot
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
    "turnover_v2": "blue",
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

_STYLE: Final = """
:root{--paper:#fff;--ink:#1c1f24;--soft:#697180;--grid:#e4e7ec;--blue:#2563c9;--orange:#c25e00;
--green:#1a7f4e;--grey:#8a8f99}
@media(prefers-color-scheme:dark){:root{--paper:#14161a;--ink:#e8eaee;--soft:#9aa3b2;--grid:#2b2f37;
--blue:#6ea8ff;--orange:#f0a04b;--green:#5cc98f;--grey:#7d8490}}
body{margin:0 auto;max-width:1200px;padding:24px;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,sans-serif}
h1{font-size:22px;margin:0}h2{font-size:17px;margin:32px 0 4px}p{margin:4px 0;color:var(--soft)}
.panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr));gap:16px}
figure{margin:0}figcaption{font-weight:600;font-size:14px}
svg{width:100%;height:auto}text{font:12px system-ui,sans-serif;fill:var(--soft)}
.grid{stroke:var(--grid)}.axis{stroke:var(--soft)}
.line{fill:none;stroke:var(--own);stroke-width:1.8}.band{fill:var(--own);opacity:.18}
g line{stroke:var(--own);stroke-width:2}circle{fill:var(--own)}
.key{margin-right:18px;white-space:nowrap}
.key i{display:inline-block;width:14px;height:3px;vertical-align:middle;margin-right:6px;
background:var(--own)}
"""


class _Panel(NamedTuple):
    """A plot with its name and the series of its legend."""

    name: str
    series: Sequence[str]
    svg: str


def figure(report: Report) -> str:
    """The scores as an HTML page."""
    seeds, first = len(report.tapes), report.tapes[0]
    spread = f"lines over dots: {LEVEL:.0%} intervals over seeds" if seeds > 1 else "no intervals"
    dates = ", ".join(dict.fromkeys(tape.hours.date.isoformat() for tape in report.tapes))
    largest = sorted(first.time_series, key=lambda c: -float(c.minutes["true_oi"].max()))[
        :_SERIES_SHOWN
    ]
    parts = [
        "<h1>Estimates against truth</h1>",
        _paragraph(f"{dates}; {seeds} seed{'s' if seeds > 1 else ''}, {spread}. Simulated market."),
        "<h2>Sides of trades, and open interest of same-day chains</h2>",
        _panels([_sides(report), _interest(report)]),
        "<h2>Dealers' gamma and hedge flow, same-day chains</h2>",
        _paragraph("Compared with the gamma and the trades of dealers' true inventory."),
        _panels([*_gamma(report), _hedging(report)]),
        f"<h2>One session: {html.escape(first.name)}</h2>",
        _paragraph(
            "Dealers' gamma: true, estimated from the inventory with its 90% interval, and by the "
            "convention. Below it, true and estimated hedge flow."
        ),
        _panels(panel for series in largest for panel in _time_series_panels(series, first.hours)),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Estimates against truth</title><style>{_STYLE}{_color_rules()}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _sides(report: Report) -> _Panel:
    """By rule: accuracy for the aggressor, for the customer, and as assumed."""
    rows = []
    for (kind, name), figures in report.tables["sides"].items():
        if kind in (ALL, "rule") and math.isfinite(figures["right"].mean):
            columns = zip(_SIDES, ("right", "as_customer", "assumed"), strict=True)
            dots = [_dot(series, figures[at]) for series, at in columns if at in figures]
            rows.append((name, dots))
    name = "share of contracts with the right side, by the rule that decided"
    return _Panel(name, _SIDES, dot_plot(rows, name, _SHARES))


def _interest(report: Report) -> _Panel:
    """Error by contract through the day, by method."""
    rows = report.tables["open_interest"]
    times = dict.fromkeys(time for symbol, time, _ in rows if symbol == ALL)
    dot_rows = [
        (time, [_dot(m, rows[ALL, time, m]["contract_error"]) for m in INTEREST_METHODS])
        for time in times
    ]
    name = "error of open interest by contract, over true open interest"
    return _Panel(name, INTEREST_METHODS, dot_plot(dot_rows, name))


def _gamma(report: Report) -> Iterable[_Panel]:
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
        yield _Panel(name, series, dot_plot(dot_rows, name, limits))


def _hedging(report: Report) -> _Panel:
    """By symbol over five minutes: estimated against true hedge flow."""
    series = ("correlation", "slope")
    rows = {
        symbol: figures
        for (symbol, step), figures in report.tables["hedge_flow"].items()
        if step == FIVE_MINUTES
    }
    dot_rows = [(symbol, [_dot(name, rows[symbol][name]) for name in series]) for symbol in rows]
    name = "hedge flow over five minutes: correlation, and slope (1 is unbiased)"
    return _Panel(name, series, dot_plot(dot_rows, name))


def _time_series_panels(series: TimeSeries, hours: TradingSession) -> Iterable[_Panel]:
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
    yield _Panel(name, [line.series for line in lines], line_plot(lines, marks, name))
    x = np.arange(1.0, len(series.flow) + 1)
    lines = [PlotLine("estimated flow", x, np.cumsum(series.flow))]
    lines.append(PlotLine("true", x, np.cumsum(series.true_flow)))
    name = f"{series.symbol}: hedge flow since the open, dollars"
    yield _Panel(name, [line.series for line in lines], line_plot(lines, marks, name))


def _dot(series: str, of: Interval) -> PlotDot:
    return PlotDot(series, of.mean, of.low, of.high)


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def _panels(panels: Iterable[_Panel]) -> str:
    figures = (
        f"<figure><figcaption>{html.escape(panel.name)}</figcaption>{_legend(panel.series)}{panel.svg}"
        "</figure>"
        for panel in panels
    )
    return f'<div class="panels">{"".join(figures)}</div>'


def _legend(series: Iterable[str]) -> str:
    """The legend of a plot."""
    keys = (
        f'<span class="key {css_class(name)}"><i></i>{html.escape(name)}</span>' for name in series
    )
    return f"<p>{''.join(keys)}</p>"


def _color_rules() -> str:
    """The style sheet rules of all series."""
    return "".join(
        f".{css_class(name)}{{--own:var(--{colour})}}" for name, colour in _COLORS.items()
    )
