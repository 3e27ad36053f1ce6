"""What the morning and the venue say of each contract: settled open interest, cleared volume.

Both come from statistics records. A value repeated by every publisher is one fact, and a value
of another day is refused and counted, never used.
"""

from collections.abc import Mapping

import numpy as np

from zerodte.arrays import I32, I64, Bool
from zerodte.constants import MOST_OPEN_INTEREST
from zerodte.engine.book import grown
from zerodte.records.dbn import (
    STAT_CLEARED_VOLUME,
    STAT_OPEN_INTEREST,
    UNDEF_QUANTITY,
    UNDEF_TIME,
    Records,
)


class SettledInterest:
    """Settled open interest and cleared volume by contract position.

    Attributes:
        open_interest: Contracts, shape (n,); NaN where none was published for the session.
        volume: Contracts cleared so far today, shape (n,); NaN where none was published.
        newest: Event time of each symbol's newest open interest in use, UTC ns, shape (symbols,); 0
            where there is none.
    """

    def __init__(self, day_start: int, day_end: int) -> None:
        """Accept facts dated within [day_start, day_end), UTC ns: the session's own date."""
        self._day = (day_start, day_end)
        self.open_interest = np.empty(0)
        self.volume = np.empty(0)
        self.newest = np.zeros(0, np.int64)
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
        self.open_interest = grown(self.open_interest, len(symbol_of), np.nan)
        self.volume = grown(self.volume, len(symbol_of), np.nan)
        self.newest = grown(self.newest, symbols, 0)
        self._refused = {
            reason: grown(counts, symbols, 0) for reason, counts in self._refused.items()
        }

    def as_of(self, symbol: int) -> int | None:
        """Event time of a symbol's newest open interest in use, UTC ns, or None."""
        return int(self.newest[symbol]) or None

    def apply(self, records: Records, positions: I32) -> None:
        """Take statistics records in order; the last of a contract wins.

        Args:
            records: Records of the statistics schema, shape (m,).
            positions: Where each belongs, shape (m,); negative ones are passed over.
        """
        kind, quantity, dated = records["stat_type"], records["quantity"], records["ts_event"]
        known = positions >= 0
        sound = known & (quantity != UNDEF_QUANTITY) & (quantity >= 0) & (dated != UNDEF_TIME)
        reasonable = quantity <= MOST_OPEN_INTEREST
        today = (dated >= self._day[0]) & (dated < self._day[1])
        for stat, name, values in (
            (STAT_OPEN_INTEREST, "open interest", self.open_interest),
            (STAT_CLEARED_VOLUME, "cleared volume", self.volume),
        ):
            mine = known & (kind == stat)
            use = mine & sound & today & reasonable
            values[positions[use]] = quantity[use]
            self._refuse(f"{name} of another day", positions, mine & sound & ~today)
            self._refuse(f"{name} beyond reason", positions, mine & sound & today & ~reasonable)
            self._refuse(f"{name} undefined or negative", positions, mine & ~sound)
            if stat == STAT_OPEN_INTEREST:
                symbols = self._symbol_of[positions[use]]
                np.maximum.at(self.newest, symbols, dated[use].astype(np.int64))

    def _refuse(self, reason: str, positions: I32, which: Bool) -> None:
        if which.any():
            counts = self._refused.setdefault(reason, np.zeros(len(self.newest), np.int64))
            np.add.at(counts, self._symbol_of[positions[which]], 1)
