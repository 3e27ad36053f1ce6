"""Importer for a day of QuantConnect Lean's minute data: options and their underlying.

Bars have no detail within a minute and no sale conditions; the tape's notes tell its readers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from zerodte.importers import lean_records
from zerodte.importers.chain_tape import check_session, definitions, expires_at_close
from zerodte.importers.import_summary import ImportSummary
from zerodte.importers.lean_files import (
    OPEN_INTEREST,
    QUOTE,
    TRADE,
    LeanArchive,
    Progress,
    find_day,
)
from zerodte.importers.lean_rows import HOUR_MS, LeanReader, LeanRows
from zerodte.importers.strike_scale import of_another_scale
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.osi import Contract, MarketError, format_osi, is_root
from zerodte.market.roots import REDUCED, canonical_name, root_info
from zerodte.records.dbn import INDEX, Records
from zerodte.tape.atomic_folder import atomic_folder
from zerodte.tape.error import TapeError
from zerodte.tape.sidecars import ImportLoss
from zerodte.tape.writer import TapeWriter

OPTIONS_DATASET: Final = "LEAN.OPTIONS"
LEAN_EQUITY: Final = "LEAN.EQUITY"

_NOTES: Final = (
    "minute bars",
    "a trade is the volume of a minute at its last price, with the quote of the minute before",
)
_CADENCE_SECONDS: Final = 60
#: Index values have Chicago's clock, an hour behind New York's, which everything else has, except
#: for these (`dataTimeZone` in Lean's market-hours-database.json).
_NEW_YORK_INDICES: Final = frozenset({"RUT", "DJX", "XSP", "OEX", "MRUT"})
_CHICAGO_LAG: Final = HOUR_MS


@dataclass(frozen=True, slots=True)
class _DayRows:
    """The rows of a day.

    Attributes:
        symbol: The underlying.
        session: The trading session.
        contracts: Contracts by index.
        quotes: Quote bars.
        trades: Trade bars with a volume and a price.
        open_interest: That of the morning.
        underlying: Quote bars of an equity, value bars of an index; None if missing.
    """

    symbol: str
    session: TradingSession
    contracts: Sequence[Contract]
    quotes: LeanRows
    trades: LeanRows
    open_interest: LeanRows
    underlying: LeanRows | None

    @property
    def tables(self) -> list[LeanRows]:
        """The rows, one table per kind."""
        options = [self.quotes, self.trades, self.open_interest]
        return options if self.underlying is None else [*options, self.underlying]


def _no_progress(activity: str, done: int, total: int) -> None:
    """Ignore the progress."""


def import_lean(
    root: str | Path,
    symbol: str,
    day: date,
    out: str | Path,
    progress: Progress = _no_progress,
) -> ImportSummary:
    """Import a day of an underlying and its options; several symbols can share a tape.

    Quotes, trades, open interest and the underlying may be missing, and the summary lists what is;
    some of the options' must be there. A cell that cannot be read makes a fact unknown. An equity's
    trade bars are not used, because its quotes give its price.

    Args:
        root: The folder of Lean's data, with `option`, `equity`, `indexoption`, `index`.
        symbol: The underlying, or a root of its options: GOOG, SPX, SPXW.
        day: The date of a session.
        out: The tape's folder.
        progress: Receives the progress of reading and writing.

    Raises:
        TapeError: If there is no data of that symbol and day, an archive is damaged or not of
            Lean's form, or the tape already holds the data or is of another session.
    """
    session = _session(day)
    underlying_symbol = _symbol(symbol)
    files = find_day(Path(root), underlying_symbol, day)
    reader = LeanReader(day, progress)
    quotes = reader.options(files.options, QUOTE)
    trades = reader.options(files.options, TRADE)
    is_trade = (trades.column("volume") > 0) & (trades.column("close") > 0)
    is_unknown = np.isnan(trades.column("volume")) | np.isnan(trades.column("close"))
    reader.skipped["trades of options without volume or price"] += int(
        np.count_nonzero(~is_trade & ~is_unknown)
    )
    open_interest = reader.options(files.options, OPEN_INTEREST)
    open_interest = open_interest.select(~np.isnan(open_interest.column("open interest")))
    underlying = _underlying_bars(reader, files.underlying, underlying_symbol)
    if not len(quotes) + len(trades) + (len(open_interest) if underlying else 0):
        skipped = (+reader.skipped).items()
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in skipped) or "no rows"
        raise TapeError(
            f"{root}: no quote and no trade of an option on {underlying_symbol} on {day}; "
            f"there are {reasons}"
        )
    _count_scales(reader, underlying)
    rows = _DayRows(
        symbol=underlying_symbol,
        session=session,
        contracts=reader.contracts,
        quotes=quotes,
        trades=reader.one_a_minute(trades.select(is_trade)),
        open_interest=open_interest,
        underlying=underlying,
    )
    check_session(Path(out), session)
    with atomic_folder(Path(out)) as folder:
        _write(rows, folder, {underlying_symbol: reader.losses.by_fact()}, progress)
    return _summary(rows, Path(root), reader, files.missing)


def _underlying_bars(
    reader: LeanReader, archive: LeanArchive | None, symbol: str
) -> LeanRows | None:
    """The underlying's bars that have a price, on the scale and clock of its own; None without."""
    if archive is None:
        return None
    index = archive.path.parent.name.upper()
    is_chicago = root_info(symbol).is_index and index not in _NEW_YORK_INDICES
    bars = reader.underlying(archive, _CHICAGO_LAG if is_chicago else 0)
    if bars.kind is TRADE:
        has_value = bars.column("close") > 0
        reader.skipped["values of the underlying without a price"] += int(
            np.count_nonzero(~has_value & ~np.isnan(bars.column("close")))
        )
        bars = bars.select(has_value)
    if index != canonical_name(symbol) and symbol in REDUCED:
        bars.cells[:, 1:5] /= REDUCED[symbol][1]
    return bars


