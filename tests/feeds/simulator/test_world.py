"""The world by block: shapes, reproducibility, independence of names, and errors."""

import datetime

import numpy as np
import pytest

from feeds.simulator.days import FRIDAY, HALF_DAY, WEDNESDAY, session_of
from zerodte.constants import MINUTE
from zerodte.feeds.simulator.columns import Minute
from zerodte.feeds.simulator.names import SimulationError, names_of
from zerodte.feeds.simulator.world import World


def world(
    *symbols: str, date: datetime.date = WEDNESDAY, seed: int = 1, impact: float = 0.0,
    news: int | None = None,
) -> World:  # fmt: skip
    return World(session_of(date), names_of(symbols), seed, impact, news)


def first(some: World, minutes: int, contracts: int = 0) -> list[Minute]:
    """The first minutes, while dealers hold so many of each contract."""
    dealers = np.full(len(some.listing.symbols), contracts)
    return [some.minute(dealers) for _ in range(minutes)]


@pytest.mark.drill
@pytest.mark.parametrize("date", [WEDNESDAY, FRIDAY, HALF_DAY])
def test_a_session_is_its_minutes_from_open_to_close(date: datetime.date) -> None:
    some = world("SPX", "AAPL", date=date)
    session, listing = session_of(date), some.listing
    minutes = first(some, int(session.minutes))
    assert [minute.start for minute in minutes] == list(range(session.open, session.close, MINUTE))
    n = len(listing.symbols)
    for minute in minutes:
        assert minute.spot.shape == (60, 2)
        assert minute.fair.shape == (60, n)
        assert minute.vix.shape == (60,)
        for column in (minute.spot, minute.vix, minute.gamma):
            assert (column > 0.0).all() or column is minute.gamma
        assert np.isfinite(minute.fair).all()
        assert (minute.fair >= 0.0).all()
        assert ((minute.delta >= 0.0) == (listing.is_call | (minute.delta == 0.0))).all()
        assert (minute.gamma >= 0.0).all()
    # At the close what expires is worth what it pays.
    last = minutes[-1]
    today = np.array([chain.expiry == date for chain in listing.chains])[listing.chain]
    spot = last.spot[-1][listing.name]
    sign = np.where(listing.is_call, 1.0, -1.0)
    paid = np.maximum(sign * (spot - listing.strike), 0.0)
    np.testing.assert_allclose(last.fair[-1][today], paid[today], atol=5e-5 * spot.max())
    assert (last.fair[-1][~today] > paid[~today] - 1e-9).all()


def test_the_same_seed_gives_the_same_bytes() -> None:
    pairs = zip(first(world("SPY", "QQQ"), 3), first(world("SPY", "QQQ"), 3), strict=True)
    for one, other in pairs:
        for column in ("spot", "fair", "vix", "delta", "gamma"):
            assert getattr(one, column).tobytes() == getattr(other, column).tobytes()
    assert first(world("SPY", seed=2), 1)[0].spot[0, 0] != first(world("SPY"), 1)[0].spot[0, 0]


@pytest.mark.parametrize("others", [("QQQ",), ("SPX", "AAPL"), ("XSP", "IWM", "NVDA")])
def test_a_name_does_not_depend_on_the_other_names(others: tuple[str, ...]) -> None:
    alone, among = world("SPY", news=2), world(*others, "SPY", news=2)
    own = among.listing.name == len(others)
    picked = np.array(among.listing.symbols)[own]
    np.testing.assert_array_equal(picked, alone.listing.symbols)
    np.testing.assert_array_equal(
        among.listing.settled_interest[own], alone.listing.settled_interest
    )
    for one, other in zip(first(alone, 4), first(among, 4), strict=True):
        np.testing.assert_array_equal(one.spot[:, 0], other.spot[:, -1])
        np.testing.assert_array_equal(one.fair, other.fair[:, own])
        np.testing.assert_array_equal(one.vix, other.vix)
        np.testing.assert_array_equal(one.gamma, other.gamma[own])


def test_hedging_of_the_index_moves_the_fund_too() -> None:
    free = first(world("SPX", "SPY", "QQQ"), 5, contracts=2000)
    pushed = first(world("SPX", "SPY", "QQQ", impact=1.0), 5, contracts=2000)
    moved = pushed[-1].spot[-1] / free[-1].spot[-1] - 1.0
    assert abs(moved[0]) > 1e-5
    assert moved[1] == pytest.approx(moved[0], abs=0.1 * abs(moved[0]))


def test_without_impact_what_dealers_hold_moves_nothing() -> None:
    free, held = first(world("SPY"), 2), first(world("SPY"), 2, contracts=10**6)
    np.testing.assert_array_equal(free[-1].spot, held[-1].spot)


def test_the_volatility_index_rises_as_the_market_falls() -> None:
    some = world("QQQ", "SPX")
    minutes = first(some, 60)
    spot = np.concatenate([minute.spot[:, 1] for minute in minutes])
    vix = np.concatenate([minute.vix for minute in minutes])
    assert 5.0 < vix.min() < vix.max() < 60.0
    assert np.corrcoef(np.diff(np.log(spot)), np.diff(np.log(vix)))[0, 1] < -0.99


def test_deltas_are_those_of_the_blocks_start() -> None:
    some = world("SPX")
    one, other = first(some, 2)
    calls = (some.listing.chain == 0) & some.listing.is_call
    # A call gains about its delta, and half its gamma times the square of the move.
    at = np.flatnonzero(calls)[np.argmin(np.abs(other.delta[calls] - 0.5))]
    move = other.spot[0, 0] - one.spot[-1, 0]
    gained = other.fair[0, at] - one.fair[-1, at]
    assert gained == pytest.approx(other.delta[at] * move, abs=0.02 + 0.2 * abs(move))


@pytest.mark.parametrize("impact", [-0.1, 10.1, float("nan"), float("inf")])
def test_an_impact_that_is_no_strength_is_refused(impact: float) -> None:
    with pytest.raises(SimulationError, match=r"impact is .*; it must be from 0 to 10"):
        world("SPY", impact=impact)


def test_news_after_the_close_is_refused() -> None:
    with pytest.raises(SimulationError, match="13:00: the session of 2024-12-24 is from"):
        world("SPY", date=HALF_DAY, news=210)
