"""The application: every route with the plan it needs, on one screen."""

from zerodte.server import handlers, parameters
from zerodte.server.hub import Hub
from zerodte.server.metrics import Metrics
from zerodte.server.openapi import document
from zerodte.server.page import reference_page
from zerodte.server.route import Flat, Guard, Route, Site
from zerodte.server.settings import ServerSettings
from zerodte.server.source import MarketSource
from zerodte.wire.exposure import ExposureBlocks, Head
from zerodte.wire.health import Health
from zerodte.wire.heatmap import Heatmap
from zerodte.wire.hedge_flow import HedgeFlow
from zerodte.wire.leaderboard import Leaderboard
from zerodte.wire.series import Series
from zerodte.wire.snapshot import NoZeroDte, SessionClosed, SnapshotBlocks
from zerodte.wire.strike_flow import StrikeFlow

_CHAIN_QUERY = (parameters.EXPIRY, parameters.STRIKE_RANGE, parameters.AT)
_CHAIN_ERRORS = (
    "invalid_expiry",
    "invalid_strike_range",
    "invalid_at",
    "symbol_not_found",
    "expiry_not_found",
    "session_unreadable",
    "warming_up",
)
_BAR_QUERY = (parameters.BAR, parameters.MINUTES, parameters.AT)
_STRIKE_QUERY = (parameters.STRIKE_BAR, parameters.MINUTES, parameters.AT)
_WINDOW_ERRORS = (
    "invalid_bar",
    "invalid_minutes",
    "invalid_at",
    "symbol_not_found",
    "session_unreadable",
    "warming_up",
)
_STRIKE_ERRORS = ("bar_unavailable", "no_strike_data_for_window", *_WINDOW_ERRORS)

# fmt: off
ROUTES = (
    Route("/v1/flow/zero-dte/snapshot/{symbol}", "growth", handlers.snapshot,
          "One symbol's same-day chain on effective open interest, with all that follows from it",
          answers=(Flat("Snapshot", Head, SnapshotBlocks), NoZeroDte, SessionClosed),
          query=_CHAIN_QUERY, errors=_CHAIN_ERRORS, changes="tick", off_loop=True),
    Route("/v1/flow/zero-dte/series/{symbol}", "growth", handlers.series,
          "The headline figures of a day, bar by bar",
          answers=(Series,), query=_BAR_QUERY, errors=_WINDOW_ERRORS,
          changes="sample", off_loop=True),
    Route("/v1/flow/zero-dte/hedge-flow/{symbol}", "growth", handlers.hedge_flow,
          "What dealers had to trade to stay hedged, bar by bar",
          answers=(HedgeFlow,), query=(parameters.SIDE, *_BAR_QUERY),
          errors=("invalid_side", *_WINDOW_ERRORS), changes="sample", off_loop=True),
    Route("/v1/flow/zero-dte/heatmap/{symbol}", "alpha", handlers.heatmap,
          "One metric over strikes and time",
          answers=(Heatmap,), query=(parameters.METRIC, parameters.MODE, *_STRIKE_QUERY),
          errors=("invalid_metric", "invalid_mode", *_STRIKE_ERRORS),
          changes="sample", off_loop=True),
    Route("/v1/flow/zero-dte/strike-flow/{symbol}", "alpha", handlers.strike_flow,
          "Signed flow over strikes and time",
          answers=(StrikeFlow,), query=_STRIKE_QUERY, errors=_STRIKE_ERRORS,
          changes="sample", off_loop=True),
    Route("/v1/flow/zero-dte/leaderboard", "alpha", handlers.leaderboard,
          "All symbols with a same-day chain, ranked",
          answers=(Leaderboard,), query=(parameters.LEADER_METRIC, parameters.LEADERS),
          errors=("invalid_metric", "invalid_n", "warming_up"), changes="sample", off_loop=True),
    Route("/v1/exposure/zero-dte/{symbol}", "growth", handlers.exposure,
          "The same on settled open interest: the morning baseline",
          answers=(Flat("Exposure", Head, ExposureBlocks), NoZeroDte, SessionClosed),
          query=_CHAIN_QUERY, errors=_CHAIN_ERRORS, changes="tick", off_loop=True),
    Route("/v1/flow/zero-dte/stream/{symbol}", "growth", handlers.stream,
          "Each sample as it is taken: a series bar, and the snapshot without its strikes",
          errors=("symbol_not_found", "warming_up"), media="events"),
    Route("/health", "open", handlers.health, "Whether the server can answer; 503 when it cannot",
          answers=(Health,), also=(503,)),
    Route("/metrics", "open", handlers.metrics, "How the server is doing, for Prometheus",
          media="metrics", off_loop=True),
    Route("/openapi.json", "open", handlers.openapi, "This contract for programs",
          changes="never"),
    Route("/docs", "open", handlers.docs, "This contract for people",
          media="html", changes="never"),
    Route("/", "open", handlers.home, "Every symbol at a glance, and where to begin",
          media="html", changes="tick", off_loop=True),
)
# fmt: on

#: What every request passes before anything is answered, kept answers and streams included; each
#: is given the route, which names its plan: the one place where access is enforced.
GUARDS: list[Guard] = []


def create_app(source: MarketSource, settings: ServerSettings) -> Hub:
    """The ASGI application that answers from `source`."""
    openapi = document(ROUTES, settings.base_url)
    reference = reference_page(openapi)
    site = Site(source, settings, Metrics(source), openapi=openapi, reference=reference)
    return Hub(site, ROUTES, GUARDS)
