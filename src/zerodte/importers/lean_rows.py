"""A day of Lean's rows as columns, read from its archives, checked and sorted.

All times are New York's, whatever the archive's own.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from zerodte.arrays import F64, I64, Bool
from zerodte.importers.import_losses import LossCounter
from zerodte.importers.lean_files import LeanArchive, LeanRowKind, Progress
from zerodte.market.osi import Contract, MarketError, format_osi
from zerodte.market.roots import is_adjusted
from zerodte.tape.error import TapeError

MINUTE_MS: Final = 60_000  # milliseconds
HOUR_MS: Final = 60 * MINUTE_MS
_DAY_MINUTES: Final = 24 * 60
_EVENING: Final = 18 * HOUR_MS  # the start of the next session's span


@dataclass(frozen=True, slots=True)
class LeanRows:
    """Rows of one kind, by time and then by contract.

    Attributes:
        kind: The kind of the rows.
        read_count: The number of lines read, skipped ones included.
        contract_index: int64[n], each row's contract; 0 for rows of an underlying.
        time: int64[n], milliseconds since midnight in New York; of a bar, its start.
        cells: float64[n, len(kind.columns)], as in the files; NaN if empty.
    """

    kind: LeanRowKind
    read_count: int
    contract_index: I64
    time: I64
    cells: F64

    def __len__(self) -> int:
        return len(self.time)

    def column(self, name: str) -> F64:
        """A column by its name in `kind.columns`, shape (n,)."""
        values: F64 = self.cells[:, self.kind.columns.index(name)]
        return values

    def select(self, rows: Bool | I64) -> "LeanRows":
        """The rows at positions, or those that a mask of shape (n,) marks."""
        return LeanRows(
            self.kind,
            self.read_count,
            self.contract_index[rows],
            self.time[rows],
            self.cells[rows],
        )


class LeanReader:
    """Reads the archives of a day.

    Args:
        day: The date.
        progress: Receives the progress of reading.

    Attributes:
        contracts: Every option contract that was read, by contract index.
        skipped: The number of skipped items by reason.
        losses: What cannot be read.
    """

    def __init__(self, day: date, progress: Progress) -> None:
        self.contracts: list[Contract] = []
        self.skipped: Counter[str] = Counter()
        self.losses = LossCounter()
        self._day = day
        self._progress = progress
        self._indices: dict[Contract, int | None] = {}

    def options(self, archives: Sequence[LeanArchive], kind: LeanRowKind) -> LeanRows:
        """The rows of a kind in archives of options; none without such an archive.

        Raises:
            TapeError: If an archive is damaged, or has no file of a contract.
        """
        indices, tables = [], []
        for archive in archives:
            if archive.kind is not kind:
                continue
            has_contract = False
            for name, content in archive.members(self._progress):
                contract = archive.contract(name)
                has_contract |= contract is not None
                index = self._contract_index(contract)
                if index is not None:
                    indices.append(index)
                    tables.append(archive.rows(name, content))
            if not has_contract:
                raise TapeError(
                    f"{archive.path}: no file of a contract in it; expected: names such as "
                    f"{archive.prefix}_american_call_7500000_20151224.csv"
                )
        return self._rows(kind, f"{kind.label} of options", indices, tables)

    def underlying(self, archive: LeanArchive, clock_lag: int) -> LeanRows:
        """The rows of an underlying's archive.

        Args:
            archive: The archive.
            clock_lag: Milliseconds by which its clock is behind New York's.

        Raises:
            TapeError: If the archive is damaged, or lacks the file.
        """
        files = dict(archive.members(self._progress))
        name = f"{archive.prefix}.csv"
        if name not in files:
            raise TapeError(f"{archive.path}: no file {name} in it")
        subject = f"{archive.kind.label} of the underlying"
        table = archive.rows(name, files[name])
        return self._rows(archive.kind, subject, [0], [table], clock_lag)

    def one_a_minute(self, trades: LeanRows) -> LeanRows:
        """The trade bars of options, each contract's at most one a minute.

        Of equal bars one is left; where they differ, the volume or the price of that minute is
        unknown, so none is. Both are counted.

        Args:
            trades: Bars with a price and a volume.
        """
        minutes = trades.contract_index * _DAY_MINUTES + trades.time // MINUTE_MS
        _, first, bar = np.unique(minutes, return_index=True, return_inverse=True)
        self.skipped["trades of options listed a second time"] += len(trades) - len(first)
        is_known = np.ones(len(first), np.bool_)
        for column, fact in trades.kind.facts.items():
            values = trades.column(column)
            is_same = np.ones(len(first), np.bool_)
            is_same[bar[values != values[first][bar]]] = False
            is_known &= is_same
            lost = first[~is_same]
            self.losses.keep(fact, len(first) - len(trades) - len(lost))
            if len(lost):
                row = int(lost[0])
                place = format_osi(self.contracts[trades.contract_index[row]])
                clock = timedelta(milliseconds=int(trades.time[row]))
                self.losses.refuse(fact, len(lost), f"two {column}s of {place} at {clock}")
        return trades.select(np.sort(first[is_known]))

    def _contract_index(self, contract: Contract | None) -> int | None:
        """A contract's index, a new one if needed; None, counted once, if it is skipped."""
        if contract is None:
            self.skipped["files of other names"] += 1
            return None
        if contract not in self._indices:
            if reason := _skip_reason(contract, self._day):
                self.skipped[reason] += 1
                self._indices[contract] = None
            else:
                self._indices[contract] = len(self.contracts)
                self.contracts.append(contract)
        return self._indices[contract]

    def _rows(
        self,
        kind: LeanRowKind,
        subject: str,
        indices: Sequence[int],
        tables: Sequence[F64],
        clock_lag: int = 0,
    ) -> LeanRows:
        cells = np.concatenate([np.empty((0, len(kind.columns))), *tables])
        index = np.repeat(np.array(indices, np.int64), [len(table) for table in tables])
        is_unreadable = _is_unreadable(kind, cells)
        is_valid = ~is_unreadable[:, 0]
        self.skipped[f"{subject} without a time"] += int(np.count_nonzero(~is_valid))
        time = np.where(is_valid, cells[:, 0], 0.0).astype(np.int64) + clock_lag
        self._count_losses(kind, subject, is_unreadable, index, time)
        cells[is_unreadable] = np.nan
        # A record at 18:00 is of the next session, and a bar is known when it ends.
        is_late = is_valid & (time + MINUTE_MS >= _EVENING)
        self.skipped[f"{subject} from after 18:00"] += int(np.count_nonzero(is_late))
        order = np.lexsort((index, time))
        order = order[(is_valid & ~is_late)[order]]
        return LeanRows(kind, len(cells), index[order], time[order], cells[order])

    def _count_losses(
        self, kind: LeanRowKind, subject: str, is_unreadable: Bool, index: I64, time: I64
    ) -> None:
        """Count the cells of the used columns that cannot be read, and rows without a time."""
        is_options = subject.endswith("options")
        facts = {"time": kind.label} | dict(kind.facts)
        for column, fact in facts.items():
            mask = is_unreadable[:, kind.columns.index(column)]
            if column != "time":
                mask = mask & ~is_unreadable[:, 0]
            count = int(np.count_nonzero(mask))
            name = fact if is_options else f"{fact} of the underlying"
            # A row of open interest is one fact, of others several.
            if column != "time" or fact not in kind.facts.values():
                self.losses.keep(name, len(mask) - count)
            if count:
                row = int(np.argmax(mask))
                clock = f"{timedelta(milliseconds=int(time[row]))}"
                place = format_osi(self.contracts[index[row]]) if is_options else "the underlying"
                where = f"{place} at {clock}" if column != "time" else place
                self.losses.refuse(name, count, f"{column} of {where}")


def _skip_reason(contract: Contract, day: date) -> str:
    """Why a contract is skipped; empty if it is not."""
    if is_adjusted(contract.root):
        return "contracts of adjusted roots"
    if contract.expiry < day:
        return "contracts that had expired"
    try:
        format_osi(contract)
    except MarketError:
        return "contracts without an OSI symbol"
    return ""


def _is_unreadable(kind: LeanRowKind, cells: F64) -> Bool:
    """Mark the cells that are not within the limits of the kind, shape (n, len(columns))."""
    is_in_range = (cells >= 0) & (cells <= kind.largest)
    is_empty = np.isnan(cells) & kind.may_be_empty
    is_unreadable: Bool = ~(is_in_range | is_empty)
    return is_unreadable
