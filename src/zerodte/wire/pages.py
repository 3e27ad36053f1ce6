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


class DashboardQuery(Query, frozen=True, kw_only=True, gc=False):
    """Asks for the page that shows the market; its figures come by the API."""

    changes = "never"


class TableQuery(Query, frozen=True, kw_only=True, gc=False):
    """Asks for every symbol's figures as a plain page."""

    changes = "tick"
