"""A market in this process: its view answers each query, from the last tick or from samples.

Samples are immutable, so answers from them are computed without the lock, while ticks go on.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from zerodte.clock import new_york_clock
from zerodte.history.error import HistoryError, StoreError
from zerodte.service.market_service import MarketStats, MarketStatus
from zerodte.service.query_symbol import of_symbol
from zerodte.service.stage import Stage
from zerodte.session.session import Session
from zerodte.views.calibration import calibration
from zerodte.views.frame import Frame
from zerodte.views.group import GroupFrame, group_frame
from zerodte.views.leaderboard import leaderboard
from zerodte.views.listing import options_meta, sessions, stock_quote, symbols, tickers
from zerodte.views.max_pain import expected_moves, max_pain
from zerodte.views.series import hedge_flow, series
from zerodte.views.settled import (
    chex_exposure,
    dex_exposure,
    exposure_summary,
    gex_exposure,
    symbol_levels,
    vex_exposure,
)
from zerodte.views.snapshot import snapshot, snapshot_at
from zerodte.views.stream import stream, symbol_tick
from zerodte.views.strike_bars import heatmap, strike_flow
from zerodte.views.symbol_flow import (
    flow_dealer_risk,
    flow_dex,
    flow_gex,
    flow_levels,
    flow_live,
    flow_oi,
    flow_pin_risk,
    flow_summary,
)
from zerodte.wire.calibration import CalibrationQuery
from zerodte.wire.dealer_risk import FlowDealerRiskQuery, FlowLiveQuery, FlowOiQuery
from zerodte.wire.envelope import Source
from zerodte.wire.errors import ApiError
from zerodte.wire.exposure import ChainQuery, ExposureQuery
from zerodte.wire.heatmap import HeatmapQuery
from zerodte.wire.hedge_flow import HedgeFlowQuery
from zerodte.wire.leaderboard import LeaderboardQuery
from zerodte.wire.listing import (
    OptionsMetaQuery,
    SessionsQuery,
    StockQuoteQuery,
    SymbolsQuery,
    TickersQuery,
)
from zerodte.wire.max_pain import ExpectedMovesQuery, MaxPainQuery
from zerodte.wire.query import Changes, Query, Symbol, SymbolQuery
from zerodte.wire.series import SeriesQuery
from zerodte.wire.settled import (
    ChexExposureQuery,
    DexExposureQuery,
    ExposureSummaryQuery,
    GexExposureQuery,
    SymbolLevelsQuery,
    VexExposureQuery,
)
from zerodte.wire.snapshot import SnapshotQuery
from zerodte.wire.stream import SampleEvent, StreamQuery
from zerodte.wire.strike_flow import StrikeFlowQuery
from zerodte.wire.symbol_flow import (
    ChainsQuery,
    FlowDexQuery,
    FlowGexQuery,
    FlowLevelsQuery,
    FlowPinRiskQuery,
    FlowSummaryQuery,
)

#: Answers a query of one type. The type checker cannot relate it to its key in the table.
View: TypeAlias = Callable[[Stage, Any], bytes]


class LocalService:
    """A `MarketService` over a stage that a runner advances."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def answer(self, query: Query) -> bytes:
        """The body of the answer to a query."""
        return VIEWS[type(query)](self._stage, of_symbol(query))

    def version(self, query: Query) -> int:
        """A number that grows whenever the answer to a query may have changed."""
        return self._stage.progress.version(query)

    def reads_history(self, query: Query) -> bool:
        """Whether the answer to a query has to be read from the history."""
        at = getattr(query, "at", None)
        if at is None or (store := self._stage.store) is None:
            return False
        query, date = of_symbol(query), new_york_clock(at).date()
        current = self._stage.current
        return (current is None or date != current.session.hours.date) and not store.is_in_memory(
            date, getattr(query, "symbol", "")
        )

    def events(self, query: StreamQuery, after: int | None) -> Sequence[SampleEvent]:
        """The samples of this session after an instant, as a stream sends them."""
        symbol = of_symbol(query).symbol
        with self._stage.lock:
            current = self._stage.ready()
            if symbol not in current.session.symbols():
                raise ApiError("symbol_not_found", f"{symbol} is not tracked.")
            frame = Frame.live(current.session, current.source, symbol)
        return list(stream(frame, after, current.summaries.of))

    def tick(self, query: StreamQuery) -> bytes | None:
        """A symbol now; None while nothing can be said of it."""
        with self._stage.lock:
            current = self._stage.current
            return symbol_tick(current.session, of_symbol(query).symbol) if current else None

    def subscribe(
        self, call: Callable[[], None], changes: Changes = "sample"
    ) -> Callable[[], None]:
        """Call `call` after each sample, or tick."""
        return self._stage.progress.subscribe(call, changes)

    def status(self) -> MarketStatus:
        """Whether answers can be given; there are no symbols before the first session."""
        current = self._stage.current
        symbols = tuple(current.session.symbols()) if current else ()
        return MarketStatus(self._stage.health(), symbols)

    def stats(self) -> MarketStats:
        """The market's counts."""
        return self._stage.stats()


def _from_tick(stage: Stage, query: ChainQuery) -> bytes:
    """A chain from the last tick, or from samples for a past instant."""
    if query.at is not None:
        return snapshot_at(_frame(stage, query), query)
    with stage.lock:
        current = stage.ready()
        return snapshot(current.session, current.source, query)


