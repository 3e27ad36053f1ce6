"""The bytes of a Parquet file back to a symbol's day of samples, exactly as it was in memory."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Final, TypeAlias

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zerodte.arrays import I32, Rows
from zerodte.history.arrow import AnyArray, Arrow, to_codes, to_instants, to_lists, to_numbers
from zerodte.history.encode import StoredSession
from zerodte.history.error import HistoryError
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
)
from zerodte.market.calendar import TradingSession
from zerodte.session.quantise import units
from zerodte.session.sample import (
    COLUMN_KINDS,
    FIGURES,
    INPUTS,
    NOT_LISTED,
    RULE_COUNT,
    Columns,
    Gap,
    SampleContext,
    SampleDay,
    VenueStatistics,
)

_Table: TypeAlias = dict[str, Arrow]

#: Columns for other readers: what the file says of itself has them.
_TOLD: Final = ("symbol", "strikes")


class _Versioned(msgspec.Struct):
    version: int


def decode(content: pa.Buffer) -> StoredSession:
    """A finished session from the bytes of its file.

    Raises:
        HistoryError: If they are damaged, not a finished session's, or of a newer version.
    """
    with _damage():
        file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
        about = _about(file.metadata)
        names = file.schema_arrow.names
        if lost := set(about.columns) - set(names):
            raise HistoryError(f"damaged: it has lost its column {lost.pop()}")
        table = file.read([name for name in names if name not in _TOLD], use_threads=False)
        columns = {name: table.column(name).combine_chunks() for name in table.column_names}
        return StoredSession(_day(about, columns), about.source)


def decode_about(file: pa.NativeFile) -> FileHeader:
    """What a file says of itself; its end alone is read.

    Raises:
        HistoryError: As `decode`.
    """
    with _damage():
        return _about(pq.read_metadata(file))


@contextmanager
def _damage() -> Iterator[None]:
    """What a reader stumbles over, in one line."""
    try:
        yield
    except HistoryError:
        raise
    except KeyError as error:
        raise HistoryError(f"damaged: it has no column {error}") from error
    except (pa.ArrowException, OSError, ValueError, IndexError) as error:
        raise HistoryError(f"damaged: {str(error).partition(chr(10))[0]}") from error


def _about(metadata: pq.FileMetaData) -> FileHeader:
    told = metadata.metadata or {}
    text = told.get(HEADER_KEY)
    if text is None:
        raise HistoryError("a Parquet file, but not one of a finished session")
    if told.get(CHECKSUM_KEY) != str(zlib.crc32(text)).encode():
        raise HistoryError("damaged: what it says of itself does not have its checksum")
    try:
        version = msgspec.json.decode(text, type=_Versioned).version
        if version > VERSION:
            raise HistoryError(
                f"written as version {version}; known here are those up to {VERSION}, "
                "a newer zerodte reads it"
            )
        about = msgspec.json.decode(text, type=FileHeader)
    except msgspec.DecodeError as error:
        raise HistoryError(f"damaged: what it says of itself: {error}") from error
    if about.samples != metadata.num_rows:
        raise HistoryError(f"damaged: {metadata.num_rows} rows of {about.samples}")
    return about


def _day(about: FileHeader, columns: _Table) -> SampleDay:
    count, strikes = about.samples, len(about.strikes)
    since = [
        [NOT_LISTED if row is None else row for row in side]
        for side in (about.calls_since, about.puts_since)
    ]
    return SampleDay(
        symbol=about.symbol,
        root=about.root,
        hours=TradingSession(about.date, about.open, about.close),
        strikes=np.array(about.strikes, np.float64),
        since=np.array(since, np.int32),
        columns=Columns(**{name: _column(columns, name, count, strikes) for name in COLUMN_KINDS}),
        inputs=_rows(columns, INPUTS, INPUT_COLUMNS, count),
        figures=_rows(columns, FIGURES, FIGURE_COLUMNS, count),
        volume_by_rule=_volume_by_rule(columns, count),
        statistics=_statistics(columns, strikes),
        contexts=_contexts(columns),
        gaps=tuple(Gap(gap.start, gap.end, gap.reason, gap.known) for gap in about.gaps),
    )


def _rows(
    columns: _Table, table: np.dtype[np.void], scalars: tuple[Scalar, ...], count: int
) -> Rows:
    rows = np.zeros(count, table)
    for scalar in scalars:
        scalar.of(rows)[:] = _scalar(columns.get(scalar.name, pa.nulls(count)), scalar)
    return rows


def _scalar(column: Arrow, scalar: Scalar) -> AnyArray:
    if scalar.is_time:
        return to_instants(column)
    return to_codes(column, scalar.words) if scalar.words else to_numbers(column, scalar.kind)


def _column(columns: _Table, name: str, count: int, strikes: int) -> AnyArray:
    """One of `Columns`; what an older file lacks is unknown."""
    kind = COLUMN_KINDS[name]
    out = np.full(kind.shape(count, strikes), kind.nothing, kind.dtype)
    if kind.by_strike:
        places = {name: out}
    else:
        places = {f"{side}_{name}": out[:, right] for right, side in enumerate(SIDES)}
    for part, place in places.items():
        if part in columns:
            is_price = name in PRICES
            values = to_lists(columns[part], strikes, np.float64 if is_price else kind.dtype)
            place[:] = units(values) if is_price else values
    return out


def _volume_by_rule(columns: _Table, count: int) -> I32:
    volume = np.zeros((count, RULE_COUNT), np.int32)
    for rule, name in RULE_COLUMNS.items():
        if name in columns:
            volume[:, rule] = to_numbers(columns[name], np.int32)
    return volume


def _statistics(columns: _Table, strikes: int) -> tuple[VenueStatistics, ...]:
    first = next(iter(STATED.values()))
    changed = np.flatnonzero(to_numbers(columns[f"{SIDES[0]}_{first}"].is_valid(), bool))
    official, cleared = (
        np.stack([to_lists(columns[f"{side}_{name}"], strikes, np.float32) for side in SIDES], 1)
        for name in STATED.values()
    )
    times = to_instants(columns["oi_as_of"])[changed].tolist()
    return tuple(
        VenueStatistics(row, official[place], cleared[place], times[place] or None)
        for place, row in enumerate(changed.tolist())
    )


def _contexts(columns: _Table) -> tuple[SampleContext, ...]:
    arrivals = columns["arrivals"]
    pairs = zip(arrivals.keys.to_pylist(), to_instants(arrivals.items).tolist(), strict=True)
    told = list(pairs)
    ends = to_numbers(arrivals.offsets, np.int64) - arrivals.offsets[0].as_py()
    return tuple(
        SampleContext(at, digest, dict(told[first:last]), tuple(notices), vix)
        for at, digest, (first, last), notices, vix in zip(
            to_instants(columns["t"]).tolist(),
            columns["inputs_digest"].to_pylist(),
            pairwise(ends.tolist()),
            columns["notices"].to_pylist(),
            to_numbers(columns["vix"], np.float64).tolist(),
            strict=True,
        )
    )
