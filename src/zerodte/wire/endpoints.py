"""The one list of endpoints: every query of the contract with its path and its answers.

The server's routes, the OpenAPI document and the client are made from it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from zerodte.wire.account import Account, AccountQuery
from zerodte.wire.calibration import Calibration, CalibrationQuery
from zerodte.wire.dealer_risk import (
    FlowDealerRisk,
    FlowDealerRiskQuery,
    FlowLive,
    FlowLiveQuery,
    FlowOi,
    FlowOiQuery,
)
from zerodte.wire.endpoint import Endpoint
from zerodte.wire.exposure import ExposureBlocks, ExposureQuery, Head
from zerodte.wire.flat import FlatBody
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
from zerodte.wire.pages import (
    DashboardQuery,
    DocsQuery,
    HealthQuery,
    MetricsQuery,
    OpenapiQuery,
    TableQuery,
)
from zerodte.wire.query import Query
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
from zerodte.wire.snapshot import NoZeroDte, SessionClosed, SnapshotBlocks, SnapshotQuery
from zerodte.wire.stream import StreamQuery, StreamsQuery
from zerodte.wire.stream_ticket import Ticket, TicketQuery
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

# fmt: off
_ENDPOINTS = (
    Endpoint(SnapshotQuery, "/v1/flow/zero-dte/snapshot/{symbol}",
        "One symbol's same-day chain on effective open interest, with all that follows from it",
        (FlatBody("Snapshot", Head, SnapshotBlocks), NoZeroDte, SessionClosed)),
    Endpoint(SeriesQuery, "/v1/flow/zero-dte/series/{symbol}",
        "The headline figures of a day, bar by bar", (Series,)),
    Endpoint(HedgeFlowQuery, "/v1/flow/zero-dte/hedge-flow/{symbol}",
        "What dealers had to trade to stay hedged, bar by bar", (HedgeFlow,)),
    Endpoint(HeatmapQuery, "/v1/flow/zero-dte/heatmap/{symbol}",
        "One metric over strikes and time", (Heatmap,)),
    Endpoint(StrikeFlowQuery, "/v1/flow/zero-dte/strike-flow/{symbol}",
        "Signed flow over strikes and time", (StrikeFlow,)),
    Endpoint(LeaderboardQuery, "/v1/flow/zero-dte/leaderboard",
        "All symbols with a same-day chain, ranked", (Leaderboard,)),
    Endpoint(CalibrationQuery, "/v1/flow/zero-dte/calibration/{symbol}",
        "What makes a symbol's probabilities physical, and how it has done", (Calibration,)),
    Endpoint(FlowLevelsQuery, "/v1/flow/levels/{symbol}",
        "Flip, walls and max pain of all expiries or one, on effective open interest",
        (FlowLevels,)),
    Endpoint(FlowPinRiskQuery, "/v1/flow/pin-risk/{symbol}",
        "How strongly the close is drawn to one strike", (FlowPinRisk,)),
    Endpoint(FlowSummaryQuery, "/v1/flow/summary/{symbol}",
        "What the day's trades did to net gamma and open interest", (FlowSummary,)),
    Endpoint(FlowGexQuery, "/v1/flow/gex/{symbol}",
        "Gamma exposure by strike", (FlowGex,)),
    Endpoint(FlowDexQuery, "/v1/flow/dex/{symbol}",
        "Delta exposure by strike", (FlowDex,)),
    Endpoint(FlowDealerRiskQuery, "/v1/flow/dealer-risk/{symbol}",
        "Dealers' gamma and delta of the morning beside those of now", (FlowDealerRisk,)),
    Endpoint(FlowOiQuery, "/v1/flow/oi/{symbol}",
        "Open interest of the morning and now", (FlowOi,)),
    Endpoint(FlowLiveQuery, "/v1/flow/live/{symbol}",
        "Levels, pin, open interest and dealers' risk in one answer", (FlowLive,)),
    Endpoint(ExposureQuery, "/v1/exposure/zero-dte/{symbol}",
        "The same on settled open interest: the morning baseline",
        (FlatBody("Exposure", Head, ExposureBlocks), NoZeroDte)),
    Endpoint(GexExposureQuery, "/v1/exposure/gex/{symbol}",
        "Gamma exposure by strike on settled open interest, all expiries or one",
        (GexExposure,)),
    Endpoint(DexExposureQuery, "/v1/exposure/dex/{symbol}",
        "Delta exposure by strike, settled", (DexExposure,)),
    Endpoint(VexExposureQuery, "/v1/exposure/vex/{symbol}",
        "Vanna exposure by strike, settled", (VexExposure,)),
    Endpoint(ChexExposureQuery, "/v1/exposure/chex/{symbol}",
        "Charm exposure by strike, settled", (ChexExposure,)),
    Endpoint(SymbolLevelsQuery, "/v1/exposure/levels/{symbol}",
        "Flip, walls and peaks of all expiries, settled", (SymbolLevels,)),
    Endpoint(ExposureSummaryQuery, "/v1/exposure/summary/{symbol}",
        "Regime, net exposures and what they mean, settled", (ExposureSummary,)),
    Endpoint(MaxPainQuery, "/v1/maxpain/{symbol}",
        "Max pain, its curve, and whether hedging draws there", (MaxPain,)),
    Endpoint(ExpectedMovesQuery, "/v1/expected-move/{symbol}",
        "One sigma of every expiry", (ExpectedMoves,)),
    Endpoint(OptionsMetaQuery, "/v1/options/{symbol}",
        "The listed expiries and strikes of a symbol", (OptionsMeta,)),
    Endpoint(SymbolsQuery, "/v1/symbols",
        "The symbols with listed options", (SymbolList,)),
    Endpoint(SessionsQuery, "/v1/sessions",
        "The sessions that can be asked about, with their hours", (SessionList,)),
    Endpoint(TickersQuery, "/v1/tickers",
        "Everything that has listed options or a price", (TickerList,)),
    Endpoint(StockQuoteQuery, "/stockquote/{symbol}",
        "The underlying's own bid, ask and last value", (StockQuote,)),
    Endpoint(StreamQuery, "/v1/flow/zero-dte/stream/{symbol}",
        "Each sample as it is taken: a series bar, and the snapshot without its strikes",
        media="events"),
    Endpoint(StreamsQuery, "/v1/flow/zero-dte/stream",
        "The same of several symbols on one connection, with the newest figures each second",
        media="events"),
    Endpoint(TicketQuery, "/v1/stream-ticket",
        "A ticket that opens one stream, for browsers, which cannot send a key with it",
        (Ticket,)),
    Endpoint(AccountQuery, "/v1/account",
        "The caller's plan and what is left of the day", (Account,)),
    Endpoint(HealthQuery, "/health",
        "Whether the server can answer; 503 when it cannot", (Health,), also=(503,)),
    Endpoint(MetricsQuery, "/metrics",
        "How the server is doing, for Prometheus", media="metrics"),
    Endpoint(OpenapiQuery, "/openapi.json",
        "This contract for programs"),
    Endpoint(DocsQuery, "/docs",
        "This contract for people", media="html"),
    Endpoint(DashboardQuery, "/",
        "The dashboard: a symbol in one look, live and replayed", media="html"),
    Endpoint(TableQuery, "/table",
        "Every symbol in a table that needs no script, and where to begin", media="html"),
)
# fmt: on

#: The endpoint of every query.
ENDPOINTS: Mapping[type[Query], Endpoint] = MappingProxyType(
    {endpoint.query: endpoint for endpoint in _ENDPOINTS}
)
