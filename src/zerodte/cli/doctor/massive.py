"""Examination of a Massive account: key, plan, chains, and what its streams send."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from zerodte.cli.doctor.feed_session import examine_feed, examine_offset
from zerodte.cli.doctor.finding import Finding
from zerodte.cli.vendors import massive_account
from zerodte.errors import ZerodteError
from zerodte.records.dbn import MASSIVE_OPRA

_KEY: Final = "docs/feeds.md says where the key comes from, and which plan it needs"


def examine_massive(
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
        account = massive_account(address)
    except (ZerodteError, click.ClickException) as error:
        yield Finding.problem("key", str(error), _KEY)
        return
    yield Finding.ok("key", "there is one")
    from zerodte.feeds.massive.feed import MassiveFeed  # noqa: PLC0415  an extra's

    is_open = yield from examine_feed(
        "stream",
        lambda: MassiveFeed(account, symbols, root, capture),
        MASSIVE_OPRA,
        symbols,
        refused=_KEY,
        silent="the plan may have no options in real time; docs/feeds.md says which has",
    )
    if is_open:
        yield examine_offset(account.offset)
        yield Finding.ok(
            "connections", "one at a time: this one has ended any other with the same key"
        )
        yield Finding.ok("spot", "the value of an index if the account has it, else parity")
    yield Finding.ok("terms", "no redistribution, recordings included")