def _count_scales(reader: LeanReader, underlying: LeanRows | None) -> None:
    """Count contracts whose strikes are on another scale than the underlying's price."""
    if underlying is None:
        return
    if underlying.kind is TRADE:
        prices = underlying.column("close")
    else:
        prices = underlying.column("bid close") * lean_records.TEN_THOUSANDTHS
    known = prices[np.isfinite(prices)]
    strange = of_another_scale(reader.contracts, float(np.median(known))) if len(known) else []
    if strange:
        fact, count = "scale of strikes (from before a split?)", len(strange)
        reader.losses.keep(fact, len(reader.contracts) - count)
        reader.losses.refuse(fact, count, format_osi(strange[0]).strip())


def _session(day: date) -> TradingSession:
    try:
        session = calendar().session(day)
    except MarketError as error:
        raise TapeError(str(error)) from error
    if session is None:
        raise TapeError(f"{day}: not a trading day")
    return session


def _symbol(text: str) -> str:
    root = canonical_name(text)
    if not is_root(root):
        raise TapeError(f"{text!r} is not a symbol; expected: one such as GOOG or SPX")
    return root_info(root).symbol


def _write(
    rows: _DayRows, out: Path, losses: Mapping[str, Mapping[str, ImportLoss]], progress: Progress
) -> None:
    day = rows.session.date
    writer = TapeWriter(out, notes=_NOTES, cadence_seconds=_CADENCE_SECONDS, import_losses=losses)
    ids = writer.ids(OPTIONS_DATASET, [format_osi(contract) for contract in rows.contracts])
    midnight = lean_records.midnight(day)
    quotes = lean_records.quotes(rows.quotes, ids, day, "cbbo-1m")
    trades = lean_records.trades(rows.trades, rows.quotes, quotes, ids, day)
    files = [
        (OPTIONS_DATASET, "definition", definitions(rows.contracts, ids, rows.symbol, midnight)),
        (OPTIONS_DATASET, "cbbo-1m", quotes),
        (OPTIONS_DATASET, "tcbbo", trades),
        (OPTIONS_DATASET, "statistics", lean_records.statistics(rows.open_interest, ids, day)),
    ]
    if rows.underlying is not None:
        files.append(_underlying(rows.symbol, rows.underlying, writer, day))
    for done, (dataset, schema, content) in enumerate(files):
        progress("writing", done, len(files))
        if len(content):
            name = f"{dataset}.{rows.symbol}.{day}.{schema}.dbn.zst".lower()
            writer.write(dataset, schema, content, name=name)
    writer.finish()


def _underlying(
    symbol: str, bars: LeanRows, writer: TapeWriter, day: date
) -> tuple[str, str, Records]:
    if root_info(symbol).is_index:
        return INDEX, "trades", lean_records.index_values(bars, writer.ids(INDEX, [symbol]), day)
    ids = writer.ids(LEAN_EQUITY, [symbol])
    return LEAN_EQUITY, "bbo-1m", lean_records.quotes(bars, ids, day, "bbo-1m")


def _summary(
    rows: _DayRows, root: Path, reader: LeanReader, missing: Sequence[str]
) -> ImportSummary:
    day = rows.session.date
    contracts, trades, open_interest = rows.contracts, rows.trades, rows.open_interest
    is_same_day = np.array([expires_at_close(contract, day) for contract in contracts], np.bool_)
    is_quoted = (rows.quotes.column("bid close") > 0) | (rows.quotes.column("ask close") > 0)
    settled = np.zeros(len(contracts))
    settled[open_interest.contract_index] = open_interest.column("open interest")
    bars = {"of quotes": len(rows.quotes), "of trades": len(trades)}
    if rows.underlying is not None:
        bars["of the underlying"] = len(rows.underlying)
    return ImportSummary(
        file=root,
        symbol=rows.symbol,
        at=_newest(rows),
        session=rows.session,
        rows=sum(table.read_count for table in rows.tables),
        contracts=len(contracts),
        expiries=len({contract.expiry for contract in contracts}),
        quotes=len(np.unique(rows.quotes.contract_index[is_quoted])),
        open_interest=len(np.unique(open_interest.contract_index)),
        open_interest_date=day,
        volumes=len(np.unique(trades.contract_index)),
        same_day_contracts=int(np.count_nonzero(is_same_day)),
        same_day_open_interest=int(settled[is_same_day].sum()),
        same_day_volume=int(trades.column("volume")[is_same_day[trades.contract_index]].sum()),
        has_underlying=bars.get("of the underlying", 0) > 0,
        skipped=+reader.skipped,
        bars=bars,
        missing=tuple(missing),
        losses=reader.losses.by_fact(),
    )


def _newest(rows: _DayRows) -> int:
    """The time of the newest quote, or without quotes of the newest trade or open interest."""
    first, *others = [table for table in rows.tables if len(table)]
    day = rows.session.date
    newest = int(lean_records.ends(first, day)[-1])
    return (
        newest
        if first.kind is QUOTE
        else max(newest, *(int(lean_records.ends(table, day)[-1]) for table in others))
    )
