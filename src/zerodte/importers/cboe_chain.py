"""Importer for chains downloaded from Cboe's website ("delayed quotes").

A file has a blank line, a title with the last price, a line with the time of the download and the
underlying's quote, and a table with the call on the left and the put on the right of each strike.
The time may be in any language and is not that of the quotes, so the caller has to supply it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zerodte.clock import ClockError, new_york_clock, parse_new_york
from zerodte.constants import MINUTE
from zerodte.importers.chain_rows import (
    ContractRow,
    UnreadableContractError,
    read_underlying,
    require_whole,
    select_contracts,
    trim,
)
from zerodte.importers.chain_tape import (
    ImportedChain,
    ImportedSymbol,
    settled_day,
    write_chains,
)
from zerodte.importers.csv_formats import hint_of
from zerodte.importers.csv_text import CsvRow, read_rows
from zerodte.importers.import_losses import CellReader, LossCounter
from zerodte.importers.import_summary import ImportSummary
from zerodte.importers.stated_time import stated_time
from zerodte.market.calendar import calendar
from zerodte.market.osi import MarketError, parse_osi
from zerodte.market.roots import canonical_name, root_info
from zerodte.tape.error import TapeError

_DATASET = "CBOE.DELAYED"
_NOTE = "Cboe delayed quotes: snapshots of a chain at the times given by the user, without sizes"

_FIRST_COLUMN = "Expiration Date"
_MIDDLE_COLUMN = "Strike"
_VALUE_COLUMNS = ("Bid", "Ask", "Volume", "Open Interest")
#: Names of columns in downloads of 2019 to 2021.
_OLD_NAMES = {"vol": "Volume", "open int": "Open Interest"}
_NAMES = {
    name.lower(): name for name in (_FIRST_COLUMN, _MIDDLE_COLUMN, "Calls", "Puts", *_VALUE_COLUMNS)
}
_MAX_LINES_ABOVE_TABLE = 10
_FIRST_DIGITS = re.compile(r"(.*:)?\s*\d{1,3}(,\d{3})*", re.ASCII)
_MORE_DIGITS = re.compile(r"\d{3}(\.\d*)?", re.ASCII)

_PRICE = re.compile(r"\s*\d[\d,]*(\.\d*)?\s*", re.ASCII)
_LABELS = ("Last", "Bid", "Ask")

#: Index of each column by name, for one side of the table.
Columns = dict[str, int]


@dataclass(frozen=True, slots=True)
class _File:
    """The parts of a file.

    Attributes:
        labels: Text by label ("Last", "Bid", ...), from the lines above the table.
        sides: The columns of each side, by the name of its symbol column ("Calls", "Puts").
        width: Columns of a row.
        rows: The table.
    """

    labels: dict[str, str]
    sides: dict[str, Columns]
    width: int
    rows: list[CsvRow]


def import_chain(file: str | Path, at: str | int, out: str | Path) -> ImportSummary:
    """Import a downloaded chain into a tape; several chains of a day share a tape.

    Contracts that expired before the session of `at`, adjusted roots and rows without a readable
    contract are skipped and counted. A cell that cannot be read makes its fact unknown.
    Volume is used only after the open of the day of `at`, because until then the file has the
    previous day's.

    Args:
        file: The CSV file.
        at: The time of its quotes: US/Eastern 'yyyy-MM-ddTHH:mm[:ss]', or UTC nanoseconds.
        out: The tape's folder.

    Raises:
        TapeError: If the file does not have this form or no live contract, ends within a row,
            `at` is not a time or later than the file, or the tape already holds this chain.
    """
    path = Path(file)
    try:
        instant = parse_new_york(at) if isinstance(at, str) else at
        session = calendar().session_of(instant)
        today = calendar().session(new_york_clock(instant).date())
        settled_for = settled_day(instant)
    except (ClockError, MarketError) as error:
        raise TapeError(f"{path}: time of its quotes: {error}") from error
    content = _read(path)
    _check_time(path, instant, content.labels.get("Date", ""))
    has_volume = today is not None and instant > today.open
    short = LossCounter()
    symbols = select_contracts(_contract_cells(content, short), _parse, path, session.date)
    symbols[0].skipped["rows of the wrong length"] += short.lost // len(content.sides)
    imports = []
    for symbol in symbols:
        symbol.losses.add_all(short)
        if not has_volume:
            symbol.skipped["volumes of an earlier session"] = len(symbol.rows)
        # The title is that of the underlying of most contracts.
        bid, ask = ("Last", "Last") if root_info(symbol.symbol).is_index else ("Bid", "Ask")
        labels = content.labels if symbol is symbols[0] else {}
        chain = ImportedChain(
            file=path,
            dataset=_DATASET,
            note=_NOTE,
            at=instant,
            rows=list(symbol.rows.values()),
            underlying=read_underlying(labels.get(bid, ""), labels.get(ask, "")),
            settled_for=settled_for,
            has_volume=has_volume,
        )
        imports.append(ImportedSymbol(chain, symbol))
    imports[0].content.row_count = len(content.rows)
    return write_chains(imports, Path(out))


def _check_time(path: Path, at: int, said: str) -> None:
    """Refuse a time (UTC ns) of quotes after that of their download, which the file states."""
    stated = stated_time(said, at)
    if stated is not None and at >= stated + MINUTE:
        raise TapeError(
            f"{path}: the time of its quotes, {new_york_clock(at):%Y-%m-%dT%H:%M} New York, is "
            f"later than that of its download: {said}"
        )


def _read(path: Path) -> _File:
    rows = read_rows(path)
    for line, row in enumerate(rows[:_MAX_LINES_ABOVE_TABLE]):
        names = [_column(name) for name in row.cells]
        if _FIRST_COLUMN in names:
            require_whole(path, rows[line + 1 :], len(names))
            return _File(
                labels=_labels(rows[:line]),
                sides=_sides(path, names),
                width=len(names),
                rows=rows[line + 1 :],
            )
    raise TapeError(
        f"{path}: not a chain of Cboe's delayed quotes; "
        f"expected: a table that begins with '{_FIRST_COLUMN},Calls,...'{hint_of(rows[0].cells)}"
    )


def _column(name: str) -> str:
    key = " ".join(name.split()).lower()
    return _OLD_NAMES.get(key) or _NAMES.get(key, name.strip())


def _labels(rows: list[CsvRow]) -> dict[str, str]:
    """Text by label: `Bid: 99.5`, or of the older title `A STOCK,99.6,-0.1` and `Bid,99.5,...`."""
    labels: dict[str, str] = {}
    for number, row in enumerate(rows):
        cells = _joined_thousands(row.cells)
        if number == 0 and len(cells) > 1 and ":" not in cells[0] and _PRICE.fullmatch(cells[1]):
            labels["Last"] = cells[1].strip()
        for cell, following in zip(cells, [*cells[1:], ""], strict=True):
            label, colon, value = cell.partition(":")
            if colon:
                labels[label.strip().capitalize()] = value.strip()
            elif cell.strip().capitalize() in _LABELS and _PRICE.fullmatch(following):
                labels[cell.strip().capitalize()] = following.strip()
    return labels


def _joined_thousands(cells: list[str]) -> list[str]:
    """Cells of a title in which the commas of thousands are not quoted, `Last: 5,930.4`."""
    joined: list[str] = []
    for cell in cells:
        if joined and _FIRST_DIGITS.fullmatch(joined[-1]) and _MORE_DIGITS.fullmatch(cell):
            joined[-1] += f",{cell}"
        else:
            joined.append(cell)
    return joined


def _sides(path: Path, names: list[str]) -> dict[str, Columns]:
    indices = list(enumerate(names))
    middle = names.index(_MIDDLE_COLUMN) if _MIDDLE_COLUMN in names else len(names)
    halves = {"Calls": indices[:middle], "Puts": indices[middle:]}
    sides = {side: {name: index for index, name in half} for side, half in halves.items()}
    for side, columns in sides.items():
        missing = [name for name in (side, *_VALUE_COLUMNS) if name not in columns]
        if missing:
            raise TapeError(
                f"{path}: its table lacks {', '.join(missing)} among the {side.lower()}; expected: "
                f"{side}, {', '.join(_VALUE_COLUMNS)} on either side of {_MIDDLE_COLUMN}"
            )
    return sides


def _contract_cells(content: _File, short: LossCounter) -> Iterator[tuple[int, dict[str, str]]]:
    """The line and the cells of one contract by column name, its symbol under "contract"."""
    for line, row in content.rows:
        values = trim(row, content.width)
        if len(values) != content.width:
            example = f"{len(values)} of {content.width} columns on line {line}"
            short.refuse("contracts", len(content.sides), example)
            continue
        for side, columns in content.sides.items():
            cells = {name: values[columns[name]] for name in _VALUE_COLUMNS}
            yield line, {"contract": values[columns[side]], **cells}


def _parse(row: tuple[int, dict[str, str]]) -> ContractRow:
    line, cells = row
    try:
        contract = parse_osi(canonical_name(cells["contract"]))
    except MarketError as error:
        raise UnreadableContractError(f"{cells['contract'].strip()!r} on line {line}") from error
    reader = CellReader()
    return ContractRow(
        contract=contract,
        bid=reader.number("bids", cells["Bid"]),
        ask=reader.number("asks", cells["Ask"]),
        open_interest=reader.count("open interest", cells["Open Interest"]),
        volume=reader.count("volume", cells["Volume"]),
        line=line,
        cells=reader,
    )
