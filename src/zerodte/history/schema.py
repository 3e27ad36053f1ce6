"""The columns and the header of a finished session's file.

A column added later is absent from older files and reads as unknown, so additions need no new
version. A column that changes its meaning does: readers refuse newer versions than their own.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from zerodte.arrays import Rows
from zerodte.decision.probability import PROBABILITY_METHODS
from zerodte.decision.rule import SEVERITY_NAMES
from zerodte.engine.aggressor import SideRule
from zerodte.session.sample import (
    FIGURES,
    FLIP_STATUSES,
    INPUTS,
    LATCHES,
    OI_METHODS,
    REGIMES,
    SETUP_NAMES,
    SPOT_SOURCES,
)
from zerodte.wire.envelope import Source

VERSION: Final = 1
#: In the file's metadata: `FileHeader`, and the CRC-32 of its bytes (Parquet checks only pages).
HEADER_KEY: Final = b"zerodte"
CHECKSUM_KEY: Final = b"zerodte.crc32"

RIGHTS: Final = ("call", "put")
#: A figure of the dealers' book has a mean and the bounds of its interval.
_INTERVAL_SUFFIXES: Final = ("", "_low", "_high")
_TIMES: Final = frozenset(
    {"at", "smile_at", "newest", "crossed_at", "flipped_at"}
    | {name for name in LATCHES.names or () if name.endswith("_since")}
)
_CODE_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "spot_source": SPOT_SOURCES,
    "oi_method": OI_METHODS,
    "flip_status": FLIP_STATUSES,
    "regime": REGIMES,
    "setup": SETUP_NAMES,
    "severity": SEVERITY_NAMES,
    "method": PROBABILITY_METHODS,
}
#: Columns that have the name of a field of an answer.
_NAMES: Final[Mapping[str, str]] = {
    "at": "t",
    "oi_method": "open_interest_method",
    "flip_status": "gamma_flip_status",
    "charm_hour": "charm_dollars_per_hour",
    "remaining_sigma": "remaining_1sd_dollars",
    "data_quality": "data_quality_score",
    "call_flow": "hedge_flow_call_cumulative",
    "put_flow": "hedge_flow_put_cumulative",
    "call_customer_flow": "customer_flow_call_cumulative",
    "put_customer_flow": "customer_flow_put_cumulative",
    "method": "probability_method",
}


@dataclass(frozen=True, slots=True)
class ScalarColumn:
    """A column with one value per sample.

    Attributes:
        name: The column's.
        field: Its field in a table of `zerodte.session.sample`.
        element: Its position in a field of several values, or None.
        dtype: Its numpy dtype there.
        is_time: Whether it is a time.
        code_names: The names of its codes, if it holds codes.
    """

    name: str
    field: str
    element: int | None
    dtype: np.dtype[np.generic]
    is_time: bool
    code_names: tuple[str, ...]

    def values(self, rows: Rows) -> npt.NDArray[Any]:
        """The column in a table's rows; a view."""
        return rows[self.field] if self.element is None else rows[self.field][:, self.element]


def _scalar_columns(table: np.dtype[np.void]) -> tuple[ScalarColumn, ...]:
    return tuple(
        ScalarColumn(
            _NAMES.get(field, field) + suffix,
            field,
            element if table[field].shape else None,
            table[field].base,
            field in _TIMES,
            _CODE_NAMES.get(field, ()),
        )
        for field in table.names or ()
        for element, suffix in enumerate(_INTERVAL_SUFFIXES if table[field].shape else ("",))
    )


#: Columns with one value per sample, by table.
INPUT_COLUMNS: Final = _scalar_columns(INPUTS)
FIGURE_COLUMNS: Final = _scalar_columns(FIGURES)
LATCH_COLUMNS: Final = _scalar_columns(LATCHES)
#: How many of a sample's notices are scheduled events, which come first.
SCHEDULED_COLUMN: Final = "scheduled_notices"
#: Contracts since the open, by the rule that classified them.
RULE_COLUMNS: Final[Mapping[SideRule, str]] = {
    rule: f"volume_{rule.name.lower()}" for rule in SideRule
}
#: Columns of prices: integer units in memory, dollars in a file.
PRICES: Final = frozenset({"mid", "spread", "offer"})
#: The venue's statistics: a list per right, in the rows where they changed.
VENUE_COLUMNS: Final[Mapping[str, str]] = {
    "official": "official_open_interest",
    "cleared": "cleared_volume",
}


class StoredGap(msgspec.Struct, frozen=True):
    """An interval of the session without market data; UTC nanoseconds."""

    start: int
    end: int
    reason: str
    known: int


class FileHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The header of a file.

    Attributes:
        version: The version of the columns' meaning.
        symbol: The underlying.
        root: The OSI root of the chain.
        date: The session's, on which the chain expires.
        open: The session's, UTC nanoseconds.
        close: The session's, UTC nanoseconds.
        source: The source of the market data.
        samples: The number of rows.
        strikes: Dollars, ascending.
        calls_since: The first row in which each strike's call is listed; null if it never is.
        puts_since: The same for puts.
        gaps: Ascending.
        digest: The digest of every record of the tape up to the last sample.
        columns: The names of the columns.
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
