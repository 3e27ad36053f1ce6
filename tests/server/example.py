"""A service with one filled-in symbol, and what is as odd as can be beside it."""

from collections.abc import Callable, Sequence
from datetime import date
from itertools import count
from typing import TypeVar

import msgspec
from msgspec import inspect

from zerodte.alerts.stats import AlertStats
from zerodte.constants import SECOND
from zerodte.service.market_service import MarketStats, MarketStatus
from zerodte.wire.calibration import Calibration, CalibrationQuery
from zerodte.wire.dealer_risk import (
    FlowDealerRisk,
    FlowDealerRiskQuery,
    FlowLive,
    FlowLiveQuery,
    FlowOi,
    FlowOiQuery,
)
from zerodte.wire.errors import ApiError
from zerodte.wire.exposure import ChainQuery, ExposureBlocks, ExposureQuery, Head, encode
from zerodte.wire.health import Health
from zerodte.wire.heatmap import Heatmap, HeatmapQuery
from zerodte.wire.hedge_flow import HedgeFlow, HedgeFlowQuery
from zerodte.wire.leaderboard import Leaderboard, LeaderboardQuery
from zerodte.wire.listing import (
    OptionsMeta,
    OptionsMetaQuery,
    SessionList,
    SessionsQuery,
    StockQuote,
    StockQuoteQuery,
    SymbolList,
    SymbolsQuery,
    TickerList,
    TickersQuery,
)
from zerodte.wire.max_pain import ExpectedMoves, ExpectedMovesQuery, MaxPain, MaxPainQuery
from zerodte.wire.query import Changes, Query, SymbolQuery
from zerodte.wire.series import Series, SeriesQuery
from zerodte.wire.settled import (
    ChexExposure,
    ChexExposureQuery,
    DexExposure,
    DexExposureQuery,
    ExposureSummary,
    ExposureSummaryQuery,
    GexExposure,
    GexExposureQuery,
    SymbolLevels,
    SymbolLevelsQuery,
    VexExposure,
    VexExposureQuery,
)
from zerodte.wire.snapshot import NoZeroDte, SessionClosed, SnapshotBlocks
from zerodte.wire.stream import SampleEvent, StreamQuery
from zerodte.wire.strike_flow import StrikeFlow, StrikeFlowQuery
from zerodte.wire.symbol_flow import (
    FlowDex,
    FlowDexQuery,
    FlowGex,
    FlowGexQuery,
    FlowLevels,
    FlowLevelsQuery,
    FlowPinRisk,
    FlowPinRiskQuery,
    FlowSummary,
    FlowSummaryQuery,
)

S = TypeVar("S", bound=msgspec.Struct)

#: 2026-05-27 09:30:30 New York.
START = 1_779_888_630 * SECOND
#: Before it there is no session.
YEAR_2000 = 946_684_800 * SECOND

_WINDOWED: dict[type[Query], type[msgspec.Struct]] = {
    SeriesQuery: Series,
    HedgeFlowQuery: HedgeFlow,
    HeatmapQuery: Heatmap,
    StrikeFlowQuery: StrikeFlow,
}
#: Answers that have one form, and what asks for them.
PLAIN: dict[type[Query], type[msgspec.Struct]] = {
    FlowLevelsQuery: FlowLevels,
    FlowPinRiskQuery: FlowPinRisk,
    FlowSummaryQuery: FlowSummary,
    FlowGexQuery: FlowGex,
    FlowDexQuery: FlowDex,
    FlowDealerRiskQuery: FlowDealerRisk,
    FlowOiQuery: FlowOi,
    FlowLiveQuery: FlowLive,
    GexExposureQuery: GexExposure,
    DexExposureQuery: DexExposure,
    VexExposureQuery: VexExposure,
    ChexExposureQuery: ChexExposure,
    SymbolLevelsQuery: SymbolLevels,
    ExposureSummaryQuery: ExposureSummary,
    MaxPainQuery: MaxPain,
    ExpectedMovesQuery: ExpectedMoves,
    SymbolsQuery: SymbolList,
    SessionsQuery: SessionList,
    TickersQuery: TickerList,
    OptionsMetaQuery: OptionsMeta,
    StockQuoteQuery: StockQuote,
}


