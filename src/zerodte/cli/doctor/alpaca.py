"""Examination of an Alpaca account: keys, subscription, chains, and what its stream sends."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from zerodte.cli.doctor.feed_session import examine_feed, examine_offset
from zerodte.cli.doctor.finding import Finding
from zerodte.cli.vendors import alpaca_account
from zerodte.errors import ZerodteError
from zerodte.records.dbn import ALPACA_OPRA

_KEYS: Final = "docs/feeds.md says where the keys come from, and which plan it needs"


def examine_alpaca(
    address: tuple[str, int] | None, symbols: Sequence[str], capture: Path | None, root: Path
) -> Iterator[Finding]:
    """An account, and the data of some underlyings that it gets.

    Args:
        address: Host and port; None for the vendor's own.
        symbols: Underlyings.
        capture: Folder for a copy of what is sent; None for none.
        root: A folder without recordings.
    """
    try:
        account = alpaca_account(address)
    except (ZerodteError, click.ClickException) as error:
        yield Finding.problem("key", str(error), _KEYS)
        return
    kind = "of an account without real money" if account.keys.is_paper else "of an account"
    yield Finding.ok("key", f"a key and its secret are there, {kind}")
    from zerodte.feeds.alpaca.feed import AlpacaFeed  # noqa: PLC0415  an extra's

    is_open = yield from examine_feed(
        "stream",
        lambda: AlpacaFeed(account, symbols, root, capture),
        ALPACA_OPRA,
        symbols,
        refused=_KEYS,
        silent="ask the vendor whether the account's data has these options",
    )
    if is_open:
        yield examine_offset(account.offset)
        yield Finding.ok("spot", "the parity of each chain")
    yield Finding.ok("terms", "no redistribution, recordings included")
