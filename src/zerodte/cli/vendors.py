"""Options and arguments of commands that speak to a vendor."""

from pathlib import Path

import click

from zerodte.cli.options import ADDRESS, DATABENTO
from zerodte.feeds.cboe.http import CBOE_URL
from zerodte.feeds.databento.session import DATABENTO_KEY, PORT, DatabentoGateway
from zerodte.feeds.vendor_key import vendor_key
from zerodte.market.osi import is_root
from zerodte.market.roots import canonical_name, root_info

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
    help="Where the feed databento connects to; by default the vendor's own.",
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


def vendor_symbols(vendor: str, text: str | None, place: str = "--symbols") -> list[str]:
    """The underlyings in a list, at most as many as can be asked for politely.

    Args:
        vendor: The vendor.
        text: The list.
        place: Where the list was written, in messages.

    Raises:
        click.UsageError: If there are none, too many, or one that is no symbol.
    """
    names = [canonical_name(name.strip()) for name in (text or "").split(",") if name.strip()]
    found = list(dict.fromkeys(root_info(name).symbol for name in names))
    if not 0 < len(found) <= _MOST_SYMBOLS:
        raise click.UsageError(
            f"the feed {vendor} needs {place} with 1 to {_MOST_SYMBOLS} names, such as SPX,SPY"
        )
    for name in found:
        if not is_root(name):
            raise click.UsageError(f"{place}: {name!r} is not a symbol such as SPX or SPY")
    return found
