"""Numpy to Arrow and back, exactly: unknown is NaN, never or no code inside, and null in a file."""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from zerodte.arrays import I64, Bool
from zerodte.history.error import HistoryError
from zerodte.session.sample import NO_CODE, NO_TIME

#: Arrow arrays of any type.
Arrow: TypeAlias = Any
AnyArray: TypeAlias = npt.NDArray[Any]

INSTANT: Final = pa.timestamp("ns", "UTC")
WORD: Final = pa.dictionary(pa.int8(), pa.string())


def from_numbers(values: AnyArray) -> Arrow:
    """Numbers or flags; NaN becomes null."""
    flat = np.ascontiguousarray(values)
    return pa.array(flat, mask=np.isnan(flat) if flat.dtype.kind == "f" else None)


def to_numbers(column: Arrow, kind: npt.DTypeLike) -> AnyArray:
    """Numbers or flags of a dtype; null becomes NaN, or zero where there is none."""
    kind = np.dtype(kind)
    if column.null_count and kind.kind != "f":
        column = column.fill_null(False if kind.kind == "b" else 0)
    return np.asarray(column.to_numpy(zero_copy_only=False)).astype(kind, copy=False)


def from_instants(values: AnyArray) -> Arrow:
    """UTC nanoseconds; never becomes null."""
    return pa.array(values, pa.int64(), mask=values == NO_TIME).cast(INSTANT)


def to_instants(column: Arrow) -> I64:
    """UTC nanoseconds; null becomes never."""
    return to_numbers(column.cast(pa.int64()).fill_null(NO_TIME), np.int64)


def from_codes(values: AnyArray, words: Sequence[str]) -> Arrow:
    """Codes as words; an unknown one becomes null."""
    codes = pa.array(values, pa.int8(), mask=values == NO_CODE)
    return pa.DictionaryArray.from_arrays(codes, pa.array(words, pa.string()))


def to_codes(column: Arrow, words: Sequence[str]) -> AnyArray:
    """Words as codes; null becomes unknown.

    Raises:
        HistoryError: If a word is none of `words`.
    """
    known = column.cast(WORD).dictionary.to_pylist() if len(column) else []
    if strange := set(known) - set(words):
        raise HistoryError(f"{strange.pop()!r} is none of {', '.join(words)}")
    meant = np.array([words.index(word) for word in known] + [NO_CODE], np.int8)
    return meant[to_numbers(column.cast(WORD).indices.fill_null(-1), np.int64)]


def from_lists(values: AnyArray, rows: Bool | None = None) -> Arrow:
    """A list for each row.

    Args:
        values: (rows, n); where `rows` is given, of those that are not null.
        rows: Which rows are not null.
    """
    there = np.ones(len(values), bool) if rows is None else rows
    offsets = np.concatenate([[0], np.cumsum(there)]) * values.shape[1]
    mask = None if there.all() else pa.array(~there)
    flat = from_numbers(values.ravel())
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), flat, mask=mask)


def to_lists(column: Arrow, count: int, kind: npt.DTypeLike) -> AnyArray:
    """The lists that are not null, (rows, count).

    Raises:
        HistoryError: If a list is of another length.
    """
    lengths = to_numbers(pc.list_value_length(column.drop_null()), np.int64)
    if (lengths != count).any():
        raise HistoryError(f"a list of {lengths[lengths != count][0]} for {count} strikes")
    return to_numbers(column.flatten(), kind).reshape(-1, count)
