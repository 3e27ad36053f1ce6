"""Chains as the website of Cboe gives them for download ("delayed quotes"), onto a tape.

A blank line, a title with the last price, a line with the time of the download and the
underlying's quote, then a table with the call on the left and the put on the right of each
strike. The time may be in any language and is not that of the quotes: the caller tells it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zerodte.clock import ClockError
from zerodte.importers.chain_rows import ContractRow, live, read_count, read_number, read_rows
from zerodte.importers.chain_tape import ChainTape, settled_day, write_snapshot
from zerodte.importers.import_summary import ImportSummary
from zerodte.market.calendar import calendar, new_york_clock, parse_new_york
from zerodte.market.osi import MarketError, parse_osi
from zerodte.market.roots import root_info
from zerodte.tape.error import TapeError

_DATASET = "CBOE.DELAYED"
_NOTE = (
    "Cboe delayed quotes: snapshots of a chain at the times they were said to be of, without sizes"
)

_FIRST_COLUMN = "Expiration Date"
_MIDDLE_COLUMN = "Strike"
_FACTS = ("Bid", "Ask", "Volume", "Open Interest")
_HEADER_WITHIN = 10  # lines

#: Column name to its place in a row, for one side of the table.
Columns = dict[str, int]


@dataclass(frozen=True, slots=True)
class _File:
    """The parts of a file.

    Attributes:
        labels: "Last", "Bid", ... of the lines above the table, as they are written.
        sides: Name of the symbol's column ("Calls", "Puts") to the columns of its side.
        width: Columns of a row.
        rows: The table.
    """

    labels: dict[str, str]
    sides: dict[str, Columns]
    width: int
    rows: list[list[str]]


def import_chain(file: str | Path, at: str | int, out: str | Path) -> ImportSummary:
    """Put a downloaded chain onto a tape; several of a day make one tape.

    Contracts that expired before the session of `at`, adjusted roots and what cannot be read are
    skipped and counted. Volume is taken only after the open of the day of `at`: before it, the
    file still has the day before's.

    Args:
        file: The CSV file.
        at: The time that its quotes are of: US/Eastern 'yyyy-MM-ddTHH:mm[:ss]', or UTC nanoseconds.
        out: The tape's folder.

    Raises:
        TapeError: If the file is not of this form or has no live contract, `at` is not a time, or
            the tape holds this snapshot already.
    """
    path = Path(file)
    try:
        instant = parse_new_york(at) if isinstance(at, str) else at
        coming = calendar().session_of(instant)
        today = calendar().session(new_york_clock(instant).date())
        settled_for = settled_day(instant)
    except (ClockError, MarketError) as error:
        raise TapeError(f"{path}: time of its quotes: {error}") from error
    content = _read(path)
    skipped: Counter[str] = Counter()
    listings = live(_listings(content, skipped), coming.date, skipped)
    if not listings:
        found = ", ".join(f"{n:,} {what}" for what, n in skipped.items()) or "no rows"
        raise TapeError(f"{path}: no contract that is live on {coming.date}; it has {found}")
    has_volume = today is not None and instant > today.open
    if not has_volume:
        skipped["volumes of an earlier session"] = len(listings)
    snapshot = ChainTape(
        file=path,
        dataset=_DATASET,
        note=_NOTE,
        at=instant,
        listings=listings,
        underlying=_underlying(content.labels, listings[0]),
        settled_for=settled_for,
        has_volume=has_volume,
        rows=len(content.rows),
        skipped=skipped,
    )
    return write_snapshot(snapshot, Path(out))


def _read(path: Path) -> _File:
    rows = read_rows(path)
    for above, row in enumerate(rows[:_HEADER_WITHIN]):
        names = [name.strip() for name in row]
        if names[0] == _FIRST_COLUMN:
            return _File(
                labels=_labels(rows[:above]),
                sides=_sides(path, names),
                width=len(names),
                rows=rows[above + 1 :],
            )
    raise TapeError(
        f"{path}: not a chain of Cboe's delayed quotes; "
        f"expected is a table that begins with '{_FIRST_COLUMN},Calls,...'"
    )


def _labels(rows: list[list[str]]) -> dict[str, str]:
    pairs = (cell.partition(":") for row in rows for cell in row)
    return {label.strip(): value.strip() for label, colon, value in pairs if colon}


def _sides(path: Path, names: list[str]) -> dict[str, Columns]:
    places = list(enumerate(names))
    middle = names.index(_MIDDLE_COLUMN) if _MIDDLE_COLUMN in names else len(names)
    halves = {"Calls": places[:middle], "Puts": places[middle:]}
    sides = {side: {name: place for place, name in half} for side, half in halves.items()}
    for side, columns in sides.items():
        missing = [name for name in (side, *_FACTS) if name not in columns]
        if missing:
            raise TapeError(
                f"{path}: its table lacks {', '.join(missing)} among the {side.lower()}; expected "
                f"are {side}, {', '.join(_FACTS)} on either side of {_MIDDLE_COLUMN}"
            )
    return sides


def _listings(content: _File, skipped: Counter[str]) -> Iterator[ContractRow]:
    for row in content.rows:
        if len(row) != content.width:
            skipped["rows of the wrong length"] += 1
            continue
        for side, columns in content.sides.items():
            try:
                listing = _listing(row, columns, side)
            except ValueError:
                skipped["contracts that cannot be read"] += 1
            else:
                yield listing


def _listing(row: list[str], columns: Columns, side: str) -> ContractRow:
    return ContractRow(
        contract=parse_osi(row[columns[side]].strip()),
        bid=read_number(row[columns["Bid"]]),
        ask=read_number(row[columns["Ask"]]),
        open_interest=read_count(row[columns["Open Interest"]]),
        volume=read_count(row[columns["Volume"]]),
    )


def _underlying(labels: dict[str, str], of: ContractRow) -> tuple[float, float] | None:
    """The index's value twice, or the equity's bid and ask; None where they are not there."""
    names = ("Last", "Last") if root_info(of.contract.root).is_index else ("Bid", "Ask")
    try:
        bid, ask = (read_number(labels[name]) for name in names)
    except (KeyError, ValueError):
        return None
    return (bid, ask) if bid > 0 and ask > 0 else None
