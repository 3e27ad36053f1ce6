"""Examination of what a feed sends: contracts, their open interest, trades and quotes."""

import math
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Final, Protocol, TypeVar

from zerodte.cli.doctor.finding import Finding
from zerodte.errors import ZerodteError
from zerodte.feeds.feed import FeedConnection
from zerodte.market.calendar import calendar, last_trading_day
from zerodte.market.osi import parse_osi
from zerodte.market.roots import root_info
from zerodte.records.dbn import CADENCE, STAT_OPEN_INTEREST, TRADE_SCHEMAS
from zerodte.tape.recent_records import RecordingPosition

#: Seconds for which trades and quotes are waited for.
_LISTEN_S: Final = 15.0
#: HTTP tells whole seconds; a machine that is farther off than this needs a time service, seconds.
_OFFSET: Final = 3.0


class ExaminedConnection(FeedConnection, Protocol):
    """A connection that knows prices."""

    @property
    def spots(self) -> Mapping[str, float]:
        """Prices of the underlyings, dollars; NaN if unknown."""
        ...


AnyConnection_co = TypeVar("AnyConnection_co", bound=ExaminedConnection, covariant=True)
AnyConnection = TypeVar("AnyConnection", bound=ExaminedConnection)


class ExaminedFeed(Protocol[AnyConnection_co]):
    """A feed that has something to say."""

    @property
    def name(self) -> str:
        """Its name in messages."""
        ...

    def connect(self) -> AnyConnection_co:
        """As `Feed.connect`."""
        ...

    def warnings(self) -> Sequence[str]:
        """What users have to know."""
        ...


def examine_session(
    connection: FeedConnection, dataset: str, symbols: Sequence[str], advice: str
) -> Iterator[Finding]:
    """What a vendor sends within some seconds.

    Args:
        connection: An open connection, not started yet.
        dataset: That of its options.
        symbols: Underlyings.
        advice: What to do if nothing comes in a session.

    Raises:
        FeedError: If the connection is lost.
    """
    date = connection.manifest.date
    names = [stream.name for stream in connection.manifest.streams]
    owners = {
        number: parse_osi(raw) for number, raw in connection.manifest.symbols[dataset].items()
    }
    expiring = {
        symbol: {
            number
            for number, contract in owners.items()
            if root_info(contract.root).symbol == symbol
            and last_trading_day(contract.expiry) == date
        }
        for symbol in symbols
    }
    start = connection.start(RecordingPosition(dict.fromkeys(names, 0)))
    found = Counter[str]()
    settled: set[int] = set()
    deadline = time.monotonic() + _LISTEN_S
    while time.monotonic() < deadline and not (
        all(found[name] for name in names) and settled.issuperset(*expiring.values())
    ):
        for arrival in connection.receive(0.25):
            if arrival.piece is None:
                continue
            rows = arrival.piece.records
            found[arrival.name] += len(rows)
            if "stat_type" in (rows.dtype.names or ()):
                is_interest = rows["stat_type"] == STAT_OPEN_INTEREST
                settled.update(rows["instrument_id"][is_interest].tolist())
    for symbol, mine in expiring.items():
        yield from examine_contracts(symbol, str(date), len(mine & settled), len(mine))
    hours = calendar().session(date)
    is_open = hours is not None and hours.open <= start.now <= hours.close
    for schemas, what in ((TRADE_SCHEMAS, "trades"), (tuple(CADENCE), "quotes")):
        streams = [one for one in connection.manifest.streams if one.schema in schemas]
        count = sum(found[one.name] for one in streams if one.dataset == dataset)
        if count:
            yield Finding.ok(what, f"{count:,} came")
        elif is_open:
            yield Finding.problem(what, f"none came within {_LISTEN_S:g} seconds", advice)
        else:
            yield Finding.ok(what, "none, outside the session")


def examine_feed(
    about: str,
    open_feed: Callable[[], ExaminedFeed[AnyConnection]],
    dataset: str,
    symbols: Sequence[str],
    *,
    refused: str,
    silent: str,
    beside: Callable[[AnyConnection], Iterator[Finding]] = lambda _: iter(()),
) -> Generator[Finding, None, bool]:
    """Whether a feed lets us in, what it sends, and what it warns of; whether it let us in.

    Args:
        about: What its connection is called.
        open_feed: Makes the feed.
        dataset: That of its options.
        symbols: Underlyings.
        refused: What to do if it does not let us in.
        silent: What to do if nothing comes in a session.
        beside: Examines what has come.
    """
    begin = time.monotonic()
    try:
        feed = open_feed()
        connection = feed.connect()
    except (ZerodteError, OSError) as error:
        yield Finding.problem(about, str(error), refused)
        return False
    try:
        elapsed = time.monotonic() - begin
        spots = ", ".join(f"{name} {price:g}" for name, price in connection.spots.items())
        yield Finding.ok(about, f"{feed.name} let us in within {elapsed:.1f} s; {spots}")
        yield from examine_session(connection, dataset, symbols, silent)
        yield from beside(connection)
        for sentence in feed.warnings():
            yield Finding.warning("missing", sentence, "nothing; docs/feeds.md says what is lost")
    except (ZerodteError, OSError) as error:
        yield Finding.problem(about, str(error), "try again; it may be the network")
    finally:
        connection.close()
    return True


def examine_contracts(symbol: str, date: str, known: int, total: int) -> Iterator[Finding]:
    """How many contracts of a symbol expire on a date, and of how many there is open interest."""
    if not total:
        advice = "nothing, if it has none that day; else check the name"
        yield Finding.warning(symbol, f"no contract expires on {date}", advice)
        return
    found = f"{total:,} contracts expire on {date}; open interest of {known / total:.0%}"
    if known < 0.9 * total:
        yield Finding.warning(symbol, found, "try again after 07:00 New York")
    else:
        yield Finding.ok(symbol, found)


def examine_offset(offset: float) -> Finding:
    """How far this machine's clock is from a host's, `offset` seconds; NaN if nobody told."""
    about = "clock offset"
    if math.isnan(offset):
        advice = "see that a time service runs, such as chrony"
        return Finding.warning(about, "unknown: the host does not tell its time", advice)
    if abs(offset) > _OFFSET:
        advice = "run a time service, such as chrony"
        return Finding.warning(about, f"{abs(offset):.0f} s from the host's", advice)
    return Finding.ok(about, f"within {_OFFSET:g} s of the host's, which tells whole seconds")
