"""Fair values: free of arbitrage in every chain, and consistent with the price process."""

import datetime
import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad  # type: ignore[import-untyped]

from feeds.simulator.days import FRIDAY, HALF_DAY, WEDNESDAY, Day, draw_day
from zerodte.arrays import F64
from zerodte.feeds.simulator.columns import ContractList
from zerodte.feeds.simulator.names import NAMES
from zerodte.feeds.simulator.prices import MARKET
from zerodte.feeds.simulator.surface import variance_swap
from zerodte.pricing.clock import remaining_variance_share

N = NormalDist().cdf

#: Fair values are float64: what a sum of a few of them may be off by, in units of the spot.
ROUNDING = 1e-13


def chains_of(day: Day, second: int, spot: F64) -> list[tuple[F64, F64, F64]]:
    """Strikes, calls and puts of each chain at one second and spot."""
    listing = day.listing()
    fair = day.surface(listing).fair(second, spot[None, :])[0]
    found = []
    for place in range(len(listing.chains)):
        own = listing.chain == place
        calls, puts = own & listing.is_call, own & ~listing.is_call
        np.testing.assert_array_equal(listing.strike[calls], listing.strike[puts])
        found.append((listing.strike[calls], fair[calls], fair[puts]))
    return found


@pytest.mark.drill
@given(
    seed=st.integers(0, 10**6),
    symbol=st.sampled_from(list(NAMES)),
    date=st.sampled_from([WEDNESDAY, FRIDAY, HALF_DAY]),
    at=st.one_of(st.floats(0.0, 1.0), st.just(1.0)),
    move=st.floats(-0.12, 0.12),
    news=st.sampled_from([None, 100]),
)
@settings(max_examples=40)
def test_there_is_no_arbitrage(
    seed: int, symbol: str, date: datetime.date, at: float, move: float, news: int | None
) -> None:
    day = draw_day(symbol, date=date, seed=seed, news=news)
    spot = day.process.opening * (1.0 + move)
    second = int(at * len(day.process.diffusion))
    slack = ROUNDING * spot[0]
    before: dict[float, float] = {}
    for strike, calls, puts in chains_of(day, second, spot):
        # Parity, without rates, and no price below what exercise pays.
        np.testing.assert_allclose(calls - puts, spot[0] - strike, atol=10 * slack)
        assert (calls >= np.maximum(spot[0] - strike, 0.0) - slack).all()
        # A vertical spread is worth between nothing and its width, a butterfly nothing or more.
        slope = np.diff(calls) / np.diff(strike)
        width = np.diff(strike).min()
        assert (slope <= slack / width).all()
        assert (slope >= -1.0 - slack / width).all()
        assert (np.diff(slope) >= -4.0 * slack / width).all()
        # A calendar spread is worth nothing or more.
        for level, value in zip(strike.tolist(), calls.tolist(), strict=True):
            assert value >= before.get(level, 0.0) - slack
            before[level] = value


@pytest.mark.parametrize("symbol", ["SPX", "TSLA", "XSP"])
def test_total_variance_at_the_money_rises_from_expiry_to_expiry(symbol: str) -> None:
    day = draw_day(symbol, date=FRIDAY, seed=2)
    listing = day.listing()
    surface = day.surface(listing)
    theta = surface.at_the_money(
        0, np.tile(day.process.opening, (len(day.process.diffusion) + 1, 1))
    )
    assert (np.diff(theta, axis=1) > 0.0).all()
    assert (np.diff(theta, axis=0) <= 0.0).all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("elapsed", [0, 200, 389])
