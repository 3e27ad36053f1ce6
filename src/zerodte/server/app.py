"""The route table: every route with its query and its plan, on one screen."""

import msgspec

from zerodte.access.views import account, stream_ticket
from zerodte.server.access import Access, Admission, OpenAccess
from zerodte.server.application import Application
from zerodte.server.dashboard import DASHBOARD, DASHBOARD_HEADERS, DASHBOARD_ROUTES
from zerodte.server.metrics import Metrics
from zerodte.server.openapi import document
from zerodte.server.overview import overview
from zerodte.server.page import KEYS_NEEDED, PAGE_HEADERS, table_page
from zerodte.server.reference import reference_page
from zerodte.server.route import AppState, FlatBody, Response, Route
from zerodte.server.settings import ServerSettings
from zerodte.server.static_files import STATIC_ROUTES
from zerodte.service.market_service import MarketService
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
from zerodte.wire.exposure import ExposureBlocks, ExposureQuery, Head
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


def _health(state: AppState, _: Query) -> Response:
    health = state.service.status().health
    if warnings := state.access.warnings():
        health = msgspec.structs.replace(health, warnings=(*health.warnings, *warnings))
    return Response(msgspec.json.encode(health), 200 if health.status == "Healthy" else 503)


def _table(state: AppState, _: Query) -> Response:
    symbols, settings = state.service.status().symbols, state.settings
    table = KEYS_NEEDED if settings.has_keys else overview(state.service)
    return Response(table_page(settings.base_url, symbols, table, has_keys=settings.has_keys))


def _account(state: AppState, admission: Admission) -> Response:
    data_as_of = state.service.status().health.data_as_of
    return Response(account(admission.caller, admission.plan, admission.usage, data_as_of))


def _stream_ticket(state: AppState, admission: Admission) -> Response:
    data_as_of = state.service.status().health.data_as_of
    return Response(stream_ticket(state.access.ticket(admission), data_as_of))


