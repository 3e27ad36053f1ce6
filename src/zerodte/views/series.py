"""Series and hedge flow: the headline figures of a day and its flow, bar by bar."""

from typing import Any, Literal

import msgspec
import numpy as np

from zerodte.arrays import F64, I64
from zerodte.constants import BARS
from zerodte.session.sample import FLIP_STATUSES, NO_CODE, REGIMES, SampleDay
from zerodte.session.window import Window, highest, increments, lowest, window
from zerodte.views.frame import Frame
from zerodte.wire.base import timestamp
from zerodte.wire.hedge_flow import HedgeFlow, HedgeFlowBar, HedgeFlowQuery, Side
from zerodte.wire.numbers import integers, numbers, wholes
from zerodte.wire.series import Series, SeriesBar, SeriesQuery


def series(frame: Frame, query: SeriesQuery) -> bytes:
    """The JSON of a series; its bars are empty without samples."""
    bars: list[SeriesBar] = []
    if day := frame.samples:
        bars = series_bars(day, window(day, frame.row, BARS[query.bar], query.minutes))
    return msgspec.json.encode(Series(**frame.head(), bar_size=query.bar, bars=bars))


def series_bars(day: SampleDay, over: Window) -> list[SeriesBar]:
    """The bars of a window of at least one sample."""
    inputs, figures = day.inputs[over.rows], day.figures[over.rows]
    calls, puts = figures["call_flow"], figures["put_flow"]
    traded = inputs["has_trades"]
    columns = (
        [timestamp(at) for at in inputs["at"].tolist()],
        numbers(inputs["spot"]),
        *(numbers(figures[name]) for name in ("net_gex", "net_dex", "gamma_flip")),
        [None if code == NO_CODE else FLIP_STATUSES[code] for code in figures["flip_status"]],
        *(numbers(figures[name]) for name in ("call_wall", "put_wall", "magnet")),
        wholes(figures["pin_score"]),
        numbers(100.0 * figures["pin_probability"]),
        [None if code == NO_CODE else REGIMES[code] for code in figures["regime"]],
        numbers(figures["atm_iv"]),
        numbers(figures["charm_hour"]),
        *(integers(flow, traded) for flow in (calls, puts, calls + puts)),
        numbers(lowest(day.inputs["spot_low"], over)),
        numbers(highest(day.inputs["spot_high"], over)),
        numbers(figures["remaining_sigma"]),
        wholes(figures["data_quality"]),
        # As in a snapshot: without a trade, the book is the morning's prior and nothing more.
        *(numbers(np.where(traded, end, np.nan)) for end in inputs["book_gex"].T),
    )
    return [SeriesBar(*bar) for bar in zip(*columns, strict=True)]


def hedge_flow(frame: Frame, query: HedgeFlowQuery) -> bytes:
    """The JSON of a hedge flow; its bars are empty without samples."""
    bars: list[HedgeFlowBar] = []
    if day := frame.samples:
        over = window(day, frame.row, BARS[query.bar], query.minutes)
        rows = over.rows
        cumulative: I64 = _flow(day, query.side, "flow")
        customers: F64 = _flow(day, query.side, "customer_flow")
        traded = day.inputs["has_trades"][rows]
        columns = (
            [timestamp(at) for at in day.times[rows].tolist()],
            integers(increments(cumulative, over), traded),
            integers(cumulative[rows], traded),
            wholes(np.where(traded, increments(customers, over), np.nan)),
            wholes(np.where(traded, customers[rows], np.nan)),
        )
        bars = [HedgeFlowBar(*made) for made in zip(*columns, strict=True)]
    answer = HedgeFlow(**frame.head(), side=query.side, bar_size=query.bar, bars=bars)
    return msgspec.json.encode(answer)


def _flow(day: SampleDay, side: Side, whose: Literal["flow", "customer_flow"]) -> Any:
    """Signed delta dollars since the open, by sample: int64, of customers float64."""
    calls, puts = day.figures[f"call_{whose}"], day.figures[f"put_{whose}"]
    return {"calls": calls, "puts": puts, "all": calls + puts}[side]
