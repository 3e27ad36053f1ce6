"""Paths: martingales with the given variance, correlations and news; impact of hedging."""

import datetime
import math
from itertools import pairwise

import numpy as np
import pytest

from feeds.simulator.days import FRIDAY, HALF_DAY, WEDNESDAY, Day, draw_day
from zerodte.arrays import F64, I64
from zerodte.constants import SESSIONS_PER_YEAR, VARIANCE_PROFILE
from zerodte.feeds.simulator.columns import ContractList
from zerodte.feeds.simulator.names import NAMES, SimulationError
from zerodte.feeds.simulator.prices import MARKET


def whole(day: Day) -> F64:
    """The session's prices with the opening before them, shape (seconds + 1, names)."""
    path = day.path()
    opening = path.spot[None, :]
    return np.concatenate([opening, path.advance(len(day.process.diffusion))])


@pytest.mark.drill
@pytest.mark.parametrize("date", [WEDNESDAY, HALF_DAY])
def test_prices_are_martingales(date: datetime.date) -> None:
    symbols = ("SPX", "QQQ", "TSLA")
    days = [draw_day(*symbols, date=date, seed=seed) for seed in range(100)]
    moves = np.array([whole(day)[-1] / day.process.opening - 1.0 for day in days])
    scale = np.array([np.sqrt(day.process.session_variance) for day in days])
    z = (moves / scale).mean(axis=0) * math.sqrt(len(days))
    assert np.abs(z).max() < 3.5
    # And what they move by is what was drawn: the mean square has deviation sqrt(2 / n), a little
    # more with jumps.
    assert (moves / scale).var(axis=0) == pytest.approx(1.0, abs=0.4)


@pytest.mark.parametrize(("date", "slots"), [(WEDNESDAY, 13), (HALF_DAY, 7)])
def test_variance_follows_the_profile_by_half_hour(date: datetime.date, slots: int) -> None:
    total = np.zeros(slots)
    for seed in range(60):
        day = draw_day("SPX", date=date, seed=seed)
        returns = np.diff(np.log(whole(day)[:, 0])) / math.sqrt(day.process.session_variance[0])
        calm = np.minimum(returns**2, np.quantile(returns**2, 0.9995))
        total += calm.reshape(slots, 1800).sum(axis=1)
    profile = np.array(VARIANCE_PROFILE[:slots])
    np.testing.assert_allclose(total / total.sum(), profile / profile.sum(), rtol=0.05)


def test_returns_correlate_as_loads_and_factors_say() -> None:
    day = draw_day("SPX", "QQQ", "IWM", "NVDA", date=FRIDAY, seed=5)
    factors = day.price_draw.factors
    market, growth = factors[MARKET].volatility, factors["growth"].volatility
    own = {core: factors[f"{core} own"].volatility for core in ("NDX", "IWM", "NVDA")}
    beta = {symbol: NAMES[symbol].beta for symbol in ("SPX", "QQQ", "IWM", "NVDA")}
    total = {
        "SPX": market,
        "QQQ": math.hypot(beta["QQQ"] * market, growth, own["NDX"], 0.0016),
        "IWM": math.hypot(beta["IWM"] * market, own["IWM"]),
        "NVDA": math.hypot(beta["NVDA"] * market, NAMES["NVDA"].growth * growth, own["NVDA"]),
    }
    # Jumps would spoil what one session can tell.
    returns = np.clip(np.diff(np.log(whole(day)), axis=0), -5e-4, 5e-4)
    measured = np.corrcoef(returns.T)
    for place, symbol in enumerate(("QQQ", "IWM", "NVDA"), start=1):
        expected = beta[symbol] * market / total[symbol]
        assert measured[0, place] == pytest.approx(expected, abs=0.03)
    cross = beta["QQQ"] * beta["NVDA"] * market**2 + NAMES["NVDA"].growth * growth**2
    assert measured[1, 3] == pytest.approx(cross / (total["QQQ"] * total["NVDA"]), abs=0.03)


