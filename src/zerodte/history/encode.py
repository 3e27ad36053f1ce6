"""Encoding of a finished session as a Parquet file."""

import zlib
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zerodte.arrays import Rows
from zerodte.history import arrow, schema
from zerodte.history.arrow import Arrow
from zerodte.history.stored import StoredSession
from zerodte.session.sample import (
    COLUMN_KINDS,
    NO_TIME,
    NOT_LISTED,
    SampleContext,
    SampleDay,
    VenueStatistics,
    dollars,
)


def encode(session: StoredSession) -> pa.Buffer:
    """The Parquet file of a finished session."""
    columns = dict(_columns(session.day))
    header = msgspec.json.encode(_header(session, tuple(columns)))
    checksum = str(zlib.crc32(header)).encode()
    out = pa.BufferOutputStream()
    # One row group, because a day is small. Reading groups of an hour one by one takes longer.
    pq.write_table(
        pa.table(columns).replace_schema_metadata(
            {schema.HEADER_KEY: header, schema.CHECKSUM_KEY: checksum}
        ),
        out,
        compression="zstd",
        use_dictionary=[name for name, column in columns.items() if column.type == arrow.NAME],
        write_page_checksum=True,
    )
    return out.getvalue()


def _header(session: StoredSession, columns: tuple[str, ...]) -> schema.FileHeader:
    day = session.day
    calls, puts = (
        tuple(None if row == NOT_LISTED else row for row in right) for right in day.since.tolist()
    )
    return schema.FileHeader(
        version=schema.VERSION,
        symbol=day.symbol,
        root=day.root,
        date=day.hours.date,
        open=day.hours.open,
        close=day.hours.close,
        source=session.source,
        samples=len(day),
        strikes=tuple(day.strikes.tolist()),
        calls_since=calls,
        puts_since=puts,
        gaps=tuple(schema.StoredGap(gap.start, gap.end, gap.reason, gap.known) for gap in day.gaps),
        digest=day.contexts[-1].digest if day.contexts else "",
        columns=columns,
    )


def _columns(day: SampleDay) -> Iterator[tuple[str, Arrow]]:
    count = len(day)
    yield "symbol", arrow.from_codes(np.zeros(count, np.int8), [day.symbol])
    for scalar in schema.INPUT_COLUMNS:
        yield scalar.name, _scalar(day.inputs, scalar)
    for scalar in schema.FIGURE_COLUMNS:
        yield scalar.name, _scalar(day.figures, scalar)
    for scalar in schema.LATCH_COLUMNS:
        yield scalar.name, _scalar(day.latches, scalar)
    yield from _contexts(day.contexts)
    for rule, name in schema.RULE_COLUMNS.items():
        yield name, arrow.from_numbers(day.volume_by_rule[:, rule])
    yield "strikes", arrow.from_lists(np.tile(day.strikes, (count, 1)))
    for name, kind in COLUMN_KINDS.items():
        values = getattr(day.columns, name)
        if name in schema.PRICES:
            values = dollars(values)
        if kind.by_strike:
            yield name, arrow.from_lists(values)
        else:
            for index, right in enumerate(schema.RIGHTS):
                yield f"{right}_{name}", arrow.from_lists(values[:, index])
    yield from _statistics(day.statistics, count)


def _scalar(rows: Rows, column: schema.ScalarColumn) -> Arrow:
    values = column.values(rows)
    if column.is_time:
        return arrow.from_times(values)
    if column.code_names:
        return arrow.from_codes(values, column.code_names)
    return arrow.from_numbers(values)


def _contexts(contexts: Sequence[SampleContext]) -> Iterator[tuple[str, Arrow]]:
    yield "vix", arrow.from_numbers(np.array([context.vix for context in contexts]))
    yield "inputs_digest", pa.array([context.digest for context in contexts], pa.string())
    yield "notices", pa.array([context.warnings for context in contexts], pa.list_(pa.string()))
    counts = np.array([len(context.scheduled) for context in contexts], np.int32)
    yield schema.SCHEDULED_COLUMN, arrow.from_numbers(counts)
    arrivals = [list(context.arrivals.items()) for context in contexts]
    yield "arrivals", pa.array(arrivals, pa.map_(pa.string(), arrow.TIME))


def _statistics(statistics: tuple[VenueStatistics, ...], count: int) -> Iterator[tuple[str, Arrow]]:
    """Values in the rows where the venue published new ones; null in the others."""
    is_new = np.zeros(count, bool)
    is_new[[values.since for values in statistics]] = True
    times = np.full(count, NO_TIME, np.int64)
    times[is_new] = [values.oi_as_of or NO_TIME for values in statistics]
    yield "oi_as_of", arrow.from_times(times)
    for field, name in schema.VENUE_COLUMNS.items():
        contracts = np.stack([getattr(values, field) for values in statistics])
        for index, right in enumerate(schema.RIGHTS):
            yield f"{right}_{name}", arrow.from_lists(contracts[:, index], is_new)
