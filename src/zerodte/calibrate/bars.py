"""Minute bars of an underlying, as whole sessions with the VIX of their mornings."""

import datetime
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zerodte.arrays import F64, I64
from zerodte.calibrate.bar_table import read_bar_table, read_vix
from zerodte.calibrate.error import CalibrationError
from zerodte.constants import LEAST_VIX, MINUTE, MISSING_MINUTES, WALK_FORWARD, WHOLE_SESSION
from zerodte.market.calendar import FIRST_DAY, LAST_DAY, TradingSession, calendar, from_epoch_day

_DAY = 24 * 60


@dataclass(frozen=True, eq=False, slots=True)
class BarSessions:
    """Whole sessions of minute bars, ascending.

    Attributes:
        dates: Of the sessions, (n,).
        log_price: Log of the price at the end of each minute, f8[n, 390].
        vix: At the open, annual, a fraction, f8[n].
        left_out: Bars and sessions that do not count, by reason.
    """

    dates: tuple[datetime.date, ...]
    log_price: F64
    vix: F64
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.dates)


def read_bars(path: Path, vix_path: Path | None = None) -> BarSessions:
    """Read minute bars, and the VIX at each day's open.

    Half days are left out, because parameters go by the clock; so are sessions that lack their
    first or last minute or more than a few, and those without a VIX. A missing minute has the
    price of the one before.

    Args:
        path: Parquet or CSV with a column of times (the start of each minute, with a time zone),
            a column `close`, and a column `vix_open` unless there is `vix_path`.
        vix_path: Parquet or CSV with the columns `date` and `open`, the VIX in points.

    Raises:
        CalibrationError: A file cannot be read, lacks a column, or leaves too few sessions.
    """
    table = read_bar_table(path, needs_vix=vix_path is None)
    by_date = read_vix(vix_path) if vix_path is not None else None
    left_out: Counter[str] = Counter(table.left_out)
    dates, prices, vix = [], [], []
    for day, rows in _days(table.minutes):
        hours = _session(day)
        if hours is None:
            left_out["bars on days without a session"] += rows.stop - rows.start
            continue
        offset = table.minutes[rows] - hours.open // MINUTE
        inside = (offset >= 0) & (offset < hours.minutes)
        left_out["bars outside of the session"] += int((~inside).sum())
        price = _whole(offset[inside], table.close[rows][inside])
        own = table.vix[rows][inside] if by_date is None else [by_date.get(hours.date, np.nan)]
        known = [value for value in own if np.isfinite(value)]
        if not inside.any():
            continue
        if hours.is_early_close:
            left_out["half days"] += 1
        elif price is None:
            left_out["sessions that lack their first or last minute, or too many"] += 1
        elif not known:
            left_out["sessions without a VIX"] += 1
        else:
            dates.append(hours.date)
            prices.append(np.log(price))
            vix.append(known[0] / 100.0)
    _check(path, len(dates), left_out)
    if (middle := 100.0 * float(np.median(vix))) < LEAST_VIX:
        raise CalibrationError(
            f"{vix_path or path}: the VIX is {middle:g} on the middle day; "
            "write it in points, such as 15.3"
        )
    return BarSessions(tuple(dates), np.array(prices), np.array(vix), +left_out)


def _days(minutes: I64) -> list[tuple[int, slice]]:
    """Days since 1970, and the rows of each. A session lies within one day of UTC."""
    days, starts = np.unique(minutes // _DAY, return_index=True)
    ends = [*starts[1:].tolist(), len(minutes)]
    return [
        (int(day), slice(start, end))
        for day, start, end in zip(days, starts.tolist(), ends, strict=True)
    ]


def _session(day: int) -> TradingSession | None:
    try:
        date = from_epoch_day(day)
    except (ValueError, OverflowError):
        return None
    return calendar().session(date) if FIRST_DAY <= date <= LAST_DAY else None


def _whole(offset: I64, close: F64) -> F64 | None:
    """The price at the end of each minute of a session; None if too much is missing."""
    price = np.full(WHOLE_SESSION, np.nan)
    counts = offset < WHOLE_SESSION
    price[offset[counts]] = close[counts]
    known = np.isfinite(price)
    if not (known[0] and known[-1]) or (~known).sum() > MISSING_MINUTES:
        return None
    return price[np.maximum.accumulate(np.where(known, np.arange(WHOLE_SESSION), 0))]


def _check(path: Path, sessions: int, left_out: Mapping[str, int]) -> None:
    first, step = WALK_FORWARD
    if sessions < first + 2 * step:
        reasons = "".join(f"; {reason}: {count:,}" for reason, count in left_out.items() if count)
        raise CalibrationError(
            f"{path}: {sessions} whole sessions; needed are {first + 2 * step}, {first} to fit and "
            f"{2 * step} to score{reasons and '; left out: ' + reasons[2:]}"
        )
