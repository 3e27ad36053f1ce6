"""The route table: every endpoint with its plan and how it is answered, on one screen."""

from collections.abc import Callable

import msgspec

from zerodte.access.views import account, stream_ticket
from zerodte.alerts.stats import AlertStats, no_alerts
from zerodte.server.access import Access, Admission, OpenAccess
from zerodte.server.application import Application
from zerodte.server.dashboard import DASHBOARD, DASHBOARD_HEADERS, DASHBOARD_ROUTES
from zerodte.server.metrics import Metrics
from zerodte.server.mount import Mount
from zerodte.server.openapi import document
from zerodte.server.overview import overview
from zerodte.server.page import KEYS_NEEDED, PAGE_HEADERS, table_page
from zerodte.server.reference import reference_page
from zerodte.server.route import AppState, Response, Route
from zerodte.server.settings import ServerSettings
from zerodte.server.static_files import STATIC_ROUTES
from zerodte.service.market_service import MarketService
from zerodte.wire.account import AccountQuery
from zerodte.wire.calibration import CalibrationQuery
from zerodte.wire.dealer_risk import (
    FlowDealerRiskQuery,
    FlowLiveQuery,
    FlowOiQuery,
)
from zerodte.wire.endpoints import ENDPOINTS
from zerodte.wire.exposure import ExposureQuery
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
from zerodte.wire.pages import (
    DashboardQuery,
    DocsQuery,
    HealthQuery,
    MetricsQuery,
    OpenapiQuery,
    TableQuery,
)
from zerodte.wire.query import Query
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
from zerodte.wire.stream import StreamQuery, StreamsQuery
from zerodte.wire.stream_ticket import TicketQuery
from zerodte.wire.strike_flow import StrikeFlowQuery
from zerodte.wire.symbol_flow import (
    FlowDexQuery,
    FlowGexQuery,
    FlowLevelsQuery,
    FlowPinRiskQuery,
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


ROUTES = (
    Route(ENDPOINTS[SnapshotQuery], "growth"),
    Route(ENDPOINTS[SeriesQuery], "growth"),
    Route(ENDPOINTS[HedgeFlowQuery], "growth"),
    Route(ENDPOINTS[HeatmapQuery], "alpha"),
    Route(ENDPOINTS[StrikeFlowQuery], "alpha"),
    Route(ENDPOINTS[LeaderboardQuery], "alpha"),
    Route(ENDPOINTS[CalibrationQuery], "growth"),
    Route(ENDPOINTS[FlowLevelsQuery], "growth"),
    Route(ENDPOINTS[FlowPinRiskQuery], "growth"),
    Route(ENDPOINTS[FlowSummaryQuery], "growth"),
    Route(ENDPOINTS[FlowGexQuery], "growth"),
    Route(ENDPOINTS[FlowDexQuery], "growth"),
    Route(ENDPOINTS[FlowDealerRiskQuery], "growth"),
    Route(ENDPOINTS[FlowOiQuery], "alpha"),
    Route(ENDPOINTS[FlowLiveQuery], "alpha"),
    Route(ENDPOINTS[ExposureQuery], "growth"),
    Route(ENDPOINTS[GexExposureQuery], "free"),
    Route(ENDPOINTS[DexExposureQuery], "basic"),
    Route(ENDPOINTS[VexExposureQuery], "basic"),
    Route(ENDPOINTS[ChexExposureQuery], "basic"),
    Route(ENDPOINTS[SymbolLevelsQuery], "free"),
    Route(ENDPOINTS[ExposureSummaryQuery], "growth"),
    Route(ENDPOINTS[MaxPainQuery], "basic"),
    Route(ENDPOINTS[ExpectedMovesQuery], "basic"),
    Route(ENDPOINTS[OptionsMetaQuery], "free"),
    Route(ENDPOINTS[SymbolsQuery], "free"),
    Route(ENDPOINTS[SessionsQuery], "free"),
    Route(ENDPOINTS[TickersQuery], "free"),
    Route(ENDPOINTS[StockQuoteQuery], "free"),
    Route(ENDPOINTS[StreamQuery], "growth", cache="none"),
    Route(ENDPOINTS[StreamsQuery], "growth", cache="none"),
    Route(ENDPOINTS[TicketQuery], "growth", cache="none", respond_to=_stream_ticket),
    Route(ENDPOINTS[AccountQuery], "free", cache="none", respond_to=_account),
    Route(ENDPOINTS[HealthQuery], "open", cache="none", respond=_health, in_thread=False),
    Route(
        ENDPOINTS[MetricsQuery],
        "open",
        cache="none",
        respond=lambda state, _: Response(state.metrics.exposition()),
        in_thread=False,
    ),
    Route(
        ENDPOINTS[OpenapiQuery],
        "open",
        respond=lambda state, _: Response(state.openapi),
        in_thread=False,
    ),
    Route(
        ENDPOINTS[DocsQuery],
        "open",
        respond=lambda state, _: Response(state.reference),
        headers=PAGE_HEADERS,
        in_thread=False,
    ),
    Route(
        ENDPOINTS[DashboardQuery],
        "open",
        respond=lambda _state, _query: Response(DASHBOARD),
        headers=DASHBOARD_HEADERS,
        in_thread=False,
    ),
    Route(ENDPOINTS[TableQuery], "open", respond=_table, headers=PAGE_HEADERS),
    *DASHBOARD_ROUTES,
    *STATIC_ROUTES.values(),
)


def create_app(
    service: MarketService,
    settings: ServerSettings,
    access: Access | None = None,
    mount: Mount | None = None,
    alerts: Callable[[], AlertStats] = no_alerts,
) -> Application:
    """The ASGI application that answers from `service`.

    Args:
        service: The market.
        settings: The server's settings.
        access: Admits or refuses requests; None admits everybody.
        mount: An application of its own beside the routes.
        alerts: Reads the counts of alerts.
    """
    openapi = document(ROUTES, settings.base_url)
    reference = reference_page(openapi)
    metrics = Metrics(service.stats, service.status, alerts)
    access = access or OpenAccess()
    state = AppState(service, settings, metrics, access, openapi=openapi, reference=reference)
    return Application(state, ROUTES, mount)
