"""Decoding of a finished session from its Parquet file, exactly as it was in memory."""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Final, TypeAlias

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zerodte.arrays import I64, Rows
from zerodte.decision.event import count_events
from zerodte.history import arrow, schema
from zerodte.history.arrow import AnyArray, Arrow
from zerodte.history.error import HistoryError
from zerodte.history.stored import StoredSession
from zerodte.market.calendar import TradingSession
from zerodte.session import sample
from zerodte.session.sample import units

_Table: TypeAlias = dict[str, Arrow]

#: Columns for other readers, which repeat the header.
_REPEATED: Final = ("symbol", "strikes")


class _FormatVersion(msgspec.Struct):
    version: int


def decode(content: pa.Buffer) -> StoredSession:
    """A finished session from the bytes of its file.

    Raises:
        HistoryError: If they are damaged, not a finished session's, or of a newer version.
    """
    with _damage_as_error():
        file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
        header = _header(file.metadata)
        names = file.schema_arrow.names
        if missing := set(header.columns) - set(names):
            raise HistoryError(f"damaged: its column {missing.pop()} is missing")
        table = file.read([name for name in names if name not in _REPEATED], use_threads=False)
        columns = {name: table.column(name).combine_chunks() for name in table.column_names}
        return StoredSession(_day(header, columns), header.source)


def decode_header(file: pa.NativeFile) -> schema.FileHeader:
    """The header of a file, for which only the file's end is read.

    Raises:
        HistoryError: As `decode`.
    """
    with _damage_as_error():
        return _header(pq.read_metadata(file))


@contextmanager
def _damage_as_error() -> Iterator[None]:
    """Turn any error of reading a damaged file into a one-line error of the history."""
    try:
        yield
    except HistoryError:
        raise
    except KeyError as error:
        raise HistoryError(f"damaged: its column {error} is missing") from error
    except (pa.ArrowException, OSError, ValueError, IndexError) as error:
        raise HistoryError(f"damaged: {str(error).partition(chr(10))[0]}") from error


def _header(metadata: pq.FileMetaData) -> schema.FileHeader:
    entries = metadata.metadata or {}
    text = entries.get(schema.HEADER_KEY)
    if text is None:
        raise HistoryError("a Parquet file, but not one of a finished session")
    if entries.get(schema.CHECKSUM_KEY) != str(zlib.crc32(text)).encode():
        raise HistoryError("damaged: the checksum of its header is wrong")
    try:
        version = msgspec.json.decode(text, type=_FormatVersion).version
        if version > schema.VERSION:
            raise HistoryError(
                f"written as version {version}; this zerodte reads versions up to "
                f"{schema.VERSION}, so use a newer one"
            )
        header = msgspec.json.decode(text, type=schema.FileHeader)
    except msgspec.DecodeError as error:
        raise HistoryError(f"damaged: its header: {error}") from error
    if header.samples != metadata.num_rows:
        raise HistoryError(
            f"damaged: it has {metadata.num_rows} rows; expected: {header.samples}, by its header"
        )
    return header


def _day(header: schema.FileHeader, columns: _Table) -> sample.SampleDay:
    count, strikes = header.samples, len(header.strikes)
    since = [
        [sample.NOT_LISTED if row is None else row for row in right]
        for right in (header.calls_since, header.puts_since)
    ]
    return sample.SampleDay(
        symbol=header.symbol,
        root=header.root,
        hours=TradingSession(header.date, header.open, header.close),
        strikes=np.array(header.strikes, np.float64),
        since=np.array(since, np.int32),
        columns=sample.Columns(
            **{name: _column(columns, name, count, strikes) for name in sample.COLUMN_KINDS}
        ),
        inputs=_rows(columns, sample.INPUTS, schema.INPUT_COLUMNS, count),
        figures=_rows(columns, sample.FIGURES, schema.FIGURE_COLUMNS, count),
        latches=_rows(columns, sample.LATCHES, schema.LATCH_COLUMNS, count),
        volume_by_rule=_volume_by_rule(columns, count),
        statistics=_statistics(columns, strikes),
        contexts=_contexts(columns),
        gaps=tuple(sample.Gap(gap.start, gap.end, gap.reason, gap.known) for gap in header.gaps),
    )


