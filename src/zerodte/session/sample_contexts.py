"""The contexts of a symbol's samples, as columns."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias, overload

import numpy as np

from zerodte.arrays import Rows
from zerodte.session.sample import ARRIVALS, NO_TIME, SampleContext

#: The context of a sample but for its texts. Times are UTC ns.
_CONTEXT: Final = np.dtype(
    [
        ("at", "i8"),
        ("digest", "u8"),
        ("vix", "f8"),
        *((name, "i8") for name in ARRIVALS),  # NO_TIME for what never came
    ]
)
#: Its scheduled events and its notices.
_Texts: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]


class SampleContexts(Sequence[SampleContext]):
    """The contexts of samples so far; each is made when it is asked for."""

    def __init__(self, rows: Rows, texts: list[_Texts]) -> None:
        self._rows = rows
        self._texts = texts

    @classmethod
    def empty(cls, most: int) -> "SampleContexts":
        """Room for so many samples, to be filled by `set`."""
        return cls(np.empty(most, _CONTEXT), [((), ())] * most)

    def set(self, row: int, context: SampleContext) -> None:
        """Fill a row."""
        arrivals = (context.arrivals.get(name, NO_TIME) for name in ARRIVALS)
        self._rows[row] = (context.at, int(context.digest, 16), context.vix, *arrivals)
        # Most samples have the texts of the one before: one tuple serves them all.
        texts = context.scheduled, context.notices
        last = self._texts[row - 1]
        self._texts[row] = last if last == texts else texts

    def until(self, row: int) -> "SampleContexts":
        """The rows before `row`; later ones do not change them."""
        return SampleContexts(self._rows[:row], self._texts[:row])

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[SampleContext]:
        return (self[row] for row in range(len(self)))

    @overload
    def __getitem__(self, row: int) -> SampleContext: ...
    @overload
    def __getitem__(self, row: slice) -> "SampleContexts": ...

    def __getitem__(self, row: int | slice) -> "SampleContext | SampleContexts":
        """The context of a sample, or those of several."""
        if isinstance(row, slice):
            return SampleContexts(self._rows[row], self._texts[row])
        at, digest, vix, *times = self._rows[row].tolist()
        scheduled, notices = self._texts[row]
        return SampleContext(
            at=at,
            digest=f"{digest:016x}",
            arrivals={n: t for n, t in zip(ARRIVALS, times, strict=True) if t != NO_TIME},
            scheduled=scheduled,
            notices=notices,
            vix=vix,
        )
