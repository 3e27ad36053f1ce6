"""A market of this process: each query answered by its view, from the last tick or from samples.

What is answered from samples is computed while ticks go on, for samples do not change.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from zerodte.clock import new_york_clock
from zerodte.history.error import HistoryError
from zerodte.market.roots import root_info
from zerodte.service.market_service import MarketStats, MarketStatus
from zerodte.service.stage import Stage
from zerodte.session.session import Session
from zerodte.views.frame import Frame
from zerodte.views.leaderboard import leaderboard
from zerodte.views.series import hedge_flow, series
from zerodte.views.snapshot import snapshot, snapshot_at
from zerodte.views.stream import stream
from zerodte.views.strike_bars import heatmap, strike_flow
from zerodte.wire.errors import ApiError
from zerodte.wire.exposure import ChainQuery, ExposureQuery
from zerodte.wire.heatmap import HeatmapQuery
from zerodte.wire.hedge_flow import HedgeFlowQuery
from zerodte.wire.leaderboard import LeaderboardQuery
from zerodte.wire.query import Query, Symbol, SymbolQuery
from zerodte.wire.series import SeriesQuery
from zerodte.wire.snapshot import SnapshotQuery
from zerodte.wire.stream import SampleEvent, StreamQuery
from zerodte.wire.strike_flow import StrikeFlowQuery

Q = TypeVar("Q", bound=Query)
#: Answers a query of one type. The type checker cannot tie it to its key in a table.
View: TypeAlias = Callable[[Stage, Any], bytes]


class LocalService:
    """A `MarketService` over a stage that a runner moves."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def answer(self, query: Query) -> bytes:
        """The body of the answer to a query."""
        return VIEWS[type(query)](self._stage, _of_symbol(query))

    def version(self, query: Query) -> int:
        """A number that grows whenever the answer to a query may turn out different."""
        return self._stage.progress.version(query)

    def events(self, query: StreamQuery, after: int | None) -> Sequence[SampleEvent]:
        """The samples of this session after an instant, as a stream shows them."""
        symbol = _of_symbol(query).symbol
        frame = _frame_now(self._stage, symbol)
        if symbol not in self._stage.ready().session.symbols():
            raise ApiError("symbol_not_found", f"{symbol} is not tracked.")
        return list(stream(frame, after))

    def subscribe(self, call: Callable[[], None]) -> Callable[[], None]:
        """Have `call` called after each sample."""
        return self._stage.progress.subscribe(call)

    def status(self) -> MarketStatus:
        """Whether answers can be given; no symbols before the first session can be shown."""
        current = self._stage.current
        symbols = tuple(current.session.symbols()) if current else ()
        return MarketStatus(self._stage.health(), symbols)

    def stats(self) -> MarketStats:
        """How the market is doing."""
        return self._stage.stats()


def _of_symbol(query: Q) -> Q:
    """The same question about the symbol that its root belongs to: SPX for SPXW."""
    root: str | None = getattr(query, "symbol", None)
    if root is None or (symbol := root_info(root).symbol) == root:
        return query
    return msgspec.structs.replace(query, symbol=symbol)


def _from_tick(stage: Stage, query: ChainQuery) -> bytes:
    """A chain, from the last tick; at a past instant from samples."""
    if query.at is not None:
        return snapshot_at(_frame(stage, query), query)
    with stage.lock:
        current = stage.ready()
        return snapshot(current.session, current.source, query)


def _from_samples(view: Callable[[Frame, Any], bytes]) -> View:
    """Whatever a view makes of a symbol's samples."""
    return lambda stage, query: view(_frame(stage, query), query)


def _from_leaders(stage: Stage, query: LeaderboardQuery) -> bytes:
    """All symbols, from the last sample."""
    with stage.lock:
        current = stage.ready()
        return leaderboard(current.session, current.source, query)


#: What answers each type of query.
VIEWS: Final[Mapping[type[Query], View]] = {
    SnapshotQuery: _from_tick,
    ExposureQuery: _from_tick,
    SeriesQuery: _from_samples(series),
    HedgeFlowQuery: _from_samples(hedge_flow),
    HeatmapQuery: _from_samples(heatmap),
    StrikeFlowQuery: _from_samples(strike_flow),
    LeaderboardQuery: _from_leaders,
}


def _frame(stage: Stage, query: SymbolQuery) -> Frame:
    """A symbol at the instant that a query asks about."""
    if query.at is None:
        return _frame_now(stage, query.symbol)
    return _frame_at(stage, query.symbol, query.at)


def _frame_now(stage: Stage, symbol: Symbol) -> Frame:
    with stage.lock:
        current = stage.ready()
        return Frame.live(current.session, current.source, symbol)


def _frame_at(stage: Stage, symbol: Symbol, at: int) -> Frame:
    """A symbol at a past instant, of the session in motion or of a stored one."""
    date = new_york_clock(at).date()
    with stage.lock:
        current = stage.ready()
        session = current.session
        today = session.hours.date
        if date > today or (date == today and session.now < min(at, session.hours.close)):
            raise ApiError("invalid_at", _in_the_future(session))
        if date == today:
            return Frame.past(session.kept(symbol), current.source, symbol, at)
    try:
        found = stage.store.read(date, symbol) if stage.store else None
    except HistoryError as error:  # which the store has logged
        message = f"what is kept of {symbol} on {date} cannot be read; the log says why"
        raise ApiError("session_unreadable", message) from error
    if found is None:
        return Frame.past(None, current.source, symbol, at)
    return Frame.past(found.day, found.source, symbol, at)


def _in_the_future(session: Session) -> str:
    now = new_york_clock(session.now)
    return f"at is in the future; the market clock is at {now:%Y-%m-%dT%H:%M:%S}"
