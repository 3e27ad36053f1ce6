"""The density of the close: quadrature, a twin, known laws, and what holds of any quotes."""

import math
from collections.abc import Callable
from functools import cache
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad  # type: ignore[import-untyped]
from scipy.stats import norm  # type: ignore[import-untyped]

from engine.density_twin import fitted
from engine.known_laws import LAWS, KnownLaw, instant_of, quoted
from session.day import Day
from session.generated import priced, send, state_of
from zerodte.arrays import F64
from zerodte.engine.chain_inputs import CALL, PUT, ChainInputs
from zerodte.engine.density import Density, density_of

MEAN, SIGMA, STEP = 5000.0, 25.0, 5.0
STRIKES: F64 = MEAN + STEP * np.arange(-40.0, 41.0)


def law_of(instant: ChainInputs, mean: float = MEAN, sigma: float = SIGMA) -> Density:
    density = density_of(instant, mean, mean, sigma)
    assert density is not None
    return density


@cache
def made(name: str = "skewed", sigma: float = SIGMA) -> ChainInputs:
    """A chain of SPX's ticks whose law is known."""
    return quoted(LAWS[name].at(MEAN, sigma), STRIKES, 0.05, np.random.default_rng(7))


def only(instant: ChainInputs, right: int, *strikes: float) -> ChainInputs:
    """The same chain with the quotes of one side at some strikes alone."""
    kept = np.zeros(instant.mid.shape, np.bool_)
    kept[right] = np.isin(instant.chain.strikes, strikes)
    mid = np.where(kept, instant.mid, np.nan)
    return instant_of(instant.chain.strikes, mid, np.where(kept, instant.spread, np.nan))


def expectation(
    density: Density, payoff: Callable[[float], float], low: float, high: float
) -> float:
    """The integral of a payoff over the law, by quadrature of its density."""
    law = KnownLaw(density.weights, density.centres, density.widths)
    inside = [float(c) for c in density.centres if low < c < high]
    return float(
        quad(
            lambda x: payoff(x) * float(law.density(np.array(x))),
            low,
            high,
            points=inside or None,
            limit=400,
            epsabs=1e-11,
        )[0]
    )


@pytest.mark.parametrize("shift", [-6.0, -1.7, -0.4, 0.0, 0.9, 2.5])
def test_closed_forms_agree_with_quadrature(shift: float) -> None:
    density = law_of(made())
    at = MEAN + shift * SIGMA
    low, high = MEAN - 16.0 * SIGMA, MEAN + 16.0 * SIGMA
    assert density.cdf(at) == pytest.approx(expectation(density, lambda _: 1.0, low, at), abs=1e-9)
    inside = expectation(density, lambda _: 1.0, at - 10.0, at)
    assert density.mass(at - 10.0, at) == pytest.approx(inside, rel=1e-7)
    partial = expectation(density, lambda x: x, at - 10.0, at)
    assert density.partial_mean(at - 10.0, at) == pytest.approx(partial, rel=1e-7)
    call = expectation(density, lambda x: x - at, at, high)
    assert density.calls(at) == pytest.approx(call, abs=1e-7)
    put = expectation(density, lambda x: at - x, low, at)
    assert density.puts(at) == pytest.approx(put, abs=1e-7)


def test_mass_and_mean_are_exact() -> None:
    density = law_of(made())
    assert density.mass(-math.inf, math.inf) == pytest.approx(1.0, abs=1e-12)
    assert density.partial_mean(-math.inf, math.inf) == pytest.approx(MEAN, rel=1e-12)
    assert density.mean == MEAN
    assert density.mass(5010.0, 5010.0) == density.mass(5010.0, 5000.0) == 0.0
    assert density.partial_mean(5010.0, 5000.0) == 0.0


