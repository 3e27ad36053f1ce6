"""The columns of a finished session and what stands beside them, as tables.

A column added later is absent from older files and reads as unknown, so that additions need no new
version. It is raised when a column changes its meaning: a reader refuses what it does not know.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from zerodte.arrays import Rows
from zerodte.engine.aggressor import SideRule
from zerodte.session.sample import FIGURES, FLIP_STATUSES, INPUTS, REGIMES, SPOT_SOURCES
from zerodte.wire.envelope import Source

VERSION: Final = 1
#: In the file's metadata: `FileHeader`, and the CRC-32 of its bytes (Parquet guards only pages).
HEADER_KEY: Final = b"zerodte"
CHECKSUM_KEY: Final = b"zerodte.crc32"

SIDES: Final = ("call", "put")
#: A book's figure holds a mean and the ends of its interval.
_ENDS: Final = ("", "_low", "_high")
_TIMES: Final = frozenset({"at", "smile_at", "newest"})
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "spot_source": SPOT_SOURCES,
    "flip_status": FLIP_STATUSES,
    "regime": REGIMES,
}
#: Where the wire has a name of its own, the column bears it.
_NAMES: Final[Mapping[str, str]] = {
    "at": "t",
    "flip_status": "gamma_flip_status",
    "charm_hour": "charm_dollars_per_hour",
    "call_flow": "hedge_flow_call_cumulative",
    "put_flow": "hedge_flow_put_cumulative",
}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A column of one value a sample.

    Attributes:
        name: Of the column.
        field: Of the table in `zerodte.session.sample`.
        part: The position within a field of several values, or None.
        kind: Its numpy dtype there.
        is_time: Whether it is an instant, null for never.
        words: What codes stand for, where it holds codes.
    """

    name: str
    field: str
    part: int | None
    kind: np.dtype[np.generic]
    is_time: bool
    words: tuple[str, ...]

    def of(self, rows: Rows) -> npt.NDArray[Any]:
        """The column's place in a table's rows; a view."""
        return rows[self.field] if self.part is None else rows[self.field][:, self.part]


def _scalars(table: np.dtype[np.void]) -> tuple[Scalar, ...]:
    return tuple(
        Scalar(
            _NAMES.get(field, field) + end,
            field,
            part if table[field].shape else None,
            table[field].base,
            field in _TIMES,
            _WORDS.get(field, ()),
        )
        for field in table.names or ()
        for part, end in enumerate(_ENDS if table[field].shape else ("",))
    )


#: One value a sample, by table.
INPUT_COLUMNS: Final = _scalars(INPUTS)
FIGURE_COLUMNS: Final = _scalars(FIGURES)
#: Contracts since the open by the rule that decided.
RULE_COLUMNS: Final[Mapping[SideRule, str]] = {
    rule: f"volume_{rule.name.lower()}" for rule in SideRule
}
#: Columns of prices: whole units inside, dollars in a file.
PRICES: Final = frozenset({"mid", "spread"})
#: What the venue said: two lists each, in the rows where it changed.
STATED: Final[Mapping[str, str]] = {
    "official": "official_open_interest",
    "cleared": "cleared_volume",
}


class StoredGap(msgspec.Struct, frozen=True):
    """An interval of the session in which nothing was received; UTC nanoseconds."""

    start: int
    end: int
    reason: str
    known: int


class FileHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of a whole file.

    Attributes:
        version: Of the meaning of the columns.
        symbol: The underlying's.
        root: The OSI root of the chain.
        date: The session's, on which the chain expires.
        open: UTC nanoseconds.
        close: UTC nanoseconds.
        source: Where the market data came from.
        samples: Rows.
        strikes: Dollars, ascending.
        calls_since: The first row in which each strike's call is listed; null where it never is.
        puts_since: The same of its put.
        gaps: Ascending.
        digest: Of every record of the tape up to the last sample.
        columns: The names of those that were written.
    """

    version: int
    symbol: str
    root: str
    date: datetime.date
    open: int
    close: int
    source: Source
    samples: int
    strikes: tuple[float, ...]
    calls_since: tuple[int | None, ...]
    puts_since: tuple[int | None, ...]
    gaps: tuple[StoredGap, ...]
    digest: str
    columns: tuple[str, ...]
