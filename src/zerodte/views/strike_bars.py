"""Heatmap and strike flow: figures over strikes and time."""

from typing import Any, Literal

import msgspec
import numpy as np

from zerodte.arrays import F64, I64, Bool
from zerodte.constants import BARS
from zerodte.engine.exposure import Metric
from zerodte.session.sample import SampleDay
from zerodte.session.window import (
    Window,
    exposures_at,
    has_strikes,
    increments,
    open_interest_at,
    window,
)
from zerodte.views.frame import Frame
from zerodte.wire.base import timestamp
from zerodte.wire.errors import ApiError
from zerodte.wire.heatmap import Heatmap, HeatmapBar, HeatmapMode, HeatmapQuery
from zerodte.wire.numbers import DIGITS, integers, number, numbers, shortened
from zerodte.wire.strike_flow import StrikeFlow, StrikeFlowBar, StrikeFlowQuery
from zerodte.wire.window import ByStrikeQuery


def heatmap(frame: Frame, query: HeatmapQuery) -> bytes:
    """The JSON of a heatmap; its grid and bars are empty without samples.

    Raises:
        ApiError: no_strike_data_for_window.
    """
    bars: list[HeatmapBar] = []
    if day := frame.samples:
        over, grid = _window(frame, day, query), _grid(frame, day, query)
        if query.metric == "signed_flow":  # already a change
            values = _flow(grid, day, over, day.columns.delta_dollars, query.digits)
        else:
            values = _levels(grid, day, over, query.metric, query.mode, query.digits)
        times = _times_and_spots(day, over)
        bars = [HeatmapBar(*made) for made in zip(*times, values, strict=True)]
    answer = Heatmap(
        **_head(frame, query),
        bar_size=query.bar,
        metric=query.metric,
        mode=query.mode,
        market_open=frame.market_open,
        bars=bars,
    )
    return msgspec.json.encode(answer)


def strike_flow(frame: Frame, query: StrikeFlowQuery) -> bytes:
    """The JSON of a strike flow; its grid and bars are empty without samples.

    Raises:
        ApiError: no_strike_data_for_window.
    """
    bars: list[StrikeFlowBar] = []
    if day := frame.samples:
        over, grid = _window(frame, day, query), _grid(frame, day, query)
        columns = day.columns
        dollars = (columns.delta_dollars, columns.gamma_dollars)
        flows = [_flow(grid, day, over, column, query.digits) for column in dollars]
        flows.append(_flow(grid, day, over, columns.contracts.sum(axis=1)))
        times = _times_and_spots(day, over)
        bars = [StrikeFlowBar(*made) for made in zip(*times, *flows, strict=True)]
    return msgspec.json.encode(StrikeFlow(**_head(frame, query), bar_size=query.bar, bars=bars))


def _window(frame: Frame, day: SampleDay, query: ByStrikeQuery) -> Window:
    over = window(day, frame.row, BARS[query.bar], query.minutes)
    if not has_strikes(day, over.rows):
        raise ApiError(
            "no_strike_data_for_window",
            f"no sample of {frame.symbol} in these {query.minutes} minutes has figures by strike: "
            "no quote of the chain could be used; ask for more minutes or for another instant",
        )
    return over


def _grid(frame: Frame, day: SampleDay, query: ByStrikeQuery) -> Bool:
    """Which of the day's strikes are shown."""
    known = day.grid(frame.row)
    if query.strikes is None:
        return known
    low, high = query.strikes
    return known & (day.strikes >= low) & (day.strikes <= high)


def _head(frame: Frame, query: ByStrikeQuery) -> dict[str, Any]:
    day = frame.samples
    spot = np.nan if day is None else day.inputs["spot"][frame.row]
    grid = [] if day is None else day.strikes[_grid(frame, day, query)].tolist()
    return {**frame.head(), "underlying_price": number(float(spot)), "strikes_grid": grid}


def _flow(
    grid: Bool, day: SampleDay, over: Window, cumulative: I64, digits: int = DIGITS
) -> list[list[Any]]:
    """What was added in each bar by strike; None before the symbol traded or where not listed."""
    listed = (day.since[np.newaxis] <= over.rows[:, np.newaxis, np.newaxis]).any(axis=1)
    known = listed & day.inputs["has_trades"][over.rows, np.newaxis]
    added = increments(cumulative, over)[:, grid]
    return integers(shortened(added, digits) if digits < DIGITS else added, known[:, grid])


def _levels(
    grid: Bool,
    day: SampleDay,
    over: Window,
    metric: Metric | Literal["oi"],
    mode: HeatmapMode,
    digits: int,
) -> list[list[Any]]:
    """What stood at the end of each bar by strike, or its change from the bar before."""
    if metric == "oi":
        values = np.rint(open_interest_at(day, over.rows)[:, grid])
    else:
        values = exposures_at(day, over.rows, metric)[:, grid]
    shown = _changes(values) if mode == "delta" else values
    if metric == "oi":
        known = np.isfinite(shown)
        return integers(np.where(known, shown, 0.0).astype(np.int64), known)
    flat, count = numbers(shown.reshape(-1), digits), shown.shape[1]
    return [flat[row * count : (row + 1) * count] for row in range(len(shown))]


def _changes(values: F64) -> F64:
    """The change from the last bar that knew the strike; what is known first stays raw."""
    bars = np.arange(len(values))[:, np.newaxis]
    last = np.maximum.accumulate(np.where(np.isfinite(values), bars, -1), axis=0)
    before = np.vstack((np.full((1, values.shape[1]), -1), last[:-1]))
    known = np.take_along_axis(values, np.maximum(before, 0), axis=0)
    return values - np.where(before >= 0, known, 0.0)


def _times_and_spots(day: SampleDay, over: Window) -> tuple[list[Any], list[float | None]]:
    inputs = day.inputs[over.rows]
    return [timestamp(at) for at in inputs["at"].tolist()], numbers(inputs["spot"])
