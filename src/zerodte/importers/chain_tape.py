"""A chain as it stood at one instant, on its way from somebody's file to a tape.

What importers have in common: its facts, and the DBN records that they become. How a vendor
writes them down stands in that vendor's module.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path

import numpy as np

from zerodte.arrays import I64, U32
from zerodte.importers.chain_rows import ContractRow
from zerodte.importers.import_summary import ImportSummary
from zerodte.market.calendar import TradingSession, calendar, epoch_day, new_york, new_york_clock
from zerodte.market.osi import Contract, format_osi
from zerodte.market.roots import root_info
from zerodte.records.dbn import (
    INDEX,
    PRICE_SCALE,
    STAT_CLEARED_VOLUME,
    STAT_OPEN_INTEREST,
    UNDEF_PRICE,
    Records,
    records,
)
from zerodte.tape.atomic_folder import atomic_folder
from zerodte.tape.dbnfile import find_files
from zerodte.tape.error import TapeError
from zerodte.tape.writer import TapeWriter

CBOE_EQUITY = "CBOE.EQUITY"

#: Open interest of a day is published by this time of its morning, New York.
SETTLED_BY = time(6, 30)

_DAY = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class ChainTape:
    """A chain at one instant.

    Attributes:
        file: What was read.
        dataset: The dataset that its options go to.
        note: What a reader of the tape should know of it.
        at: The instant, UTC nanoseconds.
        listings: Contracts of one underlying, each once, at least one.
        underlying: Bid and ask in dollars; for an index both are its value; None if unknown.
        settled_for: The day whose morning the open interest is of.
        has_volume: Whether the volume is that of the day up to `at`.
        rows: Lines read.
        skipped: What was left out so far.
    """

    file: Path
    dataset: str
    note: str
    at: int
    listings: Sequence[ContractRow]
    underlying: tuple[float, float] | None
    settled_for: date
    has_volume: bool
    rows: int
    skipped: Counter[str]

    @property
    def symbol(self) -> str:
        """The underlying of its contracts."""
        return root_info(self.listings[0].contract.root).symbol


def settled_day(at: int) -> date:
    """The day whose morning the open interest is of that is known at an instant."""
    day = new_york_clock(at).date()
    session = calendar().session(day)
    if session is not None and at >= new_york(day, SETTLED_BY):
        return day
    return calendar().previous(day).date


def write_snapshot(snapshot: ChainTape, out: Path) -> ImportSummary:
    """Write a snapshot as a tape, or add it to one.

    Raises:
        TapeError: If `out` already holds this snapshot or is the tape of another session.
    """
    session = calendar().session_of(snapshot.at)
    check_session(out, session)
    with atomic_folder(out) as folder:
        _write(snapshot, TapeWriter(folder, notes=[snapshot.note]))
    return _summary(snapshot, session)


def _write(snapshot: ChainTape, writer: TapeWriter) -> None:
    raw_symbols = [format_osi(listing.contract) for listing in snapshot.listings]
    ids = writer.ids(snapshot.dataset, raw_symbols)
    stamp = f"{new_york_clock(snapshot.at):%Y-%m-%dT%H%M%S}"

    def write(dataset: str, schema: str, content: Records) -> None:
        name = f"{dataset}.{snapshot.symbol}.{stamp}.{schema}.dbn.zst".lower()
        writer.write(dataset, schema, content, name=name)

    contracts = [listing.contract for listing in snapshot.listings]
    write(snapshot.dataset, "definition", definitions(contracts, ids, snapshot.symbol, snapshot.at))
    write(snapshot.dataset, "statistics", _statistics(snapshot, ids))
    write(snapshot.dataset, "cbbo-1m", _quotes(snapshot, ids))
    if snapshot.underlying is not None:
        index = root_info(snapshot.symbol).is_index
        dataset = INDEX if index else CBOE_EQUITY
        own = int(writer.ids(dataset, [snapshot.symbol])[0])
        schema, make = ("trades", _index_value) if index else ("bbo-1m", _equity_quote)
        write(dataset, schema, make(own, snapshot.at, *snapshot.underlying))


def check_session(out: Path, session: TradingSession) -> None:
    """Hold a folder that is to be written to against the session that it is to be of.

    Raises:
        TapeError: If it is the tape of another session.
    """
    for file in find_files(out):
        other = calendar().session_of(file.metadata.start)
        if other != session:
            raise TapeError(
                f"{out}: a tape of the session of {other.date}, and this is of that of "
                f"{session.date}; a tape is one session, so use another folder"
            )


def _summary(snapshot: ChainTape, session: TradingSession) -> ImportSummary:
    listings = snapshot.listings
    same_day = [one for one in listings if expires_at_close(one.contract, session.date)]
    return ImportSummary(
        file=snapshot.file,
        symbol=snapshot.symbol,
        at=snapshot.at,
        session=session,
        rows=snapshot.rows,
        contracts=len(listings),
        expiries=len({listing.contract.expiry for listing in listings}),
        quotes=sum(listing.is_quoted for listing in listings),
        open_interest=len(listings),
        open_interest_date=snapshot.settled_for,
        volumes=len(listings) if snapshot.has_volume else 0,
        same_day_contracts=len(same_day),
        same_day_open_interest=sum(listing.open_interest for listing in same_day),
        same_day_volume=sum(listing.volume for listing in same_day),
        has_underlying=snapshot.underlying is not None,
        skipped=snapshot.skipped,
    )


def expires_at_close(contract: Contract, day: date) -> bool:
    """Whether a contract trades until the close of `day` and expires then."""
    return contract.expiry == day and root_info(contract.root).settlement == "PM"


def _fixed(dollars: Iterable[float]) -> I64:
    """Dollars as a tape holds them, in units of 1e-9."""
    return np.rint(np.array(list(dollars)) / PRICE_SCALE).astype(np.int64)


def definitions(contracts: Sequence[Contract], ids: U32, symbol: str, at: int) -> Records:
    """The definitions of option contracts.

    Args:
        contracts: Which, n of them.
        ids: Their instrument ids, shape (n,).
        symbol: Their underlying.
        at: When they were known, UTC nanoseconds.
    """
    out = records("definition", len(ids))
    out["instrument_id"] = ids
    out["ts_event"] = out["ts_recv"] = at
    out["raw_symbol"] = np.array([format_osi(contract) for contract in contracts], "S")
    out["instrument_class"] = np.array([contract.right for contract in contracts], "S1")
    out["strike_price"] = _fixed(contract.strike for contract in contracts)
    out["expiration"] = [epoch_day(contract.expiry) * _DAY for contract in contracts]
    out["asset"] = out["underlying"] = symbol.encode()
    out["currency"] = out["strike_price_currency"] = b"USD"
    out["security_type"] = b"OPT"
    return out


def _statistics(snapshot: ChainTape, ids: U32) -> Records:
    settled = new_york(snapshot.settled_for, SETTLED_BY)
    facts = [
        (STAT_OPEN_INTEREST, settled, [listing.open_interest for listing in snapshot.listings])
    ]
    if snapshot.has_volume:
        volumes = [listing.volume for listing in snapshot.listings]
        facts.append((STAT_CLEARED_VOLUME, snapshot.at, volumes))
    out = records("statistics", len(ids) * len(facts))
    out["ts_recv"] = snapshot.at
    for part, (stat, dated, quantities) in zip(np.split(out, len(facts)), facts, strict=True):
        part["instrument_id"] = ids
        part["stat_type"] = stat
        part["ts_event"] = dated
        part["quantity"] = quantities
    return out


def _quotes(snapshot: ChainTape, ids: U32) -> Records:
    listings = snapshot.listings
    out = records("cbbo-1m", len(ids))
    out["instrument_id"] = ids
    out["ts_recv"] = snapshot.at
    quoted = np.array([listing.is_quoted for listing in listings])
    bids = _fixed(listing.bid for listing in listings)
    asks = _fixed(listing.ask for listing in listings)
    out["bid_px_00"] = np.where(quoted, bids, UNDEF_PRICE)
    out["ask_px_00"] = np.where(quoted, asks, UNDEF_PRICE)
    sizes = [listing.sizes for listing in listings]
    sized = np.array([size is not None for size in sizes])
    known = np.array([size for size in sizes if size is not None], np.uint32).reshape(-1, 2)
    out["bid_sz_00"][sized], out["ask_sz_00"][sized] = known.T
    return out


def _index_value(instrument_id: int, at: int, bid: float, ask: float) -> Records:
    out = records("trades", 1)
    out["instrument_id"] = instrument_id
    out["ts_event"] = out["ts_recv"] = at
    out["price"] = _fixed([(bid + ask) / 2])
    out["size"] = 0  # nothing trades where an index has a value
    return out


def _equity_quote(instrument_id: int, at: int, bid: float, ask: float) -> Records:
    out = records("bbo-1m", 1)
    out["instrument_id"] = instrument_id
    out["ts_recv"] = at
    out["bid_px_00"], out["ask_px_00"] = _fixed([bid]), _fixed([ask])
    return out
