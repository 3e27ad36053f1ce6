"""A market behind a port, until somebody ends it; and what is said of it meanwhile."""

import logging
import signal
import sys
from collections.abc import Callable, Sequence

import click

import zerodte
from zerodte.runtime.market import Market
from zerodte.server.app import create_app
from zerodte.server.logs import log, log_to_stderr
from zerodte.server.run import Listener, Server
from zerodte.server.settings import ServerSettings


def serve(market: Market, listener: Listener, warnings: Callable[[], Sequence[str]]) -> None:
    """Answer from a market until Ctrl-C or SIGTERM; `warnings` are asked for once it is ready."""
    url = listener.url
    log_to_stderr()
    log("start", url=url, version=zerodte.__version__)
    app = create_app(market, ServerSettings(base_url=url))
    server = Server(app, listener, app.stop, app.cut)
    # The server ends a SIGTERM by raising it again: as an exit, so that what is open is closed.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    market.start(lambda: _say_ready(url, market.symbols(), warnings()), _say_failed)
    try:
        server.run()
    finally:
        market.stop()
        log("stop")


def _say_failed(problem: str) -> None:
    log("ended", logging.ERROR, problem=problem)


def _say_ready(url: str, symbols: list[str], warnings: Sequence[str]) -> None:
    log("ready", symbols=len(symbols))
    for warning in warnings:
        click.echo(f"  warning: {warning}")
    shown = symbols[0] if symbols else "SYMBOL"
    more = f" and {len(symbols) - 20} more" if len(symbols) > 20 else ""
    click.echo(f"Ready: {', '.join(symbols[:20])}{more}. Try:")
    click.echo(f"  curl {url}/v1/flow/zero-dte/snapshot/{shown}")
    click.echo(f"  open {url}/docs in a browser; Ctrl-C stops.")
