"""A finished session of one symbol, as the history stores it."""

from dataclasses import dataclass
from typing import Final

from zerodte.session.sample import COLUMN_KINDS, SampleDay
from zerodte.wire.envelope import Source

#: Bytes of a `SampleContext` with its texts and times, roughly.
_CONTEXT_SIZE: Final = 1000


@dataclass(frozen=True, eq=False, slots=True)
class StoredSession:
    """A finished session of one symbol: its samples, and the source of its market data."""

    day: SampleDay
    source: Source

    @property
    def nbytes(self) -> int:
        """Its size in memory, roughly."""
        day = self.day
        columns = (getattr(day.columns, name) for name in COLUMN_KINDS)
        arrays = [*columns, day.inputs, day.figures, day.volume_by_rule]
        return sum(int(array.nbytes) for array in arrays) + len(day) * _CONTEXT_SIZE
