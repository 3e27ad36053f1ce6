"""End-of-day option quotes of the Cboe DataShop onto a tape: the snapshot of its 1545 columns.

One line per contract, with sizes. Its volume is that of the whole day and so was not known when
these quotes stood.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, time
from itertools import zip_longest
from pathlib import Path

from zerodte.importers.chain_rows import ContractRow, live, read_count, read_number, read_rows
from zerodte.importers.chain_tape import ChainTape, write_snapshot
from zerodte.importers.import_summary import ImportSummary
from zerodte.market.calendar import calendar, new_york
from zerodte.market.osi import Contract, MarketError, format_osi, is_root
from zerodte.market.roots import root_info
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
_ROOT = "root"  # full files have it, extracts often not

_USUAL = time(15, 45)
# "Effective February 5, 2020 on half trading days, the value in the 1545 column will be taken
# at 12:45 pm ET" (DataShop's description of the file).
_HALF_DAY = time(12, 45)
_HALF_DAY_SINCE = date(2020, 2, 5)

Row = dict[str, str]


def import_eod(file: str | Path, out: str | Path, root: str | None = None) -> ImportSummary:
    """Put the 15:45 quotes of a file onto a tape.

    Args:
        file: The CSV file, of one underlying and one day.
        out: The tape's folder.
        root: The OSI root of its contracts, where the file has no such column. Without it, the
            first part of the file's name is taken if it is the root of an index ('spxw_...').

    Raises:
        TapeError: If the file is not of this form, is of several days or of none with a session,
            has no live contract, or its root is not known; or the tape holds it already.
    """
    path = Path(file)
    rows = _read(path)
    if _ROOT not in rows[0]:
        own = _root_of(path, root)
        rows = [{**row, _ROOT: own} for row in rows]
    day = _day(path, rows)
    at = _instant(path, day)
    skipped: Counter[str] = Counter()
    listings = live(_listings(rows, skipped), day, skipped)
    if not listings:
        found = ", ".join(f"{n:,} {what}" for what, n in skipped.items())
        raise TapeError(f"{path}: no contract that is live on {day}; it has {found}")
    skipped["volumes of the whole day"] = len(listings)
    snapshot = ChainTape(
        file=path,
        dataset=_DATASET,
        note=_NOTE,
        at=at,
        listings=listings,
        underlying=_underlying(rows[0]),
        settled_for=day,
        has_volume=False,
        rows=len(rows),
        skipped=skipped,
    )
    return write_snapshot(snapshot, Path(out))


def _read(path: Path) -> list[Row]:
    header, *rows = read_rows(path)
    names = [name.strip() for name in header]
    if missing := [name for name in _COLUMNS if name not in names]:
        raise TapeError(
            f"{path}: not a DataShop end-of-day file with the columns of 15:45; "
            f"it lacks {', '.join(missing)}"
        )
    if not rows:
        raise TapeError(f"{path}: a header without rows")
    # A row that is cut short gets empty cells, which then cannot be read as numbers.
    return [dict(zip_longest(names, row[: len(names)], fillvalue="")) for row in rows]


def _root_of(path: Path, told: str | None) -> str:
    """The root of rows that do not name it: as told, or as the file's name begins."""
    root = (told or path.name.partition("_")[0]).strip().upper()
    if not is_root(root) or not (told or root_info(root).is_index):
        raise TapeError(
            f"{path}: has no column '{_ROOT}', and {root!r} is "
            f"{'no root' if told else 'not the root of an index'}; "
            "say which root its contracts have, such as --root SPXW"
        )
    return root


def _day(path: Path, rows: Iterable[Row]) -> date:
    days = {row["quote_date"].strip() for row in rows}
    if len(days) > 1:
        raise TapeError(f"{path}: of {len(days)} days, where a tape is of one; split it by day")
    try:
        return date.fromisoformat(days.pop())
    except ValueError as error:
        raise TapeError(f"{path}: quote_date is not a date yyyy-MM-dd: {error}") from error


def _instant(path: Path, day: date) -> int:
    try:
        session = calendar().session(day)
    except MarketError as error:
        raise TapeError(f"{path}: {error}") from error
    if session is None:
        raise TapeError(f"{path}: of {day}, on which there was no session")
    early = session.is_early_close and day >= _HALF_DAY_SINCE
    return new_york(day, _HALF_DAY if early else _USUAL)


def _listings(rows: Iterable[Row], skipped: Counter[str]) -> Iterator[ContractRow]:
    for row in rows:
        try:
            listing = _listing(row)
        except ValueError:
            skipped["contracts that cannot be read"] += 1
        else:
            yield listing


def _listing(row: Row) -> ContractRow:
    contract = Contract(
        root=row[_ROOT].strip(),
        expiry=date.fromisoformat(row["expiration"].strip()),
        strike=read_number(row["strike"]),
        right=row["option_type"].strip().upper(),
    )
    format_osi(contract)  # a contract without an OSI symbol cannot be on a tape
    return ContractRow(
        contract=contract,
        bid=read_number(row["bid_1545"]),
        ask=read_number(row["ask_1545"]),
        open_interest=read_count(row["open_interest"]),
        volume=0,
        sizes=(read_count(row["bid_size_1545"]), read_count(row["ask_size_1545"])),
    )


def _underlying(row: Row) -> tuple[float, float] | None:
    """Its bid and ask; None where the file leaves them at zero, as for some indices."""
    try:
        bid = read_number(row["underlying_bid_1545"])
        ask = read_number(row["underlying_ask_1545"])
    except ValueError:
        return None
    return (bid, ask) if bid > 0 and ask > 0 else None
