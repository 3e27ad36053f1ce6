"""Options and arguments of commands that speak to a vendor."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from zerodte.cli.options import ADDRESS, ALPACA, DATABENTO, MASSIVE, TASTYTRADE, TRADIER
from zerodte.feeds.cboe.http import CBOE_URL
from zerodte.feeds.databento.session import DATABENTO_KEY, PORT, DatabentoGateway
from zerodte.feeds.feed_checks import LOOPBACK_HOSTS
from zerodte.feeds.thetadata.client import ThetaClient
from zerodte.feeds.thetadata.terminal_host import TERMINAL_URL, ThetaTerminalHost
from zerodte.feeds.vendor_key import vendor_key
from zerodte.market.osi import is_root
from zerodte.market.roots import canonical_name, root_info

if TYPE_CHECKING:
    from zerodte.feeds.alpaca.account import AlpacaAccount
    from zerodte.feeds.massive.account import MassiveAccount
    from zerodte.feeds.tastytrade.account import TastytradeAccount
    from zerodte.feeds.tradier.account import TradierAccount

#: A poll a minute of each is polite.
_MOST_SYMBOLS = 20

CBOE_URL_OPTION = click.option(
    "--url",
    envvar="ZERODTE_CBOE_URL",
    default=CBOE_URL,
    show_default=True,
    help="Where the feed cboe asks for SYMBOL.json.",
)
GATEWAY_OPTION = click.option(
    "--gateway",
    type=ADDRESS,
    envvar="ZERODTE_DATABENTO_GATEWAY",
    help="Where a vendor's feed connects to; by default the vendor's own, or the usual terminal.",
)


def databento_gateway(
    address: tuple[str, int] | None, capture: Path | None = None
) -> DatabentoGateway:
    """The gateway at an address, or the vendor's own, with the user's key.

    Args:
        address: Host and port.
        capture: Folder for a copy of what it sends.

    Raises:
        FeedRefusalError: If there is no key.
    """
    key = vendor_key(DATABENTO, DATABENTO_KEY)
    host, port = address or ("", PORT)
    return DatabentoGateway(key, host, port, capture)


def has_live_extra() -> bool:
    """Whether the extra `live` is installed, without which there are no websockets."""
    return importlib.util.find_spec("websockets") is not None


def check_live_extra(vendor: str) -> None:
    """Check that a vendor's feed over a websocket can be used; only then import its room.

    Raises:
        click.ClickException: If the extra `live` is not installed.
    """
    if not has_live_extra():
        raise click.ClickException(
            f'{vendor} needs the package websockets: pip install "zerodte[live]"'
        )


def check_nats_extra() -> None:
    """Check that a stream can be used; only then import its room.

    Raises:
        click.ClickException: If the extra `nats` is not installed.
    """
    if importlib.util.find_spec("nats") is None:
        raise click.ClickException(
            'a stream needs the package nats-py: pip install "zerodte[nats]"'
        )


def tastytrade_account(address: tuple[str, int] | None) -> "TastytradeAccount":
    """The user's account at an address, or at the vendor's own.

    Args:
        address: Host and port, as the user gave it. The environment names only Databento's.

    Raises:
        FeedRefusalError: If a key is missing.
    """
    check_live_extra(TASTYTRADE)
    from zerodte.feeds.tastytrade.account import (  # noqa: PLC0415  an extra brings what it needs
        TASTYTRADE_URL,
        TastytradeAccount,
        tastytrade_keys,
    )

    return TastytradeAccount(tastytrade_keys(), _gateway_url(address) or TASTYTRADE_URL)


def alpaca_account(
    address: tuple[str, int] | None, *, is_indicative: bool = False
) -> "AlpacaAccount":
    """The user's account at an address, or at the vendor's own.

    Args:
        address: Host and port, as the user gave it. The environment names only Databento's.
        is_indicative: Whether the free quotes are asked for, which are no real ones.

    Raises:
        FeedRefusalError: If a key is missing.
    """
    check_live_extra(ALPACA)
    from zerodte.feeds.alpaca.account import (  # noqa: PLC0415  an extra brings what it needs
        AlpacaAccount,
        alpaca_keys,
    )

    return AlpacaAccount(alpaca_keys(), _gateway_url(address), is_indicative=is_indicative)


def massive_account(address: tuple[str, int] | None) -> "MassiveAccount":
    """The user's account at an address, or at the vendor's own.

    Args:
        address: Host and port, as the user gave it. The environment names only Databento's.

    Raises:
        FeedRefusalError: If there is no key.
    """
    check_live_extra(MASSIVE)
    from zerodte.feeds.massive.account import (  # noqa: PLC0415  an extra brings what it needs
        MassiveAccount,
        massive_key,
    )

    return MassiveAccount(massive_key(), _gateway_url(address))


def tradier_account(address: tuple[str, int] | None) -> "TradierAccount":
    """The user's account at an address, or at the vendor's own.

    Args:
        address: Host and port, as the user gave it. The environment names only Databento's.

    Raises:
        FeedRefusalError: If the token is missing, or the address is the vendor's sandbox.
    """
    check_live_extra(TRADIER)
    from zerodte.feeds.tradier.account import (  # noqa: PLC0415  an extra brings what it needs
        TradierAccount,
        tradier_token,
    )

    return TradierAccount(tradier_token(), _gateway_url(address))


def thetadata_client(address: tuple[str, int] | None) -> ThetaClient:
    """ThetaData's terminal at an address, or at its usual one, for a live session.

    Args:
        address: Host and port, as the user gave it. The environment names only Databento's.
    """
    return ThetaClient(ThetaTerminalHost(_gateway_url(address) or TERMINAL_URL, is_live=True))


def _gateway_url(address: tuple[str, int] | None) -> str | None:
    """The address of HTTP that a user gave on the command line; None if none was."""
    source = click.get_current_context().get_parameter_source("gateway")
    if address is None or source is not ParameterSource.COMMANDLINE:
        return None
    host, port = address
    scheme = "http" if host in LOOPBACK_HOSTS else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def vendor_symbols(vendor: str, text: str | None, place: str = "--symbols") -> list[str]:
    """The underlyings in a list, at most as many as can be asked for politely.

    Args:
        vendor: The vendor.
        text: The list.
        place: Where the list was written, in messages.

    Raises:
        click.UsageError: If there are none, too many, or one that is no symbol.
    """
    found = _symbols(text, place)
    if not 0 < len(found) <= _MOST_SYMBOLS:
        raise click.UsageError(
            f"the feed {vendor} needs {place} with 1 to {_MOST_SYMBOLS} names, such as SPX,SPY"
        )
    return found


def stream_symbols(text: str | None) -> list[str]:
    """The underlyings in a list of those of a stream, any number; none without a list.

    Raises:
        click.UsageError: If one is no symbol.
    """
    return _symbols(text, "--symbols")


def _symbols(text: str | None, place: str) -> list[str]:
    names = [canonical_name(name.strip()) for name in (text or "").split(",") if name.strip()]
    found = list(dict.fromkeys(root_info(name).symbol for name in names))
    for name in found:
        if not is_root(name):
            raise click.UsageError(f"{place}: {name!r} is not a symbol such as SPX or SPY")
    return found