# fmt: off
ROUTES = (
    Route("/v1/flow/zero-dte/snapshot/{symbol}", "growth", SnapshotQuery,
          "One symbol's same-day chain on effective open interest, with all that follows from it",
          answers=(FlatBody("Snapshot", Head, SnapshotBlocks), NoZeroDte, SessionClosed)),
    Route("/v1/flow/zero-dte/series/{symbol}", "growth", SeriesQuery,
          "The headline figures of a day, bar by bar", answers=(Series,)),
    Route("/v1/flow/zero-dte/hedge-flow/{symbol}", "growth", HedgeFlowQuery,
          "What dealers had to trade to stay hedged, bar by bar", answers=(HedgeFlow,)),
    Route("/v1/flow/zero-dte/heatmap/{symbol}", "alpha", HeatmapQuery,
          "One metric over strikes and time", answers=(Heatmap,)),
    Route("/v1/flow/zero-dte/strike-flow/{symbol}", "alpha", StrikeFlowQuery,
          "Signed flow over strikes and time", answers=(StrikeFlow,)),
    Route("/v1/flow/zero-dte/leaderboard", "alpha", LeaderboardQuery,
          "All symbols with a same-day chain, ranked", answers=(Leaderboard,)),
    Route("/v1/flow/zero-dte/calibration/{symbol}", "growth", CalibrationQuery,
          "What makes a symbol's probabilities physical, and how it has done",
          answers=(Calibration,)),
    Route("/v1/flow/levels/{symbol}", "growth", FlowLevelsQuery,
          "Flip, walls and max pain of all expiries or one, on effective open interest",
          answers=(FlowLevels,)),
    Route("/v1/flow/pin-risk/{symbol}", "growth", FlowPinRiskQuery,
          "How strongly the close is drawn to one strike", answers=(FlowPinRisk,)),
    Route("/v1/flow/summary/{symbol}", "growth", FlowSummaryQuery,
          "What the day's trades did to net gamma and open interest", answers=(FlowSummary,)),
    Route("/v1/flow/gex/{symbol}", "growth", FlowGexQuery,
          "Gamma exposure by strike", answers=(FlowGex,)),
    Route("/v1/flow/dex/{symbol}", "growth", FlowDexQuery,
          "Delta exposure by strike", answers=(FlowDex,)),
    Route("/v1/flow/dealer-risk/{symbol}", "growth", FlowDealerRiskQuery,
          "Dealers' gamma and delta of the morning beside those of now",
          answers=(FlowDealerRisk,)),
    Route("/v1/flow/oi/{symbol}", "alpha", FlowOiQuery,
          "Open interest of the morning and now", answers=(FlowOi,)),
    Route("/v1/flow/live/{symbol}", "alpha", FlowLiveQuery,
          "Levels, pin, open interest and dealers' risk in one answer", answers=(FlowLive,)),
    Route("/v1/exposure/zero-dte/{symbol}", "growth", ExposureQuery,
          "The same on settled open interest: the morning baseline",
          answers=(FlatBody("Exposure", Head, ExposureBlocks), NoZeroDte)),
    Route("/v1/exposure/gex/{symbol}", "free", GexExposureQuery,
          "Gamma exposure by strike on settled open interest, all expiries or one",
          answers=(GexExposure,)),
    Route("/v1/exposure/dex/{symbol}", "basic", DexExposureQuery,
          "Delta exposure by strike, settled", answers=(DexExposure,)),
    Route("/v1/exposure/vex/{symbol}", "basic", VexExposureQuery,
          "Vanna exposure by strike, settled", answers=(VexExposure,)),
    Route("/v1/exposure/chex/{symbol}", "basic", ChexExposureQuery,
          "Charm exposure by strike, settled", answers=(ChexExposure,)),
    Route("/v1/exposure/levels/{symbol}", "free", SymbolLevelsQuery,
          "Flip, walls and peaks of all expiries, settled", answers=(SymbolLevels,)),
    Route("/v1/exposure/summary/{symbol}", "growth", ExposureSummaryQuery,
          "Regime, net exposures and what they mean, settled", answers=(ExposureSummary,)),
    Route("/v1/maxpain/{symbol}", "basic", MaxPainQuery,
          "Max pain, its curve, and whether hedging draws there", answers=(MaxPain,)),
    Route("/v1/expected-move/{symbol}", "basic", ExpectedMovesQuery,
          "One sigma of every expiry", answers=(ExpectedMoves,)),
    Route("/v1/options/{symbol}", "free", OptionsMetaQuery,
          "The listed expiries and strikes of a symbol", answers=(OptionsMeta,)),
    Route("/v1/symbols", "free", SymbolsQuery,
          "The symbols with listed options", answers=(SymbolList,)),
    Route("/v1/sessions", "free", SessionsQuery,
          "The sessions that can be asked about, with their hours", answers=(SessionList,)),
    Route("/v1/tickers", "free", TickersQuery,
          "Everything that has listed options or a price", answers=(TickerList,)),
    Route("/stockquote/{symbol}", "free", StockQuoteQuery,
          "The underlying's own bid, ask and last value", answers=(StockQuote,)),
    Route("/v1/flow/zero-dte/stream/{symbol}", "growth", StreamQuery,
          "Each sample as it is taken: a series bar, and the snapshot without its strikes",
          media="events", cache="none"),
    Route("/v1/flow/zero-dte/stream", "growth", StreamsQuery,
          "The same of several symbols on one connection, with the newest figures each second",
          media="events", cache="none"),
    Route("/v1/stream-ticket", "growth", TicketQuery,
          "A ticket that opens one stream, for browsers, which cannot send a key with it",
          answers=(Ticket,), cache="none", respond_to=_stream_ticket),
    Route("/v1/account", "free", AccountQuery, "The caller's plan and what is left of the day",
          answers=(Account,), cache="none", respond_to=_account),
    Route("/health", "open", HealthQuery, "Whether the server can answer; 503 when it cannot",
          answers=(Health,), also=(503,), cache="none", respond=_health, in_thread=False),
    Route("/metrics", "open", MetricsQuery, "How the server is doing, for Prometheus",
          media="metrics", cache="none",
          respond=lambda state, _: Response(state.metrics.exposition()), in_thread=False),
    Route("/openapi.json", "open", OpenapiQuery, "This contract for programs",
          respond=lambda state, _: Response(state.openapi), in_thread=False),
    Route("/docs", "open", DocsQuery, "This contract for people", media="html",
          headers=PAGE_HEADERS, respond=lambda state, _: Response(state.reference),
          in_thread=False),
    Route("/", "open", DashboardQuery, "The dashboard: a symbol in one look, live and replayed",
          media="html", headers=DASHBOARD_HEADERS,
          respond=lambda _state, _query: Response(DASHBOARD), in_thread=False),
    Route("/table", "open", TableQuery, "Every symbol in a table that needs no script, and where "
          "to begin", media="html", headers=PAGE_HEADERS, respond=_table),
    *DASHBOARD_ROUTES,
    *STATIC_ROUTES.values(),
)
# fmt: on


def create_app(
    service: MarketService, settings: ServerSettings, access: Access | None = None
) -> Application:
    """The ASGI application that answers from `service`.

    Args:
        service: The market.
        settings: The server's settings.
        access: Admits or refuses requests; None admits everybody.
    """
    openapi = document(ROUTES, settings.base_url)
    reference = reference_page(openapi)
    metrics = Metrics(service.stats, service.status)
    access = access or OpenAccess()
    state = AppState(service, settings, metrics, access, openapi=openapi, reference=reference)
    return Application(state, ROUTES)
