"""The density of the close: against quadrature, known laws and recorded chains."""

import math
from collections.abc import Callable
from functools import cache

import pytest
from scipy.integrate import quad  # type: ignore[import-untyped]
from scipy.stats import norm  # type: ignore[import-untyped]

from session.day import Day
from session.generated import priced, send, state_of
from zerodte.engine.density import Density, density_of
from zerodte.engine.state import ChainState

FORWARD = 4480.0


@cache
def made_state(elapsed: int = 120) -> ChainState:
    """A chain on a skewed smile, strikes of 5 points."""
    strikes = [FORWARD + 5.0 * n for n in range(-40, 41)]
    rows = priced(strikes, FORWARD, elapsed, slope=4.0)
    clock = f"{9 + (30 + elapsed) // 60:02d}:{(30 + elapsed) % 60:02d}"
    return state_of(send(Day(), rows, clock, FORWARD).session)


def law_of(state: ChainState) -> Density:
    density = density_of(
        state.instant, state.surface.forward, state.spot.value, state.surface.sigma
    )
    assert density is not None
    return density


def expectation(
    density: Density, payoff: Callable[[float], float], low: float, high: float
) -> float:
    """The integral of a payoff over the law, by quadrature of the mixture's density."""

    def integrand(x: float) -> float:
        parts = norm.pdf(x, density.centres, density.widths)
        return payoff(x) * float(density.weights @ parts)

    inside = [c for c in density.centres if low < c < high]
    return float(quad(integrand, low, high, points=inside, limit=400, epsabs=1e-10)[0])


def test_mass_and_mean_are_exact() -> None:
    density = law_of(made_state())
    assert density.mass(-math.inf, math.inf) == pytest.approx(1.0, abs=1e-12)
    assert density.partial_mean(-math.inf, math.inf) == pytest.approx(density.mean, rel=1e-12)
    assert density.mean == pytest.approx(FORWARD, abs=0.05)
    assert (density.weights > 0.0).all()


@pytest.mark.parametrize("shift", [-1.7, -0.4, 0.0, 0.9, 2.5])
def test_closed_forms_agree_with_quadrature(shift: float) -> None:
    density = law_of(made_state())
    at = density.mean + shift * density.sigma
    low, high = density.mean - 15 * density.sigma, density.mean + 15 * density.sigma
    mass = expectation(density, lambda _: 1.0, low, at)
    assert density.cdf(at) == pytest.approx(mass, abs=1e-8)
    assert density.mass(at - 10.0, at) == pytest.approx(
        expectation(density, lambda _: 1.0, at - 10.0, at), abs=1e-8
    )
    assert density.partial_mean(at - 10.0, at) == pytest.approx(
        expectation(density, lambda x: x, at - 10.0, at), rel=1e-8
    )
    call = expectation(density, lambda x: x - at, at, high)
    assert density.calls(at) == pytest.approx(call, abs=1e-6)
    assert density.puts(at) == pytest.approx(call - (density.mean - at), abs=1e-6)
