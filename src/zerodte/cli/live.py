"""The commands of a live session: a feed for development, and a server that records a feed."""

from contextlib import closing
from pathlib import Path

import click

from zerodte.cli.configuration.options import CONFIG, plain_option, setting_options
from zerodte.cli.options import FEED, FOLDER, Finite, Whole
from zerodte.cli.server_options import ServerOptions, server_options
from zerodte.cli.serving import serve
from zerodte.cli.session_settings import session_options
from zerodte.feeds.cboe_feed import CboeFeed
from zerodte.feeds.cboe_http import CBOE_URL, CboeClient
from zerodte.feeds.tcp_client import TcpFeed
from zerodte.feeds.tcp_server import TcpFeedServer
from zerodte.market.osi import is_root
from zerodte.market.roots import canonical_name, root_info
from zerodte.runtime.live_runner import LiveRunner
from zerodte.server.run import Listener
from zerodte.service.stage import Stage
from zerodte.session.settings import SessionSettings
from zerodte.tape.folder import open_tape

#: A poll a minute of each is polite.
_MOST_SYMBOLS = 20


@click.command("feed")
@click.argument("tape", type=FOLDER)
@click.option(
    "--speed",
    type=Finite(0.0, min_open=True),
    default=1.0,
    show_default=True,
    help="Play at this multiple of the wall clock.",
)
@plain_option("server.host")
@click.option(
    "--port",
    type=Whole(0, 65535),
    default=8018,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--no-resume",
    is_flag=True,
    help="Do not resume: clients that reconnect receive only new records.",
)
def feed_command(tape: Path, speed: float, host: str, port: int, no_resume: bool) -> None:
    """Send the tape in folder TAPE as a live feed to every client that connects."""
    feed = TcpFeedServer(open_tape(tape), speed, is_resumable=not no_resume, host=host, port=port)
    click.echo("Feed on {}:{}; Ctrl-C stops.".format(*feed.address))
    try:
        feed.run()
    except KeyboardInterrupt:
        pass
    finally:
        feed.stop()


@click.command("live")
@click.argument("feed", type=FEED)
@click.option("--symbols", help="Underlyings of the feed cboe, such as SPX,SPY.")
@click.option(
    "--url",
    envvar="ZERODTE_CBOE_URL",
    default=CBOE_URL,
    show_default=True,
    help="Where the feed cboe asks for SYMBOL.json.",
)
@CONFIG
@setting_options("live", required=["live.record"])
@server_options
@session_options
def live_command(
    feed: tuple[str, int] | str,
    symbols: str | None,
    url: str,
    record: Path,
    server: ServerOptions,
    settings: SessionSettings,
) -> None:
    """Record the live feed at FEED and serve it over HTTP.

    FEED is HOST:PORT, or cboe: Cboe's delayed quotes, free and 15 minutes late.
    """
    if isinstance(feed, str):
        _record_cboe(_symbols(symbols), url, record, server, settings)
        return
    if symbols:
        raise click.UsageError("--symbols is for the feed cboe; a TCP feed has its own symbols")
    listener = server.listener()
    with closing(listener.socket):
        runner = LiveRunner(Stage(server.store(), settings), TcpFeed(*feed), record)
        _serve(runner, listener, server)


def _record_cboe(
    symbols: list[str], url: str, record: Path, server: ServerOptions, settings: SessionSettings
) -> None:
    feed = CboeFeed(CboeClient(url), symbols, record)
    listener = server.listener()
    with closing(listener.socket):
        try:
            click.echo(f"Asking {feed.name} for {', '.join(symbols)} ...")
            runner = LiveRunner(Stage(server.store(), settings), feed, record, feed.warnings)
            for sentence in feed.warnings():
                click.echo(f"  warning: {sentence}")
            _serve(runner, listener, server)
        finally:
            feed.stop()


def _serve(runner: LiveRunner, listener: Listener, server: ServerOptions) -> None:
    for sentence in runner.recovery.sentences():
        click.echo(sentence)
    serve(runner, listener, f"recording to {runner.folder} ...", server)


def _symbols(text: str | None) -> list[str]:
    """The underlyings in a list, at most as many as can be asked for politely."""
    names = [canonical_name(name.strip()) for name in (text or "").split(",") if name.strip()]
    found = list(dict.fromkeys(root_info(name).symbol for name in names))
    if not 0 < len(found) <= _MOST_SYMBOLS:
        raise click.UsageError(
            f"the feed cboe needs --symbols with 1 to {_MOST_SYMBOLS} names, such as SPX,SPY"
        )
    for name in found:
        if not is_root(name):
            raise click.UsageError(f"--symbols: {name!r} is not a symbol such as SPX or SPY")
    return found
