"""Examination of ThetaData's terminal: what the subscription has, and what comes."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from zerodte.cli.doctor.feed_session import examine_feed
from zerodte.cli.doctor.finding import Finding
from zerodte.cli.vendors import has_live_extra, thetadata_client
from zerodte.constants import MINUTE
from zerodte.errors import ZerodteError
from zerodte.feeds.session_fetch import market_span
from zerodte.feeds.thetadata.client import ThetaClient, ThetaQuery
from zerodte.feeds.thetadata.conditions import ThetaConditionReader
from zerodte.feeds.thetadata.terminal_host import ThetaPermissionError
from zerodte.feeds.universe import is_live
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.roots import root_info, roots_of
from zerodte.records.dbn import THETA_OPRA

#: As much of a session's start is asked for, ns.
_SAMPLE: Final = 5 * MINUTE
#: What is asked for, and which plan has it.
_KINDS: Final = {
    "tcbbo": ("trades", "trades need the options plan Standard or Pro"),
    "cbbo-1m": ("quotes", "quotes need the options plan Value or more"),
    "statistics": ("open interest", "open interest needs the options plan Value or more"),
}
_PLAN: Final = "live quotes and trades need the options plan Standard or Pro"
_LOOK: Final = "look at the terminal's window, and at docs/feeds.md"


def examine_thetadata(
    address: tuple[str, int] | None, symbols: Sequence[str], capture: Path | None, root: Path
) -> Iterator[Finding]:
    """The terminal: a little of the last finished session of some underlyings, and its events.

    Args:
        address: Host and port; None for the terminal's usual one.
        symbols: Underlyings.
        capture: Folder for a copy of what is sent; None for none.
        root: A folder without recordings.
    """
    try:
        client = thetadata_client(address)
    except ZerodteError as error:
        yield Finding.problem("terminal", str(error), _LOOK)
        return
    session = _finished(time.time_ns())
    for symbol in symbols:
        begin = time.monotonic()
        try:
            listed = [
                contract
                for root in roots_of(symbol)
                for contract in client.contracts(root, session.date)
                if is_live(contract, session.date)
            ]
        except ZerodteError as error:
            yield Finding.problem("terminal", str(error), _LOOK)
            return
        elapsed = time.monotonic() - begin
        found = f"{client.host.name} listed {len(listed):,} contracts of {session.date}"
        if not listed:
            yield Finding.problem(symbol, found, "check the name")
            continue
        yield Finding.ok(symbol, f"{found} in {elapsed:.1f} s")
        first = min(listed, key=lambda one: (one.expiry, one.root))
        span = session.open, session.open + _SAMPLE
        for schema, (what, advice) in _KINDS.items():
            query = ThetaQuery(schema, first.root, session.date, first.expiry, span)
            yield _examine(client, query, f"{symbol} {what}", advice, capture)
        if root_info(symbol).is_index:
            query = ThetaQuery("trades", symbol, session.date, span=span)
            yield _examine_value(client, query, symbol, capture)
    if has_live_extra():
        yield from _examine_events(client, symbols, capture, root)
    else:
        found = "the package websockets is missing, without which no session is live"
        yield Finding.warning("live", found, 'pip install "zerodte[live]"')
    yield Finding.ok("cost", "flat; what is fetched costs nothing more")
    yield Finding.ok("terms", "for your own use, without redistribution, tapes included")


def _examine_events(
    client: ThetaClient, symbols: Sequence[str], capture: Path | None, root: Path
) -> Iterator[Finding]:
    """What the websocket sends of today's contracts within some seconds."""
    from zerodte.feeds.thetadata.feed import ThetaFeed  # noqa: PLC0415  an extra brings it

    yield from examine_feed(
        "live",
        lambda: ThetaFeed(client, symbols, root, capture),
        THETA_OPRA,
        symbols,
        refused=_LOOK,
        silent=_PLAN,
    )


def _examine(
    client: ThetaClient, query: ThetaQuery, about: str, advice: str, capture: Path | None
) -> Finding:
    try:
        table = client.table(query, capture)
    except ThetaPermissionError as error:
        return Finding.problem(about, str(error), advice)
    except ZerodteError as error:
        return Finding.problem(about, str(error), _LOOK)
    of = f"{query.root} {query.expiry}"
    if not table.count:
        return Finding.warning(about, f"none of {of}", "nothing, on a quiet day; else ask them")
    if query.schema == "tcbbo":
        reader = ThetaConditionReader()
        reader.read(table.integers("condition").tolist())
        if sentences := reader.sentences():
            return Finding.warning(about, "; ".join(sentences), "report the numbers, please")
    return Finding.ok(about, f"{table.count:,} rows of {of}")


def _examine_value(
    client: ThetaClient, query: ThetaQuery, symbol: str, capture: Path | None
) -> Finding:
    advice = "nothing: spot is then the parity of the chain; values need an index plan"
    try:
        count = client.table(query, capture).count
    except ZerodteError as error:
        return Finding.warning(f"{symbol} value", str(error), advice)
    if not count:
        return Finding.warning(f"{symbol} value", "none", advice)
    return Finding.ok(f"{symbol} value", f"{count:,} values")


def _finished(now: int) -> TradingSession:
    """The last session that can be fetched."""
    session = calendar().session_of(now)
    while market_span(session)[1] > now:
        session = calendar().previous(session.date)
    return session
