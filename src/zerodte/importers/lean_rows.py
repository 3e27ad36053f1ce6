"""A day of Lean's rows as columns: read from its archives, checked, with what is left out counted.

Times are New York's from here on, whatever the archive's own.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from zerodte.arrays import F64, I64, Bool
from zerodte.importers.lean_files import LeanArchive, LeanRowKind, Progress
from zerodte.market.osi import Contract, MarketError, format_osi
from zerodte.market.roots import is_adjusted
from zerodte.tape.error import TapeError

MINUTE_MS: Final = 60_000  # milliseconds
HOUR_MS: Final = 60 * MINUTE_MS
_EVENING: Final = 18 * HOUR_MS  # when the next session's time begins


@dataclass(frozen=True, slots=True)
class LeanRows:
    """Rows of one kind, in the order of their times and then of their places.

    Attributes:
        kind: Which.
        read: How many lines there were, before any was left out.
        place: int64[n], which contract; 0 where the rows are an underlying's.
        time: int64[n], milliseconds since midnight, New York; a bar's is its start.
        cells: float64[n, len(kind.columns)], as in the files; NaN where empty.
    """

    kind: LeanRowKind
    read: int
    place: I64
    time: I64
    cells: F64

    def __len__(self) -> int:
        return len(self.time)

    def column(self, name: str) -> F64:
        """A column by its name in `kind.columns`, shape (n,)."""
        values: F64 = self.cells[:, self.kind.columns.index(name)]
        return values

    def only(self, keep: Bool) -> "LeanRows":
        """Those rows that `keep` (shape (n,)) marks."""
        return LeanRows(self.kind, self.read, self.place[keep], self.time[keep], self.cells[keep])


class LeanReader:
    """Reads a day's archives.

    Args:
        day: Which.
        progress: Told how far it is.

    Attributes:
        contracts: Every option contract seen, by its place.
        skipped: What was left out: what and why, and how many.
    """

    def __init__(self, day: date, progress: Progress) -> None:
        self.contracts: list[Contract] = []
        self.skipped: Counter[str] = Counter()
        self._day = day
        self._progress = progress
        self._places: dict[Contract, int | None] = {}

    def options(self, archives: Sequence[LeanArchive], kind: LeanRowKind) -> LeanRows:
        """The rows of a kind in archives of options, none if there are no archives.

        Raises:
            TapeError: If an archive is damaged, or holds something else.
        """
        places, tables = [], []
        for archive in archives:
            if archive.kind is not kind:
                continue
            named = False
            for name, content in archive.members(self._progress):
                contract = archive.contract(name)
                named |= contract is not None
                place = self._place(contract)
                if place is not None:
                    places.append(place)
                    tables.append(archive.rows(name, content))
            if not named:
                raise TapeError(
                    f"{archive.path}: no file named like "
                    f"{archive.prefix}_american_call_7500000_20151224.csv in it"
                )
        return self._rows(kind, f"{kind.words} of options", places, tables)

    def underlying(self, archive: LeanArchive, behind: int) -> LeanRows:
        """The rows of an underlying's archive.

        Args:
            archive: Which.
            behind: How far its clock is behind New York's, in milliseconds.

        Raises:
            TapeError: If the archive is damaged, or holds something else.
        """
        files = dict(archive.members(self._progress))
        name = f"{archive.prefix}.csv"
        if name not in files:
            raise TapeError(f"{archive.path}: no file {name} in it")
        what = f"{archive.kind.words} of the underlying"
        return self._rows(archive.kind, what, [0], [archive.rows(name, files[name])], behind)

    def _place(self, contract: Contract | None) -> int | None:
        """The place of a contract, a new one if need be; None, and counted once, if unwanted."""
        if contract is None:
            self.skipped["files of other names"] += 1
            return None
        if contract not in self._places:
            if reason := _unwanted(contract, self._day):
                self.skipped[reason] += 1
                self._places[contract] = None
            else:
                self._places[contract] = len(self.contracts)
                self.contracts.append(contract)
        return self._places[contract]

    def _rows(
        self,
        kind: LeanRowKind,
        what: str,
        places: Sequence[int],
        tables: Sequence[F64],
        behind: int = 0,
    ) -> LeanRows:
        cells = np.concatenate([np.empty((0, len(kind.columns))), *tables])
        place = np.repeat(np.array(places, np.int64), [len(table) for table in tables])
        sound = _sound(kind, cells)
        self.skipped[f"{what} that cannot be read"] += len(cells) - int(np.count_nonzero(sound))
        time = np.where(sound, cells[:, 0], 0.0).astype(np.int64) + behind
        # A record at 18:00 is of the next session, and a bar is known when it ends.
        late = sound & (time + MINUTE_MS >= _EVENING)
        self.skipped[f"{what} from after 18:00"] += int(np.count_nonzero(late))
        order = np.lexsort((place, time))
        order = order[(sound & ~late)[order]]
        return LeanRows(kind, len(cells), place[order], time[order], cells[order])


def _unwanted(contract: Contract, day: date) -> str:
    """Why a contract is left out; nothing if it is not."""
    if is_adjusted(contract.root):
        return "contracts of adjusted roots"
    if contract.expiry < day:
        return "contracts that had expired"
    try:
        format_osi(contract)
    except MarketError:
        return "contracts without an OSI symbol"
    return ""


def _sound(kind: LeanRowKind, cells: F64) -> Bool:
    """Which rows hold what rows of the kind may hold, shape (n,)."""
    fits = (cells >= 0) & (cells <= kind.largest)
    empty = np.isnan(cells) & kind.may_be_empty
    sound: Bool = np.logical_and.reduce(fits | empty, axis=1)
    return sound
