"""Examination of a tastytrade account: keys, login, level, and what its websocket sends."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from zerodte.cli.doctor.feed_session import examine_feed, examine_offset
from zerodte.cli.doctor.finding import Finding
from zerodte.cli.vendors import tastytrade_account
from zerodte.errors import ZerodteError
from zerodte.records.dbn import TASTY_OPRA

_KEYS: Final = "docs/feeds.md says where the keys come from, and which account it needs"


def examine_tastytrade(
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
        account = tastytrade_account(address)
    except (ZerodteError, click.ClickException) as error:
        yield Finding.problem("key", str(error), _KEYS)
        return
    yield Finding.ok("key", "a client secret and a refresh token are there")
    begin = time.monotonic()
    try:
        token = account.quote_token()
    except (ZerodteError, OSError) as error:
        yield Finding.problem("login", str(error), _KEYS)
        return
    elapsed = time.monotonic() - begin
    yield Finding.ok("login", f"{account.name} gave a token of quotes in {elapsed:.1f} s")
    if token.is_delayed:
        advice = "open and fund an account; the sandbox has delayed data only"
        yield Finding.warning("level", f"{token.level}: its data is delayed", advice)
    else:
        yield Finding.ok("level", f"{token.level or 'not told'}: its data is of now")
    yield examine_offset(account.offset)
    from zerodte.feeds.tastytrade.feed import TastytradeFeed  # noqa: PLC0415  an extra's

    is_open = yield from examine_feed(
        "websocket",
        lambda: TastytradeFeed(account, symbols, root, capture),
        TASTY_OPRA,
        symbols,
        refused="try again; it may be the network",
        silent="the account's data may not have them; ask the vendor for TimeAndSale and Quote",
    )
    if is_open:
        yield Finding.ok(
            "spot", "the index or the stock where it came; else the parity of each chain"
        )
    yield Finding.ok("terms", "no redistribution, recordings included")
