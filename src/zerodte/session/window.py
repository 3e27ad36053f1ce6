"""Which samples make the bars of a window, and what their columns say over it."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from zerodte.arrays import F64, I64, Index
from zerodte.constants import MINUTE, TAU_FLOOR_MINUTES
from zerodte.engine.exposure import Metric, net_by_strike
from zerodte.pricing.clock import tau_years
from zerodte.session.reading import carries_strikes
from zerodte.session.sample import SampleDay

#: Dollars or contracts since the open: integers, or floats that are whole where known.
Sums = TypeVar("Sums", I64, F64)


@dataclass(frozen=True, eq=False, slots=True)
class Window:
    """The bars of a window.

    Attributes:
        rows: The last sample of each bar, ascending, (k,).
        before: The last sample before the first bar, -1 where there is none.
    """

    rows: Index
    before: int

    @property
    def starts(self) -> Index:
        """The first sample of each bar, (k,)."""
        return np.append(self.before, self.rows[:-1]) + 1


def window(day: SampleDay, until: int, bar: int, minutes: int) -> Window:
    """The bars of the `minutes` before a sample.

    A bar holds the samples of (B - bar, B], B a multiple of `bar` after the open. The window's
    beginning is moved back to the next B, so that its first bar is whole, and a shorter window is
    the tail of a longer one.

    Args:
        day: The samples.
        until: The last one (row) of the window.
        bar: Nanoseconds; it divides the half hour.
        minutes: Length of the window.
    """
    since_open = day.times[: until + 1] - day.hours.open
    bars = -(-since_open // bar)
    first = int(np.searchsorted(bars, (since_open[-1] - minutes * MINUTE) // bar, side="right"))
    is_last = np.append(bars[1:] != bars[:-1], True)
    rows = np.flatnonzero(is_last)
    return Window(rows[rows >= first], first - 1)


def increments(cumulative: Sums, over: Window) -> Sums:
    """What was added in each bar, (k, ...).

    Args:
        cumulative: By sample, (m, ...); exact, because it is whole.
        over: The bars.
    """
    origin = cumulative[over.before] if over.before >= 0 else np.zeros_like(cumulative[0])
    out: Sums = np.diff(cumulative[over.rows], axis=0, prepend=origin[np.newaxis])
    return out


def lowest(values: F64, over: Window) -> F64:
    """The lowest value of each bar's samples, (k,), from values by sample, (m,); NaN for none."""
    return np.asarray(np.fmin.reduceat(values[: over.rows[-1] + 1], over.starts))


def highest(values: F64, over: Window) -> F64:
    """The highest, as `lowest`."""
    return np.asarray(np.fmax.reduceat(values[: over.rows[-1] + 1], over.starts))


def has_strikes(day: SampleDay, rows: Index) -> bool:
    """Whether any of the samples carries figures by strike."""
    return bool(carries_strikes(day.inputs[rows]).any())


def exposures_at(day: SampleDay, rows: Index, metric: Metric) -> F64:
    """An exposure by strike at samples, on all strikes of the day.

    Returns:
        (k, n), in the unit of `metric`; NaN where it is unknown or the strike was not listed.
    """
    inputs, hours = day.inputs[rows], day.hours
    tau = [tau_years(at, hours.open, hours.close, np.zeros(1))[0] for at in inputs["at"].tolist()]
    out = net_by_strike(
        metric,
        forward=inputs["forward"],
        strikes=day.strikes,
        tau=np.array(tau),
        volatility=day.columns.volatility[rows],
        listed=day.since <= rows[:, np.newaxis, np.newaxis],
        open_interest=day.columns.open_interest[rows].astype(np.float64),
        spot=inputs["spot"],
    )
    if metric == "chex":
        # As in a surface: the floor of tau says nothing of charm.
        out[inputs["at"] > hours.close - TAU_FLOOR_MINUTES * MINUTE] = np.nan
    return out


def open_interest_at(day: SampleDay, rows: Index) -> F64:
    """Effective open interest of calls and puts together, (k, n); NaN where unknown."""
    contracts = day.columns.open_interest[rows].astype(np.float64)
    known = np.isfinite(contracts)
    return np.where(known.any(axis=1), np.where(known, contracts, 0.0).sum(axis=1), np.nan)
