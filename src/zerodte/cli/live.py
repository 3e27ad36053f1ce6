"""The command of a live session: a server that records a feed."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import click

from zerodte.cli.configuration.options import CONFIG, setting_options
from zerodte.cli.options import ADDRESS, CBOE, DATABENTO, FEED
from zerodte.cli.server_options import ServerOptions, server_options
from zerodte.cli.serving import serve
from zerodte.cli.session_settings import session_options
from zerodte.feeds.cboe_feed import CboeFeed
from zerodte.feeds.cboe_http import CBOE_URL, CboeClient
from zerodte.feeds.databento_feed import DatabentoFeed
from zerodte.feeds.databento_session import DATABENTO_KEY, DatabentoGateway
from zerodte.feeds.tcp_client import TcpFeed
from zerodte.feeds.vendor_key import vendor_key
from zerodte.market.osi import is_root
from zerodte.market.roots import canonical_name, root_info
from zerodte.runtime.live_runner import LiveRunner
from zerodte.service.stage import Stage
from zerodte.session.settings import SessionSettings

#: Of a vendor's feed: a poll a minute of each is polite.
_MOST_SYMBOLS = 20


@click.command("live")
@click.argument("feed", type=FEED)
@click.option("--symbols", help="Underlyings of a vendor's feed, such as SPX,SPY.")
@click.option(
    "--url",
    envvar="ZERODTE_CBOE_URL",
    default=CBOE_URL,
    show_default=True,
    help="Where the feed cboe asks for SYMBOL.json.",
)
@click.option(
    "--gateway",
    type=ADDRESS,
    envvar="ZERODTE_DATABENTO_GATEWAY",
    help="Where the feed databento connects to; by default the vendor's own.",
)
@CONFIG
@setting_options("live", required=["live.record"])
@server_options
@session_options
def live_command(
    feed: tuple[str, int] | str,
    symbols: str | None,
    url: str,
    gateway: tuple[str, int] | None,
    record: Path,
    server: ServerOptions,
    settings: SessionSettings,
) -> None:
    """Record the live feed at FEED and serve it over HTTP.

    FEED is HOST:PORT, or a vendor's: cboe (delayed quotes, free) or databento (with a key).
    """
    with ExitStack() as stack:
        source: TcpFeed | CboeFeed | DatabentoFeed
        warnings: Callable[[], Sequence[str]] = tuple
        if not isinstance(feed, str):
            if symbols:
                raise click.UsageError(
                    "--symbols is for a vendor's feed; a TCP feed has its own symbols"
                )
            source = TcpFeed(*feed)
        else:
            names = _symbols(feed, symbols)
            if feed == CBOE:
                source = CboeFeed(CboeClient(url), names, record)
                stack.callback(source.stop)
            else:
                key = vendor_key(DATABENTO, DATABENTO_KEY)
                place = DatabentoGateway(key, *gateway) if gateway else DatabentoGateway(key)
                source = DatabentoFeed(place, names, record)
            warnings = source.warnings
        listener = server.listener()
        stack.enter_context(closing(listener.socket))
        if isinstance(feed, str):
            click.echo(f"Asking {source.name} for {', '.join(names)} ...")
        runner = LiveRunner(Stage(server.store(), settings), source, record, warnings)
        for sentence in warnings():
            click.echo(f"  warning: {sentence}")
        for sentence in runner.recovery.sentences():
            click.echo(sentence)
        serve(runner, listener, f"recording to {runner.folder} ...", server)


def _symbols(feed: str, text: str | None) -> list[str]:
    """The underlyings in a list, at most as many as can be asked for politely."""
    names = [canonical_name(name.strip()) for name in (text or "").split(",") if name.strip()]
    found = list(dict.fromkeys(root_info(name).symbol for name in names))
    if not 0 < len(found) <= _MOST_SYMBOLS:
        raise click.UsageError(
            f"the feed {feed} needs --symbols with 1 to {_MOST_SYMBOLS} names, such as SPX,SPY"
        )
    for name in found:
        if not is_root(name):
            raise click.UsageError(f"--symbols: {name!r} is not a symbol such as SPX or SPY")
    return found