def test_the_fund_follows_its_index() -> None:
    for seed in range(20):
        day = draw_day("SPY", "SPX", seed=seed)
        ratio = np.divide(*whole(day).T)
        assert ratio[0] == pytest.approx(0.1, rel=0.01)
        assert np.abs(ratio / ratio[0] - 1.0).max() < 0.0006
        assert np.ptp(ratio) > 0.0


def test_volatility_rises_as_prices_fall() -> None:
    day = draw_day("SPX", seed=3)
    level = day.variance.leverage(day.process.opening * np.array([[0.99], [1.0], [1.01]]))[:, 0]
    assert level[1] == pytest.approx(1.0)
    # Leverage 5: five percent for one.
    assert level[0] / level[2] == pytest.approx(1.1, abs=0.01)


def test_how_many_seconds_are_taken_at_a_time_is_all_the_same() -> None:
    day = draw_day("SPX", "TSLA", seed=8)
    path = day.path()
    pieces = [path.advance(seconds) for seconds in (60, 1, 59, 2280)]
    np.testing.assert_allclose(np.concatenate(pieces), day.path().advance(2400), rtol=1e-12)


@pytest.mark.parametrize("others", [(), ("QQQ",), ("AAPL", "IWM", "SPX", "XSP")])
def test_a_path_does_not_depend_on_the_others(others: tuple[str, ...]) -> None:
    alone, among = draw_day("SPY", seed=4), draw_day("SPY", *others, seed=4)
    np.testing.assert_array_equal(alone.path().advance(600)[:, 0], among.path().advance(600)[:, 0])


def test_seeds_and_dates_give_other_paths() -> None:
    days = [draw_day("SPY", seed=1), draw_day("SPY", seed=2), draw_day("SPY", date=FRIDAY)]
    ends = [float(whole(day)[-1, 0]) for day in days]
    assert len(set(ends)) == 3


@pytest.mark.drill
def test_news_has_the_drawn_variance() -> None:
    blows, afters = [], []
    for seed in range(300):
        day = draw_day("SPX", seed=seed, news=60)
        path = day.path()
        path.advance(3600)
        before = path.spot[0]
        returns = np.diff(np.log(np.concatenate([[before], path.advance(1800)[:, 0]])))
        assert day.price_draw.news is not None
        variance = day.price_draw.factors[MARKET].variance
        blows.append(returns[0] / math.sqrt(day.price_draw.news.jump * variance))
        calm = VARIANCE_PROFILE[2] / 100.0
        afters.append(
            float((returns[1:] ** 2).sum() / (variance * (calm + day.price_draw.news.after)))
        )
    # Chi-square of 300: deviation sqrt(2 / 300) of the mean.
    assert np.mean(np.square(blows)) == pytest.approx(1.0, abs=4.0 * math.sqrt(2.0 / 300.0))
    assert np.mean(afters) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(
    ("news", "date", "at", "closes"),
    [
        (390, WEDNESDAY, "16:00", "16:00"),
        (-1, WEDNESDAY, "09:29", "16:00"),
        (210, HALF_DAY, "13:00", "13:00"),
    ],
)
def test_news_outside_the_session_is_refused(
    news: int, date: datetime.date, at: str, closes: str
) -> None:
    said = f"news at {at}: the session of {date} is from 09:30 to {closes} New York"
    with pytest.raises(SimulationError, match=said):
        draw_day("SPX", date=date, news=news)


def _held(listing: ContractList, strike: float, contracts: int) -> I64:
    """An inventory of today's calls and puts at one strike, and nothing else."""
    at = (listing.chain == 0) & (listing.strike == strike)
    assert at.any()
    return np.where(at, contracts, 0)


def _ends(seed: int, contracts: int, impact: float = 1.0) -> tuple[float, F64]:
    """The strike nearest to the opening, and the last half hour with its dealers hedging."""
    day = draw_day("SPX", seed=seed)
    listing = day.listing()
    path, surface = day.path(impact), day.surface(listing)
    path.advance(21_600)
    strikes = np.unique(listing.strike[listing.chain == 0])
    strike = float(strikes[np.argmin(np.abs(strikes - path.spot[0]))])
    spots = []
    for _ in range(30):
        dealers = _held(listing, strike, contracts)
        book = surface.book(path.second, path.spot, 60, dealers)
        spots.append(path.advance(60, book)[:, 0])
    return strike, np.concatenate(spots)