def test_straddles_are_worth_what_an_integral_over_jumps_and_moves_says(
    seed: int, elapsed: int
) -> None:
    """E|S_T - S| of the displaced law, by quadrature, with jumps counted out one by one."""
    day = draw_day("TSLA", "SPX", date=FRIDAY, seed=seed)
    name, factors = NAMES["TSLA"], day.price_draw.factors
    left = remaining_variance_share(float(elapsed), 390.0)
    market, own = factors[MARKET], factors["TSLA own"]
    calm = left * (
        name.beta**2 * market.variance * (1.0 - market.jump_share)
        + name.growth**2 * factors["growth"].variance
        + own.variance * (1.0 - own.jump_share)
    )
    gear, spot = name.leverage - 1.0, 1.03 * day.process.opening[:1]
    distance = day.process.opening[0] * (1.0 + 1.0 / gear) - spot[0]

    def move(variance: float) -> float:
        """E|Y_T - Y| of a lognormal Y."""
        s = gear * math.sqrt(variance)

        def paid(x: float) -> float:
            return abs(math.exp(s * x - 0.5 * s * s) - 1.0) * math.exp(-0.5 * x * x)

        whole = quad(paid, -12.0, 0.5 * s)[0] + quad(paid, 0.5 * s, 12.0)[0]
        return float(distance * whole / math.sqrt(2.0 * math.pi))

    expected = 0.0
    for k in range(20):
        for j in range(20):
            odds = _poisson(k, left * market.jumps) * _poisson(j, left * own.jumps)
            if odds > 1e-10:
                jumped = k * name.beta**2 * market.jump_variance + j * own.jump_variance
                expected += odds * move(calm + jumped)
    spots = np.array([[spot[0], day.process.opening[1]]])
    theta = float(day.variance.today(60 * elapsed, spots)[0, 0])
    # At the money a straddle is worth 2 S (2 N(sqrt(w) / 2) - 1).
    straddle = 2.0 * spot[0] * (2.0 * N(0.5 * math.sqrt(theta)) - 1.0)
    assert straddle == pytest.approx(expected, rel=2e-5)


def _poisson(count: int, mean: float) -> float:
    return math.exp(-mean) * mean**count / math.factorial(count)


@pytest.mark.drill
def test_options_today_are_worth_their_mean_payoff_over_paths() -> None:
    """At the money: elsewhere the smile is dearer than the law, as real smiles are."""
    errors = []
    for seed in range(250):
        day = draw_day("SPX", seed=seed)
        theta = float(day.variance.today(0, day.process.opening[None, :])[0, 0])
        straddle = 2.0 * (2.0 * N(0.5 * math.sqrt(theta)) - 1.0)
        close = day.path().advance(len(day.process.diffusion))[-1, 0]
        errors.append(abs(close / day.process.opening[0] - 1.0) / straddle - 1.0)
    assert abs(np.mean(errors)) < 3.0 * np.std(errors) / math.sqrt(len(errors))


def test_the_surface_knows_of_news_until_it_has_passed() -> None:
    quiet, noisy = draw_day("SPX", seed=3), draw_day("SPX", seed=3, news=120)
    listing = quiet.listing()
    spot = np.tile(quiet.process.opening, (23_401, 1))
    extra = noisy.surface(listing).at_the_money(0, spot) - quiet.surface(listing).at_the_money(
        0, spot
    )
    news = noisy.price_draw.news
    assert news is not None
    variance = noisy.price_draw.factors[MARKET].variance
    np.testing.assert_allclose(extra[:7201], variance * (news.jump + news.after), rtol=0.02)
    np.testing.assert_allclose(extra[7201], variance * news.after, rtol=0.02)
    assert (np.diff(extra[7201:9001, 0]) < 0.0).all()
    np.testing.assert_allclose(extra[9001:], 0.0, atol=1e-15)


