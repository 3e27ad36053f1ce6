"""Importer for end-of-day option quotes of the Cboe DataShop: the chain of its 15:45 columns.

A file has one line per contract, with sizes. Its volume is that of the whole day, which was unknown
at the time of the quotes.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time
from itertools import zip_longest
from pathlib import Path

from zerodte.clock import new_york
from zerodte.importers.chain_rows import (
    ContractRow,
    read_underlying,
    require_whole,
    select_contracts,
    trim,
)
from zerodte.importers.chain_tape import ImportedChain, require_contracts, write_chain
from zerodte.importers.csv_text import read_rows
from zerodte.importers.import_losses import CellReader, LossCounter
from zerodte.importers.import_summary import ImportSummary
from zerodte.importers.numbers import read_number
from zerodte.market.calendar import calendar
from zerodte.market.osi import Contract, MarketError, format_osi, is_root
from zerodte.market.roots import canonical_name, root_info
from zerodte.tape.error import TapeError

_DATASET = "CBOE.DATASHOP"
_NOTE = "Cboe DataShop end-of-day file: one snapshot of the chain, from its columns of 15:45"

_COLUMNS = (
    "quote_date",
    "expiration",
    "strike",
    "option_type",
    "bid_size_1545",
    "bid_1545",
    "ask_size_1545",
    "ask_1545",
    "underlying_bid_1545",
    "underlying_ask_1545",
    "open_interest",
)
_ROOT = "root"  # in full files, rarely in extracts
_LINE = "line"
_RIGHTS = {"C": "C", "CALL": "C", "P": "P", "PUT": "P"}

_USUAL = time(15, 45)
# "Effective February 5, 2020 on half trading days, the value in the 1545 column will be taken
# at 12:45 pm ET" (DataShop's description of the file).
_HALF_DAY = time(12, 45)
_HALF_DAY_SINCE = date(2020, 2, 5)

Row = dict[str, str]


def import_eod(file: str | Path, out: str | Path, root: str | None = None) -> ImportSummary:
    """Import the 15:45 quotes of a file into a tape.

    Args:
        file: The CSV file, of one underlying and one day.
        out: The tape's folder.
        root: The OSI root of its contracts, if the file has no such column. The default is the
            first part of the file's name, if that is the root of an index ('spxw_...').

    Raises:
        TapeError: If the file does not have this form, covers several days or a day without a
            session, has no live contract or no root, or the tape already holds it.
    """
    path = Path(file)
    table = _read(path)
    if _ROOT not in table[0]:
        file_root = _file_root(path, root)
        table = [{**row, _ROOT: file_root} for row in table]
    day = _day(path, table)
    at = _quote_time(path, day)
    skipped: Counter[str] = Counter()
    losses = LossCounter()
    rows = select_contracts(table, _parse, day, skipped, losses)
    require_contracts(path, rows, day, skipped)
    skipped["volumes of the whole day"] = len(rows)
    chain = ImportedChain(
        file=path,
        dataset=_DATASET,
        note=_NOTE,
        at=at,
        rows=rows,
        # Some indices have zeros there.
        underlying=read_underlying(table[0], "underlying_bid_1545", "underlying_ask_1545"),
        settled_for=day,
        has_volume=False,
        row_count=len(table),
        skipped=skipped,
        losses=losses,
    )
    return write_chain(chain, Path(out))


def _read(path: Path) -> list[Row]:
    header, *rows = read_rows(path)
    names = [name.strip().lower() for name in header.cells]
    if missing := [name for name in _COLUMNS if name not in names]:
        raise TapeError(
            f"{path}: not a DataShop end-of-day file with columns of 15:45; "
            f"it lacks {', '.join(missing)}"
        )
    if not rows:
        raise TapeError(f"{path}: a header without rows; expected: one row per contract")
    require_whole(path, rows, len(names))
    # A row that is too short gets empty cells, which cannot be read as numbers.
    return [
        {
            **dict(zip_longest(names, trim(cells, len(names))[: len(names)], fillvalue="")),
            _LINE: str(line),
        }
        for line, cells in rows
    ]


def _file_root(path: Path, given: str | None) -> str:
    """The root of a file without such a column: as given, or from the file's name."""
    root = canonical_name(given or path.name.partition("_")[0])
    if not is_root(root) or not (given or root_info(root).is_index):
        raise TapeError(
            f"{path}: has no column '{_ROOT}', and {root!r} is "
            f"{'not a root' if given else 'not the root of an index'}; "
            "give the root of its contracts, such as --root SPXW"
        )
    return root


def _day(path: Path, rows: Iterable[Row]) -> date:
    days = {row["quote_date"].strip() for row in rows}
    if len(days) > 1:
        raise TapeError(f"{path}: covers {len(days)} days, but a tape is one; split it by day")
    try:
        return _read_date(days.pop())
    except ValueError as error:
        raise TapeError(f"{path}: quote_date is not a date yyyy-MM-dd: {error}") from error


def _read_date(text: str) -> date:
    """A date: yyyy-MM-dd, or M/d/yyyy as spreadsheets save it; a time after it is ignored."""
    day = text.strip().partition(" ")[0].partition("T")[0]
    if "/" in day:
        return datetime.strptime(day, "%m/%d/%Y").date()  # noqa: DTZ007
    return date.fromisoformat(day)


def _quote_time(path: Path, day: date) -> int:
    try:
        session = calendar().session(day)
    except MarketError as error:
        raise TapeError(f"{path}: {error}") from error
    if session is None:
        raise TapeError(f"{path}: quotes of {day}, which is not a trading day")
    early = session.is_early_close and day >= _HALF_DAY_SINCE
    return new_york(day, _HALF_DAY if early else _USUAL)


def _parse(row: Row) -> ContractRow:
    line = row[_LINE]
    try:
        contract = Contract(
            root=canonical_name(row[_ROOT]),
            expiry=_read_date(row["expiration"]),
            strike=read_number(row["strike"]),
            right=_RIGHTS.get(row["option_type"].strip().upper(), row["option_type"]),
        )
        format_osi(contract)  # raises for a contract without an OSI symbol: no tape can hold it
    except ValueError as error:
        raise ValueError(f"{error} on line {line}") from error
    cells = CellReader()
    return ContractRow(
        contract=contract,
        bid=cells.number("bids", row["bid_1545"]),
        ask=cells.number("asks", row["ask_1545"]),
        open_interest=cells.count("open interest", row["open_interest"]),
        volume=None,
        sizes=(
            cells.count("bid sizes", row["bid_size_1545"]),
            cells.count("ask sizes", row["ask_size_1545"]),
        ),
        line=int(line),
        cells=cells,
    )