def test_the_far_tail_keeps_its_digits() -> None:
    """Both tails are sums of what is there, not what is left of one."""
    density = law_of(made("normal"))
    far = MEAN + 12.0 * SIGMA
    upper = density.weights @ norm.sf(far, density.centres, density.widths)
    lower = density.weights @ norm.cdf(2.0 * MEAN - far, density.centres, density.widths)
    assert 0.0 < upper < 1e-12
    assert density.mass(far, math.inf) == pytest.approx(upper, rel=1e-9, abs=0.0)
    assert density.mass(-math.inf, 2.0 * MEAN - far) == pytest.approx(lower, rel=1e-9, abs=0.0)
    tail = density.quantiles(density.mass(-math.inf, MEAN - 8.0 * SIGMA))
    assert tail == pytest.approx(MEAN - 8.0 * SIGMA, abs=1e-6)


@pytest.mark.parametrize("name", LAWS)
def test_quantiles_invert_the_cdf(name: str) -> None:
    density = law_of(made(name))
    levels = np.array([[1e-12, 1e-4, 0.02, 0.1587], [0.5, 0.9, 0.999, 1.0 - 1e-9]])
    quantiles = density.quantiles(levels)
    assert quantiles.shape == (2, 4)
    assert density.cdf(quantiles) == pytest.approx(levels, rel=1e-9, abs=1e-15)
    assert (np.diff(quantiles.reshape(-1)) > 0.0).all()


def test_levels_at_and_beyond_the_ends() -> None:
    density = law_of(made())
    ends = density.quantiles(np.array([0.0, 1.0, -0.1, 1.1, np.nan]))
    assert ends[0] == -math.inf
    assert ends[1] == math.inf
    assert np.isnan(ends[2:]).all()
    assert density.cdf(np.array([-math.inf, math.inf])) == pytest.approx([0.0, 1.0], abs=1e-15)
    for law in (density.cdf, density.calls, density.puts):
        assert np.isnan(law(np.array([np.nan]))).all()
        assert law(np.empty((0, 3))).shape == (0, 3)


def test_a_scaled_law_is_the_law_of_the_scaled_distance() -> None:
    density = law_of(made())
    scaled = density.scaled(0.87)
    assert scaled.mean == density.mean
    assert scaled.sigma == density.sigma
    assert scaled.partial_mean(-math.inf, math.inf) == pytest.approx(MEAN, rel=1e-12)
    at = MEAN + SIGMA * np.linspace(-3.0, 3.0, 13)
    assert scaled.cdf(MEAN + 0.87 * (at - MEAN)) == pytest.approx(density.cdf(at), abs=1e-13)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("sigma", [50.0, 12.0, 4.0])
def test_the_fit_is_that_of_its_twin(name: str, sigma: float) -> None:
    instant = made(name, sigma)
    density = law_of(instant, sigma=sigma)
    right = np.where(STRIKES >= MEAN, CALL, PUT)
    mid, spread = instant.mid[right, range(81)], instant.spread[right, range(81)]
    kept = np.isfinite(mid)
    twin = fitted(STRIKES[kept], mid[kept], 0.5 * spread[kept], MEAN, sigma)
    at = MEAN + sigma * np.linspace(-6.0, 6.0, 49)
    assert density.cdf(at) == pytest.approx(twin.cdf(at), abs=2e-5)
    assert density.calls(at) == pytest.approx(twin.calls(at), abs=2e-5 * sigma)
    assert density.quotes == kept.sum()


#: Bars by strike steps per sigma, points of probability, rms: of a cell, of the ranges.
BARS = {10.0: (0.1, 0.3), 5.0: (0.2, 0.4), 2.4: (0.5, 0.8), 1.1: (1.0, 1.0)}


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("steps", BARS)
@pytest.mark.parametrize(("step", "tick"), [(5.0, 0.05), (1.0, 0.01)], ids=["SPX", "SPY"])
def test_a_known_law_is_found(name: str, steps: float, step: float, tick: float) -> None:
    """Eight draws: masses around each strike, and within one and two sigmas."""
    cells: list[F64] = []
    ranges: list[F64] = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        mean, sigma = 1000.0 * step + rng.uniform(0.0, step), steps * step
        law = LAWS[name].at(mean, sigma)
        reach = round(9 * steps) + 3
        strikes: F64 = step * np.arange(1000 - reach, 1001 + reach, dtype=np.float64)
        density = law_of(quoted(law, strikes, tick, rng), mean, sigma)
        near = strikes[np.abs(strikes - mean) <= 2.0 * sigma]
        low, high = near - step / 2, near + step / 2
        cells.append(density.cdf(high) - density.cdf(low) - law.mass(low, high))
        low, high = mean - sigma * np.array((1.0, 2.0)), mean + sigma * np.array((1.0, 2.0))
        ranges.append(density.cdf(high) - density.cdf(low) - law.mass(low, high))
    cell, spread = BARS[steps]
    assert rms(cells) <= cell
    assert rms(ranges) <= spread


