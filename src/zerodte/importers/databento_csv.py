"""Importer for CSV files of Databento: one schema each, with pretty or raw prices and times.

The columns have the names of the fields of DBN records, so the record's layout tells how to read
each. A column `symbol` may be missing; then a file of definitions of that day beside it tells the
symbols, because Databento gives ids anew each day.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from zerodte.clock import parse_utc
from zerodte.constants import HOUR
from zerodte.importers.csv_formats import DATABENTO_CSV, hint_of
from zerodte.importers.csv_text import CsvRow, iterate_rows
from zerodte.importers.daily_symbols import Naming
from zerodte.importers.record_files import RecordFile, underlying_name, write_files
from zerodte.market.osi import is_osi
from zerodte.records.dbn import OPRA, PRICE_SCALE, RTYPES, SCHEMAS, UNDEF_PRICE, records
from zerodte.tape.error import TapeError

_NOTE: Final = "CSV files of Databento"
_NOT_OPTIONS: Final = "DATABENTO.CSV"
_DATASET: Final = re.compile(r"([a-z]+)[-.]([a-z]+)-\d{8}", re.ASCII | re.IGNORECASE)
_TIMES: Final = ("ts_event", "ts_recv", "ts_ref", "expiration", "activation")
_PRICES: Final = re.compile(
    r"price|\w+_px_\d\d|strike_price|\w+_limit_price|max_price_variation|leg_price|leg_delta|"
    r"min_price_increment(_amount)?|display_factor|unit_of_measure_qty|price_ratio"
)
#: The fact that a column tells, in the words of other imports.
_FACTS: Final = {
    "price": "prices",
    "size": "sizes",
    "quantity": "open interest or volume",
    "bid_px_00": "bids",
    "ask_px_00": "asks",
    "bid_sz_00": "bid sizes",
    "ask_sz_00": "ask sizes",
}
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(Z|[+-]00:?00)?", re.ASCII
)
_NUMBER: Final = re.compile(r"(-?)(\d*)(?:\.(\d*))?", re.ASCII)
_LARGEST_DIGITS: Final = 10  # of whole dollars
#: Prices on a market, and the bound between dollars and raw units of them: a million dollars, and a
#: tenth of a cent.
_MARKET_PRICES: Final = re.compile(r"price|(bid|ask)_px_\d\d|strike_price")
_RAW_FROM: Final = 1_000_000


def import_databento_csv(
    files: Sequence[str | Path],
    out: str | Path,
    dataset: str | None = None,
    day: date | None = None,
) -> list[RecordFile]:
    """Import CSV files into a tape.

    A cell that cannot be read makes its field undefined; only a row without an instrument or a
    receive time is lost.

    Args:
        files: The files, plain, compressed or zipped.
        out: The tape's folder.
        dataset: The dataset of their records. The default is that in a file's name
            (`opra-pillar-20250220.tcbbo.csv`), OPRA.PILLAR for options, DATABENTO.CSV for others.
        day: The session whose records are kept. The default is all.

    Raises:
        TapeError: If a file does not have this form or its schema has no place on a tape, or the
            tape already holds it.
    """
    found = [_read(Path(file), dataset) for file in files]
    write_files(found, Path(out), _NOTE, day)
    return found


def _read(path: Path, dataset: str | None) -> RecordFile:
    rows = iterate_rows(path)
    names = [name.strip().lower() for name in next(rows).cells]
    if missing := [name for name in DATABENTO_CSV.columns if name not in names]:
        raise TapeError(
            f"{path}: not a CSV file of Databento; it lacks {', '.join(missing)}{hint_of(names)}"
        )
    table = list(rows)
    for row in table:
        if len(row.cells) < len(names):
            raise TapeError(
                f"{path}, line {row.line}: {len(row.cells)} of {len(names)} columns; "
                "expected: a whole file; download it again"
            )
    schema = _schema(path, names, table)
    content = RecordFile(path, dataset or _named_dataset(path) or "")
    columns = {name: index for index, name in enumerate(names)}
    content.records[schema] = records(schema, 0)
    _fill(content, schema, columns, table)
    if not content.dataset:
        is_options = any(is_osi(naming.symbol) for naming in content.namings)
        content.dataset = OPRA if is_options or not content.namings else _NOT_OPTIONS
    return content


def _schema(path: Path, names: Sequence[str], table: Sequence[CsvRow]) -> str:
    """The schema of a file, which all its rows have."""
    at = names.index("rtype")
    kinds = {row.cells[at].strip() for row in table}
    schemas = [schema for schema, rtype in RTYPES.items() if kinds == {str(rtype)}]
    if not schemas:
        known = ", ".join(f"{rtype} ({schema})" for schema, rtype in RTYPES.items())
        raise TapeError(
            f"{path}: records of type {', '.join(sorted(kinds)) or 'none'}; expected one of {known}"
        )
    if "tbbo" not in schemas:
        return schemas[0]
    # Both have one type; every record of tbbo is a trade.
    action = names.index("action") if "action" in names else 0
    return "tbbo" if all(row.cells[action].strip() == "T" for row in table) else "mbp-1"


def _named_dataset(path: Path) -> str:
    match = _DATASET.match(path.name)
    return "" if match is None else f"{match[1]}.{match[2]}".upper()


def _fill(
    content: RecordFile, schema: str, columns: dict[str, int], table: Sequence[CsvRow]
) -> None:
    """Read the rows into records."""
    layout = SCHEMAS[schema]
    symbol_at = columns.get("symbol", columns.get("raw_symbol"))
    is_pretty = _is_pretty(content.path, columns, table)
    readers = {
        name: _reader(name, layout[name], is_pretty=is_pretty)
        for name in layout.names or ()
        if name in columns and name not in ("length", "rtype")
    }
    out = records(schema, len(table))
    kept: list[int] = []
    symbols: list[str] = []
    totals: dict[tuple[str, str], int] = {}
    for number, row in enumerate(table):
        symbol = "" if symbol_at is None else row.cells[symbol_at].rstrip()
        owner = underlying_name(symbol) if symbol else ""
        is_lost = False
        for name, read in readers.items():
            text = row.cells[columns[name]]
            fact = _FACTS.get(name)
            if fact:
                totals[owner, fact] = totals.get((owner, fact), 0) + 1
            if not text.strip() and layout[name].kind != "S":
                is_lost |= name in ("instrument_id", "ts_recv")
                continue
            try:
                out[number][name] = read(text)
            except (ValueError, OverflowError):
                is_lost |= name in ("instrument_id", "ts_recv")
                content.lose(owner, fact or name, f"{text.strip()!r} on line {row.line}")
                if fact:
                    totals[owner, fact] -= 1
        if is_lost:
            content.skipped["rows without an instrument or a receive time"] += 1
            continue
        kept.append(number)
        symbols.append(symbol)
    for (owner, fact), count in totals.items():
        if owner in content.losses:
            content.losses[owner].keep(fact, count)
    content.records[schema] = out[kept]
    hours = out["ts_recv"][kept] // np.uint64(HOUR)
    named = zip(hours.tolist(), out["instrument_id"][kept].tolist(), symbols, strict=True)
    content.namings.update(Naming(*naming) for naming in named if naming[2])


def _is_pretty(path: Path, columns: dict[str, int], table: Sequence[CsvRow]) -> bool:
    """Whether prices are dollars rather than raw units: they have a point, or are too small."""
    prices = [index for name, index in columns.items() if _PRICES.fullmatch(name)]
    if any("." in row.cells[index] for row in table for index in prices):
        return True
    ours = [index for name, index in columns.items() if _MARKET_PRICES.fullmatch(name)]
    sizes = {len(digits) for row in table for index in ours if (digits := _digits(row, index))}
    if not sizes or min(sizes) >= len(str(_RAW_FROM)):
        return False
    if max(sizes) >= len(str(_RAW_FROM)):
        raise TapeError(
            f"{path}: prices without a decimal point, some of which would be raw units below a "
            "tenth of a cent, others over a million dollars; expected: one unit; download the file "
            "with decimal prices (pretty_px)"
        )
    return True


def _digits(row: CsvRow, index: int) -> str:
    """The digits of a whole price; empty for zero and for what is not one."""
    text = row.cells[index].strip().lstrip("-").lstrip("0")
    return text if text.isdecimal() and int(text) != UNDEF_PRICE else ""


def _reader(
    name: str, layout: np.dtype[np.void], *, is_pretty: bool
) -> Callable[[str], int | bytes]:
    if layout.kind == "S":
        # A blank is one of the values of a flag.
        return _flag if layout.itemsize == 1 else _text
    if name in _TIMES:
        return _time
    return _price if is_pretty and _PRICES.fullmatch(name) else _integer


def _flag(text: str) -> bytes:
    return text.encode("ascii")


def _text(text: str) -> bytes:
    return text.rstrip().encode("ascii")


def _integer(text: str) -> int:
    return int(text)


def _price(text: str) -> int:
    """A decimal as a fixed-point price, exactly."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None or not (match[2] or match[3]) or len(match[2]) > _LARGEST_DIGITS:
        raise ValueError(text)
    fraction = (match[3] or "").ljust(9, "0")
    if fraction[9:].strip("0"):
        raise ValueError(text)
    value = int(match[2] or 0) * round(1 / PRICE_SCALE) + int(fraction[:9])
    return -value if match[1] else value


def _time(text: str) -> int:
    """UTC nanoseconds, or an ISO time as them."""
    return parse_utc(text.strip()) if _MOMENT.fullmatch(text.strip()) else int(text)