def _rows(
    columns: _Table,
    table: np.dtype[np.void],
    scalars: tuple[schema.ScalarColumn, ...],
    count: int,
) -> Rows:
    rows = np.zeros(count, table)
    for scalar in scalars:
        scalar.values(rows)[:] = _scalar(columns.get(scalar.name, pa.nulls(count)), scalar)
    return rows


def _scalar(column: Arrow, scalar: schema.ScalarColumn) -> AnyArray:
    if scalar.is_time:
        return arrow.to_times(column)
    if scalar.code_names:
        return arrow.to_codes(column, scalar.code_names)
    return arrow.to_numbers(column, scalar.dtype)


def _column(columns: _Table, name: str, count: int, strikes: int) -> AnyArray:
    """One of `Columns`; a column that an older file lacks is unknown."""
    kind = sample.COLUMN_KINDS[name]
    out = np.full(kind.shape(count, strikes), kind.nothing, kind.dtype)
    if kind.by_strike:
        arrays = {name: out}
    else:
        arrays = {f"{right}_{name}": out[:, index] for index, right in enumerate(schema.RIGHTS)}
    for column, array in arrays.items():
        if column in columns:
            is_price = name in schema.PRICES
            dtype = np.float64 if is_price else kind.dtype
            values = arrow.to_lists(columns[column], strikes, dtype)
            array[:] = units(values) if is_price else values
    return out


def _volume_by_rule(columns: _Table, count: int) -> I64:
    volume = np.zeros((count, sample.RULE_COUNT), np.int64)
    for rule, name in schema.RULE_COLUMNS.items():
        if name in columns:
            volume[:, rule] = arrow.to_numbers(columns[name], np.int64)
    return volume


def _statistics(columns: _Table, strikes: int) -> tuple[sample.VenueStatistics, ...]:
    first = next(iter(schema.VENUE_COLUMNS.values()))
    is_new = arrow.to_numbers(columns[f"{schema.RIGHTS[0]}_{first}"].is_valid(), bool)
    rows = np.flatnonzero(is_new)
    official, cleared = (
        np.stack(
            [
                arrow.to_lists(columns[f"{right}_{name}"], strikes, np.float32)
                for right in schema.RIGHTS
            ],
            1,
        )
        for name in schema.VENUE_COLUMNS.values()
    )
    times = arrow.to_times(columns["oi_as_of"])[rows].tolist()
    return tuple(
        sample.VenueStatistics(row, official[index], cleared[index], times[index] or None)
        for index, row in enumerate(rows.tolist())
    )


def _contexts(columns: _Table) -> tuple[sample.SampleContext, ...]:
    arrivals = columns["arrivals"]
    pairs = list(
        zip(arrivals.keys.to_pylist(), arrow.to_times(arrivals.items).tolist(), strict=True)
    )
    offsets = arrow.to_numbers(arrivals.offsets, np.int64) - arrivals.offsets[0].as_py()
    notices = list(map(tuple, columns["notices"].to_pylist()))
    return tuple(
        sample.SampleContext(
            at, digest, dict(pairs[start:stop]), texts[:events], texts[events:], vix
        )
        for at, digest, (start, stop), texts, events, vix in zip(
            arrow.to_times(columns["t"]).tolist(),
            columns["inputs_digest"].to_pylist(),
            pairwise(offsets.tolist()),
            notices,
            _event_counts(columns, notices),
            arrow.to_numbers(columns["vix"], np.float64).tolist(),
            strict=True,
        )
    )


def _event_counts(columns: _Table, notices: Sequence[tuple[str, ...]]) -> list[int]:
    """How many of each row's notices are events; an older file tells by their words alone."""
    if schema.SCHEDULED_COLUMN in columns:
        counts: list[int] = columns[schema.SCHEDULED_COLUMN].to_pylist()
        return counts
    ahead = columns.get("events_ahead", pa.nulls(len(notices)))
    return list(map(count_events, notices, arrow.to_numbers(ahead, np.int32).tolist()))
