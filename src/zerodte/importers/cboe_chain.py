"""Importer for chains downloaded from Cboe's website ("delayed quotes").

A file has a blank line, a title with the last price, a line with the time of the download and the
underlying's quote, and a table with the call on the left and the put on the right of each strike.
The time may be in any language and is not that of the quotes, so the caller has to supply it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zerodte.clock import ClockError, new_york_clock, parse_new_york
from zerodte.importers.chain_rows import (
    ContractRow,
    read_count,
    read_number,
    read_rows,
    read_underlying,
    select_contracts,
)
from zerodte.importers.chain_tape import (
    ImportedChain,
    require_contracts,
    settled_day,
    write_chain,
)
from zerodte.importers.import_summary import ImportSummary
from zerodte.market.calendar import calendar
from zerodte.market.osi import MarketError, parse_osi
from zerodte.market.roots import root_info
from zerodte.tape.error import TapeError

_DATASET = "CBOE.DELAYED"
_NOTE = "Cboe delayed quotes: snapshots of a chain at the times given by the user, without sizes"

_FIRST_COLUMN = "Expiration Date"
_MIDDLE_COLUMN = "Strike"
_VALUE_COLUMNS = ("Bid", "Ask", "Volume", "Open Interest")
_MAX_LINES_ABOVE_TABLE = 10

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
    rows: list[list[str]]


def import_chain(file: str | Path, at: str | int, out: str | Path) -> ImportSummary:
    """Import a downloaded chain into a tape; several chains of a day share a tape.

    Contracts that expired before the session of `at`, adjusted roots and unreadable rows are
    skipped and counted. Volume is used only after the open of the day of `at`, because until then
    the file has the previous day's.

    Args:
        file: The CSV file.
        at: The time of its quotes: US/Eastern 'yyyy-MM-ddTHH:mm[:ss]', or UTC nanoseconds.
        out: The tape's folder.

    Raises:
        TapeError: If the file does not have this form or no live contract, `at` is not a time, or
            the tape already holds this chain.
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
    skipped: Counter[str] = Counter()
    rows = select_contracts(_contract_cells(content, skipped), _parse, session.date, skipped)
    require_contracts(path, rows, session.date, skipped)
    has_volume = today is not None and instant > today.open
    if not has_volume:
        skipped["volumes of an earlier session"] = len(rows)
    is_index = root_info(rows[0].contract.root).is_index
    bid, ask = ("Last", "Last") if is_index else ("Bid", "Ask")
    chain = ImportedChain(
        file=path,
        dataset=_DATASET,
        note=_NOTE,
        at=instant,
        rows=rows,
        underlying=read_underlying(content.labels, bid, ask),
        settled_for=settled_for,
        has_volume=has_volume,
        row_count=len(content.rows),
        skipped=skipped,
    )
    return write_chain(chain, Path(out))


def _read(path: Path) -> _File:
    rows = read_rows(path)
    for line, row in enumerate(rows[:_MAX_LINES_ABOVE_TABLE]):
        names = [name.strip() for name in row]
        if names[0] == _FIRST_COLUMN:
            return _File(
                labels=_labels(rows[:line]),
                sides=_sides(path, names),
                width=len(names),
                rows=rows[line + 1 :],
            )
    raise TapeError(
        f"{path}: not a chain of Cboe's delayed quotes; "
        f"expected: a table that begins with '{_FIRST_COLUMN},Calls,...'"
    )


def _labels(rows: list[list[str]]) -> dict[str, str]:
    pairs = (cell.partition(":") for row in rows for cell in row)
    return {label.strip(): value.strip() for label, colon, value in pairs if colon}


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


def _contract_cells(content: _File, skipped: Counter[str]) -> Iterator[dict[str, str]]:
    """The cells of one contract by column name, its symbol under "contract"."""
    for row in content.rows:
        if len(row) != content.width:
            skipped["rows of the wrong length"] += 1
            continue
        for side, columns in content.sides.items():
            cells = {name: row[columns[name]] for name in _VALUE_COLUMNS}
            yield {"contract": row[columns[side]], **cells}


def _parse(cells: dict[str, str]) -> ContractRow:
    return ContractRow(
        contract=parse_osi(cells["contract"].strip()),
        bid=read_number(cells["Bid"]),
        ask=read_number(cells["Ask"]),
        open_interest=read_count(cells["Open Interest"]),
        volume=read_count(cells["Volume"]),
    )
