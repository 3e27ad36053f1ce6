"""The application: every route with the plan it needs, on one screen."""

from litestar import Litestar
from litestar.types import Guard

from zerodte.server import handlers, parameters
from zerodte.server.failures import EXCEPTION_HANDLERS
from zerodte.server.openapi import document
from zerodte.server.page import reference_page
from zerodte.server.route import Flat, Route, Site, endpoint
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
          query=_CHAIN_QUERY, errors=_CHAIN_ERRORS, off_loop=True),
    Route("/v1/exposure/zero-dte/{symbol}", "growth", handlers.exposure,
          "The same on settled open interest: the morning baseline",
          answers=(Flat("Exposure", Head, ExposureBlocks), NoZeroDte, SessionClosed),
          query=_CHAIN_QUERY, errors=_CHAIN_ERRORS, off_loop=True),
    Route("/health", "open", handlers.health, "Whether the server can answer; 503 when it cannot",
          answers=(Health,), also=(503,)),
    Route("/openapi.json", "open", handlers.openapi, "This contract for programs"),
    Route("/docs", "open", handlers.docs, "This contract for people", media="html"),
    Route("/", "open", handlers.home, "Every symbol at a glance, and where to begin",
          media="html", off_loop=True),
)
# fmt: on

#: What every request passes before its handler, with its route's plan in `opt["access"]`:
#: the one place where access is enforced.
GUARDS: list[Guard] = []


def create_app(source: SnapshotSource, settings: ServerSettings) -> Litestar:
    """The ASGI application that answers from `source`."""
    openapi = document(ROUTES, settings.base_url)
    site = Site(source, settings, openapi=openapi, reference=reference_page(openapi))
    return Litestar(
        route_handlers=[endpoint(route, site, GUARDS) for route in ROUTES],
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=None,
        logging_config=None,
    )
