"""Importer for end-of-day option quotes of the Cboe DataShop: the chains of 15:45 and of the close.

A file has one line per contract, with sizes, of any number of underlyings. Its volume is that of
the whole day, which was unknown at 15:45.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Final

from zerodte.clock import new_york
from zerodte.importers.chain_rows import (
    ContractRow,
    SymbolRows,
    UnreadableContractError,
    read_underlying,
    select_contracts,
)
from zerodte.importers.chain_tape import (
    CBOE_DATASHOP,
    ImportedChain,
    ImportedSymbol,
    write_chains,
)
from zerodte.importers.csv_formats import CBOE_EOD
from zerodte.importers.csv_text import CsvRow
from zerodte.importers.datashop_table import (
    ROOT,
    UNDERLYING,
    DatashopTable,
    read_contract,
    read_date,
)
from zerodte.importers.import_losses import CellReader
from zerodte.importers.import_summary import ImportSummary
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.osi import Contract, MarketError, is_root
from zerodte.market.roots import canonical_name, root_info
from zerodte.tape.error import TapeError

_NOTE: Final = "Cboe DataShop end-of-day file: snapshots of the chain at 15:45 and at the close"

_QUOTES: Final = ("bid", "ask")
_AFTERNOON: Final = "1545"
_CLOSE: Final = "eod"

_USUAL: Final = time(15, 45)
# "Effective February 5, 2020 on half trading days, the value in the 1545 column will be taken
# at 12:45 pm ET" (DataShop's description of the file).
_HALF_DAY: Final = time(12, 45)
_HALF_DAY_SINCE: Final = date(2020, 2, 5)


def import_eod(
    file: str | Path, out: str | Path, root: str | None = None, day: date | None = None
) -> ImportSummary:
    """Import the quotes of a file into a tape: those of 15:45 and, where it has them, of the close.

    Args:
        file: The CSV file, of any number of underlyings.
        out: The tape's folder.
        root: The OSI root of its contracts, if the file has no such column. The default is the
            underlying if that is not an index, or the first part of the file's name, if that is
            the root of an index ('spxw_...').
        day: The day to import; by default that of all rows.

    Returns:
        The summary of the underlying with most contracts, with the others' in it.

    Raises:
        TapeError: If the file does not have this form, covers several days or a day without a
            session, has no live contract or no root, or the tape already holds it.
    """
    path = Path(file)
    table = EodTable(path, root)
    rows, day = _rows_of_day(table, day)
    session = _session(path, day)
    symbols = select_contracts(rows, table.parse, path, day)
    imports = [_imported(table, symbol, session) for symbol in symbols]
    return write_chains(imports, Path(out))


class EodTable:
    """The table of an end-of-day file.

    Args:
        path: The file.
        root: The root of its contracts, as the user gave it.

    Attributes:
        table: Its columns and rows.
        instants: The suffixes of the columns of quotes that it has: 1545, eod.
        underlying: The cells of the underlying's bid and ask by symbol and instant.
        undated: Lines whose day is unknown: without a readable date, in a file of several days.
    """

    def __init__(self, path: Path, root: str | None) -> None:
        content = "DataShop end-of-day file with columns of 15:45 or of the close"
        self.table = DatashopTable(path, content, CBOE_EOD.columns)
        columns = self.table.columns
        self.instants = [
            instant
            for instant in (_AFTERNOON, _CLOSE)
            if all(f"{side}_{instant}" in columns for side in _QUOTES)
        ]
        if not self.instants:
            missing = [name for side in _QUOTES if (name := f"{side}_1545") not in columns]
            raise TapeError(f"{path}: not a {content}; it lacks {', '.join(missing)}")
        self.underlying: dict[tuple[str, str], tuple[float, float]] = {}
        self.undated: frozenset[int] = frozenset()
        self._root = None
        if ROOT not in columns and (root or UNDERLYING not in columns):
            self._root = _file_root(path, root)

    @property
    def has_volume(self) -> bool:
        """Whether it has the volume of the day."""
        return "trade_volume" in self.table.columns

    def parse(self, row: CsvRow) -> ContractRow:
        """Read a contract, and the underlying's price the first time.

        Raises:
            UnreadableContractError: If it cannot be read.
        """
        cell = self.table.cell
        text = cell(row, ROOT)
        if ROOT not in self.table.columns:
            text = self._root or _underlying_root(self.table.path, cell(row, UNDERLYING))
        if row.line in self.undated:
            date_text = cell(row, "quote_date").strip()
            raise UnreadableContractError(
                f"quote_date {date_text!r} on line {row.line}", self._symbol(row, text)
            )
        try:
            contract = read_contract(
                text, cell(row, "expiration"), cell(row, "strike"), cell(row, "option_type")
            )
        except ValueError as error:
            raise UnreadableContractError(
                f"{error} on line {row.line}", self._symbol(row, text)
            ) from error
        symbol = root_info(contract.root).symbol
        for instant in self.instants:
            if (symbol, instant) not in self.underlying:
                sides = [cell(row, f"underlying_{side}_{instant}") for side in _QUOTES]
                # Some indices have zeros there.
                if prices := read_underlying(*sides):
                    self.underlying[symbol, instant] = prices
        cells = CellReader()
        open_interest = cells.count("open interest", cell(row, "open_interest"))
        first, *close = [
            self._at(instant, row, contract, open_interest, cells) for instant in self.instants
        ]
        return replace(first, at_close=close[0]) if close else first

    def _symbol(self, row: CsvRow, root: str) -> str:
        """The underlying of a row that cannot be read; empty if it does not tell."""
        name = canonical_name(self.table.cell(row, UNDERLYING) or root)
        return root_info(name).symbol if is_root(name) else ""

    def _at(
        self,
        instant: str,
        row: CsvRow,
        contract: Contract,
        open_interest: int | None,
        cells: CellReader,
    ) -> ContractRow:
        """A contract at one instant."""
        cell = self.table.cell
        place = " at the close" if instant != self.instants[0] else ""
        prices = [cells.number(f"{s}s{place}", cell(row, f"{s}_{instant}")) for s in _QUOTES]
        sizes = [
            cells.count(f"{s} sizes{place}", cell(row, f"{s}_size_{instant}"))
            for s in _QUOTES
            if f"{s}_size_{instant}" in self.table.columns
        ]
        volume = None
        if instant == _CLOSE and self.has_volume:
            volume = cells.count("volume", cell(row, "trade_volume"))
        return ContractRow(
            contract=contract,
            bid=prices[0],
            ask=prices[1],
            open_interest=open_interest,
            volume=volume,
            sizes=(sizes[0], sizes[1]) if len(sizes) > 1 else None,
            line=row.line,
            cells=cells,
        )


def _file_root(path: Path, given: str | None) -> str:
    """The root of a file without such a column: as given, or from the file's name."""
    root = canonical_name(given or path.name.partition("_")[0])
    if not is_root(root) or not (given or root_info(root).is_index):
        raise TapeError(
            f"{path}: has no column '{ROOT}', and {root!r} is "
            f"{'not a root' if given else 'not the root of an index'}; "
            "give the root of its contracts, such as --root SPXW"
        )
    return root


