"""What the morning and the venue say of each contract: settled open interest, cleared volume.

Both come from statistics records. A value repeated by every publisher is one fact, and a value
of another day is refused and counted, never used.
"""

from collections import Counter

import numpy as np

from zerodte.arrays import I32, Bool
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
        refused: Why records were not used, with their number.
        as_of: Event time of the newest open interest in use, UTC ns, or None.
    """

    def __init__(self, day_start: int, day_end: int) -> None:
        """Accept facts dated within [day_start, day_end), UTC ns: the session's own date."""
        self._day = (day_start, day_end)
        self.open_interest = np.empty(0)
        self.volume = np.empty(0)
        self.refused: Counter[str] = Counter()
        self.as_of: int | None = None

    def grow(self, instruments: int) -> None:
        """Make room for positions below `instruments`."""
        self.open_interest = grown(self.open_interest, instruments, np.nan)
        self.volume = grown(self.volume, instruments, np.nan)

    def apply(self, records: Records, positions: I32) -> None:
        """Take statistics records in order; the last of a contract wins.

        Args:
            records: Records of the statistics schema, shape (m,).
            positions: Where each belongs, shape (m,); negative ones are passed over.
        """
        kind, quantity, dated = records["stat_type"], records["quantity"], records["ts_event"]
        known = positions >= 0
        sound = known & (quantity != UNDEF_QUANTITY) & (quantity >= 0) & (dated != UNDEF_TIME)
        today = (dated >= self._day[0]) & (dated < self._day[1])
        for stat, name, values in (
            (STAT_OPEN_INTEREST, "open interest", self.open_interest),
            (STAT_CLEARED_VOLUME, "cleared volume", self.volume),
        ):
            mine = known & (kind == stat)
            use = mine & sound & today
            values[positions[use]] = quantity[use]
            self._refuse(f"{name} of another day", mine & sound & ~today)
            self._refuse(f"{name} undefined or negative", mine & ~sound)
            if stat == STAT_OPEN_INTEREST and use.any():
                self.as_of = max(self.as_of or 0, int(dated[use].max()))

    def _refuse(self, reason: str, which: Bool) -> None:
        if count := int(np.count_nonzero(which)):
            self.refused[reason] += count