def rms(errors: list[F64]) -> float:
    """In points."""
    return 100.0 * float(np.sqrt(np.mean(np.square(np.concatenate(errors)))))


def test_one_quote_gives_a_normal_shape_at_its_price() -> None:
    instant = only(made("normal"), CALL, 5000.0)
    density = law_of(instant)
    assert density.quotes == 1
    assert density.repriced == 1.0
    mid = float(instant.mid[CALL, 40])
    assert density.calls(MEAN) == pytest.approx(mid, abs=0.01)
    assert density.mass(MEAN - SIGMA, MEAN + SIGMA) == pytest.approx(0.685, abs=0.01)
    assert density.mass(MEAN - 2 * SIGMA, MEAN + 2 * SIGMA) == pytest.approx(0.95, abs=0.005)


@pytest.mark.parametrize(("right", "strike"), [(PUT, 5000.0), (CALL, 4995.0)])
def test_the_money_side_stands_in_where_no_other_counts(right: int, strike: float) -> None:
    instant = only(made("normal"), right, strike)
    density = law_of(instant)
    at = int(np.searchsorted(STRIKES, strike))
    price = density.puts(strike) if right == PUT else density.calls(strike)
    assert float(price) == pytest.approx(float(instant.mid[right, at]), abs=0.02)
    assert density.quotes == 1


@pytest.mark.parametrize(
    ("forward", "sigma", "instant"),
    [
        (np.nan, SIGMA, made()),
        (MEAN, np.nan, made()),
        (MEAN, 0.0, made()),
        (0.0, SIGMA, made()),
        (MEAN, SIGMA, only(made(), CALL)),
    ],
)
def test_without_forward_sigma_or_quotes_there_is_none(
    forward: float, sigma: float, instant: ChainInputs
) -> None:
    assert density_of(instant, forward, MEAN, sigma) is None


def test_a_quote_far_in_the_money_tells_sigma_alone() -> None:
    """Six sigmas from it, as in the last minutes of a session."""
    density = law_of(only(made(), CALL, 4850.0))
    assert density.quotes == 0
    assert math.isnan(density.repriced)
    law = NormalDist(density.mean, SIGMA)
    at = MEAN + SIGMA * np.linspace(-3.0, 3.0, 13)
    np.testing.assert_allclose(density.cdf(at), [law.cdf(one) for one in at], atol=1e-9)
    assert float(density.quantiles(0.9)) == pytest.approx(law.inv_cdf(0.9))


def test_the_mean_is_spot_where_parity_is_too_uncertain() -> None:
    """Half of a call's and a put's spread against a tenth of a sigma."""
    both = np.full((2, 1), 10.0)
    for spread, is_on_spot in ((2.4, False), (2.6, True)):
        instant = instant_of(np.array([MEAN]), both, np.full((2, 1), spread))
        density = density_of(instant, MEAN, 5003.0, SIGMA)
        assert density is not None
        assert density.is_on_spot is is_on_spot
        assert density.mean == (5003.0 if is_on_spot else MEAN)
    unknown = density_of(only(made(), CALL, 5000.0), MEAN, np.nan, SIGMA)
    assert unknown is not None
    assert (unknown.mean, unknown.is_on_spot) == (MEAN, False)


def test_quotes_that_contradict_each_other_are_not_repriced() -> None:
    instant = made("normal")
    mid = instant.mid.copy()
    mid[:, ::2] += 2.0
    assert law_of(instant).repriced == 1.0
    assert law_of(instant_of(STRIKES, mid, instant.spread)).repriced < 0.7


def test_it_is_judged_by_the_quotes_within_two_sigmas() -> None:
    assert math.isnan(law_of(only(made(), PUT, 4940.0)).repriced)
    assert law_of(only(made(), PUT, 4955.0)).repriced == 1.0


