"""A market behind a port, until somebody ends it; and what is said of it meanwhile."""

import logging

import click

import zerodte
from zerodte.cli.progress import LateProgress
from zerodte.constants import MINUTE
from zerodte.logs import log, log_to_stderr
from zerodte.market.calendar import new_york_clock
from zerodte.runtime.market import Audience, Market
from zerodte.server.app import create_app
from zerodte.server.run import Listener, Server
from zerodte.server.settings import ServerSettings
from zerodte.tape.source import TickSource

_SHOWN_SYMBOLS = 20


def serve(market: Market, listener: Listener, doing: str, lead: int | None = None) -> None:
    """Answer from a market until Ctrl-C or SIGTERM.

    Args:
        market: Which.
        listener: Where.
        doing: What is being done now, in words.
        lead: How much of it is played at once, ns from the first open; None: all of a session.
    """
    url = listener.url
    click.echo(f"Listening on {url}; {doing}")
    log_to_stderr()
    log("start", url=url, version=zerodte.__version__)
    app = create_app(market, ServerSettings(base_url=url))
    server = Server(app, listener, app.stop, app.cut)
    with LateProgress() as progress:
        market.start(_Announcer(market, url, progress, lead))
        try:
            server.run()
        finally:
            market.stop()
            log("stop")


class _Announcer(Audience):
    """Says in a terminal what becomes of a market.

    Args:
        market: Which.
        url: Where it is served.
        progress: Shows what is played at once.
        lead: How much that is, ns from the first open; None: all of a session.
    """

    def __init__(self, market: Market, url: str, progress: LateProgress, lead: int | None) -> None:
        self._market = market
        self._url = url
        self._progress = progress
        self._lead = lead
        self._programme: TickSource | None = None

    def begun(self, programme: TickSource) -> None:
        """Name the session, but for the first, which has been named."""
        if self._programme is not None:
            click.echo(f"The session of {programme.session.date} begins.")
        log("session", date=programme.session.date)
        self._programme = programme

    def ready(self) -> None:
        """Say where to look, and what to know of the data."""
        self._progress.stop()
        symbols = self._market.symbols()
        first = "SPY" if "SPY" in symbols else next(iter(symbols), "SYMBOL")
        log("ready", symbols=len(symbols))
        rest = len(symbols) - _SHOWN_SYMBOLS
        for warning in self._programme.warnings if self._programme else ():
            click.echo(f"  warning: {warning}")
        more = f" and {rest} more" if rest > 0 else ""
        click.echo(f"Ready: {', '.join(symbols[:_SHOWN_SYMBOLS])}{more}. Try:")
        click.echo(f"  curl {self._url}/v1/flow/zero-dte/snapshot/{first}")
        click.echo(f"  open {self._url} in a browser; Ctrl-C stops.")

    def passed(self, now: int) -> None:
        """Show how far what is played at once has come."""
        if self._programme is None:
            return
        hours = self._programme.session
        done, total = now - hours.open, self._lead or hours.close - hours.open
        if done > 0:
            self._progress(f"{new_york_clock(now):%H:%M} New York", done // MINUTE, total // MINUTE)

    def live(self) -> None:
        """Say that the market is as old as it was to be."""
        self._progress.stop()
        if self._lead is not None:
            click.echo("The first two hours are there; from now on it goes by the clock.")

    def failed(self, problem: str) -> None:
        """One line."""
        self._progress.stop()
        log("ended", logging.ERROR, problem=problem)
