"""Records that a vendor delivers in another container than a file per schema, on a tape."""

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from zerodte.arrays import Bool
from zerodte.importers.daily_symbols import DailySymbols, Naming, SessionSymbols
from zerodte.importers.import_losses import LossCounter
from zerodte.market.calendar import calendar
from zerodte.market.osi import MarketError, parse_osi
from zerodte.market.roots import canonical_name, root_info
from zerodte.records.dbn import UNDEF_TIME, Records
from zerodte.tape.atomic_folder import atomic_folder
from zerodte.tape.error import TapeError
from zerodte.tape.sidecars import ImportLoss, join_losses
from zerodte.tape.writer import TapeWriter

#: Parts of a file's name that tell its container.
_CONTAINERS = ("csv", "dbn", "zst", "gz", "zip")


@dataclass(eq=False)
class RecordFile:
    """The content of a vendor's file.

    Attributes:
        path: The file.
        dataset: The dataset of its records.
        records: Records by schema.
        symbols: Raw symbol by instrument id, as far as the file tells, at all times.
        namings: Raw symbols that its records give to instruments, each for its session.
        skipped: The number of skipped records by reason.
        losses: What cannot be read, by underlying.
    """

    path: Path
    dataset: str
    records: dict[str, Records] = field(default_factory=dict)
    symbols: dict[int, str] = field(default_factory=dict)
    namings: set[Naming] = field(default_factory=set)
    skipped: Counter[str] = field(default_factory=Counter)
    losses: dict[str, LossCounter] = field(default_factory=dict)

    def lose(self, symbol: str, fact: str, example: str) -> None:
        """Count a fact of an underlying that cannot be read."""
        self.losses.setdefault(symbol, LossCounter()).refuse(fact, 1, example)

    def __str__(self) -> str:
        """A few lines for a terminal."""
        parts = [f"{len(rows):,} of {schema}" for schema, rows in self.records.items()]
        lines = [f"{self.path.name}: {self.dataset}, {', '.join(parts) or 'no records'}"]
        skipped = ", ".join(f"{count:,} {what}" for what, count in self.skipped.most_common())
        lines.append(f"  {'skipped':<14}{skipped or 'nothing'}")
        for symbol, losses in self.losses.items():
            for fact, loss in losses.by_fact().items():
                text = f"{loss.unknown:,} of {loss.seen:,} {fact} of {symbol}"
                lines.append(f"  {'unknown':<14}{text}, such as {loss.example}")
        return "\n".join(lines)


def underlying_name(symbol: str) -> str:
    """The underlying of a raw symbol: SPX for an option on it, else the symbol itself."""
    try:
        return root_info(parse_osi(symbol).root).symbol
    except MarketError:
        return canonical_name(symbol)


def write_files(
    files: Sequence[RecordFile], out: Path, note: str, day: datetime.date | None = None
) -> None:
    """Write the records of files as one tape, or add to one.

    Records without a receive time or of an instrument without one symbol are left out and counted,
    as are those of other sessions than that of `day`.

    Raises:
        TapeError: If nothing is left, `day` is not a session, the files have several sessions in
            which an instrument is another one, or the tape already holds them.
    """
    known = _known_symbols(files)
    symbols: dict[str, dict[int, str]] = {dataset: {} for dataset in known}
    losses: dict[str, dict[str, ImportLoss]] = {}
    for file in files:
        found = _select(file, known[file.dataset], day)
        _join(symbols[file.dataset], found)
        own = {symbol: counter.by_fact() for symbol, counter in file.losses.items()}
        losses = join_losses(losses, own)
    if not any(len(rows) for file in files for rows in file.records.values()):
        reasons = "; ".join(str(file).replace("\n", ";") for file in files)
        raise TapeError(f"no record that a tape can hold: {reasons}")
    with atomic_folder(out) as folder:
        writer = TapeWriter(folder, notes=[note], import_losses=losses)
        for file in files:
            for schema, rows in file.records.items():
                if len(rows):
                    writer.write(
                        file.dataset,
                        schema,
                        rows,
                        _renumber(rows, symbols[file.dataset]),
                        name=f"{_stem(file.path, schema)}.{schema}.dbn.zst",
                    )
        writer.finish()


def _known_symbols(files: Sequence[RecordFile]) -> dict[str, DailySymbols]:
    """The symbols that any of the files tells, by dataset."""
    known: dict[str, DailySymbols] = {}
    for file in files:
        names = known.setdefault(file.dataset, DailySymbols())
        for number, symbol in file.symbols.items():
            names.add_lasting(number, symbol)
        for naming in file.namings:
            names.add(naming)
    return known


def _select(file: RecordFile, known: DailySymbols, day: datetime.date | None) -> SessionSymbols:
    """Leave the records of a file that a tape can hold, by time, and count the others.

    Returns:
        The symbols of their instruments by session and id.
    """
    first, end = _span(day)
    symbols: SessionSymbols = {}
    for schema, rows in list(file.records.items()):
        times = rows["ts_recv"]
        is_timed = (times != 0) & (times != UNDEF_TIME)
        _count(file, f"records of {schema} without a receive time", ~is_timed)
        is_ours = (times >= first) & (times < end)
        _count(file, f"records of {schema} of other sessions", is_timed & ~is_ours)
        rows = rows[is_timed & is_ours]  # noqa: PLW2901
        found = known.find(rows)
        _count(file, f"records of {schema} of instruments with two symbols", found.is_ambiguous)
        is_unknown = ~found.is_named & ~found.is_ambiguous
        _count(file, f"records of {schema} of unknown instruments", is_unknown)
        rows = rows[found.is_named]  # noqa: PLW2901
        file.records[schema] = rows[np.argsort(rows["ts_recv"], kind="stable")]
        symbols.update(found.symbols)
    return symbols


def _join(symbols: dict[int, str], found: SessionSymbols) -> None:
    """Take the symbols of a file's sessions; a tape has one symbol of an id."""
    for (session, number), symbol in found.items():
        known = symbols.setdefault(number, symbol)
        if known != symbol:
            raise TapeError(
                f"instrument {number} is {known!r} in one session and {symbol!r} in that of "
                f"{session}, but a tape is one session; choose it with "
                f"zerodte import csv --date {session}"
            )


def _renumber(rows: Records, symbols: Mapping[int, str]) -> dict[int, str]:
    """Give records of one symbol one id, as a file's metadata can name no other.

    Returns:
        The symbols of the records' ids.
    """
    ids = {symbol: number for number, symbol in sorted(symbols.items(), reverse=True)}
    numbers = np.unique(rows["instrument_id"]).tolist()
    for number in numbers:
        if ids[symbols[number]] != number:
            rows["instrument_id"][rows["instrument_id"] == number] = ids[symbols[number]]
    return {ids[symbols[number]]: symbols[number] for number in numbers}


def _span(day: datetime.date | None) -> tuple[int, int]:
    """The receive times of a session, UTC ns, without the end; all times if `day` is None."""
    if day is None:
        return 0, UNDEF_TIME
    session = calendar().session(day)
    if session is None:
        raise TapeError(f"{day} is not a trading day; expected: the date of a session")
    return calendar().span(session)


def _count(file: RecordFile, reason: str, mask: Bool) -> None:
    if count := int(np.count_nonzero(mask)):
        file.skipped[reason] += count


def _stem(path: Path, schema: str) -> str:
    """A file's name without the parts that tell its container and schema."""
    parts = path.name.lower().split(".")
    return ".".join(part for part in parts if part not in (*_CONTAINERS, schema)) or "records"