def test_it_is_scaled_with_its_inputs() -> None:
    """The unit of money is nothing to a law."""
    small = instant_of(STRIKES / 64.0, made().mid / 64.0, made().spread / 64.0)
    density = density_of(small, MEAN / 64.0, MEAN / 64.0, SIGMA / 64.0)
    assert density is not None
    at = np.linspace(4900.0, 5100.0, 41)
    assert density.cdf(at / 64.0) == pytest.approx(law_of(made()).cdf(at), abs=1e-12)


@st.composite
def any_quotes(draw: st.DrawFn) -> tuple[ChainInputs, float, float, float]:
    """Some strikes with any prices on ticks, a forward and a spot that need not lie among them."""
    count = draw(st.integers(1, 30))
    gaps = draw(st.lists(st.sampled_from((0.5, 1.0, 5.0, 25.0)), min_size=count, max_size=count))
    strikes = draw(st.floats(50.0, 6000.0)) + np.cumsum(gaps)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    scale = 10.0 ** draw(st.floats(-2.0, 2.5))
    counts = rng.random((2, count)) < draw(st.sampled_from((0.1, 0.5, 1.0)))
    counts[draw(st.sampled_from((0, 1, slice(0, 0))))] = False
    mid = 0.005 + 0.01 * np.round(100.0 * scale * rng.exponential(1.0, (2, count)))
    spread = 0.01 * rng.integers(1, 200, (2, count))
    instant = instant_of(strikes, np.where(counts, mid, np.nan), np.where(counts, spread, np.nan))
    forward, spot = (draw(st.floats(0.9 * strikes[0], 1.1 * strikes[-1])) for _ in range(2))
    return instant, forward, draw(st.sampled_from((spot, math.nan))), draw(st.floats(0.005, 300.0))


@pytest.mark.drill
@given(any_quotes())
@settings(max_examples=300, deadline=None)
def test_any_quotes_give_a_law_or_none(case: tuple[ChainInputs, float, float, float]) -> None:
    instant, forward, spot, sigma = case
    density = density_of(instant, forward, spot, sigma)
    if density is None:
        is_call = instant.chain.strikes >= forward
        out = np.where(is_call, instant.usable[CALL], instant.usable[PUT])
        assert not out.any() or math.isfinite(spot)
        return
    assert (density.weights > 0.0).all()
    assert density.weights.sum() == pytest.approx(1.0, abs=1e-9)
    centred = (density.centres - density.mean) / sigma
    assert float(density.weights @ centred) == pytest.approx(0.0, abs=1e-9)
    assert density.mass(-math.inf, math.inf) == pytest.approx(1.0, abs=1e-9)
    at = density.mean + sigma * np.linspace(-20.0, 20.0, 81)
    cdf = density.cdf(at)
    assert ((cdf >= 0.0) & (cdf <= 1.0)).all()
    assert (np.diff(cdf) >= -1e-15).all()
    levels = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    assert density.cdf(density.quantiles(levels)) == pytest.approx(levels, abs=1e-9)
    assert (density.calls(at) >= 0.0).all()
    assert density.calls(at) - density.puts(at) == pytest.approx(
        density.mean - at, rel=1e-9, abs=1e-9
    )
    assert math.isnan(density.repriced) or 0.0 <= density.repriced <= 1.0
    # Without a quote near spot it is a normal.
    assert density.quotes >= 1 or (len(density.weights) == 1 and math.isnan(density.repriced))


def test_five_seconds_before_the_close_there_is_a_law() -> None:
    """At the floor of tau, on the strikes that still have a bid."""
    rows = priced([4470.0, 4475.0, 4480.0, 4485.0], 4478.0, elapsed=389)
    state = state_of(send(Day(), rows, "15:59:55", 4478.0).session)
    assert state.instant.clock.is_floored
    density = density_of(
        state.instant, state.surface.forward, state.spot.value, state.surface.sigma
    )
    assert density is not None
    assert density.repriced == 1.0
    normal = math.erf(1.0 / (density.sigma * math.sqrt(2.0)))
    assert density.mass(4477.0, 4479.0) == pytest.approx(normal, abs=0.02)
