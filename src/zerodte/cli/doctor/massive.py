"""Examination of a Massive account: key, plan, chains, and what its streams send."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from zerodte.cli.doctor.feed_session import examine_offset, examine_session
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

    begin = time.monotonic()
    try:
        feed = MassiveFeed(account, symbols, root, capture)
        connection = feed.connect()
    except (ZerodteError, OSError) as error:
        yield Finding.problem("stream", str(error), _KEY)
        return
    try:
        elapsed = time.monotonic() - begin
        spots = ", ".join(f"{name} {price:g}" for name, price in connection.spots.items())
        yield Finding.ok("stream", f"{account.name} let us in within {elapsed:.1f} s; {spots}")
        yield Finding.ok(
            "connections", "one at a time: this one has ended any other with the same key"
        )
        yield examine_offset(account.offset)
        advice = "the plan may have no options in real time; docs/feeds.md says which has"
        yield from examine_session(connection, MASSIVE_OPRA, symbols, advice)
        for sentence in feed.warnings():
            yield Finding.warning("missing", sentence, "nothing; docs/feeds.md says what is lost")
    except (ZerodteError, OSError) as error:
        yield Finding.problem("stream", str(error), "try again; it may be the network")
    finally:
        connection.close()
    yield Finding.ok("spot", "the value of an index if the account has it, else parity")
    yield Finding.ok("terms", "no redistribution, recordings included")
