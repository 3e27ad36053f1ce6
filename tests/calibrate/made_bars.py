"""Minute bars with a known law: how far they move is drawn, so the right answer is known."""

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from zerodte.arrays import F64, I64
from zerodte.constants import MINUTE
from zerodte.market.calendar import TradingSession, calendar
from zerodte.pricing.clock import remaining_variance_share

#: The first session of made bars. There are half days on 3 and 29 November and 24 December.
START = "2024-01-02"


def sessions(count: int, start: str = START) -> list[TradingSession]:
    """Whole sessions in order; half days are passed over."""
    found: list[TradingSession] = []
    last = calendar().session_of(np.datetime64(f"{start}T15:00", "ns").astype(int))
    while len(found) < count:
        if not last.is_early_close:
            found.append(last)
        last = calendar().next(last.date)
    return found


def shares() -> F64:
    """Share of a session's variance in each minute, (390,)."""
    left = [remaining_variance_share(float(minute), 390.0) for minute in range(391)]
    return -np.diff(left)


def draw(count: int, seed: int, daily: float = 0.008) -> tuple[F64, F64]:
    """Closes of minutes (count, 390), dollars, and VIX at the open (count,), points.

    A day's sigma is drawn; the VIX knows it but for an error. Minutes are normal given the day.
    """
    random = np.random.default_rng(seed)
    sigma = daily * np.exp(random.normal(0.0, 0.4, count))
    vix = 100.0 * np.sqrt(252.0) * sigma * np.exp(random.normal(0.0, 0.3, count))
    steps = random.standard_normal((count, 390)) * np.sqrt(shares()) * sigma[:, None]
    return 500.0 * np.exp(np.cumsum(steps, axis=1)), vix


def times(days: list[TradingSession]) -> I64:
    """Starts of all minutes, (count, 390), UTC ns."""
    return np.array([day.open for day in days])[:, None] + MINUTE * np.arange(390)


def write_bars(path: Path, at: I64, close: F64, vix: F64 | None = None) -> Path:
    """Write bars as Parquet, with the VIX in a column if given."""
    columns: dict[str, object] = {
        "time": pa.array(at.ravel(), pa.timestamp("ns", "UTC")),
        "close": close.ravel(),
    }
    if vix is not None:
        columns["vix_open"] = np.repeat(vix, close.shape[-1])
    parquet.write_table(pa.table(columns), path)
    return path


def write_vix(path: Path, days: list[TradingSession], vix: F64) -> Path:
    """Write the VIX by day as CSV."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["date", "open"])
        writer.writerows(
            (day.date.isoformat(), f"{value:.4f}") for day, value in zip(days, vix, strict=True)
        )
    return path


def write_usual(folder: Path, count: int = 140, seed: int = 1) -> Path:
    """Bars of drawn sessions with their VIX."""
    close, vix = draw(count, seed)
    return write_bars(folder / "bars.parquet", times(sessions(count)), close, vix)