class ExampleService:
    """SPX in session, TSLA without an expiry today, QQQ closed, WARM still warming up.

    Every field of an answer holds another value. The queries that were asked are in `asked`.
    """

    def __init__(self) -> None:
        self.ticks = self.begun = 0
        self.callers: list[Callable[[], None]] = []
        self.tick_callers: list[Callable[[], None]] = []
        self.forget()

    def forget(self) -> None:
        """Begin again, so that nothing that was answered before still holds."""
        self.ticks += 1
        self.begun += 1_000
        self.asked: list[Query] = []
        self.reasons: tuple[str, ...] = ()
        self.samples: list[SampleEvent] = []
        self.state = MarketStats()
        self.alerts = AlertStats()

    def answer(self, query: Query) -> bytes:
        """SPX, or one of the odd ones."""
        self.asked.append(query)
        if isinstance(query, LeaderboardQuery):
            return msgspec.json.encode(filled(Leaderboard))
        if isinstance(query, CalibrationQuery):
            return msgspec.json.encode(filled(Calibration, symbol=query.symbol))
        if (shape := PLAIN.get(type(query))) is not None:
            return self._plain(query, shape)
        assert isinstance(query, SymbolQuery)
        return self._chain(query) if isinstance(query, ChainQuery) else self._window(query)

    def version(self, query: Query) -> int:
        """Grows with `ticks`, and with samples."""
        samples = self.begun + len(self.samples)
        return {"tick": self.ticks, "sample": samples, "never": 0}[query.varies_with]

    def reads_history(self, query: Query) -> bool:
        """Never: it has all in memory."""
        del query
        return False

    def events(self, query: StreamQuery, after: int | None) -> Sequence[SampleEvent]:
        """Those of `samples`, whatever the symbol."""
        if query.symbol not in self.status().symbols:
            raise ApiError("symbol_not_found", f"{query.symbol} is not tracked.")
        if after is None:
            return self.samples[-1:]
        return [event for event in self.samples if event.time > after]

    def tick(self, query: StreamQuery) -> bytes | None:
        """A body that names the symbol, and counts the ticks as its price."""
        return b'{"symbol":"%b","spot":%d}' % (query.symbol.encode(), self.ticks)

    def subscribe(
        self, call: Callable[[], None], changes: Changes = "sample"
    ) -> Callable[[], None]:
        """Keep it for `sample`, or for `advance`."""
        callers = self.tick_callers if changes == "tick" else self.callers
        callers.append(call)
        return lambda: callers.remove(call)

    def advance(self) -> None:
        """Take a tick."""
        self.ticks += 1
        for call in tuple(self.tick_callers):
            call()

    def sample(self, text: str) -> None:
        """Take a sample whose bar and snapshot say `text`, half a minute after the last."""
        self.samples = [msgspec.structs.replace(event, snapshot=None) for event in self.samples]
        time = START + len(self.samples) * 30 * SECOND
        body = msgspec.json.encode({"said": text})
        self.samples.append(SampleEvent(time=time, bar=body, snapshot=body))
        for call in self.callers:
            call()

    def stats(self) -> MarketStats:
        """Those of `state`."""
        return self.state

    def status(self) -> MarketStatus:
        """Unhealthy once `reasons` are given."""
        return MarketStatus(Health.of(*self.reasons), ("QQQ", "SPX", "TSLA"))

    def _plain(self, query: Query, shape: type[msgspec.Struct]) -> bytes:
        symbol = getattr(query, "symbol", None)
        if symbol is None:
            return msgspec.json.encode(filled(shape))
        if symbol == "WARM":
            raise ApiError("warming_up", "WARM has not been seen enough yet.")
        if symbol not in self.status().symbols:
            raise ApiError("symbol_not_found", f"{symbol} is not tracked.")
        known = {"symbol": symbol} if "symbol" in shape.__struct_fields__ else {}
        return msgspec.json.encode(filled(shape, **known))

    def _window(self, query: SymbolQuery) -> bytes:
        symbol = query.symbol
        if symbol == "WARM":
            raise ApiError("warming_up", "WARM has not been seen enough yet.")
        if symbol == "TORN":
            raise ApiError("session_unreadable", "What is kept of TORN cannot be read.")
        if symbol == "AWAY":
            raise ApiError("history_unavailable", "The store of AWAY does not respond.")
        if symbol == "BLANK":
            raise ApiError("no_strike_data_for_window", "BLANK was never quoted, all day long.")
        return msgspec.json.encode(filled(_WINDOWED[type(query)], symbol=symbol))

    def _chain(self, query: ChainQuery) -> bytes:
        symbol = query.symbol
        is_settled = isinstance(query, ExposureQuery)
        blocks = ExposureBlocks if is_settled else SnapshotBlocks
        if query.expiry == date(2001, 1, 1):
            raise ApiError("expiry_not_found", "SPX has no expiry on 2001-01-01.")
        if query.at is not None and query.at < YEAR_2000:
            raise ApiError("no_data", "No sample of SPX is stored for 1999-01-04.")
        if symbol == "BROKEN":
            raise RuntimeError("a secret of the server")
        if symbol == "WARM":
            raise ApiError("warming_up", "WARM has not been seen enough yet.")
        if symbol == "TSLA":
            return msgspec.json.encode(filled(NoZeroDte, symbol=symbol, next_session=None))
        if symbol == "QQQ" and not is_settled:
            return msgspec.json.encode(filled(SessionClosed, symbol=symbol))
        if symbol not in ("SPX", "QQQ"):
            raise ApiError("symbol_not_found", f"{symbol} is not tracked.")
        return encode(filled(Head, symbol=symbol), filled(blocks))


def filled(shape: type[S], **known: object) -> S:
    """A Struct whose every field holds a value of its type, numbers and texts all different."""
    numbers = count(1)
    scalars: dict[type[inspect.Type], Callable[[], object]] = {
        inspect.FloatType: lambda: next(numbers) + 0.25,
        inspect.IntType: lambda: next(numbers),
        inspect.StrType: lambda: f"text {next(numbers)}",
        inspect.BoolType: lambda: True,
        inspect.NoneType: lambda: None,
        inspect.DateType: lambda: "2026-05-27",
        inspect.DateTimeType: lambda: f"2026-05-27T15:30:{next(numbers) % 60:02}Z",
    }

    def value(kind: inspect.Type) -> object:
        match kind:
            case inspect.Metadata(type=inner):
                return value(inner)
            case inspect.UnionType(types=choices):
                return value(next(c for c in choices if not isinstance(c, inspect.NoneType)))
            case inspect.DictType(value_type=inner):
                return {"at_ask": value(inner)}
            case inspect.LiteralType(values=values):
                return values[next(numbers) % len(values)]
            case inspect.StructType(fields=fields):
                return {field.encode_name: value(field.type) for field in fields}
            case inspect.ListType(item_type=item):
                return [value(item), value(item)]
            case inspect.TupleType(item_types=items):
                return [value(item) for item in items]
        return scalars[type(kind)]()

    fields = value(inspect.type_info(shape))
    assert isinstance(fields, dict)
    return msgspec.convert(fields | known, type=shape)
