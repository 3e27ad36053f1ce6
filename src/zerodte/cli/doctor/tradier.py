"""Examination of a Tradier account: token, stream, chains, and what nobody has documented."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from zerodte.cli.doctor.feed_session import examine_feed, examine_offset
from zerodte.cli.doctor.finding import Finding
from zerodte.cli.vendors import tradier_account
from zerodte.errors import ZerodteError
from zerodte.market.roots import root_info
from zerodte.records.dbn import TRADIER_OPRA
from zerodte.records.opra_conditions import OPRA_CONDITIONS

if TYPE_CHECKING:
    from zerodte.feeds.tradier.connection import TradierConnection

_KEYS: Final = "docs/feeds.md says where the token comes from, and which account it needs"
#: A value and the parity of its chain that differ by more are not the same price.
_NEAR: Final = 1e-3


def examine_tradier(
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
        account = tradier_account(address)
    except (ZerodteError, click.ClickException) as error:
        yield Finding.problem("key", str(error), _KEYS)
        return
    yield Finding.ok("key", "a token is there")
    from zerodte.feeds.tradier.feed import TradierFeed  # noqa: PLC0415  an extra's

    def examine_beside(connection: "TradierConnection") -> Iterator[Finding]:
        yield _examine_flags(connection)
        yield _examine_numbers(connection)
        for symbol in symbols:
            yield _examine_spot(connection, symbol)

    is_open = yield from examine_feed(
        "stream",
        lambda: TradierFeed(account, symbols, root, capture),
        TRADIER_OPRA,
        symbols,
        refused=_KEYS,
        silent="ask the vendor whether the account's data is of now and has these options",
        beside=examine_beside,
    )
    if is_open:
        yield examine_offset(account.offset)
    yield Finding.ok("terms", "no redistribution, recordings included")


def _examine_numbers(connection: "TradierConnection") -> Finding:
    """Whether the numbers of trades are unique, which the vendor does not say."""
    about, trades = "seq", connection.trades
    if not trades.count:
        return Finding.warning(about, "no trade came to tell", "try again within the session")
    found = f"{trades.reused_count:,} of {trades.count:,} trades have the number of another one"
    if trades.reused_count:
        advice = "tell the project: a cancel without price and size may name the wrong one of them"
        return Finding.warning(about, found, advice)
    return Finding.ok(about, found)


def _examine_flags(connection: "TradierConnection") -> Finding:
    """What the flags of trades look like, as the vendor does not say what they mean."""
    about, trades = "flags", connection.trades
    if not trades.count:
        return Finding.warning(about, "no trade came to tell", "try again within the session")
    if not trades.flags:
        return Finding.ok(about, f"none of {trades.count:,} trades has one")
    named = ", ".join(f"{flag!r} {count:,}" for flag, count in trades.flags.most_common())
    others = [flag for flag in trades.flags if set(flag) - OPRA_CONDITIONS.keys()]
    kind = (
        f"{', '.join(map(repr, others))} cannot be"
        if others
        else "all of them could be letters of OPRA's sale conditions"
    )
    return Finding.warning(
        about,
        f"{trades.flags.total():,} of {trades.count:,} trades have one: {named}; {kind}",
        "tell the project: no sale condition is read from them until somebody knows",
    )


def _examine_spot(connection: "TradierConnection", symbol: str) -> Finding:
    """Where the price of an underlying comes from, and whether its chain agrees."""
    about = f"{symbol} spot"
    spot, parity = connection.spots[symbol], connection.parities[symbol]
    kind = "value" if root_info(symbol).is_index else "quote"
    if not math.isfinite(spot):
        return Finding.warning(about, f"no {kind}", "nothing: spot is the parity of the chain")
    later = "try again within the session"
    if symbol not in connection.came:
        found = f"no {kind} came; {spot:g} is the last price, which may be of the day before"
        return Finding.warning(about, found, later)
    if not math.isfinite(parity):
        found = f"a {kind} of {spot:g}; the chain has no parity to hold it against"
        return Finding.warning(about, found, later)
    found = f"a {kind} of {spot:g}; the parity of the chain is {parity:g}"
    if abs(spot - parity) > _NEAR * spot:
        advice = "look at another source: one of them is old, or the vendor derives its value"
        return Finding.warning(about, found, advice)
    return Finding.ok(about, found)