def _from_samples(view: Callable[[Frame, Any], bytes]) -> View:
    """A view of a symbol's samples."""
    return lambda stage, query: view(_frame(stage, query), query)


def _from_leaders(stage: Stage, query: LeaderboardQuery) -> bytes:
    """All symbols at the last sample."""
    with stage.lock:
        current = stage.ready()
        return leaderboard(current.session, current.source, query)


def _from_calibration(stage: Stage, query: CalibrationQuery) -> bytes:
    """A symbol's calibration file, or the published premium."""
    with stage.lock:
        current = stage.ready()
        file = stage.settings.calibrations.get(query.symbol)
        return calibration(current.session, current.source, file, query)


def _of_chains(view: Callable[[GroupFrame], bytes], *, needs_prices: bool = True) -> View:
    """A view of a symbol's chains together; it computes without the lock."""
    return lambda stage, query: view(_group(stage, query, needs_prices=needs_prices))


def _of_rows(view: Callable[[GroupFrame, Any], bytes]) -> View:
    """The same where the query also says which rows."""
    return lambda stage, query: view(_group(stage, query), query)


def _of_store(stage: Stage, query: SessionsQuery) -> bytes:
    """The day's session and the stored ones."""
    del query
    store = stage.store
    stored = {} if store is None else store.stored
    note = "the history has not been listed yet" if stored is None else None
    with stage.lock:
        current = stage.ready()
        return sessions(current.session, current.source, stored or {}, note)


def _of_session(view: Callable[[Session, Source, Any], bytes]) -> View:
    """A view of the session as it is."""

    def answer(stage: Stage, query: Query) -> bytes:
        with stage.lock:
            current = stage.ready()
            return view(current.session, current.source, query)

    return answer


#: The view that answers each type of query.
VIEWS: Final[Mapping[type[Query], View]] = {
    SnapshotQuery: _from_tick,
    ExposureQuery: _from_tick,
    SeriesQuery: _from_samples(series),
    HedgeFlowQuery: _from_samples(hedge_flow),
    HeatmapQuery: _from_samples(heatmap),
    StrikeFlowQuery: _from_samples(strike_flow),
    LeaderboardQuery: _from_leaders,
    CalibrationQuery: _from_calibration,
    FlowLevelsQuery: _of_chains(flow_levels),
    FlowPinRiskQuery: _of_chains(flow_pin_risk),
    FlowSummaryQuery: _of_chains(flow_summary),
    FlowGexQuery: _of_chains(flow_gex),
    FlowDexQuery: _of_chains(flow_dex),
    FlowDealerRiskQuery: _of_chains(flow_dealer_risk),
    FlowOiQuery: _of_chains(flow_oi, needs_prices=False),
    FlowLiveQuery: _of_chains(flow_live),
    GexExposureQuery: _of_rows(gex_exposure),
    DexExposureQuery: _of_chains(dex_exposure),
    VexExposureQuery: _of_chains(vex_exposure),
    ChexExposureQuery: _of_chains(chex_exposure),
    SymbolLevelsQuery: _of_chains(symbol_levels),
    ExposureSummaryQuery: _of_chains(exposure_summary),
    MaxPainQuery: _of_chains(max_pain, needs_prices=False),
    ExpectedMovesQuery: _of_chains(expected_moves),
    SymbolsQuery: _of_session(symbols),
    SessionsQuery: _of_store,
    TickersQuery: _of_session(tickers),
    OptionsMetaQuery: _of_session(options_meta),
    StockQuoteQuery: _of_session(stock_quote),
}


def _group(stage: Stage, query: ChainsQuery, *, needs_prices: bool = True) -> GroupFrame:
    with stage.lock:
        current = stage.ready()
        return group_frame(current.session, current.source, query, needs_prices=needs_prices)


def _frame(stage: Stage, query: SymbolQuery) -> Frame:
    """A symbol at the instant of a query."""
    if query.at is None:
        return _frame_now(stage, query.symbol)
    return _frame_at(stage, query.symbol, query.at)


def _frame_now(stage: Stage, symbol: Symbol) -> Frame:
    with stage.lock:
        current = stage.ready()
        return Frame.live(current.session, current.source, symbol)


def _frame_at(stage: Stage, symbol: Symbol, at: int) -> Frame:
    """A symbol at a past instant, from the current session or a stored one."""
    date = new_york_clock(at).date()
    with stage.lock:
        current = stage.ready()
        session = current.session
        today = session.hours.date
        if date == today and session.complete < min(at, session.hours.close):
            raise ApiError("invalid_at", _in_the_future(session))
        if date == today and (day := session.samples(symbol)) is not None:
            return Frame.past(day, current.source, symbol, at)
    try:
        stored = stage.store.read(date, symbol) if stage.store else None
    except StoreError as error:
        message = (
            f"the session of {symbol} on {date} is stored, if at all, where nothing can be read "
            "now: the store does not respond; retry later"
        )
        raise ApiError("history_unavailable", message) from error
    except HistoryError as error:  # already logged by the store
        message = f"the stored session of {symbol} on {date} cannot be read; see the server's log"
        raise ApiError("session_unreadable", message) from error
    if stored is None:
        if date > today:
            raise ApiError("invalid_at", _in_the_future(session))
        return Frame.past(None, current.source, symbol, at)
    return Frame.past(stored.day, stored.source, symbol, at)


def _in_the_future(session: Session) -> str:
    now = new_york_clock(session.complete)
    return f"at is in the future; the market clock is at {now:%Y-%m-%dT%H:%M:%S}"
