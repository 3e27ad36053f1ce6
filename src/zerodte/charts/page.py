"""A self-contained HTML page of plots: its style, and figures side by side with their legends.

The page loads nothing: style and plots are inline, light and dark by the reader's system.
"""

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from zerodte.charts.svg import css_class

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


class Panel(NamedTuple):
    """A plot with its name and the series of its legend."""

    name: str
    series: Sequence[str]
    svg: str


def page(title: str, parts: Iterable[str], colors: Mapping[str, str]) -> str:
    """An HTML page.

    Args:
        title: Its title and first heading.
        parts: HTML, in order.
        colors: The color of each series, a variable of the style sheet such as `blue`.
    """
    name = html.escape(title)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{name}</title><style>{_STYLE}{_color_rules(colors)}</style></head>"
        f"<body><h1>{name}</h1>{''.join(parts)}</body></html>\n"
    )


def paragraph(text: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{html.escape(text)}</p>"


def panels(shown: Iterable[Panel]) -> str:
    """Plots side by side, each with its name and legend."""
    figures = (
        f"<figure><figcaption>{html.escape(panel.name)}</figcaption>{_legend(panel.series)}{panel.svg}"
        "</figure>"
        for panel in shown
    )
    return f'<div class="panels">{"".join(figures)}</div>'


def _legend(series: Iterable[str]) -> str:
    """The legend of a plot."""
    keys = (
        f'<span class="key {css_class(name)}"><i></i>{html.escape(name)}</span>' for name in series
    )
    return f"<p>{''.join(keys)}</p>"


def _color_rules(colors: Mapping[str, str]) -> str:
    """The style sheet rules of all series."""
    return "".join(
        f".{css_class(name)}{{--own:var(--{colour})}}" for name, colour in colors.items()
    )
