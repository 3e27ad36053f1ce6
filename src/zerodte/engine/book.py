"""Standing quotes: the last one of each instrument wins, and stands until it is replaced.

Flat float64 arrays by position. Nothing here knows which positions make a chain; a group
number per position (the chain's number) only serves to tell how long a chain has been silent.
"""

from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from zerodte.compiled import kernel
from zerodte.config import STALE_AFTER
from zerodte.records.dbn import PRICE_SCALE, UNDEF_PRICE, UNDEF_SIZE, Records

Floats: TypeAlias = npt.NDArray[np.float64]
Scalar = TypeVar("Scalar", bound=np.generic)

#: The receive time of what has never spoken: so early that no patience reaches it.
NEVER = -(2**62)


class Book:
    """The standing quote of every instrument, by position.

    Attributes:
        newest: Receive time of each group's newest record, UTC ns, shape (groups,).
    """

    def __init__(self) -> None:
        self.newest = np.empty(0, np.int64)
        self._quotes = np.empty((0, 4))
        self._cadence = np.empty(0, np.int64)

    @property
    def bid(self) -> Floats:
        """Dollars, shape (n,); NaN where there is none, 0 where the venue said 0."""
        return self._quotes[:, 0]

    @property
    def ask(self) -> Floats:
        """Dollars, shape (n,); NaN where there is none."""
        return self._quotes[:, 1]

    @property
    def bid_size(self) -> Floats:
        """Contracts or shares, shape (n,); NaN where unknown."""
        return self._quotes[:, 2]

    @property
    def ask_size(self) -> Floats:
        """Contracts or shares, shape (n,); NaN where unknown."""
        return self._quotes[:, 3]

    def grow(self, instruments: int, groups: int) -> None:
        """Make room for positions below `instruments` and groups below `groups`."""
        self._quotes = grown(self._quotes, instruments, np.nan)
        self.newest = grown(self.newest, groups, NEVER)
        self._cadence = grown(self._cadence, groups, 0)

    def apply(
        self,
        records: Records,
        positions: npt.NDArray[np.int32],
        group: npt.NDArray[np.int32],
        cadence: int,
    ) -> None:
        """Take quotes in order.

        Args:
            records: Records of a quote schema, shape (m,).
            positions: Where each belongs, shape (m,); negative ones are passed over.
            group: The group of every position, shape (n,).
            cadence: Interval of the schema in ns, 0 for an event feed.
        """
        _apply_quotes(
            records["bid_px_00"],
            records["ask_px_00"],
            records["bid_sz_00"],
            records["ask_sz_00"],
            records["ts_recv"],
            positions,
            group,
            cadence,
            self._quotes,
            self.newest,
            self._cadence,
        )

    def is_fresh(self, group: int, now: int) -> bool:
        """Whether the group has spoken within max(15 s, two cadences) before `now`."""
        patience = max(STALE_AFTER, 2 * int(self._cadence[group]))
        return bool(now - self.newest[group] <= patience)

    def newest_of(self, group: int) -> int | None:
        """Receive time of the group's newest record, or None if it has never spoken."""
        return None if self.newest[group] == NEVER else int(self.newest[group])


def grown(array: npt.NDArray[Scalar], size: int, fill: float) -> npt.NDArray[Scalar]:
    """`array` lengthened to at least `size` with `fill`; the same object if it is long enough."""
    if len(array) >= size:
        return array
    longer = np.full((max(size, 2 * len(array)), *array.shape[1:]), fill, array.dtype)
    longer[: len(array)] = array
    return longer


@kernel
def _price(raw: int) -> float:
    """Dollars; NaN for the sentinel and for a price below zero, which no option quote has."""
    return np.nan if raw == UNDEF_PRICE or raw < 0 else raw * PRICE_SCALE


@kernel
def _size(raw: int) -> float:
    return np.nan if raw == UNDEF_SIZE else float(raw)


@kernel
def _apply_quotes(
    raw_bid: npt.NDArray[np.int64],
    raw_ask: npt.NDArray[np.int64],
    raw_bid_size: npt.NDArray[np.uint32],
    raw_ask_size: npt.NDArray[np.uint32],
    received: npt.NDArray[np.uint64],
    positions: npt.NDArray[np.int32],
    group: npt.NDArray[np.int32],
    interval: int,
    quotes: Floats,
    newest: npt.NDArray[np.int64],
    cadence: npt.NDArray[np.int64],
) -> None:
    for i in range(positions.shape[0]):
        at = positions[i]
        if at < 0:
            continue
        quotes[at, 0] = _price(raw_bid[i])
        quotes[at, 1] = _price(raw_ask[i])
        quotes[at, 2] = _size(raw_bid_size[i])
        quotes[at, 3] = _size(raw_ask_size[i])
        newest[group[at]] = max(newest[group[at]], np.int64(received[i]))
        cadence[group[at]] = interval
