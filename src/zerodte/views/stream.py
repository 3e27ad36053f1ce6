"""Samples as a stream shows them: a series bar each, and of the newest the snapshot."""

from collections.abc import Callable, Iterator

import msgspec
import numpy as np

from zerodte.session.sample import SampleDay
from zerodte.session.session import Session
from zerodte.session.window import Window
from zerodte.views.blocks import age_seconds
from zerodte.views.frame import Frame
from zerodte.views.series import series_bars
from zerodte.views.snapshot import summary_at
from zerodte.wire.base import timestamp
from zerodte.wire.errors import ApiError
from zerodte.wire.numbers import number, whole
from zerodte.wire.stream import SampleEvent, SymbolTick


def stream(
    frame: Frame, after: int | None, summary: Callable[[Frame], bytes | None]
) -> Iterator[SampleEvent]:
    """The samples after an instant.

    Args:
        frame: The symbol, up to its last sample.
        after: UTC ns; None for the last sample alone.
        summary: Gives the snapshot of the last one, as `sample_summary` does.

    Yields:
        In order; only the last has its snapshot, and none while the chain warms up.
    """
    day = frame.samples
    if day is None:
        return
    first = frame.row if after is None else day.row_at(after) + 1
    rows = np.arange(first, frame.row + 1)
    if not len(rows):
        return
    for row, bar in zip(rows.tolist(), series_bars(day, Window(rows, first - 1)), strict=True):
        is_last = row == frame.row
        yield SampleEvent(
            time=day.contexts[row].at,
            bar=msgspec.json.encode(bar),
            snapshot=summary(frame) if is_last else None,
        )


def bar_at(day: SampleDay, row: int) -> bytes:
    """The JSON of the series bar of one sample, as a stream sends it."""
    (bar,) = series_bars(day, Window(np.array([row]), row - 1))
    return msgspec.json.encode(bar)


def symbol_tick(session: Session, symbol: str) -> bytes | None:
    """The JSON of a symbol's `SymbolTick`; None where no quote of its chain can be used."""
    chain = session.chain(symbol)
    reading = None if chain is None else session.reading(chain)
    if reading is None:
        return None
    state = reading.state
    tick = SymbolTick(
        symbol=symbol,
        t=timestamp(session.now),
        spot=number(state.spot.value),
        net_gex=number(state.exposures.net_gex),
        data_quality_score=whole(state.quality.data),
        snapshot_age_seconds=number(age_seconds(state.instant, session.now)),
    )
    return msgspec.json.encode(tick)


def sample_summary(frame: Frame) -> bytes | None:
    """The snapshot of a sample, JSON on one line; None while the chain warms up."""
    try:
        return summary_at(frame)
    except ApiError:
        return None
