"""The chances of the close: at the magnet, within one and two sigmas, of a touch.

Values are physical: the chain's density, narrowed about its mean by the scale at which closes have
moved less than was priced. The priced ones stand beside them.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import (
    DOUBTFUL_SCALES,
    HEURISTIC_CAP,
    HEURISTIC_REGIME,
    PIN_STEPS_NEEDED,
    PREMIUM_SESSIONS,
    REPRICED_NEEDED,
    SCALE_WIDTH,
    TOUCH_RATIO,
)
from zerodte.engine.density import Density
from zerodte.engine.physical import Scale
from zerodte.engine.regime import Regime
from zerodte.engine.state import ChainState

#: density: from the chain's density. reference: heuristic_v1 and normal_cdf_v1, for comparison.
ProbabilityMethod: TypeAlias = Literal["density", "reference"]
PROBABILITY_METHODS: Final[tuple[ProbabilityMethod, ...]] = ("density", "reference")

#: Levels of the close's quantiles on the wire.
QUANTILES: Final = (0.05, 0.25, 0.50, 0.75, 0.95)
#: Levels between which the law is given in so many cells.
CELL_ENDS: Final = (0.001, 0.999)
CELLS: Final = 64
_ROOT_2: Final = math.sqrt(2.0)


@dataclass(frozen=True, slots=True)
class Chance:
    """The chance of a close in a band.

    Attributes:
        low: Dollars.
        high: Dollars.
        value: A fraction, physical.
        priced: The same by the chain alone, risk-neutral.
        interval: What the scale, and in doubt the shape, leave open: 90%, fractions.
    """

    low: float
    high: float
    value: float
    priced: float
    interval: tuple[float, float]


class Close:
    """The law of one close.

    Args:
        density: Of the chain.
        scale: By which it is narrowed.
        elapsed_pct: Elapsed share of the session, percent.
        step: Distance of the strikes around the magnet, dollars; NaN where unknown.

    Attributes:
        density: Risk-neutral.
        physical: The same, narrowed about its mean.
        factor: By how much.
    """

    def __init__(self, density: Density, scale: Scale, elapsed_pct: float, step: float) -> None:
        self.density = density
        self.factor = scale.at(elapsed_pct)
        self.physical = density.scaled(self.factor)
        width = SCALE_WIDTH * math.sqrt(PREMIUM_SESSIONS / (PREMIUM_SESSIONS + scale.sessions))
        self._ends = [density.scaled(self.factor * (1.0 + side * width)) for side in (-1.0, 1.0)]
        self._step = step

    @property
    def doubt(self) -> str | None:
        """Why the shape between strikes cannot be known; None where it can."""
        if math.isnan(self.density.repriced):
            return "no quote near spot counts"
        if self.density.quotes == 1:
            return "one quote counts"
        if self.density.repriced < REPRICED_NEEDED:
            share = 100.0 * self.density.repriced
            return f"quotes contradict each other: {share:.0f}% repriced"
        if self.density.sigma < PIN_STEPS_NEEDED * self._step:
            return f"sigma is {self.density.sigma / self._step:.1f} strike steps"
        return None

    def chance(self, low: float, high: float, *, needs_shape: bool = False) -> Chance:
        """The chance of a close above `low` and up to `high`, dollars.

        Args:
            low: Dollars.
            high: Dollars.
            needs_shape: Whether the band is narrow, so that doubts about the shape widen the
                interval.
        """
        value = self.physical.mass(low, high)
        open_to = [value, *(end.mass(low, high) for end in self._ends)]
        if needs_shape and self.doubt:
            open_to += self._other_shapes(low, high)
        return Chance(low, high, value, self.density.mass(low, high), (min(open_to), max(open_to)))

    def quantiles(self) -> F64:
        """Closes at `QUANTILES`, dollars."""
        return self.physical.quantiles(np.array(QUANTILES))

    def cells(self) -> tuple[F64, F64]:
        """The law in cells of equal width between the quantiles `CELL_ENDS`.

        Returns:
            The ends of the cells, dollars, shape (CELLS + 1,), and the chance of each, (CELLS,).
        """
        low, high = self.physical.quantiles(np.array(CELL_ENDS))
        ends = np.linspace(low, high, CELLS + 1)
        return ends, np.diff(self.physical.cdf(ends))

    def touch(self, level: float, spot: float) -> float:
        """The chance that spot reaches a level before the close, a fraction."""
        below = float(self.physical.cdf(np.array([level]))[0])
        return min(1.0, TOUCH_RATIO * (1.0 - below if level >= spot else below))

    def _other_shapes(self, low: float, high: float) -> list[float]:
        mean, sigma = self.density.mean, self.density.sigma
        return [
            shape((high - mean) / (times * sigma)) - shape((low - mean) / (times * sigma))
            for shape in _SHAPES
            for times in DOUBTFUL_SCALES
        ]


def _normal(z: float) -> float:
    return 0.5 * (1.0 + math.erf(z / _ROOT_2))


def _laplace(z: float) -> float:
    tail = 0.5 * math.exp(-_ROOT_2 * abs(z))
    return tail if z < 0.0 else 1.0 - tail


def _uniform(z: float) -> float:
    return min(1.0, max(0.0, 0.5 + z / (2.0 * math.sqrt(3.0))))


#: Laws of unit variance, from peaked to flat.
_SHAPES: Final[tuple[Callable[[float], float], ...]] = (_normal, _laplace, _uniform)


def cell(strikes: F64, strike: float) -> tuple[float, float]:
    """The closes that lie nearer to a strike than to any other, dollars.

    Beyond the outermost strike it is as wide as on the other side.

    Args:
        strikes: Dollars, shape (n,), ascending.
        strike: One of them as a rule; another one has the distance of those around it.

    Returns:
        Low and high; NaN with fewer than two strikes, or without a strike.
    """
    if len(strikes) < 2 or math.isnan(strike):
        return math.nan, math.nan
    place = int(np.searchsorted(strikes, strike))
    gaps = np.diff(strikes)
    below = gaps[min(max(place - 1, 0), len(gaps) - 1)]
    above = gaps[min(place, len(gaps) - 1)]
    return strike - 0.5 * float(below), strike + 0.5 * float(above)


def strike_step(state: ChainState) -> float:
    """The distance of the quoted strikes around the magnet, dollars; NaN where unknown."""
    strikes = state.instant.chain.strikes[state.surface.smile.quoted]
    low, high = cell(strikes, state.levels.magnet.strike)
    return high - low


@dataclass(frozen=True, slots=True)
class PinChance:
    """The chance of a close at the magnet.

    Attributes:
        chance: Of its cell: the closes nearer to it than to any other strike. None under the
            reference's method, or where nothing can be said.
        value: A fraction; NaN where unknown.
        base_rate: The same law's mass of the cell shifted by half its width, the mean of both
            sides: what an arbitrary place there has. A pin is only news beyond it.
    """

    chance: Chance | None
    value: float
    base_rate: float


def pin_chance(
    state: ChainState, close: Close | None, method: ProbabilityMethod, strike: float
) -> PinChance:
    """The chance of a close at a strike of a chain, such as its magnet; NaN without a strike."""
    low, high = cell(state.instant.chain.strikes, strike)
    if method == "reference":
        return PinChance(None, _heuristic(state, strike), math.nan)
    if close is None or math.isnan(low):
        return PinChance(None, math.nan, math.nan)
    chance, half = close.chance(low, high, needs_shape=True), 0.5 * (high - low)
    shifted = [close.physical.mass(low + side * half, high + side * half) for side in (-1.0, 1.0)]
    return PinChance(chance, chance.value, 0.5 * sum(shifted))


def _heuristic(state: ChainState, strike: float) -> float:
    spot = state.spot.value
    if math.isnan(strike):
        return math.nan
    return heuristic_pin(
        abs(spot - strike) / spot,
        state.surface.sigma / spot,
        state.instant.clock.hours_left,
        state.regime,
        state.pin.top3_share,
    )


def heuristic_pin(
    distance: float, sigma: float, hours_left: float, regime: Regime, top3_share: float
) -> float:
    """The reference's pin probability, heuristic_v1, a fraction.

    It scales a remaining sigma by the time left once more: on 662 days of SPX it claimed 0.69 at
    15:30 where 0.22 came true, and at 15:55 it claims less than does.

    Args:
        distance: Of spot and magnet, a fraction of spot.
        sigma: Remaining, a fraction of spot.
        hours_left: Session hours to the close.
        regime: Label.
        top3_share: Of open interest on its three largest strikes, a fraction.
    """
    share = min(max(hours_left / 6.5, 0.0), 1.0)
    if not sigma * share > 0.0:
        return 0.0 if distance > 0.0 else HEURISTIC_CAP
    near = math.exp(-distance / (sigma * math.sqrt(share)))
    heavy = 1.0 + min(max((top3_share - 0.30), 0.0), 0.3)
    return min(max(near * HEURISTIC_REGIME[regime] * heavy, 0.0), HEURISTIC_CAP)
