"""The handlers: a request to an answer, by way of the source. They decide nothing about markets."""

import msgspec

from zerodte.server.overview import overview
from zerodte.server.page import home_page
from zerodte.server.parameters import EXPIRY, STRIKE_RANGE, read_symbol
from zerodte.server.route import Answer, Request, Site, Subscription


def snapshot(site: Site, request: Request) -> Answer:
    """One symbol's chain on effective open interest."""
    symbol = read_symbol(request.path["symbol"])
    expiry, strike_range = EXPIRY.of(request.query), STRIKE_RANGE.of(request.query)
    return Answer(site.source.snapshot(symbol, expiry, strike_range))


def exposure(site: Site, request: Request) -> Answer:
    """One symbol's chain on settled open interest."""
    symbol = read_symbol(request.path["symbol"])
    expiry, strike_range = EXPIRY.of(request.query), STRIKE_RANGE.of(request.query)
    return Answer(site.source.exposure(symbol, expiry, strike_range))


def stream(_: Site, request: Request) -> Subscription:
    """One symbol's samples as they come."""
    return Subscription(read_symbol(request.path["symbol"]))


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