def test_fair_values_are_blacks_on_the_smile() -> None:
    """Against SSVI and Black written out for single contracts."""
    day = draw_day("QQQ", seed=11)
    listing, spot = day.listing(), 1.004 * day.process.opening
    surface = day.surface(listing)
    fair = surface.fair(5000, spot[None, :])[0]
    delta, gamma = surface.delta_gamma(5000, spot)
    theta = surface.at_the_money(5000, spot[None, :])[0]
    rho, eta = day.price_draw.skew["NDX"], day.price_draw.curvature
    for at in range(0, len(fair), 37):
        w = theta[listing.chain[at]]
        k = math.log(listing.strike[at] / spot[0])
        phi = min(eta * w**-0.2, 2.0 / math.sqrt(w * (1.0 + abs(rho))))
        x = phi * k
        s = math.sqrt(0.5 * w * (1.0 + rho * x + math.sqrt((x + rho) ** 2 + 1.0 - rho**2)))
        d1 = -k / s + 0.5 * s
        call = spot[0] * N(d1) - listing.strike[at] * N(d1 - s)
        put = call - spot[0] + listing.strike[at]
        is_call = bool(listing.is_call[at])
        assert fair[at] == pytest.approx(call if is_call else put, abs=1e-9)
        assert delta[at] == pytest.approx(N(d1) - (0.0 if is_call else 1.0), abs=1e-12)
        density = math.exp(-0.5 * d1 * d1) / math.sqrt(2.0 * math.pi)
        assert gamma[at] == pytest.approx(density / (spot[0] * s), rel=1e-9)


@pytest.mark.drill
def test_puts_are_dearer_than_calls_and_smiles_steepen_with_time() -> None:
    """The slope of Cboe's chains: volatility one deviation below over one above, in logarithms."""
    slopes = []
    for seed in range(20):
        day = draw_day("SPX", seed=seed)
        listing, surface = day.listing(), day.surface(day.listing())
        theta = surface.at_the_money(0, day.process.opening[None, :])[0]
        fair = surface.fair(0, day.process.opening[None, :])[0]
        month = max(c for c, chain in enumerate(listing.chains) if chain.whole_sessions <= 21)
        slopes.append([_slope(listing, fair, theta, chain) for chain in (0, month)])
    today, month_ahead = np.mean(slopes, axis=0)
    assert 0.05 < today < 0.25
    assert 0.35 < month_ahead < 0.75


def _slope(listing: ContractList, fair: F64, theta: F64, chain: int) -> float:
    s = math.sqrt(theta[chain])
    spot = float(listing.opening[0])
    vols = []
    for side in (-1.0, 1.0):
        own = (listing.chain == chain) & (listing.is_call == (side > 0.0))
        at = np.flatnonzero(own)[np.argmin(np.abs(np.log(listing.strike[own] / spot) - side * s))]
        strike = float(listing.strike[at])
        vols.append(_implied(spot, strike, float(fair[at]), side > 0.0))
    return math.log(vols[0] / vols[1])


def _implied(spot: float, strike: float, value: float, is_call: bool) -> float:
    low, high = 1e-6, 2.0
    for _ in range(60):
        s = 0.5 * (low + high)
        d1 = math.log(spot / strike) / s + 0.5 * s
        call = spot * N(d1) - strike * N(d1 - s)
        low, high = (low, s) if (call if is_call else call - spot + strike) > value else (s, high)
    return low


def test_a_variance_swap_of_a_flat_smile_is_its_variance() -> None:
    assert variance_swap(0.003, 0.0, 1e-9) == pytest.approx(0.003, rel=1e-4)


def test_a_variance_swap_is_dearer_than_the_money_where_the_smile_is_curved() -> None:
    """Gatheral's integral of total variance over the normal law of d2 (The Volatility Surface)."""
    theta, rho, eta = 0.003, -0.6, 4.0
    phi = eta * theta**-0.2

    def w(k: float) -> float:
        x = phi * k
        return float(0.5 * theta * (1.0 + rho * x + math.sqrt((x + rho) ** 2 + 1.0 - rho**2)))

    def integrand(k: float) -> float:
        step: float = 1e-5
        s, s_up, s_down = math.sqrt(w(k)), math.sqrt(w(k + step)), math.sqrt(w(k - step))
        d2, up, down = (-x / v - 0.5 * v for x, v in ((k, s), (k + step, s_up), (k - step, s_down)))
        density = math.exp(-0.5 * d2 * d2) / math.sqrt(2.0 * math.pi)
        return float(density * abs(up - down) / (2.0 * step) * w(k))

    expected = quad(integrand, -0.8, 0.4, limit=400, epsabs=1e-10)[0]
    assert variance_swap(theta, rho, eta) == pytest.approx(expected, rel=2e-3)
