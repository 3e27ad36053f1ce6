"""A symbol's day of samples to the bytes of its Parquet file."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zerodte.arrays import Rows
from zerodte.history.arrow import (
    INSTANT,
    WORD,
    Arrow,
    from_codes,
    from_instants,
    from_lists,
    from_numbers,
)
from zerodte.history.schema import (
    CHECKSUM_KEY,
    FIGURE_COLUMNS,
    HEADER_KEY,
    INPUT_COLUMNS,
    PRICES,
    RULE_COLUMNS,
    SIDES,
    STATED,
    VERSION,
    FileHeader,
    Scalar,
    StoredGap,
)
from zerodte.session.quantise import dollars
from zerodte.session.sample import (
    COLUMN_KINDS,
    NO_TIME,
    NOT_LISTED,
    SampleContext,
    SampleDay,
    VenueStatistics,
)
from zerodte.wire.envelope import Source

#: Bytes that a `SampleContext` takes, its texts and times included.
_MOMENT: Final = 1000


@dataclass(frozen=True, eq=False, slots=True)
class StoredSession:
    """A finished session of one symbol: its samples, and where its market data came from."""

    day: SampleDay
    source: Source

    @property
    def nbytes(self) -> int:
        """What it takes in memory, roughly."""
        day = self.day
        columns = (getattr(day.columns, name) for name in COLUMN_KINDS)
        arrays = [*columns, day.inputs, day.figures, day.volume_by_rule]
        return sum(int(array.nbytes) for array in arrays) + len(day) * _MOMENT


def encode(finished: StoredSession) -> pa.Buffer:
    """The Parquet file of a finished session."""
    columns = dict(_columns(finished.day))
    told = msgspec.json.encode(_about(finished, tuple(columns)))
    metadata = {HEADER_KEY: told, CHECKSUM_KEY: str(zlib.crc32(told)).encode()}
    out = pa.BufferOutputStream()
    # One row group: a day is small, and groups of an hour take longer to read whole than they save.
    pq.write_table(
        pa.table(columns).replace_schema_metadata(metadata),
        out,
        compression="zstd",
        use_dictionary=[name for name, column in columns.items() if column.type == WORD],
        write_page_checksum=True,
    )
    return out.getvalue()


def _about(finished: StoredSession, columns: tuple[str, ...]) -> FileHeader:
    day = finished.day
    calls, puts = (
        tuple(None if row == NOT_LISTED else row for row in side) for side in day.since.tolist()
    )
    return FileHeader(
        version=VERSION,
        symbol=day.symbol,
        root=day.root,
        date=day.hours.date,
        open=day.hours.open,
        close=day.hours.close,
        source=finished.source,
        samples=len(day),
        strikes=tuple(day.strikes.tolist()),
        calls_since=calls,
        puts_since=puts,
        gaps=tuple(StoredGap(gap.start, gap.end, gap.reason, gap.known) for gap in day.gaps),
        digest=day.contexts[-1].digest if day.contexts else "",
        columns=columns,
    )


def _columns(day: SampleDay) -> Iterator[tuple[str, Arrow]]:
    count = len(day)
    yield "symbol", from_codes(np.zeros(count, np.int8), [day.symbol])
    for scalar in INPUT_COLUMNS:
        yield scalar.name, _scalar(day.inputs, scalar)
    for scalar in FIGURE_COLUMNS:
        yield scalar.name, _scalar(day.figures, scalar)
    yield from _contexts(day.contexts)
    for rule, name in RULE_COLUMNS.items():
        yield name, from_numbers(day.volume_by_rule[:, rule])
    yield "strikes", from_lists(np.tile(day.strikes, (count, 1)))
    for name, kind in COLUMN_KINDS.items():
        kept = getattr(day.columns, name)
        values = dollars(kept) if name in PRICES else kept
        if kind.by_strike:
            yield name, from_lists(values)
        else:
            for right, side in enumerate(SIDES):
                yield f"{side}_{name}", from_lists(values[:, right])
    yield from _statistics(day.statistics, count)


def _scalar(rows: Rows, scalar: Scalar) -> Arrow:
    values = scalar.of(rows)
    if scalar.is_time:
        return from_instants(values)
    return from_codes(values, scalar.words) if scalar.words else from_numbers(values)


def _contexts(contexts: Sequence[SampleContext]) -> Iterator[tuple[str, Arrow]]:
    yield "vix", from_numbers(np.array([context.vix for context in contexts]))
    yield "inputs_digest", pa.array([context.digest for context in contexts], pa.string())
    yield "notices", pa.array([context.notices for context in contexts], pa.list_(pa.string()))
    arrivals = [list(context.arrivals.items()) for context in contexts]
    yield "arrivals", pa.array(arrivals, pa.map_(pa.string(), INSTANT))


def _statistics(statistics: tuple[VenueStatistics, ...], count: int) -> Iterator[tuple[str, Arrow]]:
    """In the rows where the venue said something new; null in the others."""
    changed = np.zeros(count, bool)
    changed[[said.since for said in statistics]] = True
    times = np.full(count, NO_TIME, np.int64)
    times[changed] = [said.oi_as_of or NO_TIME for said in statistics]
    yield "oi_as_of", from_instants(times)
    for field, name in STATED.items():
        stated = np.stack([getattr(said, field) for said in statistics])
        for right, side in enumerate(SIDES):
            yield f"{side}_{name}", from_lists(stated[:, right], changed)
