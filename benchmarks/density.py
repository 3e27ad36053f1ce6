"""The density of the close from 50 to 2,400 out-of-the-money quotes, and a whole decision."""

import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.optimize import nnls  # type: ignore[import-untyped]
from scipy.special import ndtr  # type: ignore[import-untyped]

from benchmarks.chain import FORWARD, TAU
from benchmarks.harness import Row, compare
from zerodte.arrays import F64
from zerodte.constants import (
    DENSITY_ERROR_FLOOR,
    DENSITY_GAP,
    DENSITY_PRIOR,
    DENSITY_REACH,
    DENSITY_SMOOTHING,
    DENSITY_WIDTH,
)
from zerodte.engine.chain_inputs import CALL, PUT, ChainClock, ChainInputs, Quotes
from zerodte.engine.density import density_of
from zerodte.feeds.simulator.names import NAMES
from zerodte.feeds.simulator.output import write_tape
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.market.calendar import calendar
from zerodte.market.contracts import Chain
from zerodte.pricing import black
from zerodte.runtime.replay import replay
from zerodte.session.decision import decision_at
from zerodte.session.reading import reading_at
from zerodte.tape.folder import open_tape

SIGMA = 0.16 * FORWARD * float(np.sqrt(TAU))
CLOCK = ChainClock(0, TAU, 1.0, 84.6, 0.2, 1.0)
#: Out-of-the-money quotes; the bar holds up to the second.
SIZES = (50, 300, 2400)
#: A simulated morning, whose last sample is decided.
DATE, MINUTES = datetime.date(2025, 6, 6), 90
#: What an equality weighs as a row of scipy's problem.
EQUALITY = 1e3


def rows() -> list[Row]:
    """Ours against scipy's solver of the same problem, its rows made by numpy."""
    densities = [row for count in SIZES for row in _rows_of(count, instant_of(count))]
    return [*densities, *_decision_rows()]


def _decision_rows() -> list[Row]:
    """The decision of a sample, density included, beside scipy's density of the same chain."""
    hours = calendar().session(DATE)
    assert hours is not None
    with TemporaryDirectory() as folder:
        tape = Path(folder) / "tape"
        write_tape(Simulation(hours, (NAMES["SPX"],), 7, minutes=MINUTES), tape, lambda _: None)
        day = replay(open_tape(tape)).samples("SPX")
    assert day is not None
    row = len(day) - 1
    reading = reading_at(day, row)
    assert reading is not None
    state = reading.live
    assert decision_at(day, row, state) is not None
    instant, surface = state.instant, state.surface
    is_put = instant.chain.strikes < surface.forward
    count = int(np.isfinite(np.where(is_put, instant.mid[PUT], instant.mid[CALL])).sum())
    return compare(
        f"density and decision of a sample, {count:,} quotes",
        lambda: decision_at(day, row, state),
        scipy=lambda: with_scipy(instant, surface.forward, surface.sigma),
    )


def _rows_of(count: int, instant: ChainInputs) -> list[Row]:
    return compare(
        f"density of the close, {count:,} quotes",
        lambda: density_of(instant, FORWARD, FORWARD, SIGMA),
        scipy=lambda: with_scipy(instant),
    )


def instant_of(count: int) -> ChainInputs:
    """A chain with `count` strikes within five sigmas, on a smile, all with a bid."""
    strikes = FORWARD + SIGMA * np.linspace(-5.0, 5.0, count)
    z = (strikes - FORWARD) / SIGMA
    volatility = 0.16 * (1.0 + 0.03 * z**2 - 0.04 * z)
    prices = [
        black.price(FORWARD, strikes, TAU, volatility, np.full(count, is_call))
        for is_call in (True, False)
    ]
    mid = np.maximum((np.stack(prices) / 0.05).round() * 0.05, 0.05)
    unknown = np.full((2, count), np.nan)
    listed = np.ones((2, count), np.bool_)
    positions = np.arange(2 * count, dtype=np.int32).reshape(2, -1)
    chain = Chain(0, "SPXW", "SPX", datetime.date(2022, 3, 23), False, strikes, positions, listed)
    quotes = Quotes(mid, 0.05 + 0.02 * mid, {}, unknown)
    return ChainInputs(chain, CLOCK, True, 0, quotes, unknown, unknown, unknown)


def with_scipy(instant: ChainInputs, forward: float = FORWARD, sigma: float = SIGMA) -> F64:
    """The weights of the same mixture."""
    z = (instant.chain.strikes - forward) / sigma
    is_call = z >= 0.0
    mid = np.where(is_call, instant.mid[CALL], instant.mid[PUT]) / sigma
    half = 0.5 * np.where(is_call, instant.spread[CALL], instant.spread[PUT]) / sigma
    is_quoted = np.isfinite(mid) & np.isfinite(half)
    z, is_call, mid, half = z[is_quoted], is_call[is_quoted], mid[is_quoted], half[is_quoted]
    errors = np.maximum(half, DENSITY_ERROR_FLOOR * np.median(half))
    beyond, least, down, up = DENSITY_REACH
    centres = np.concatenate(
        (
            -_centres(min(max(beyond - z[0], least), down))[:0:-1],
            _centres(min(max(beyond + z[-1], least), up)),
        )
    )
    gaps = np.gradient(centres)
    widths = DENSITY_WIDTH * gaps
    normal, exponential = DENSITY_PRIOR
    shape = normal * _bell(centres) + exponential * 0.5 * np.exp(-np.abs(centres))
    preferred = gaps * shape / (gaps * shape).sum()
    d = (centres - z[:, None]) / widths
    calls = widths * (d * ndtr(d) + _bell(d))
    payoffs = np.where(is_call[:, None], calls, calls - (centres - z[:, None]))
    differences = np.diff(np.eye(len(centres)), 2, axis=0)
    strength = DENSITY_SMOOTHING * np.sqrt(len(z) * preferred[1:-1])
    matrix = np.concatenate(
        (
            payoffs * preferred / errors[:, None],
            differences * strength[:, None],
            EQUALITY * np.stack((preferred, preferred * centres)),
        )
    )
    target = np.concatenate((mid / errors, np.zeros(len(centres) - 2), (EQUALITY, 0.0)))
    weights: F64 = preferred * nnls(matrix, target)[0]
    return weights


def _centres(reach: float) -> F64:
    gap, growth = DENSITY_GAP
    centres = [0.0]
    while centres[-1] < reach:
        centres.append(centres[-1] + gap * (1.0 + growth * centres[-1]))
    return np.array(centres)


def _bell(x: F64) -> F64:
    bell: F64 = np.exp(-0.5 * x * x) / np.sqrt(2.0 * np.pi)
    return bell
