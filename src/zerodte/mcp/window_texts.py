"""What windows of samples tell a model: hedge flow, the heatmap's largest cells, the ranking."""

from collections.abc import Iterator, Sequence
from typing import Final

from zerodte.client import HeatmapTable, HedgeFlowTable, LeaderboardTable, SeriesTable
from zerodte.mcp.text import MODEL_NOTE, facts, figure, joined
from zerodte.wire.heatmap import HeatmapBar
from zerodte.wire.window import GapInterval, WindowAnswer

_MOST_BARS: Final = 24
_CELLS: Final = 8
_MOST_GAPS: Final = 5


def _head(answer: WindowAnswer, series: SeriesTable | None) -> Iterator[str]:
    """Source, age, quality, what is a model."""
    arrivals = facts(answer.data_as_of, "flow_feed", "index_options_feed", "equity_options_feed")
    last = series.bars[-1] if series is not None and series.bars else None
    quality = figure(last.data_quality_score) if last is not None else "unknown"
    yield (
        f"{answer.symbol} as of {figure(answer.as_of)}, expiry {figure(answer.expiration)}, "
        f"source {figure(answer.source)}."
    )
    yield (
        f"Age: inputs last arrived at {arrivals}. Data quality score: {quality} (higher is better)."
    )
    yield MODEL_NOTE
    for gap in _newest(answer.gap_intervals):
        yield f"Gap without data: {facts(gap, 'start', 'end', 'reason')}."


def _newest(gaps: Sequence[GapInterval] | None) -> Sequence[GapInterval]:
    return (gaps or [])[-_MOST_GAPS:]


def hedge_flow_text(flow: HedgeFlowTable, series: SeriesTable | None) -> str:
    """What dealers had to trade, bar by bar."""
    lines = [*_head(flow, series)]
    lines.append(
        f"Dealers' hedging of {figure(flow.side)} by {figure(flow.bar_size)} bars, delta dollars; "
        "above zero dealers buy:"
    )
    bars = flow.bars or []
    lines += [
        f"{figure(bar.t)}: bar {figure(bar.bar)}, since the open {figure(bar.cumulative)}, of "
        f"which customers' {figure(bar.customer_flow_cumulative)}"
        for bar in bars[-_MOST_BARS:]
    ]
    return joined(lines if bars else [*lines, "No samples in this window."])


def heatmap_text(heatmap: HeatmapTable, series: SeriesTable | None) -> str:
    """The largest cells of the newest bar, and of the largest changes both ends."""
    lines = [*_head(heatmap, series)]
    bars, grid = heatmap.bars or [], heatmap.strikes_grid or []
    if not bars or not grid:
        return joined([*lines, "No samples in this window."])
    first, last = bars[0], bars[-1]
    lines.append(
        f"Metric {figure(heatmap.metric)} by strike, {figure(heatmap.bar_size)} bars, from "
        f"{figure(first.t)} (spot {figure(first.spot)}) to {figure(last.t)} (spot "
        f"{figure(last.spot)})."
    )
    lines.append("Largest at the end:")
    now = _values(last, len(grid))
    for place in _largest([abs(value or 0.0) for value in now]):
        lines += [f"  strike {figure(grid[place])}: {figure(now[place])}"]
    before = _values(first, len(grid))
    changes = [
        abs(end - start) if end is not None and start is not None else 0.0
        for start, end in zip(before, now, strict=True)
    ]
    if len(bars) > 1:
        lines.append("Largest changes over the window, from and to:")
        for place in _largest(changes):
            moved = f"{figure(before[place])} to {figure(now[place])}"
            lines.append(f"  strike {figure(grid[place])}: {moved}")
    return joined(lines)


def _values(bar: HeatmapBar, count: int) -> list[float | None]:
    values = list(bar.values or [])[:count]
    return values + [None] * (count - len(values))


def _largest(sizes: Sequence[float]) -> list[int]:
    """The places of the largest sizes above zero, the largest first."""
    ranked = sorted(range(len(sizes)), key=lambda place: -sizes[place])
    return [place for place in ranked[:_CELLS] if sizes[place] > 0.0]


def leaderboard_text(board: LeaderboardTable) -> str:
    """The symbols in their order."""
    arrivals = facts(board.data_as_of, "flow_feed", "index_options_feed", "equity_options_feed")
    head = (
        f"Leaderboard by {figure(board.metric)} as of {figure(board.as_of)}, source "
        f"{figure(board.source)}, market open: {figure(board.market_open)}."
    )
    age = (
        f"Age: inputs last arrived at {arrivals}. Data quality differs by symbol; ask data_quality "
        "for one."
    )
    lines = [head, age, MODEL_NOTE]
    entries = board.entries or []
    lines += [
        f"rank {figure(entry.rank)}: {figure(entry.symbol)}, value {figure(entry.value)}"
        for entry in entries
    ]
    return joined(lines if entries else [*lines, "No symbol has this figure now."])