@pytest.mark.drill
def test_hedging_pulls_to_a_strike_that_dealers_are_long() -> None:
    free, pinned = [], []
    for seed in range(20):
        strike, spots = _ends(seed, 30_000)
        pinned.append(abs(spots[-1] / strike - 1.0))
        strike, spots = _ends(seed, 30_000, impact=0.0)
        free.append(abs(spots[-1] / strike - 1.0))
    assert np.mean(pinned) < 0.4 * np.mean(free)


@pytest.mark.drill
def test_hedging_of_short_gamma_stirs_prices_and_never_explodes() -> None:
    for seed in range(10):
        _, free = _ends(seed, -300_000, impact=0.0)
        _, stirred = _ends(seed, -300_000)
        calm, wild = (np.diff(np.log(spots)).std() for spots in (free, stirred))
        assert 1.1 * calm < wild < 2.5 * calm


def test_without_impact_or_without_a_book_hedging_moves_nothing() -> None:
    day = draw_day("SPX", "SPY", seed=6)
    listing = day.listing()
    surface = day.surface(listing)
    free = day.path().advance(300)
    nothing = surface.book(0, day.process.opening, 300, np.zeros(len(listing.symbols), np.int64))
    np.testing.assert_allclose(day.path(impact=1.0).advance(300, nothing), free, rtol=1e-12)
    held = surface.book(0, day.process.opening, 300, _held(listing, listing.strike[40], 10**6))
    np.testing.assert_allclose(day.path().advance(300, held), free, rtol=1e-12)


def test_hedging_is_what_its_equation_says() -> None:
    """Each second against the equation solved by hand, with delta and gamma from differences."""
    day = draw_day("SPX", seed=9)
    listing = day.listing()
    surface = day.surface(listing)
    strike = float(listing.strike[np.argmin(np.abs(listing.strike - day.process.opening[0]))])
    dealers = _held(listing, strike, 20_000)
    free = day.path()
    path = day.path(impact=1.0)
    spots = path.advance(60, surface.book(0, day.process.opening, 60, dealers))[:, 0]
    news = [b / a - 1.0 for a, b in pairwise([day.process.opening[0], *free.advance(60)[:, 0]])]

    at = np.flatnonzero(dealers)

    def shares(second: int, spot: float) -> float:
        delta, _ = surface.delta_gamma(second, np.array([spot]))
        return float(100.0 * (dealers * delta)[at].sum())

    turnover = NAMES["SPX"].turnover
    push = 60.0 * math.sqrt(day.process.session_variance[0]) / turnover
    spot, hedged = float(day.process.opening[0]), shares(0, day.process.opening[0])
    for second, expected in enumerate(spots):
        delta = shares(second + 1, spot)
        _, gammas = surface.delta_gamma(second + 1, np.array([spot]))
        gamma = float(100.0 * (dealers * gammas)[at].sum())
        # Volatility falls as the price rises, so news of the same size moves it by less.
        stretch = _relative(day, spot) / _relative(day, _free_spot(day, second, news))
        return_ = news[second] * stretch - push * (delta - hedged) * spot
        return_ /= 1.0 + push * gamma * spot * spot
        hedged = delta + gamma * spot * return_
        spot *= 1.0 + return_
        assert spot == pytest.approx(expected, rel=2e-8)


def _relative(day: Day, spot: float) -> float:
    return float(day.variance.leverage(np.array([spot]))[0])


def _free_spot(day: Day, second: int, news: list[float]) -> float:
    """The price at a second's start, had nobody hedged."""
    return float(day.process.opening[0] * np.prod([1.0 + r for r in news[:second]]))


def test_volatility_is_a_seeds_own_within_the_range() -> None:
    drawn = [draw_day("SPX", seed=seed) for seed in range(50)]
    yearly = [math.sqrt(day.process.session_variance[0] * SESSIONS_PER_YEAR) for day in drawn]
    assert 0.05 <= min(yearly) < 0.07
    assert 0.14 < max(yearly) <= 0.19
