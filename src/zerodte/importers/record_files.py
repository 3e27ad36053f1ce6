"""Records that a vendor delivers in another container than a file per schema, on a tape."""

import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from zerodte.arrays import Bool
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
        symbols: Raw symbol by instrument id, as far as the file tells.
        skipped: The number of skipped records by reason.
        losses: What cannot be read, by underlying.
    """

    path: Path
    dataset: str
    records: dict[str, Records] = field(default_factory=dict)
    symbols: dict[int, str] = field(default_factory=dict)
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
    """Write the records of files as one tape, or add them to one.

    Records without a receive time or of an instrument without a symbol are left out and counted,
    as are those of other sessions than that of `day`.

    Raises:
        TapeError: If nothing is left, `day` is not a session, or the tape already holds them.
    """
    first, end = _span(day)
    symbols: dict[str, dict[int, str]] = {}
    for file in files:
        for number, symbol in file.symbols.items():
            symbols.setdefault(file.dataset, {}).setdefault(number, symbol)
    losses: dict[str, dict[str, ImportLoss]] = {}
    for file in files:
        known = symbols.get(file.dataset, {})
        for schema, rows in list(file.records.items()):
            times = rows["ts_recv"]
            is_timed = (times != 0) & (times != UNDEF_TIME)
            is_named = np.isin(rows["instrument_id"], np.array(list(known), np.uint32))
            _count(file, f"records of {schema} without a receive time", ~is_timed)
            _count(file, f"records of {schema} of unknown instruments", is_timed & ~is_named)
            is_ours = (times >= first) & (times < end)
            _count(file, f"records of {schema} of other sessions", is_timed & is_named & ~is_ours)
            rows = rows[is_timed & is_named & is_ours]  # noqa: PLW2901
            file.records[schema] = rows[np.argsort(rows["ts_recv"], kind="stable")]
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
                    numbers = set(np.unique(rows["instrument_id"]).tolist())
                    names = symbols[file.dataset]
                    writer.write(
                        file.dataset,
                        schema,
                        rows,
                        {number: names[number] for number in numbers},
                        name=f"{_stem(file.path, schema)}.{schema}.dbn.zst",
                    )
        writer.finish()


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
