"""The handlers: a request to an answer, by way of the source. They decide nothing about markets."""

import msgspec

from zerodte.server.overview import overview
from zerodte.server.page import home_page
from zerodte.server.parameters import (
    AT,
    BAR,
    EXPIRY,
    LEADER_METRIC,
    LEADERS,
    METRIC,
    MINUTES,
    MODE,
    SIDE,
    STRIKE_BAR,
    STRIKE_RANGE,
    read_symbol,
)
from zerodte.server.route import Answer, Request, Site, Subscription


def snapshot(site: Site, request: Request) -> Answer:
    """One symbol's chain on effective open interest."""
    query = request.query
    expiry, strike_range = EXPIRY.of(query), STRIKE_RANGE.of(query)
    return Answer(site.source.snapshot(_symbol(request), expiry, strike_range, AT.of(query)))


def exposure(site: Site, request: Request) -> Answer:
    """One symbol's chain on settled open interest."""
    query = request.query
    expiry, strike_range = EXPIRY.of(query), STRIKE_RANGE.of(query)
    return Answer(site.source.exposure(_symbol(request), expiry, strike_range, AT.of(query)))


def series(site: Site, request: Request) -> Answer:
    """One symbol's headline figures, bar by bar."""
    query = request.query
    return Answer(
        site.source.series(_symbol(request), BAR.of(query), MINUTES.of(query), AT.of(query))
    )


def hedge_flow(site: Site, request: Request) -> Answer:
    """One symbol's signed flow, bar by bar."""
    symbol, query = _symbol(request), request.query
    side, bar, minutes = SIDE.of(query), BAR.of(query), MINUTES.of(query)
    return Answer(site.source.hedge_flow(symbol, side, bar, minutes, AT.of(query)))


def heatmap(site: Site, request: Request) -> Answer:
    """One metric of a symbol over strikes and time."""
    symbol, query = _symbol(request), request.query
    metric, mode = METRIC.of(query), MODE.of(query)
    bar, minutes = STRIKE_BAR.of(query), MINUTES.of(query)
    return Answer(site.source.heatmap(symbol, metric, mode, bar, minutes, AT.of(query)))


def strike_flow(site: Site, request: Request) -> Answer:
    """One symbol's signed flow over strikes and time."""
    query = request.query
    bar, minutes = STRIKE_BAR.of(query), MINUTES.of(query)
    return Answer(site.source.strike_flow(_symbol(request), bar, minutes, AT.of(query)))


def leaderboard(site: Site, request: Request) -> Answer:
    """All symbols, ranked."""
    metric, n = LEADER_METRIC.of(request.query), LEADERS.of(request.query)
    return Answer(site.source.leaderboard(metric, n))


def stream(_: Site, request: Request) -> Subscription:
    """One symbol's samples as they come."""
    return Subscription(_symbol(request))


def health(site: Site, _: Request) -> Answer:
    """Whether the server can answer."""
    state = site.source.health()
    return Answer(msgspec.json.encode(state), 200 if state.status == "Healthy" else 503)


def metrics(site: Site, _: Request) -> Answer:
    """How the server is doing."""
    return Answer(site.metrics.exposition())


def openapi(site: Site, _: Request) -> Answer:
    """The contract for programs."""
    return Answer(site.openapi)


def docs(site: Site, _: Request) -> Answer:
    """The contract for people."""
    return Answer(site.reference)


def home(site: Site, _: Request) -> Answer:
    """The market at a glance."""
    source = site.source
    return Answer(home_page(site.settings.base_url, source.symbols(), overview(source)))


def _symbol(request: Request) -> str:
    return read_symbol(request.path["symbol"])
