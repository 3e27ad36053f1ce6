"""Lean's archives read the plain way, and archives made by hand."""

import csv
import datetime
import functools
import io
import zipfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from zerodte.records.dbn import UNDEF_PRICE
from zerodte.tape.folder import Tape

#: Bid and ask as a tape holds them, and their sizes.
Quote: TypeAlias = tuple[int, int, int, int]
#: Raw symbol and receive time to what was said then.
Quotes: TypeAlias = dict[tuple[str, int], Quote]

NEW_YORK: Final = ZoneInfo("America/New_York")
CHICAGO: Final = ZoneInfo("America/Chicago")
MINUTE: Final = 60 * 10**9
#: The fields of a record that make a `Quote`.
TOP: Final = ("bid_px_00", "ask_px_00", "bid_sz_00", "ask_sz_00")


@functools.cache
def instant(day: datetime.date, clock: str | int, zone: ZoneInfo = NEW_YORK) -> int:
    """UTC ns of 'HH:MM[:SS]', or of milliseconds of the day."""
    shown = datetime.datetime.combine(day, datetime.time())
    if isinstance(clock, str):
        shown = datetime.datetime.combine(day, datetime.time.fromisoformat(clock))
    else:
        shown += datetime.timedelta(milliseconds=clock)
    return round(shown.replace(tzinfo=zone).timestamp()) * 10**9


def raw_symbol(name: str) -> str:
    """The OSI symbol of '20151224_goog_minute_quote_american_call_7500000_20151224.csv'."""
    _, root, _, _, _, right, strike, expiry = name.removesuffix(".csv").split("_")
    return f"{root.upper():<6}{expiry[2:]}{right[0].upper()}{int(strike) // 10:08d}"


def names(archive: Path) -> list[str]:
    """The files in an archive."""
    with zipfile.ZipFile(archive) as opened:
        return opened.namelist()


def files(archive: Path) -> dict[str, list[list[str]]]:
    """The rows of every file in an archive."""
    with zipfile.ZipFile(archive) as opened:
        texts = {name: opened.read(name).decode() for name in opened.namelist()}
    return {name: list(csv.reader(io.StringIO(text))) for name, text in texts.items()}


def fixed(cell: str) -> int:
    """A price of an option or an equity, as a tape holds it."""
    return int(Decimal(cell) * 100_000)


def quote(row: list[str]) -> Quote:
    """The close of a quote row."""
    bid, ask = (fixed(cell) if cell else UNDEF_PRICE for cell in (row[4], row[9]))
    return bid, ask, int(row[5]), int(row[10])


def option_quotes(archive: Path, day: datetime.date) -> Quotes:
    """Every quote of an archive of options, at the end of its minute."""
    return {
        (raw_symbol(name), instant(day, int(row[0])) + MINUTE): quote(row)
        for name, rows in files(archive).items()
        for row in rows
    }


def taped(tape: Tape, place: str, dataset: str, *fields: str) -> list[tuple[Any, ...]]:
    """Fields of every record of a dataset after its raw symbol, in the order of the ticks."""
    names = tape.symbols[dataset]
    return [
        (names[number], *cells)
        for tick in tape.ticks()
        for batch in getattr(tick, place)
        if batch.dataset == dataset
        for number, *cells in batch.records[["instrument_id", *fields]].tolist()
    ]


DAY: Final = datetime.date(2021, 1, 4)
QUOTES: Final = "option/usa/minute/abc/20210104_quote_american.zip"
TRADES: Final = "option/usa/minute/abc/20210104_trade_american.zip"
OPEN_INTEREST: Final = "option/usa/minute/abc/20210104_openinterest_american.zip"
STOCK: Final = "equity/usa/minute/abc/20210104_quote.zip"
STOCK_FILE: Final = "20210104_abc_minute_quote.csv"

OPEN: Final = 34_200_000  # 09:30, milliseconds of the day
QUOTE_ROW: Final = "34200000,10000,10000,10000,10000,5,12000,12000,12000,12000,7"
TRADE_ROW: Final = "34260000,11000,11000,11000,11000,3"


def member(
    kind: str, right: str = "call", strike: int = 1_000_000, expiry: str = "20210104"
) -> str:
    """The name of a file in an archive of options on ABC."""
    return f"20210104_abc_minute_{kind}_american_{right}_{strike}_{expiry}.csv"


def zipped(path: Path, content: Mapping[str, str]) -> Path:
    """An archive of these files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, text in content.items():
            out.writestr(name, text)
    return path


def lean_folder(root: Path) -> Path:
    """A folder with one contract of ABC, quoted once, traded a minute later, and the stock."""
    zipped(root / QUOTES, {member("quote"): QUOTE_ROW})
    zipped(root / TRADES, {member("trade"): TRADE_ROW})
    zipped(root / OPEN_INTEREST, {member("openinterest"): "23400000,12"})
    stock = "34200000,1000000,1000000,1000000,1000000,2,1000200,1000200,1000200,1000200,3"
    zipped(root / STOCK, {STOCK_FILE: stock})
    return root
