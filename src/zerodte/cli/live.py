"""The command of a live session: a server that records a feed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click
from click.core import ParameterSource

from zerodte.cli.configuration.options import CONFIG, setting_options
from zerodte.cli.options import (
    ALPACA,
    CBOE,
    CBOE_FAR,
    DATABENTO,
    FEED,
    MASSIVE,
    STREAM,
    TASTYTRADE,
    THETADATA,
    TRADIER,
    is_stream,
)
from zerodte.cli.server_options import ServerOptions, server_options
from zerodte.cli.serving import serve
from zerodte.cli.session_settings import session_options
from zerodte.cli.vendors import (
    CBOE_URL_OPTION,
    GATEWAY_OPTION,
    alpaca_account,
    check_live_extra,
    check_nats_extra,
    databento_gateway,
    massive_account,
    stream_symbols,
    tastytrade_account,
    thetadata_client,
    tradier_account,
    vendor_symbols,
)
from zerodte.feeds.cboe.far_feed import CboeFarFeed
from zerodte.feeds.cboe.feed import CboeFeed
from zerodte.feeds.cboe.http import CboeClient
from zerodte.feeds.combined_feed import CombinedFeed
from zerodte.feeds.databento.feed import DatabentoFeed
from zerodte.feeds.feed import Feed
from zerodte.feeds.tcp_client import TcpFeed
from zerodte.runtime.live_runner import LiveRunner
from zerodte.service.stage import Stage
from zerodte.session.settings import SessionSettings

if TYPE_CHECKING:
    from zerodte.feeds.nats.publisher import StreamPublisher


@click.command("live")
@click.argument("feed", type=FEED)
@click.option("--symbols", help="Underlyings of a vendor's feed, such as SPX,SPY.")
@click.option(
    "--also",
    type=click.Choice([CBOE_FAR]),
    help="What else to record: the delayed chains of the expiries that FEED does not send.",
)
@click.option(
    "--indicative",
    is_flag=True,
    help="Of the feed alpaca: the free quotes, which are derived and no real ones; no trades.",
)
@click.option(
    "--publish",
    type=STREAM,
    help="Also publish what is recorded to NATS JetStream, nats://HOST:PORT.",
)
@CBOE_URL_OPTION
@GATEWAY_OPTION
@CONFIG
@setting_options("live", required=["live.record"])
@server_options
@session_options
def live_command(
    feed: tuple[str, int] | str,
    symbols: str | None,
    also: str | None,
    indicative: bool,
    publish: str | None,
    url: str,
    gateway: tuple[str, int] | None,
    record: Path,
    server: ServerOptions,
    settings: SessionSettings,
) -> None:
    """Record the live feed at FEED and serve it over HTTP.

    FEED is HOST:PORT, nats://HOST:PORT for a session that another server publishes, or a
    vendor's: cboe (delayed quotes, free), databento (with a key), tastytrade (with an account),
    alpaca or massive (with a key), tradier (with an account's token) or thetadata (with its
    terminal).
    """
    _check_options(feed, also, record)
    if indicative and feed != ALPACA:
        raise click.UsageError("--indicative is for the feed alpaca")
    if not isinstance(feed, str) and symbols:
        raise click.UsageError("--symbols is for a vendor's feed; a TCP feed has its own symbols")
    if publish and publish == feed:
        raise click.UsageError("--publish leads to where FEED comes from")
    if publish or is_stream(feed):
        check_nats_extra()
    with ExitStack() as stack:
        source: Feed
        warnings: list[Callable[[], Sequence[str]]] = []
        names: Sequence[str] = ()
        if is_stream(feed):
            from zerodte.feeds.nats.feed import NatsFeed  # noqa: PLC0415  an extra's

            names = stream_symbols(symbols)
            source = NatsFeed(str(feed), tuple(names))
        elif isinstance(feed, str):
            names = vendor_symbols(feed, symbols)
            vendor = _vendor_feed(feed, names, url, gateway, indicative, record)
            if isinstance(vendor, CboeFeed):
                stack.callback(vendor.stop)
            warnings.append(vendor.warnings)
            source = vendor
        else:
            source = TcpFeed(*feed)
        if also:
            far = CboeFarFeed(CboeClient(url), record)
            stack.callback(far.stop)
            source = CombinedFeed(source, [far])
            warnings.append(source.warnings)
        listener = server.listener()
        stack.enter_context(closing(listener.socket))
        if isinstance(feed, str):
            click.echo(f"Asking {source.name} for {', '.join(names) or 'all it has'} ...")

        def all_warnings() -> list[str]:
            return [sentence for found in warnings for sentence in found()]

        runner = LiveRunner(Stage(server.store(), settings), source, record, all_warnings)
        if publish:
            warnings.append(stack.enter_context(publishing(runner, publish)).warnings)
        for sentence in all_warnings():
            click.echo(f"  warning: {sentence}")
        for sentence in runner.recovery.sentences():
            click.echo(sentence)
        serve(runner, listener, f"recording to {runner.folder} ...", server)


@contextmanager
def publishing(runner: LiveRunner, url: str) -> "Iterator[StreamPublisher]":
    """What publishes a recording, for as long as the context lasts."""
    from zerodte.feeds.nats.publisher import StreamPublisher  # noqa: PLC0415  an extra's

    publisher = StreamPublisher(
        url,
        runner.folder,
        runner.manifest,
        clock=lambda: runner.clock,
        is_over=lambda: runner.is_over,
    )
    publisher.start()
    try:
        yield publisher
    finally:
        publisher.stop()


class _VendorFeed(Feed, Protocol):
    """A feed that has something to say."""

    def warnings(self) -> Sequence[str]:
        """What users have to know."""
        ...


def _vendor_feed(
    vendor: str,
    names: Sequence[str],
    url: str,
    gateway: tuple[str, int] | None,
    indicative: bool,
    record: Path,
) -> _VendorFeed:
    """The feed of a vendor; those of websockets need an extra."""
    if vendor == CBOE:
        return CboeFeed(CboeClient(url), names, record)
    if vendor == DATABENTO:
        return DatabentoFeed(databento_gateway(gateway), names, record)
    if vendor == ALPACA:
        owner = alpaca_account(gateway, is_indicative=indicative)
        from zerodte.feeds.alpaca.feed import AlpacaFeed  # noqa: PLC0415

        return AlpacaFeed(owner, names, record)
    if vendor == MASSIVE:
        owned = massive_account(gateway)
        from zerodte.feeds.massive.feed import MassiveFeed  # noqa: PLC0415

        return MassiveFeed(owned, names, record)
    if vendor == TRADIER:
        holder = tradier_account(gateway)
        from zerodte.feeds.tradier.feed import TradierFeed  # noqa: PLC0415

        return TradierFeed(holder, names, record)
    if vendor == THETADATA:
        check_live_extra(vendor)
        from zerodte.feeds.thetadata.feed import ThetaFeed  # noqa: PLC0415

        return ThetaFeed(thetadata_client(gateway), names, record)
    account = tastytrade_account(gateway)
    from zerodte.feeds.tastytrade.feed import TastytradeFeed  # noqa: PLC0415

    return TastytradeFeed(account, names, record)


def _check_options(feed: tuple[str, int] | str, also: str | None, record: Path) -> None:
    """Refuse options that would do nothing, and a file in the place of the recordings.

    Raises:
        click.UsageError: For such an option on the command line.
        click.ClickException: For such a file.
    """
    if also and feed == CBOE:
        raise click.UsageError(f"--also {also} is for other feeds than cboe")
    given = click.get_current_context().get_parameter_source
    if given("gateway") is ParameterSource.COMMANDLINE and feed not in (
        DATABENTO,
        TASTYTRADE,
        ALPACA,
        MASSIVE,
        TRADIER,
        THETADATA,
    ):
        raise click.UsageError("--gateway is for the feeds of vendors but cboe")
    if given("url") is ParameterSource.COMMANDLINE and feed != CBOE and not also:
        raise click.UsageError(f"--url is for the feed cboe and for --also {CBOE_FAR}")
    if record.exists() and not record.is_dir():
        raise click.ClickException(f"{record} is a file; --record needs a folder")
