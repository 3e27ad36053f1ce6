"""Serves a market on a port until it is stopped, and prints what happens."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

import zerodte
from zerodte.access.keyring import Keyring
from zerodte.alerts.alerts import Alerts
from zerodte.alerts.stats import no_alerts
from zerodte.cli.access import access_to
from zerodte.cli.configuration.options import current_configuration
from zerodte.cli.progress import LateProgress
from zerodte.cli.reload import Reload, is_reloadable
from zerodte.cli.server_options import ServerOptions
from zerodte.clock import new_york_clock
from zerodte.constants import MINUTE
from zerodte.logs import log, log_to_stderr, set_log_level
from zerodte.runtime.market_thread import MarketThread, RunListener, Runner
from zerodte.server.app import create_app
from zerodte.server.mount import Mount
from zerodte.server.run import Listener, Server, forbid_core_dumps
from zerodte.service.local_service import LocalService
from zerodte.service.market_service import MarketService
from zerodte.tape.source import TickSource
from zerodte.wire.text import first_of

if TYPE_CHECKING:
    from zerodte.cluster.remote_service import RemoteService

_SHOWN_SYMBOLS = 20


def serve(
    runner: Runner,
    listener: Listener,
    activity: str,
    options: ServerOptions,
    lead: int | None = None,
) -> None:
    """Serve a runner's market until Ctrl-C or SIGTERM.

    Args:
        runner: Advances the market.
        listener: The port.
        activity: What the runner does first, for the terminal.
        options: The server's settings.
        lead: How much is played at once, ns from the first open; None for a whole session.
    """
    stage = runner.stage
    alerts = options.alerts_on(stage)
    thread = MarketThread(runner)

    def end_waits() -> None:
        if store := stage.store:
            store.stop_reading()

    market = _Market(LocalService(stage), thread.start, thread.stop, end_waits)
    _serve(market, listener, activity, options, alerts, lead)


def serve_workers(service: "RemoteService", listener: Listener, options: ServerOptions) -> None:
    """Serve what workers answer until Ctrl-C or SIGTERM.

    Args:
        service: Asks the workers.
        listener: The port.
        options: The server's settings.
    """

    def start(announcer: "_Announcer") -> None:
        service.start(announcer.on_ready)

    market = _Market(service, start, service.stop)
    _serve(market, listener, "waiting for workers ...", options)


@dataclass(frozen=True)
class _Market:
    """What is served.

    Attributes:
        service: Answers.
        start: Starts it; the announcer hears what happens.
        stop: Stops it.
        end_waits: Lets no answer wait any longer, as the server stops.
    """

    service: MarketService
    start: "Callable[[_Announcer], None]"
    stop: Callable[[], None]
    end_waits: Callable[[], None] = lambda: None


def _serve(
    market: _Market,
    listener: Listener,
    activity: str,
    options: ServerOptions,
    alerts: Alerts | None = None,
    lead: int | None = None,
) -> None:
    url, service = listener.url, market.service
    keyring = options.access().keyring()
    if keyring is not None or alerts is not None:
        forbid_core_dumps()
    click.echo(f"Listening on {url}; {activity}")
    if not listener.is_private:
        click.secho(f"warning: {_exposure(listener.host, keyring)}", fg="yellow", err=True)
    log_to_stderr(options.log_level)
    log("start", url=url, version=zerodte.__version__, auth="off" if keyring is None else "keys")
    app = create_app(
        service,
        options.settings(url),
        access_to(keyring, current_configuration().plans),
        _tools(url),
        no_alerts if alerts is None else alerts.stats,
    )

    def end_waits() -> None:
        app.stop()
        market.end_waits()

    def apply(new: ServerOptions) -> None:
        set_log_level(new.log_level)
        app.reload(new.settings(url))

    on_hangup = Reload(options, apply) if is_reloadable() else None
    server = Server(app, listener, end_waits, app.count_abort, on_hangup)
    with LateProgress() as progress:
        if alerts is not None:
            alerts.start()
        market.start(_Announcer(service, url, keyring is not None, progress, lead))
        try:
            server.run()
        finally:
            market.stop()
            if alerts is not None:
                alerts.stop()
            if keyring is not None:
                keyring.close()
            log("stop")


def _tools(url: str) -> Mount | None:
    """The tools for language models at /mcp; None where their extra is not installed."""
    if find_spec("mcp") is None or find_spec("httpx") is None:
        return None
    try:
        from zerodte.mcp.http import McpApplication  # noqa: PLC0415  # an extra
    except ImportError as error:
        problem = f"the package mcp cannot be used, so nothing answers at /mcp: {error}"
        click.secho(f"warning: {problem}", fg="yellow", err=True)
        return None
    return McpApplication(url)


def _exposure(host: str, keyring: Keyring | None) -> str:
    """What other machines can do."""
    if keyring is not None:
        return (
            f"{host} can be reached from other machines, and keys travel there without encryption; "
            "put a proxy with TLS in front"
        )
    return (
        f"{host} can be reached from other machines, and whoever reaches it is answered: there are "
        "no keys and no encryption"
    )


class _Announcer(RunListener):
    """Prints and logs the events of a run.

    Args:
        service: The market.
        url: Where it listens.
        has_keys: Whether answers need a key.
        progress: The bar for what is played at once.
        lead: How much that is, ns from the first open; None for a whole session.
    """

    def __init__(
        self,
        service: MarketService,
        url: str,
        has_keys: bool,
        progress: LateProgress,
        lead: int | None,
    ) -> None:
        self._service = service
        self._url = url
        self._curl = 'curl -H "X-Api-Key: $KEY"' if has_keys else "curl"
        self._progress = progress
        self._lead = lead
        self._source: TickSource | None = None

    def on_session(self, source: TickSource) -> None:
        """Announce the session, except for the first, which was announced before."""
        if self._source is not None:
            click.echo(f"The session of {source.session.date} begins.")
        log("session", date=source.session.date)
        self._source = source

    def on_ready(self) -> None:
        """Print warnings about the data and a request to try."""
        self._progress.stop()
        symbols = self._service.status().symbols
        first = "SPY" if "SPY" in symbols else next(iter(symbols), "SYMBOL")
        log("ready", symbols=len(symbols))
        for warning in self._source.warnings if self._source else ():
            click.echo(f"  warning: {warning}")
        click.echo(f"Ready: {first_of(symbols, _SHOWN_SYMBOLS)}. Try:")
        click.echo(f"  {self._curl} {self._url}/v1/flow/zero-dte/snapshot/{first}")
        click.echo(f"  open {self._url} in a browser; Ctrl-C stops.")

    def on_progress(self, now: int) -> None:
        """Update the progress bar."""
        if self._source is None:
            return
        hours = self._source.session
        done, total = now - hours.open, self._lead or hours.close - hours.open
        if done > 0:
            self._progress(f"{new_york_clock(now):%H:%M} New York", done // MINUTE, total // MINUTE)

    def on_live(self) -> None:
        """Announce that the market now follows the clock."""
        self._progress.stop()
        if self._lead is not None:
            click.echo("The first two hours are played; from now on the market follows the clock.")

    def on_failure(self, problem: str) -> None:
        """Log why the run ended."""
        self._progress.stop()
        log("ended", logging.ERROR, problem=problem)
