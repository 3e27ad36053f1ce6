"""`zerodte serve` and `zerodte demo`: a market behind a listening port, and what is said of it."""

import datetime
import functools
from pathlib import Path

import click

from zerodte.cli.options import DATE, FOLDER, Finite
from zerodte.cli.progress import LateProgress
from zerodte.cli.simulate import IMPACT, SEED, SYMBOLS, session_of
from zerodte.config import HOUR, MINUTE
from zerodte.feeds.simulator.names import Name
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.history.history import History
from zerodte.market.calendar import NEW_YORK, TradingSession, calendar, new_york_clock
from zerodte.runtime.archive import Archive
from zerodte.runtime.demo import Demo
from zerodte.runtime.market import Audience, Market
from zerodte.runtime.programme import Programme
from zerodte.server.app import create_app
from zerodte.server.run import Listener, Server
from zerodte.server.settings import ServerSettings
from zerodte.tape.folder import open_tape

_SHOWN_SYMBOLS = 20
#: How old the demo's first session is when it begins.
_LEAD = 2 * HOUR

HOST = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
PORT = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8017,
    show_default=True,
    help="0 picks a free one.",
)


@click.command("serve")
@click.argument("tape", type=FOLDER)
@HOST
@PORT
@click.option(
    "--speed",
    type=Finite(0.0, min_open=True),
    help="Replay at this many times the wall clock, from the open. Without it the tape is read "
    "to its end at once.",
)
@click.option(
    "--history",
    metavar="ROOT",
    help="Keep the session here once it is over, and answer for past ones from here: a folder or "
    "the URL of an object store.",
)
def serve_command(
    tape: Path, host: str, port: int, speed: float | None, history: str | None
) -> None:
    """Serve the tape in folder TAPE over HTTP."""
    opened = open_tape(tape)
    archive = Archive(History(history)) if history else None
    market = Market([opened], speed, archive=archive)
    _serve(market, Listener(host, port), f"reading the tape of {opened.session.date} ...")


@click.command("demo")
@click.option("--date", type=DATE, help="Of the first session; without it, today or the last.")
@SYMBOLS
@SEED
@IMPACT
@click.option(
    "--speed",
    type=Finite(0.0, min_open=True),
    default=1.0,
    show_default=True,
    help="Times the wall clock, after the first two hours.",
)
@HOST
@PORT
def demo_command(
    date: datetime.date | None,
    names: tuple[Name, ...],
    seed: int,
    impact: float,
    speed: float,
    host: str,
    port: int,
) -> None:
    """Serve a simulated market that is two hours old and goes on, session after session."""
    session = session_of(date) if date else _latest()
    listener = Listener(host, port)
    demo = Demo(session, functools.partial(Simulation, names=names, seed=seed, impact=impact))
    try:
        market = Market(demo, speed, _LEAD, demo.close)
        symbols = ", ".join(name.symbol for name in names)
        click.echo(f"A simulated market, not market data: {symbols}; seed {seed}.")
        _serve(
            market,
            listener,
            f"its first two hours, of {session.date:%A %Y-%m-%d}, come at once ...",
            _LEAD,
        )
    finally:
        demo.close()


def _latest() -> TradingSession:
    """The session of today in New York, or the last one before."""
    today = datetime.datetime.now(tz=NEW_YORK).date()
    return calendar().session(today) or calendar().previous(today)


def _serve(market: Market, listener: Listener, doing: str, lead: int | None = None) -> None:
    url = listener.url
    click.echo(f"Listening on {url}; {doing}")
    app = create_app(market, ServerSettings(base_url=url))
    server = Server(app, listener, app.stop, app.cut)
    with LateProgress() as progress:
        market.start(_Announcer(market, url, progress, lead))
        try:
            server.run()
        finally:
            market.stop()


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
        self._programme: Programme | None = None

    def begun(self, programme: Programme) -> None:
        """Name the session, but for the first, which has been named."""
        if self._programme is not None:
            click.echo(f"The session of {programme.session.date} begins.")
        self._programme = programme

    def ready(self) -> None:
        """Say where to look, and what to know of the data."""
        self._progress.stop()
        symbols = self._market.symbols()
        first = "SPY" if "SPY" in symbols else next(iter(symbols), "SYMBOL")
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
        click.echo(f"error: {problem}", err=True)
