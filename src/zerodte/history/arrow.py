"""Exact conversion between numpy and Arrow.

Unknown values are NaN, `NO_TIME` or `NO_CODE` in memory, and null in a file.
"""

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

TIME: Final = pa.timestamp("ns", "UTC")
NAME: Final = pa.dictionary(pa.int8(), pa.string())
#: Names that older files have, and what they are called since.
FORMER_NAMES: Final = {"undetermined": "unknown"}


def from_numbers(values: AnyArray) -> Arrow:
    """Numbers or flags; NaN becomes null."""
    flat = np.ascontiguousarray(values)
    return pa.array(flat, mask=np.isnan(flat) if flat.dtype.kind == "f" else None)


def to_numbers(column: Arrow, kind: npt.DTypeLike) -> AnyArray:
    """Numbers or flags of a dtype; null becomes NaN, or zero in a dtype without NaN."""
    kind = np.dtype(kind)
    if column.null_count and kind.kind != "f":
        column = column.fill_null(False if kind.kind == "b" else 0)
    return np.asarray(column.to_numpy(zero_copy_only=False)).astype(kind, copy=False)


def from_times(values: AnyArray) -> Arrow:
    """UTC nanoseconds; `NO_TIME` becomes null."""
    return pa.array(values, pa.int64(), mask=values == NO_TIME).cast(TIME)


def to_times(column: Arrow) -> I64:
    """UTC nanoseconds; null becomes `NO_TIME`."""
    return to_numbers(column.cast(pa.int64()).fill_null(NO_TIME), np.int64)


def from_codes(values: AnyArray, names: Sequence[str]) -> Arrow:
    """Codes as their names; `NO_CODE` becomes null."""
    codes = pa.array(values, pa.int8(), mask=values == NO_CODE)
    return pa.DictionaryArray.from_arrays(codes, pa.array(names, pa.string()))


def to_codes(column: Arrow, names: Sequence[str]) -> AnyArray:
    """Names as their codes; null becomes `NO_CODE`.

    Raises:
        HistoryError: If the column holds a name that is not in `names`.
    """
    dictionary = column.cast(NAME).dictionary.to_pylist() if len(column) else []
    dictionary = [FORMER_NAMES.get(name, name) for name in dictionary]
    if unknown := set(dictionary) - set(names):
        raise HistoryError(f"unknown value {unknown.pop()!r}; expected: one of {', '.join(names)}")
    codes = np.array([names.index(name) for name in dictionary] + [NO_CODE], np.int8)
    return codes[to_numbers(column.cast(NAME).indices.fill_null(-1), np.int64)]


def from_lists(values: AnyArray, rows: Bool | None = None) -> Arrow:
    """A list per row.

    Args:
        values: Shape (k, n), the lists that are not null.
        rows: Marks the rows that are not null, k of them; None if all are.
    """
    is_valid = np.ones(len(values), bool) if rows is None else rows
    offsets = np.concatenate([[0], np.cumsum(is_valid)]) * values.shape[1]
    mask = None if is_valid.all() else pa.array(~is_valid)
    flat = from_numbers(values.ravel())
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), flat, mask=mask)


def to_lists(column: Arrow, count: int, kind: npt.DTypeLike) -> AnyArray:
    """The lists that are not null, shape (k, count).

    Raises:
        HistoryError: If a list has another length.
    """
    lengths = to_numbers(pc.list_value_length(column.drop_null()), np.int64)
    if (lengths != count).any():
        raise HistoryError(
            f"a list of {lengths[lengths != count][0]} elements; expected: {count}, one per strike"
        )
    return to_numbers(column.flatten(), kind).reshape(-1, count)
