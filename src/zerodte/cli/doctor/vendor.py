"""Examinations of a vendor's feed: does it answer, with what, and what will be missing."""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from zerodte.cli.doctor.alpaca import examine_alpaca
from zerodte.cli.doctor.feed_session import examine_contracts, examine_session
from zerodte.cli.doctor.finding import Finding
from zerodte.cli.doctor.massive import examine_massive
from zerodte.cli.doctor.tastytrade import examine_tastytrade
from zerodte.cli.doctor.thetadata import examine_thetadata
from zerodte.cli.doctor.tradier import examine_tradier
from zerodte.cli.options import ALPACA, CBOE, DATABENTO, MASSIVE, TASTYTRADE, THETADATA, TRADIER
from zerodte.cli.vendors import databento_gateway
from zerodte.clock import new_york_clock
from zerodte.constants import MINUTE, SECOND
from zerodte.errors import ZerodteError
from zerodte.feeds.cboe.chains import check_symbol
from zerodte.feeds.cboe.http import CboeAnswer, CboeClient
from zerodte.feeds.databento.feed import DatabentoFeed
from zerodte.importers.cboe_delayed import CBOE_DELAY, DelayedChain, decode_delayed
from zerodte.market.calendar import calendar, last_trading_day
from zerodte.market.osi import find_osi
from zerodte.market.roots import canonical_name
from zerodte.records.dbn import OPRA

#: HTTP tells whole seconds; a machine that is farther off than this needs a time service, ns.
_OFFSET: Final = 3 * SECOND
#: Minutes after which a chain that comes each minute is old.
_OLD: Final = 3.0
_TIME_SERVICE: Final = "run a time service, such as chrony"


def examine_vendor(
    vendor: str,
    symbols: Sequence[str],
    url: str,
    gateway: tuple[str, int] | None,
    capture: Path | None,
) -> Iterator[Finding]:
    """A vendor's feed of some underlyings; a copy of what it sends goes to the folder `capture`."""
    if vendor == CBOE:
        yield from _examine_cboe(url, symbols, capture)
    else:
        # Nothing is recorded, and no recording is gone on with.
        with tempfile.TemporaryDirectory() as nowhere:
            examine = _EXAMINATIONS[vendor]
            yield from examine(gateway, symbols, capture, Path(nowhere))
    if capture is not None:
        yield Finding.ok("capture", f"what was sent is in {capture}, without keys")


def _examine_cboe(url: str, symbols: Sequence[str], capture: Path | None) -> Iterator[Finding]:
    for symbol in symbols:
        begin = time.monotonic()
        try:
            client = CboeClient(url)
            answer = client.get(symbol)
            if capture is not None:
                capture.mkdir(parents=True, exist_ok=True)
                (capture / f"{symbol}.json").write_bytes(answer.body or b"")
            chain = decode_delayed(answer.body or b"")
            check_symbol(chain, symbol)
        except (ZerodteError, OSError, ValueError) as error:
            yield Finding.problem(symbol, str(error), "docs/feeds.md says what each refusal means")
            continue
        size, elapsed = len(answer.body or b""), time.monotonic() - begin
        yield Finding.ok(symbol, f"{client.host} sent {size:,} bytes in {elapsed:.1f} s")
        yield from _examine_chain(symbol, chain, answer)
    yield Finding.ok("terms", "for personal use, without redistribution, recordings included")
    advice = "zerodte live databento has trades"
    yield Finding.warning("flow", "quotes are 15 minutes late, and there are no trades", advice)


def _examine_chain(symbol: str, chain: DelayedChain, answer: CboeAnswer) -> Iterator[Finding]:
    now = answer.now or time.time_ns()
    if answer.speed == 1.0 and abs(now - time.time_ns()) > _OFFSET:
        off = abs(now - time.time_ns()) / SECOND
        yield Finding.warning("clock", f"{off:.0f} s from that of the host", _TIME_SERVICE)
    session = calendar().session_of(now - CBOE_DELAY)
    at = new_york_clock(chain.at)
    found = f"quotes of {at:%Y-%m-%d %H:%M} New York"
    is_open = session.open < now - CBOE_DELAY < session.close
    if is_open and now - CBOE_DELAY - chain.at > _OLD * MINUTE:
        yield Finding.problem(symbol, f"{found}, which are old", "wait; the host sends no newer")
    else:
        yield Finding.ok(symbol, found)
    listed = Counter[bool]()
    for option in chain.options:
        contract = find_osi(canonical_name(option.option))
        if contract and last_trading_day(contract.expiry) == session.date:
            listed[option.open_interest is not None] += 1
    yield from examine_contracts(symbol, str(session.date), listed[True], listed.total())
    if not (chain.price is not None and chain.price > 0):
        yield Finding.warning(symbol, "no price", "nothing: spot is then the parity of the chain")


def _examine_databento(
    address: tuple[str, int] | None, symbols: Sequence[str], capture: Path | None, root: Path
) -> Iterator[Finding]:
    about = "databento"
    begin = time.monotonic()
    try:
        feed = DatabentoFeed(databento_gateway(address, capture), symbols, root)
        connection = feed.connect()
    except (ZerodteError, OSError) as error:
        advice = "docs/feeds.md says where the key comes from, and which subscription it needs"
        yield Finding.problem(about, str(error), advice)
        return
    try:
        elapsed = time.monotonic() - begin
        yield Finding.ok(about, f"{feed.name} sent the definitions of {OPRA} in {elapsed:.1f} s")
        advice = "the subscription may not cover them; ask the vendor"
        yield from examine_session(connection, OPRA, symbols, advice)
    except (ZerodteError, OSError) as error:
        yield Finding.problem(about, f"{feed.name}: {error}", "try again; it may be the network")
    finally:
        connection.close()
    yield Finding.ok("spot", "the parity of each chain")
    yield Finding.ok("terms", "no redistribution, recordings included")


#: By vendor, those that stream.
_EXAMINATIONS: Final = {
    DATABENTO: _examine_databento,
    TASTYTRADE: examine_tastytrade,
    ALPACA: examine_alpaca,
    MASSIVE: examine_massive,
    TRADIER: examine_tradier,
    THETADATA: examine_thetadata,
}
