"""The questions that the server itself answers: its health, its metrics, its pages."""

from zerodte.wire.query import Query


class HealthQuery(Query, frozen=True, kw_only=True, gc=False):
    """Whether the server can answer."""


class MetricsQuery(Query, frozen=True, kw_only=True, gc=False):
    """How the server is doing."""


class OpenapiQuery(Query, frozen=True, kw_only=True, gc=False):
    """What the contract is, for programs."""

    changes = "never"


class DocsQuery(Query, frozen=True, kw_only=True, gc=False):
    """What the contract is, for people."""

    changes = "never"


class HomeQuery(Query, frozen=True, kw_only=True, gc=False):
    """What the market is at a glance."""

    changes = "tick"
