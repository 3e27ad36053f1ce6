"""A chain at one instant, from a file of any format to DBN records on a tape.

Each format has a module that reads it; this is the part that they share.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path

import numpy as np

from zerodte.arrays import F64, I64, U32
from zerodte.clock import new_york, new_york_clock
from zerodte.constants import CALENDAR_DAY
from zerodte.importers.chain_rows import ContractRow, SymbolRows
from zerodte.importers.import_summary import ImportSummary
from zerodte.market.calendar import TradingSession, calendar, epoch_day, last_trading_day
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
CBOE_DATASHOP = "CBOE.DATASHOP"

#: Open interest of a day is published by this time of its morning, New York.
SETTLED_BY = time(6, 30)


@dataclass(frozen=True, slots=True)
class ImportedChain:
    """A chain at one instant.

    Attributes:
        file: The imported file.
        dataset: The dataset of its options.
        note: A note for readers of the tape.
        at: The instant, UTC nanoseconds.
        rows: Contracts of one underlying, each once.
        underlying: Bid and ask in dollars; an index has its value twice; None if unknown.
        settled_for: The day whose morning the open interest is of; None without open interest.
        has_volume: Whether the volume is that of the day up to `at`.
        valued_at: The time of the underlying's price, UTC nanoseconds; None if it is `at`.
        cadence_seconds: The source's update interval; 0 where a file is all that there is of it.
    """

    file: Path
    dataset: str
    note: str
    at: int
    rows: Sequence[ContractRow]
    underlying: tuple[float, float] | None
    settled_for: date | None
    has_volume: bool
    valued_at: int | None = None
    cadence_seconds: int = 0

    @property
    def symbol(self) -> str:
        """The underlying of its contracts."""
        return root_info(self.rows[0].contract.root).symbol

    @property
    def quote_count(self) -> int:
        """Contracts with a bid or an ask."""
        return sum(row.is_quoted for row in self.rows)


@dataclass(frozen=True, slots=True)
class ImportedSymbol:
    """What a file has of one underlying.

    Attributes:
        chain: Its chain, with open interest.
        content: The accounting of its rows.
        at_close: Its chain at the close, if the file has both.
    """

    chain: ImportedChain
    content: SymbolRows
    at_close: ImportedChain | None = None


def settled_day(at: int) -> date:
    """The day whose open interest, published in its morning, is the latest at an instant."""
    day = new_york_clock(at).date()
    session = calendar().session(day)
    if session is not None and at >= new_york(day, SETTLED_BY):
        return day
    return calendar().previous(day).date


def write_chains(symbols: Sequence[ImportedSymbol], out: Path) -> ImportSummary:
    """Write the chains of a file as a tape, or add them to one.

    Args:
        symbols: Its underlyings, at least one, all at the same time.
        out: The tape's folder.

    Returns:
        The summary of the first one, with those of the others.

    Raises:
        TapeError: If `out` already holds these chains, or is the tape of another session.
    """
    first = symbols[0].chain
    session = calendar().session_of(first.at)
    check_session(out, session)
    losses = {symbol.chain.symbol: symbol.content.losses.by_fact() for symbol in symbols}
    with atomic_folder(out) as folder:
        writer = TapeWriter(
            folder,
            notes=[first.note],
            cadence_seconds=first.cadence_seconds,
            import_losses=losses,
        )
        for symbol in symbols:
            _write(symbol.chain, writer)
            if symbol.at_close is not None:
                _write(symbol.at_close, writer, are_defined=True)
        writer.finish()
    summary, *others = [_summary(symbol, session) for symbol in symbols]
    return summary.with_others(others)


def _write(chain: ImportedChain, writer: TapeWriter, *, are_defined: bool = False) -> None:
    contracts = [row.contract for row in chain.rows]
    ids = writer.ids(chain.dataset, [format_osi(contract) for contract in contracts])
    stamp = f"{new_york_clock(chain.at):%Y-%m-%dT%H%M%S}"

    def write(dataset: str, schema: str, content: Records) -> None:
        name = f"{dataset}.{chain.symbol}.{stamp}.{schema}.dbn.zst".lower()
        writer.write(dataset, schema, content, name=name)

    if not are_defined:
        write(chain.dataset, "definition", definitions(contracts, ids, chain.symbol, chain.at))
    statistics = _statistics(chain, ids)
    if len(statistics):
        write(chain.dataset, "statistics", statistics)
    write(chain.dataset, "cbbo-1m", _quotes(chain, ids))
    if chain.underlying is not None:
        bid, ask = (np.array([price]) for price in chain.underlying)
        at = np.array([chain.valued_at or chain.at])
        write(*underlying_records(chain.symbol, writer, at, bid, ask))


def check_session(out: Path, session: TradingSession) -> None:
    """Check that an existing folder is a tape of a session.

    Raises:
        TapeError: If it is the tape of another session.
    """
    for file in find_files(out):
        other = calendar().session_of(file.metadata.start)
        if other != session:
            raise TapeError(
                f"{out}: a tape of the session of {other.date}, not of {session.date}; a tape is "
                "one session, so use another folder"
            )


def _summary(symbol: ImportedSymbol, session: TradingSession) -> ImportSummary:
    chain, content, close = symbol.chain, symbol.content, symbol.at_close
    rows = chain.rows
    with_volume = next((found for found in (chain, close) if found and found.has_volume), None)
    volumes = {} if with_volume is None else {row.contract: row.volume for row in with_volume.rows}
    last_day = [row for row in rows if last_trading_day(row.contract.expiry) == session.date]
    same_day = [row for row in last_day if expires_at_close(row.contract, session.date)]
    return ImportSummary(
        file=chain.file,
        symbol=chain.symbol,
        at=chain.at,
        session=session,
        rows=content.row_count,
        contracts=len(rows),
        expiries=len({row.contract.expiry for row in rows}),
        quotes=chain.quote_count,
        open_interest=sum(row.open_interest is not None for row in rows),
        open_interest_date=chain.settled_for or session.date,
        volumes=sum(volume is not None for volume in volumes.values()),
        same_day_contracts=len(same_day),
        same_day_open_interest=sum(row.open_interest or 0 for row in same_day),
        same_day_volume=sum(volumes.get(row.contract) or 0 for row in same_day),
        has_underlying=chain.underlying is not None,
        skipped=+content.skipped,
        at_close=""
        if close is None
        else f"{close.quote_count:,} quotes, at {new_york_clock(close.at):%H:%M}",
        losses=content.losses.by_fact(),
        settled_at_open=len(last_day) - len(same_day),
    )


def expires_at_close(contract: Contract, day: date) -> bool:
    """Whether a contract trades until the close of `day` and expires then."""
    return last_trading_day(contract.expiry) == day and root_info(contract.root).settlement == "PM"


def fixed(dollars: F64) -> I64:
    """Dollars as fixed-point prices, in units of 1e-9; undefined for NaN."""
    is_known = ~np.isnan(dollars)
    prices = np.rint(np.where(is_known, dollars, 0.0) / PRICE_SCALE).astype(np.int64)
    return np.where(is_known, prices, UNDEF_PRICE)


def definitions(contracts: Sequence[Contract], ids: U32, symbol: str, at: int) -> Records:
    """The definitions of n option contracts.

    Args:
        contracts: The contracts, n of them.
        ids: Their instrument ids, shape (n,).
        symbol: Their underlying.
        at: Their event and receive time, UTC nanoseconds.
    """
    out = records("definition", len(ids))
    out["instrument_id"] = ids
    out["ts_event"] = out["ts_recv"] = at
    out["raw_symbol"] = np.array([format_osi(contract) for contract in contracts], "S")
    out["instrument_class"] = np.array([contract.right for contract in contracts], "S1")
    out["strike_price"] = fixed(np.array([contract.strike for contract in contracts], np.float64))
    out["expiration"] = [epoch_day(contract.expiry) * CALENDAR_DAY for contract in contracts]
    out["asset"] = out["underlying"] = symbol.encode()
    out["currency"] = out["strike_price_currency"] = b"USD"
    out["security_type"] = b"OPT"
    return out


def _statistics(chain: ImportedChain, ids: U32) -> Records:
    statistics = []
    if chain.settled_for is not None:
        morning = new_york(chain.settled_for, SETTLED_BY)
        statistics.append((STAT_OPEN_INTEREST, morning, [row.open_interest for row in chain.rows]))
    if chain.has_volume:
        statistics.append((STAT_CLEARED_VOLUME, chain.at, [row.volume for row in chain.rows]))
    blocks = [records("statistics", 0)]
    for stat_type, event_time, quantities in statistics:
        is_known = np.array([quantity is not None for quantity in quantities], np.bool_)
        block = records("statistics", int(is_known.sum()))
        block["instrument_id"] = ids[is_known]
        block["stat_type"] = stat_type
        block["ts_event"] = event_time
        block["ts_recv"] = chain.at
        block["quantity"] = [quantity for quantity in quantities if quantity is not None]
        blocks.append(block)
    return np.concatenate(blocks)


def _quotes(chain: ImportedChain, ids: U32) -> Records:
    out = records("cbbo-1m", len(ids))
    out["instrument_id"] = ids
    out["ts_recv"] = chain.at
    is_quoted = np.array([row.is_quoted for row in chain.rows])
    sides = {"bid": [row.bid for row in chain.rows], "ask": [row.ask for row in chain.rows]}
    for index, (side, dollars) in enumerate(sides.items()):
        prices = fixed(np.array(dollars, np.float64))
        out[f"{side}_px_00"] = np.where(is_quoted, prices, UNDEF_PRICE)
        for at, row in enumerate(chain.rows):
            size = row.sizes[index] if row.sizes is not None else None
            if size is not None:
                out[f"{side}_sz_00"][at] = size
    return out


def underlying_records(
    symbol: str, writer: TapeWriter, at: I64, bid: F64, ask: F64
) -> tuple[str, str, Records]:
    """The dataset, the schema and the records of an underlying's prices.

    An index has the middle of bid and ask as its value, an equity has them as quotes.

    Args:
        symbol: The underlying.
        writer: Numbers it.
        at: Times of the prices, UTC nanoseconds, shape (n,).
        bid: Dollars, shape (n,).
        ask: Dollars, shape (n,).
    """
    is_index = root_info(symbol).is_index
    dataset, schema = (INDEX, "trades") if is_index else (CBOE_EQUITY, "bbo-1m")
    out = records(schema, len(at))
    out["instrument_id"] = writer.ids(dataset, [symbol])[0]
    out["ts_recv"] = at
    if is_index:
        out["ts_event"] = at
        out["price"] = fixed((bid + ask) / 2)
        out["size"] = 0  # an index value is not a transaction
    else:
        out["bid_px_00"], out["ask_px_00"] = fixed(bid), fixed(ask)
    return dataset, schema, out
