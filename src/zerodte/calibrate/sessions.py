"""Finished sessions: what the chain priced at each moment, and how far the close then moved."""

import datetime
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import F64, I64
from zerodte.calibrate.error import CalibrationError
from zerodte.constants import CLOSING_MINUTES, MINUTE, SCORED_MINUTES, SESSIONS_PER_YEAR
from zerodte.engine.density import Density, density_of
from zerodte.engine.physical import QUARTERS, RemainingVariance
from zerodte.history.history import History
from zerodte.session.reading import carries_strikes, inputs_at
from zerodte.session.sample import SampleDay

#: A session's last price may be so old at its close.
_LATE: Final = 2 * MINUTE


@dataclass(frozen=True, eq=False, slots=True)
class Moment:
    """A scored moment of a session.

    Attributes:
        place: In `SCORED_MINUTES`.
        elapsed_pct: Elapsed share of the session, percent.
        spot: Dollars.
        density: Of the close, from the chain's quotes.
    """

    place: int
    elapsed_pct: float
    spot: float
    density: Density


@dataclass(frozen=True, eq=False, slots=True)
class FinishedSession:
    """What one finished session tells.

    Attributes:
        date: Its day.
        close: Spot at the close, dollars.
        variance: Realised and implied to the close, by quarter.
        moments: Those that can be scored, ascending.
    """

    date: datetime.date
    close: float
    variance: RemainingVariance
    moments: tuple[Moment, ...]


@dataclass(frozen=True, eq=False, slots=True)
class FinishedSessions:
    """The finished sessions of a symbol.

    Attributes:
        symbol: The underlying.
        sessions: Ascending.
        left_out: Sessions that do not count, by reason.
    """

    symbol: str
    sessions: tuple[FinishedSession, ...]
    left_out: Mapping[str, int]


def read_sessions(history: History, symbol: str | None) -> FinishedSessions:
    """Read the finished sessions of a symbol.

    Args:
        history: Finished sessions of any symbols.
        symbol: The underlying; None where the history has one only.

    Raises:
        CalibrationError: No session of the symbol can be used, or several symbols are there.
        HistoryError: A file cannot be read.
    """
    sizes = history.sizes()
    symbols = sorted({name for of_day in sizes.values() for name in of_day})
    listed = ", ".join(symbols) or "no session"
    if symbol is None and len(symbols) > 1:
        raise CalibrationError(f"{history.display_root} has {listed}; choose one with --symbol")
    name = symbol or (symbols[0] if symbols else "")
    if name not in symbols:
        what = f"session of {name}" if name else "finished session"
        raise CalibrationError(f"{history.display_root}: no {what}; it has {listed}")
    sessions, left_out = [], Counter[str]()
    for date, of_day in sizes.items():
        stored = history.read(date, name) if name in of_day else None
        if stored is None:
            continue
        found = finished_session(stored.day)
        if isinstance(found, str):
            left_out[found] += 1
        else:
            sessions.append(found)
    if not sessions:
        reasons = "; ".join(f"{reason}: {count:,}" for reason, count in left_out.items())
        raise CalibrationError(f"{history.display_root}: no session of {name} counts; {reasons}")
    return FinishedSessions(name, tuple(sessions), left_out)


def finished_session(day: SampleDay) -> FinishedSession | str:
    """What a session tells, or why it tells nothing.

    Returns are of whole minutes: what a close moves beyond its minutes is known for those.
    """
    spots, at = day.inputs["spot"].astype(np.float64), day.times
    rows = np.flatnonzero(
        ((at - day.hours.open) % MINUTE == 0)
        & (at <= day.hours.close)
        & np.isfinite(spots)
        & (spots > 0.0)
    )
    if not len(rows) or at[rows[-1]] < day.hours.close - _LATE:
        return "sessions without a price at their close"
    implied = _implied(day, rows)
    if not np.isfinite(implied).any():
        return "sessions without a volatility"
    squares = np.diff(np.log(spots[rows])) ** 2
    until = np.append(np.cumsum(squares[::-1])[::-1], 0.0)
    close = float(spots[rows[-1]])
    return FinishedSession(
        date=day.hours.date,
        close=close,
        variance=_by_quarter(day, rows, until, implied),
        moments=_moments(day, rows, implied),
    )


def _implied(day: SampleDay, rows: I64) -> F64:
    """Total variance to the close that the chain priced, (rows,).

    NaN where unknown, and in the last minutes, whose time value is a tick or two.
    """
    left = day.hours.close - day.times[rows]
    known = carries_strikes(day.inputs[rows]) & (left >= CLOSING_MINUTES * MINUTE)
    tau = left / (day.hours.close - day.hours.open) / SESSIONS_PER_YEAR
    variance = day.figures["atm_iv"][rows].astype(np.float64) ** 2 * tau
    return np.where(known & (variance > 0.0), variance, np.nan)


def _by_quarter(day: SampleDay, rows: I64, realised: F64, implied: F64) -> RemainingVariance:
    elapsed = (day.times[rows] - day.hours.open) / (day.hours.close - day.hours.open)
    quarter = np.minimum((elapsed * QUARTERS).astype(np.int64), QUARTERS - 1)
    known = np.isfinite(implied)
    counts = np.bincount(quarter[known], minlength=QUARTERS).astype(np.float64)
    counts[counts == 0.0] = np.nan
    return RemainingVariance(
        realised=np.bincount(quarter[known], realised[known], QUARTERS) / counts,
        implied=np.bincount(quarter[known], implied[known], QUARTERS) / counts,
    )


def _moments(day: SampleDay, rows: I64, implied: F64) -> tuple[Moment, ...]:
    """The scored times that the session has, each with its density."""
    minute = (day.times[rows] - day.hours.open) // MINUTE
    found = []
    for place, elapsed in enumerate(SCORED_MINUTES):
        for index in np.flatnonzero((minute == elapsed) & np.isfinite(implied)).tolist():
            row = int(rows[index])
            inputs = day.inputs[row]
            spot, forward = float(inputs["spot"]), float(inputs["forward"])
            sigma = forward * float(np.sqrt(implied[index]))
            density = density_of(inputs_at(day, row, day.chain(row)), forward, spot, sigma)
            if density is not None:
                pct = 100.0 * elapsed / day.hours.minutes
                found.append(Moment(place, pct, spot, density))
    return tuple(found)
