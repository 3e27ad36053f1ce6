"""What the morning and the venue say of each contract: settled open interest, cleared volume.

Both come from statistics records. A value repeated by every publisher is one fact. The newest by
event time counts, whenever it arrives; what a publisher deleted is unknown. A value of another day
is refused and counted, never used.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from zerodte.arrays import F64, I32, I64
from zerodte.constants import MOST_OPEN_INTEREST
from zerodte.engine.book import grown
from zerodte.records.dbn import (
    STAT_CLEARED_VOLUME,
    STAT_DELETED,
    STAT_OPEN_INTEREST,
    UNDEF_QUANTITY,
    UNDEF_TIME,
    Records,
)

_STATISTICS: Final = {STAT_OPEN_INTEREST: "open interest", STAT_CLEARED_VOLUME: "cleared volume"}


class SettledInterest:
    """Settled open interest and cleared volume by contract position.

    Attributes:
        open_interest: Contracts, shape (n,); NaN where none was published for the session.
        volume: Contracts cleared so far today, shape (n,); NaN where none was published.
        earlier: Newest open interest of before the session's date, shape (n,); NaN where none came.
        newest: Event time of each symbol's newest open interest in use, UTC ns, shape (symbols,); 0
            where there is none.
    """

    def __init__(self, day_start: int, day_end: int) -> None:
        """Accept facts dated within [day_start, day_end), UTC ns: the session's own date."""
        self._day = (day_start, day_end)
        self.open_interest = np.empty(0)
        self.volume = np.empty(0)
        self.earlier = np.empty(0)
        self.newest = np.zeros(0, np.int64)
        self._earlier_newest = np.zeros(0, np.int64)
        self._dated = {stat: np.empty(0, np.int64) for stat in _STATISTICS}
        self._refused: dict[str, I64] = {}
        self._symbol_of = np.empty(0, np.int32)

    @property
    def refused(self) -> Mapping[str, I64]:
        """Records that were not used, by reason: of each symbol, shape (symbols,)."""
        return self._refused

    def grow(self, symbol_of: I32, symbols: int) -> None:
        """Make room.

        Args:
            symbol_of: The symbol's number of every instrument, shape (n,).
            symbols: How many there are.
        """
        self._symbol_of = symbol_of
        for stat, dated in self._dated.items():
            self._dated[stat] = grown(dated, len(symbol_of), 0)
        self.open_interest = grown(self.open_interest, len(symbol_of), np.nan)
        self.volume = grown(self.volume, len(symbol_of), np.nan)
        self.earlier = grown(self.earlier, len(symbol_of), np.nan)
        self.newest = grown(self.newest, symbols, 0)
        self._earlier_newest = grown(self._earlier_newest, symbols, 0)
        self._refused = {
            reason: grown(counts, symbols, 0) for reason, counts in self._refused.items()
        }

    def as_of(self, symbol: int) -> int | None:
        """Event time of a symbol's newest open interest in use, UTC ns, or None."""
        return int(self.newest[symbol]) or None

    def earlier_as_of(self, symbol: int) -> int | None:
        """Event time of a symbol's newest open interest of before the date, UTC ns, or None."""
        return int(self._earlier_newest[symbol]) or None

    def apply(self, records: Records, positions: I32) -> None:
        """Take statistics records; the newest of a contract by event time wins, the last of equals.

        Args:
            records: Records of the statistics schema, shape (m,).
            positions: Where each belongs, shape (m,); negative ones are passed over.
        """
        kind, quantity, dated = records["stat_type"], records["quantity"], records["ts_event"]
        is_deleted = records["update_action"] == STAT_DELETED
        known = positions >= 0
        sound = ((quantity != UNDEF_QUANTITY) & (quantity >= 0)) | is_deleted
        sound &= known & (dated != UNDEF_TIME)
        reasonable = quantity <= MOST_OPEN_INTEREST
        today = (dated >= self._day[0]) & (dated < self._day[1])
        for stat, name in _STATISTICS.items():
            mine = known & (kind == stat)
            self._refuse(f"{name} of another day", positions[mine & sound & ~today])
            self._refuse(f"{name} beyond reason", positions[mine & sound & today & ~reasonable])
            self._refuse(f"{name} undefined or negative", positions[mine & ~sound])
            if stat == STAT_OPEN_INTEREST:
                rows = np.flatnonzero(
                    mine & sound & reasonable & (dated < self._day[0]) & ~is_deleted
                )
                rows = rows[np.argsort(dated[rows], kind="stable")]
                self.earlier[positions[rows]] = quantity[rows]
                times = dated[rows].astype(np.int64)
                np.maximum.at(self._earlier_newest, self._symbol_of[positions[rows]], times)
            rows = np.flatnonzero(mine & sound & today & (reasonable | is_deleted))
            if len(rows):
                rows = rows[np.lexsort((dated[rows], positions[rows]))]
                counts = np.where(is_deleted[rows], np.nan, quantity[rows])
                self._take(stat, positions[rows], counts, dated[rows].astype(np.int64))

    def _take(self, stat: int, positions: I32, counts: F64, dated: I64) -> None:
        """Take sound facts of today, by position and then by event time; NaN for a deleted one."""
        name, newest = _STATISTICS[stat], self._dated[stat]
        values = self.open_interest if stat == STAT_OPEN_INTEREST else self.volume
        is_older = dated < newest[positions]
        is_other = np.isfinite(counts) & (counts != values[positions])
        self._refuse(f"{name} older than what is known", positions[is_older & is_other])
        if stat == STAT_OPEN_INTEREST:
            again = (positions[1:] == positions[:-1]) & (dated[1:] == dated[:-1])
            differs = again & (counts[1:] != counts[:-1]) & np.isfinite(counts[1:] + counts[:-1])
            self._refuse("open interest on which publishers disagree", positions[1:][differs])
            is_again = (dated == newest[positions]) & np.isfinite(values[positions])
            self._refuse(
                "open interest on which publishers disagree", positions[is_again & is_other]
            )
        self._refuse(f"{name} deleted by its publisher", positions[np.isnan(counts) & ~is_older])
        positions, counts, dated = positions[~is_older], counts[~is_older], dated[~is_older]
        values[positions], newest[positions] = counts, dated
        if stat == STAT_OPEN_INTEREST:
            self._note_newest(np.unique(self._symbol_of[positions]))

    def _note_newest(self, symbols: I32) -> None:
        """Find anew when the open interest in use of some symbols was published."""
        self.newest[symbols] = 0
        dated = self._dated[STAT_OPEN_INTEREST][: len(self._symbol_of)]
        is_used = np.isfinite(self.open_interest[: len(self._symbol_of)])
        mine = is_used & np.isin(self._symbol_of, symbols)
        np.maximum.at(self.newest, self._symbol_of[mine], dated[mine])

    def _refuse(self, reason: str, positions: I32) -> None:
        if len(positions):
            counts = self._refused.setdefault(reason, np.zeros(len(self.newest), np.int64))
            np.add.at(counts, self._symbol_of[positions], 1)
