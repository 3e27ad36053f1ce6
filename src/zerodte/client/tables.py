"""Answers that are tables: the wire's shapes, which also give frames."""

from collections.abc import Sequence
from itertools import chain, repeat
from typing import Any

from zerodte.client.frames import Kind, Library, columns_of, frame_of
from zerodte.wire.heatmap import Heatmap
from zerodte.wire.hedge_flow import HedgeFlow, HedgeFlowBar
from zerodte.wire.leaderboard import Leader, Leaderboard
from zerodte.wire.series import Series, SeriesBar
from zerodte.wire.strike_flow import StrikeFlow


class SeriesTable(Series, frozen=True, kw_only=True, gc=False):
    """A series that gives a frame."""

    def frame(self, library: Library | None = None) -> Any:
        """A row per bar, with the bar's fields as columns; `t` is a UTC timestamp."""
        return frame_of(*columns_of(SeriesBar, self.bars or []), library)


class HedgeFlowTable(HedgeFlow, frozen=True, kw_only=True, gc=False):
    """Hedge flow that gives a frame."""

    def frame(self, library: Library | None = None) -> Any:
        """A row per bar: `t`, `bar`, `cumulative`, and the same of customers."""
        return frame_of(*columns_of(HedgeFlowBar, self.bars or []), library)


class LeaderboardTable(Leaderboard, frozen=True, kw_only=True, gc=False):
    """A leaderboard that gives a frame."""

    def frame(self, library: Library | None = None) -> Any:
        """A row per symbol: `rank`, `symbol`, `value`."""
        return frame_of(*columns_of(Leader, self.entries or []), library)


class HeatmapTable(Heatmap, frozen=True, kw_only=True, gc=False):
    """A heatmap that gives a frame."""

    def frame(self, library: Library | None = None) -> Any:
        """A row per bar and strike: `t`, `spot`, `strike`, `value`."""
        kinds: dict[str, Kind] = {
            "t": "time",
            "spot": "number",
            "strike": "number",
            "value": "number",
        }
        return _by_strike(kinds, self, ("values",), library)


class StrikeFlowTable(StrikeFlow, frozen=True, kw_only=True, gc=False):
    """Flow by strike that gives a frame."""

    def frame(self, library: Library | None = None) -> Any:
        """A row per bar and strike, with its dollars of delta and gamma and its contracts."""
        kinds: dict[str, Kind] = {
            "t": "time",
            "spot": "number",
            "strike": "number",
            "signed_delta_dollars": "whole",
            "signed_gamma_dollars": "whole",
            "contracts": "whole",
        }
        return _by_strike(kinds, self, tuple(kinds)[3:], library)


def _by_strike(
    kinds: dict[str, Kind],
    answer: Heatmap | StrikeFlow,
    figures: Sequence[str],
    library: Library | None,
) -> Any:
    """A frame of one row per bar and strike; bars may hold fewer strikes than the grid."""
    grid, bars = answer.strikes_grid or [], answer.bars or []
    count = len(grid)
    columns: list[list[Any]] = [
        _each((bar.t for bar in bars), count),
        _each((bar.spot for bar in bars), count),
        list(grid) * len(bars),
    ]
    for name in figures:
        parts = (getattr(bar, name) or [] for bar in bars)
        filled = ([*part[:count], *repeat(None, count - len(part))] for part in parts)
        columns.append(list(chain.from_iterable(filled)))
    return frame_of(kinds, dict(zip(kinds, columns, strict=True)), library)


def _each(values: Any, count: int) -> list[Any]:
    """Every value so many times."""
    return [value for value in values for _ in range(count)]
