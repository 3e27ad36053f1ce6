"""The queries that the server answers itself: health, metrics, pages."""

from zerodte.wire.query import Query


class HealthQuery(Query, frozen=True, kw_only=True, gc=False):
    """Asks whether the server can answer."""


class MetricsQuery(Query, frozen=True, kw_only=True, gc=False):
    """Asks for the server's metrics."""


class OpenapiQuery(Query, frozen=True, kw_only=True, gc=False):
    """Asks for the contract as OpenAPI."""

    changes = "never"


class DocsQuery(Query, frozen=True, kw_only=True, gc=False):
    """Asks for the contract as a page."""

    changes = "never"


class HomeQuery(Query, frozen=True, kw_only=True, gc=False):
    """Asks for the overview page."""

    changes = "tick"
