"""Tables of minute bars and of the VIX: Parquet or CSV, with the usual names of columns."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from zerodte.arrays import F64, I64
from zerodte.calibrate.error import CalibrationError
from zerodte.constants import MINUTE

_TIMES: Final = ("time", "timestamp", "datetime", "ts", "t")
_CLOSES: Final = ("close",)
_VIX: Final = ("vix_open", "vix")
_DATES: Final = ("date",)
_OPENS: Final = ("open", "vix_open", "vix")
_PARQUET: Final = b"PAR1"
_UTC: Final = "write times in UTC, such as 2024-03-26T13:30:00Z"


@dataclass(frozen=True, eq=False, slots=True)
class BarTable:
    """Minute bars, ascending, one per minute.

    Attributes:
        minutes: Start of each, minutes since 1970 UTC, int64[n].
        close: Price at the end of each, dollars, f8[n].
        vix: Of the day, points, f8[n]; NaN where unknown.
        left_out: Bars that do not count, by reason.
    """

    minutes: I64
    close: F64
    vix: F64
    left_out: Mapping[str, int]


def read_bar_table(path: Path, *, needs_vix: bool) -> BarTable:
    """Read the bars of a file, in any order.

    Of several bars of one minute the last in the file counts.

    Args:
        path: Parquet or CSV.
        needs_vix: Whether the file must have a column of the VIX.

    Raises:
        CalibrationError: It cannot be read, or lacks a column.
    """
    table = _table(path)
    minutes = _instants(path, table, _TIMES) // MINUTE
    close = _numbers(path, table, _CLOSES)
    has_vix = any(name.strip().lower() in _VIX for name in table.column_names)
    if needs_vix and not has_vix:
        raise CalibrationError(
            f"{path}: has no column vix_open, the VIX at each day's open; "
            "add it, or give a file of it with --vix"
        )
    vix = _numbers(path, table, _VIX) if has_vix else np.full(len(close), np.nan)
    vix = np.where(vix > 0.0, vix, np.nan)
    priced = np.isfinite(close) & (close > 0.0)
    minutes, close, vix = minutes[priced], close[priced], vix[priced]
    order = np.argsort(minutes, kind="stable")
    minutes, close, vix = minutes[order], close[order], vix[order]
    last = np.append(minutes[1:] != minutes[:-1], [True] * bool(len(minutes)))
    left_out = {
        "bars without a price": int((~priced).sum()),
        "bars of a minute that has a later one": int((~last).sum()),
    }
    return BarTable(minutes[last], close[last], vix[last], left_out)


def read_vix(path: Path) -> dict[datetime.date, float]:
    """The VIX at the open, points, by date; days without one are left out.

    Raises:
        CalibrationError: The file cannot be read, or lacks a column.
    """
    table = _table(path)
    dates = _column(path, table, _DATES)
    kind = dates.type
    if not (pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_null(kind)):
        raise CalibrationError(f"{path}: column date holds {dates.type}; write 2024-03-26")
    opens = _numbers(path, table, _OPENS)
    days = pc.cast(dates, pa.date32(), safe=False).to_pylist()
    known = zip(days, opens.tolist(), strict=True)
    return {day: value for day, value in known if day is not None and value > 0.0}


def _table(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            is_parquet = file.read(4) == _PARQUET
        return parquet.read_table(path) if is_parquet else csv.read_csv(path)
    except (OSError, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise CalibrationError(f"{path}: cannot be read as Parquet or CSV: {reason}") from error


def _column(path: Path, table: Any, names: Iterable[str]) -> Any:
    places = {name.strip().lower(): place for place, name in enumerate(table.column_names)}
    for name in names:
        if name in places:
            return table.column(places[name])
    expected = " or ".join(names)
    raise CalibrationError(
        f"{path}: has no column {expected}; it has {', '.join(table.column_names)}"
    )


def _numbers(path: Path, table: Any, names: Sequence[str]) -> F64:
    column = _column(path, table, names)
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        if not pa.types.is_decimal(column.type) and not pa.types.is_null(column.type):
            raise CalibrationError(f"{path}: column {names[0]} holds {column.type}, not numbers")
        column = column.cast(pa.float64())
    values = column.to_numpy(zero_copy_only=False).astype(np.float64)
    return np.asarray(np.where(np.isfinite(values), values, np.nan))


def _instants(path: Path, table: Any, names: Iterable[str]) -> I64:
    """UTC nanoseconds."""
    column = _column(path, table, names)
    if not pa.types.is_timestamp(column.type):
        raise CalibrationError(f"{path}: the column of times holds {column.type}; {_UTC}")
    if column.type.tz is None:
        raise CalibrationError(f"{path}: the column of times has no time zone; {_UTC}")
    if column.null_count:
        raise CalibrationError(f"{path}: {column.null_count:,} bars have no time")
    try:
        whole = column.cast(pa.timestamp("ns", "UTC"))
    except pa.ArrowInvalid as error:
        raise CalibrationError(f"{path}: a time lies outside of 1677 to 2262") from error
    return np.asarray(whole.to_numpy().astype(np.int64))
