"""Kept days of random content, with everything unknown somewhere; and how two of them compare."""

import datetime
from dataclasses import fields
from typing import Any

import numpy as np

from zerodte.arrays import Rows
from zerodte.constants import MINUTE, SAMPLE_INTERVAL
from zerodte.decision.probability import PROBABILITY_METHODS
from zerodte.decision.rule import SEVERITY_NAMES
from zerodte.history.stored import StoredSession
from zerodte.market.calendar import calendar
from zerodte.session.sample import (
    COLUMN_KINDS,
    FIGURES,
    FLIP_STATUSES,
    INPUTS,
    LATCHES,
    NO_CODE,
    NO_TIME,
    NOT_LISTED,
    OI_METHODS,
    REGIMES,
    RULE_COUNT,
    SETUP_NAMES,
    SPOT_SOURCES,
    Columns,
    Gap,
    SampleContext,
    SampleDay,
    VenueStatistics,
)
from zerodte.session.sample_contexts import SampleContexts

DATE = datetime.date(2025, 6, 2)
_CODES = {
    "spot_source": SPOT_SOURCES,
    "oi_method": OI_METHODS,
    "flip_status": FLIP_STATUSES,
    "regime": REGIMES,
    "setup": SETUP_NAMES,
    "severity": SEVERITY_NAMES,
    "method": PROBABILITY_METHODS,
}


def made_day(
    seed: int = 0,
    samples: int = 780,
    strikes: int = 5,
    symbol: str = "AAA",
    date: datetime.date = DATE,
) -> StoredSession:
    """A day of random content; a fifth of what can be unknown is."""
    random = np.random.default_rng(seed)
    hours = calendar().session(date)
    assert hours is not None
    times = hours.open + SAMPLE_INTERVAL * np.arange(1, samples + 1)
    since = np.sort(random.integers(0, samples, (2, strikes)), axis=0).astype(np.int32)
    since[random.random(since.shape) < 0.2] = NOT_LISTED
    changes = sorted({0, *random.integers(0, samples, 2).tolist()})
    day = SampleDay(
        symbol=symbol,
        root=symbol,
        hours=hours,
        strikes=np.linspace(100.0, 150.0, strikes),
        since=since,
        columns=Columns(**{name: _column(random, name, samples, strikes) for name in COLUMN_KINDS}),
        inputs=_rows(random, INPUTS, times),
        figures=_rows(random, FIGURES, times),
        latches=_rows(random, LATCHES, times),
        volume_by_rule=random.integers(0, 2**40, (samples, RULE_COUNT)),
        statistics=tuple(_statistics(random, row, strikes) for row in changes),
        contexts=tuple(_context(random, at) for at in times.tolist()),
        gaps=(Gap(hours.open, hours.open + MINUTE, "silence", hours.open + MINUTE),) * (seed % 2),
    )
    return StoredSession(day, ("live", "replay", "simulated")[seed % 3])


def _column(random: np.random.Generator, name: str, samples: int, strikes: int) -> Any:
    kind = COLUMN_KINDS[name]
    shape = kind.shape(samples, strikes)
    if kind.dtype == "?":
        return random.random(shape) < 0.5
    values = (random.normal(0.0, 3e3, shape) ** 2).astype(kind.dtype)
    if kind.nothing:
        values[random.random(shape) < 0.2] = kind.nothing
    return values


def _rows(random: np.random.Generator, table: np.dtype[np.void], times: Any) -> Rows:
    rows = np.zeros(len(times), table)
    for name in table.names or ():
        kind, shape = table[name].base, rows[name].shape
        unknown = random.random(shape) < 0.2
        if name in _CODES:
            rows[name] = random.integers(NO_CODE, len(_CODES[name]), shape)
        elif kind.kind == "f":
            rows[name] = np.where(unknown, np.nan, random.normal(0.0, 1e6, shape))
        elif kind.kind == "b":
            rows[name] = unknown
        elif name.endswith(("_at", "_since", "newest")) and name != "at":
            rows[name] = np.where(unknown, NO_TIME, times - 1)
        else:
            rows[name] = random.integers(-(2**30), 2**30, shape)
    if "at" in (table.names or ()):
        rows["at"] = times
    return rows


def _statistics(random: np.random.Generator, row: int, strikes: int) -> VenueStatistics:
    official, cleared = random.integers(0, 9999, (2, 2, strikes)).astype(np.float32)
    official[:, ::3] = np.nan
    return VenueStatistics(row, official, cleared, None if row % 2 else 1_748_000_000_000_000_001)


def _context(random: np.random.Generator, at: int) -> SampleContext:
    kinds = random.permutation(["equity_feed", "oi_feed", "flow_feed"])[: random.integers(4)]
    return SampleContext(
        at=at,
        digest=f"{random.integers(2**60):016x}",
        arrivals={str(kind): at - place for place, kind in enumerate(kinds, 1)},
        scheduled=("Rate decision at 14:00 New York",) * (at // SAMPLE_INTERVAL % 3),
        notices=tuple(f"notice {number}" for number in range(random.integers(3))),
        vix=np.nan if random.random() < 0.2 else 17.25,
    )


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal to the bit, NaN equal to NaN, dtypes and orders included."""
    if isinstance(one, np.ndarray):
        return (
            one.dtype == other.dtype and one.shape == other.shape and _plain(one) == _plain(other)
        )
    if isinstance(one, (tuple, SampleContexts)):  # of a file, and of memory
        return len(one) == len(other) and all(map(same, one, other))
    if hasattr(one, "__dataclass_fields__"):
        return type(one) is type(other) and all(
            same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one)
        )
    if isinstance(one, dict):
        return list(one.items()) == list(other.items())
    return bool(one == other) or (is_nan(one) and is_nan(other))


def is_nan(value: Any) -> bool:
    return isinstance(value, float) and np.isnan(value)


def _plain(array: Any) -> bytes:
    return np.ascontiguousarray(array).tobytes()