def _underlying_root(path: Path, underlying: str) -> str:
    """The root of an equity's contracts; an index may have several, so its name does not tell."""
    root = canonical_name(underlying)
    return _file_root(path, None) if root_info(root).is_index else root


def _rows_of_day(table: EodTable, day: date | None) -> tuple[Sequence[CsvRow], date]:
    """The rows of a day, and of no readable day; in a file of several days those are `undated`.

    Raises:
        TapeError: If there are several days and none is given, or no row is of that day.
    """
    path = table.table.path
    rows: dict[date | None, list[CsvRow]] = {}
    days: dict[str, date | None] = {}
    error = ValueError()
    for row in table.table.rows():
        text = table.table.cell(row, "quote_date")
        if text not in days:
            try:
                days[text] = read_date(text)
            except ValueError as wrong:
                days[text], error = None, wrong
        rows.setdefault(days[text], []).append(row)
    undated = rows.pop(None, [])
    if not rows:
        raise TapeError(f"{path}: quote_date is not a date yyyy-MM-dd: {error}")
    known = sorted(found for found in rows if found is not None)
    if day is None and len(known) > 1:
        raise TapeError(
            f"{path}: covers {len(known)} days, {known[0]} to {known[-1]}, but a tape is one; "
            f"choose it with --date {known[0]}"
        )
    if day is not None and day not in rows:
        raise TapeError(f"{path}: no row of {day}; it has {known[0]} to {known[-1]}")
    day = day or known[0]
    # In a file of one day they are of that day; of several days, they may be of any.
    if len(known) > 1:
        table.undated = frozenset(row.line for row in undated)
    return [*rows[day], *undated], day


def _session(path: Path, day: date) -> TradingSession:
    try:
        session = calendar().session(day)
    except MarketError as error:
        raise TapeError(f"{path}: {error}") from error
    if session is None:
        raise TapeError(f"{path}: quotes of {day}, which is not a trading day")
    return session


def _imported(table: EodTable, symbol: SymbolRows, session: TradingSession) -> ImportedSymbol:
    """The chains of an underlying."""
    day, rows = session.date, list(symbol.rows.values())
    is_half_day = session.is_early_close and day >= _HALF_DAY_SINCE
    times = {
        _AFTERNOON: new_york(day, _HALF_DAY if is_half_day else _USUAL),
        _CLOSE: session.close,
    }
    instants = list(table.instants)
    if _CLOSE in instants and _AFTERNOON in instants and times[_AFTERNOON] > session.close:
        instants.remove(_AFTERNOON)
        symbol.skipped["quotes of 15:45, after an early close"] = len(rows)
    chains: list[ImportedChain] = []
    for instant in instants:
        is_first = not chains
        chains.append(
            ImportedChain(
                file=table.table.path,
                dataset=CBOE_DATASHOP,
                note=_NOTE,
                at=times[instant],
                rows=rows
                if instant == table.instants[0]
                else [
                    replace(row.at_close, open_interest=row.open_interest)
                    if is_first
                    else row.at_close
                    for row in rows
                    if row.at_close
                ],
                underlying=table.underlying.get((symbol.symbol, instant)),
                settled_for=day if is_first else None,
                has_volume=instant == _CLOSE and table.has_volume,
            )
        )
    if table.has_volume and _CLOSE not in instants:
        symbol.skipped["volumes of the whole day"] = len(rows)
    return ImportedSymbol(chains[0], symbol, *chains[1:])
