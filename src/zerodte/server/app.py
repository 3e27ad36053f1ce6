"""The application: every route with the plan it needs, on one screen."""

from zerodte.server import handlers, parameters
from zerodte.server.hub import Hub
from zerodte.server.metrics import Metrics
from zerodte.server.openapi import document
from zerodte.server.page import reference_page
from zerodte.server.route import Flat, Guard, Route, Site
from zerodte.server.settings import ServerSettings
from zerodte.server.source import SnapshotSource
from zerodte.wire.exposure import ExposureBlocks, Head
from zerodte.wire.health import Health
from zerodte.wire.snapshot import NoZeroDte, SessionClosed, SnapshotBlocks

_CHAIN_QUERY = (parameters.EXPIRY, parameters.STRIKE_RANGE)
_CHAIN_ERRORS = (
    "invalid_expiry",
    "invalid_strike_range",
    "symbol_not_found",
    "expiry_not_found",
    "warming_up",
)

# fmt: off
ROUTES = (
    Route("/v1/flow/zero-dte/snapshot/{symbol}", "growth", handlers.snapshot,
          "One symbol's same-day chain on effective open interest, with all that follows from it",
          answers=(Flat("Snapshot", Head, SnapshotBlocks), NoZeroDte, SessionClosed),
          query=_CHAIN_QUERY, errors=_CHAIN_ERRORS, changes="tick", off_loop=True),
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


def create_app(source: SnapshotSource, settings: ServerSettings) -> Hub:
    """The ASGI application that answers from `source`."""
    openapi = document(ROUTES, settings.base_url)
    reference = reference_page(openapi)
    site = Site(source, settings, Metrics(source), openapi=openapi, reference=reference)
    return Hub(site, ROUTES, GUARDS)
