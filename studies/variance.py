"""Shares of a session's variance by half hour, in simulated and recorded sessions.

Squared one-minute returns are summed by half hour, winsorised at the 98% quantile of each half
hour, averaged over sessions and divided by their sum. The tolerance is the 95% interval of
resampled recorded sessions.
"""

import os
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from studies.sessions import WEDNESDAY, draw_session
from studies.table import Table
from zerodte.arrays import F64
from zerodte.constants import MINUTE, VARIANCE_PROFILE
from zerodte.market.calendar import calendar, from_epoch_day

_SESSIONS = 1000
_RESAMPLES = 2000
_WINSORISED = 0.98
_SLOTS, _SLOT = len(VARIANCE_PROFILE), 30
_DAY = 1440 * MINUTE
#: Minute of the day of the open in New York.
_OPEN = 570
_DATA_FOLDERS = (os.environ.get("ZERODTE_DATA"), Path(__file__).parents[2] / "shared" / "data")


def tables() -> list[Table]:
    """A row per half hour."""
    recorded = _recorded()
    rng = np.random.default_rng(1)
    picks = rng.integers(len(recorded), size=(_RESAMPLES, len(recorded)))
    low, high = np.quantile([_shares(recorded[pick]) for pick in picks], (0.025, 0.975), axis=0)
    real, simulated = _shares(recorded), _shares(_simulated())
    rows = tuple(
        (
            f"{_clock(slot)} to {_clock(slot + 1)}",
            VARIANCE_PROFILE[slot],
            float(real[slot]),
            f"{low[slot]:.1f} to {high[slot]:.1f}",
            float(simulated[slot]),
            bool(low[slot] <= simulated[slot] <= high[slot]),
        )
        for slot in range(_SLOTS)
    )
    title = (
        f"Percent of a session's variance by half hour: {_SESSIONS} simulated sessions of SPY, "
        f"{len(recorded)} recorded ones"
    )
    columns = ("New York", "profile", "real", "tolerance", "simulated", "passes")
    return [Table(title, columns, rows)]


def _clock(slot: int) -> str:
    minute = _OPEN + _SLOT * slot
    return f"{minute // 60:02}:{minute % 60:02}"


def _shares(by_slot: F64) -> F64:
    mean = np.minimum(by_slot, np.quantile(by_slot, _WINSORISED, axis=0)).mean(axis=0)
    shares: F64 = 100.0 * mean / mean.sum()
    return shares


def _by_slot(minutes: F64) -> F64:
    """Variance by half hour from prices at the open and each minute's end, shape (391,)."""
    by_slot: F64 = (np.diff(np.log(minutes)) ** 2).reshape(_SLOTS, _SLOT).sum(axis=1)
    return by_slot


def _simulated() -> F64:
    sessions = []
    for seed in range(_SESSIONS):
        path = draw_session(WEDNESDAY, ("SPY",), seed).path()
        begin = path.spot[:1]
        spots = path.advance(_SLOTS * _SLOT * 60)[59::60, 0]
        sessions.append(_by_slot(np.concatenate([begin, spots])))
    return np.array(sessions)


def _recorded() -> F64:
    """Variance by half hour of whole recorded sessions of SPY; missing minutes repeat a price."""
    bars = pq.read_table(_file(), columns=["timestamp", "open", "close"])
    instant = bars["timestamp"].to_numpy().astype("M8[ns]").astype(np.int64)
    opens, closes = bars["open"].to_numpy(), bars["close"].to_numpy()
    sessions = []
    for day in np.unique(instant // _DAY):
        session = calendar().session(from_epoch_day(int(day)))
        if session is None or session.is_early_close:
            continue
        within = np.flatnonzero((instant >= session.open) & (instant < session.close))
        minute = (instant[within] - session.open) // MINUTE
        if len(within) < _SLOTS * _SLOT - 2:
            continue
        last = np.searchsorted(minute, np.arange(_SLOTS * _SLOT), side="right") - 1
        prices = np.concatenate([opens[within[:1]], closes[within[np.maximum(last, 0)]]])
        sessions.append(_by_slot(prices))
    return np.array(sessions)


def _file() -> Path:
    candidates = [Path(folder) / "bars" / "SPY_1m.parquet" for folder in _DATA_FOLDERS if folder]
    file = next((folder for folder in candidates if folder.is_file()), None)
    if file is None:
        sys.exit(
            f"no recorded minutes of SPY: {candidates[0]} is not there; ZERODTE_DATA says where"
        )
    return file
