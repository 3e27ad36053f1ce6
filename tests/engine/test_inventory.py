"""Dealers' book: against a plain twin, against sampled worlds, and what its words mean."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerodte.arrays import F64
from zerodte.engine.inventory import Estimate, Inventory, NetPurchases, gex_by_strike, inventory
from zerodte.engine.regime import Regime
from zerodte.pricing import black

SPOT, TAU = 4479.0, 90 / (390 * 252)
STRIKES = np.linspace(4440.0, 4520.0, 9)
PRIOR = ((0.2, 0.3), (-0.1, 0.4))
NAN = float("nan")


def greeks() -> black.Greeks:
    rights = np.repeat((True, False), len(STRIKES))
    vol = np.full(2 * len(STRIKES), 0.14)
    flat = black.greeks(SPOT, np.tile(STRIKES, 2), TAU, vol, rights)
    return black.Greeks(*(value.reshape(2, -1) for value in flat))


def day(seed: int) -> tuple[F64, F64, F64, F64]:
    """Official open interest, net purchases, their variance, and contracts traded."""
    random = np.random.default_rng(seed)
    shape = (2, len(STRIKES))
    official = random.integers(0, 4000, shape).astype(float)
    bought, variance = random.normal(0, 300, shape).round(), random.uniform(0, 200, shape) ** 2
    return official, bought, variance, np.abs(bought) + random.integers(0, 9000, shape)


def dollars_per_contract() -> dict[str, F64]:
    """The four exposures of one contract held, from their definitions."""
    g, shares = greeks(), 100 * SPOT
    return {
        "gex": g.gamma * shares * SPOT * 0.01,
        "dex": g.delta * shares,
        "vex": g.vanna * shares * 0.01,
        "chex": g.charm * shares / 252,
    }


@pytest.mark.parametrize("seed", range(4))
def test_plain_twin(seed: int) -> None:
    official, bought, variance, traded = day(seed)
    found = inventory(greeks(), SPOT, official, bought, variance, traded, PRIOR)
    for name, value in dollars_per_contract().items():
        mean, spread, in_common = 0.0, 0.0, 0.0
        for right in (0, 1):
            share, deviation = PRIOR[right]
            shared = 0.0
            for k in range(len(STRIKES)):
                each = float(value[right, k])
                mean += each * (share * official[right, k] - bought[right, k])
                shared += each * official[right, k]
                spread += each**2 * (variance[right, k] + (0.25 * official[right, k]) ** 2)
                in_common += abs(each) * traded[right, k]
            spread += (deviation * shared) ** 2
        spread += (0.02 * in_common) ** 2
        half = NormalDist().inv_cdf(0.95) * math.sqrt(spread)
        estimate = getattr(found, name)
        assert estimate.mean == pytest.approx(mean, rel=1e-9)
        assert estimate.low == pytest.approx(mean - half, rel=1e-9, abs=1e-6)
        assert estimate.high == pytest.approx(mean + half, rel=1e-9, abs=1e-6)


def purchases_of(bought: F64, variance: F64, traded: F64) -> NetPurchases:
    return NetPurchases(bought.sum(axis=0), variance.sum(axis=0), traded)


@pytest.mark.parametrize("seed", range(4))
def test_a_strike_alone_is_a_book_of_one_strike(seed: int) -> None:
    """What is said of a strike is what is said of a chain that has no other."""
    official, bought, variance, traded = day(seed)
    purchases = purchases_of(bought, variance, traded)
    found = gex_by_strike(greeks().gamma[0], SPOT, official, purchases, PRIOR)
    for k in range(len(STRIKES)):
        alone = black.Greeks(*(value[:, k : k + 1] for value in greeks()))
        own = np.s_[:, k : k + 1]
        amounts = official[own], bought[own], variance[own], traded[own]
        book = inventory(alone, SPOT, *amounts, PRIOR).gex
        said = (found.mean[k], found.low[k], found.high[k])
        assert said == pytest.approx((book.mean, book.low, book.high), rel=1e-9)


@given(st.integers(0, 1000), st.floats(0, 1))
@settings(deadline=None)
def test_strikes_add_up_to_the_book_and_intervals_do_not(seed: int, unknown: float) -> None:
    official, bought, variance, traded = day(seed)
    official[np.random.default_rng(seed).random(official.shape) < unknown] = NAN
    book = inventory(greeks(), SPOT, official, bought, variance, traded).gex
    purchases = purchases_of(bought, variance, traded)
    found = gex_by_strike(greeks().gamma[0], SPOT, official, purchases)
    if np.isnan(official).all(axis=1).any():
        assert np.isnan(book.mean)
        assert np.isnan(found.mean).all()
        return
    assert found.mean.sum() == pytest.approx(book.mean, rel=1e-9, abs=1e-3)
    assert (found.low <= found.mean).all()
    assert (found.mean <= found.high).all()
    most = greeks().gamma[0] * 100 * SPOT**2 * 0.01 * (np.nan_to_num(official) + traded).sum(axis=0)
    assert (np.abs((found.low, found.high)) <= most * (1 + 1e-9)).all()


def test_ninety_of_a_hundred_worlds_lie_in_the_interval() -> None:
    """Worlds drawn as the model makes them: one share for all calls, and one for all puts.

    Every strike strays from it by itself, and what sides have in common errs everywhere alike.
    """
    random = np.random.default_rng(7)
    official, bought, variance, traded = day(11)
    worlds = 20_000
    share = np.array(PRIOR)[:, 0] + np.array(PRIOR)[:, 1] * random.standard_normal((worlds, 2))
    error = np.sqrt(variance) * random.standard_normal((worlds, *variance.shape))
    noise = 0.25 * random.standard_normal((worlds, *variance.shape))
    position = (share[:, :, None] + noise) * official - (bought + error)
    in_common = 0.02 * random.standard_normal(worlds)
    found = inventory(greeks(), SPOT, official, bought, variance, traded, PRIOR)
    for name, value in dollars_per_contract().items():
        # Gamma of every contract is of one sign; of the others the worst case is what it covers.
        world = (value * position).sum(axis=(1, 2)) + in_common * (np.abs(value) * traded).sum()
        estimate = getattr(found, name)
        assert ((world > estimate.low) & (world < estimate.high)).mean() == pytest.approx(
            0.9, abs=0.01
        )
        assert (world < estimate.low).mean() == pytest.approx(0.05, abs=0.008)


def test_buying_calls_leaves_dealers_short_gamma() -> None:
    """Unlike the convention's book, where a purchase of calls would raise dealers' gamma."""
    nothing = np.zeros((2, len(STRIKES)))
    for right in (0, 1):
        bought = nothing.copy()
        bought[right] = 1000.0
        found = inventory(greeks(), SPOT, nothing, bought, nothing, bought)
        assert found.gex.high < 0
        assert found.regime == "negative_gamma"
        # Customers long calls are long delta: dealers are short it, and bought stock against it.
        assert np.sign(-found.dex.mean) == (1 if right == 0 else -1)


@given(st.integers(0, 1000))
@settings(deadline=None)
def test_customers_and_dealers_mirror_each_other(seed: int) -> None:
    official, bought, variance, traded = day(seed)
    none = np.zeros_like(official)
    one, other = (inventory(greeks(), SPOT, none, s * bought, variance, traded) for s in (1, -1))
    for name in ("gex", "dex", "vex", "chex"):
        mine, theirs = getattr(one, name), -getattr(other, name)
        assert (mine.mean, mine.low, mine.high) == pytest.approx(
            (theirs.mean, theirs.low, theirs.high)
        )


@given(st.integers(0, 1000), st.floats(0, 1), st.floats(-1, 1))
@settings(deadline=None)
def test_no_book_is_larger_than_interest_and_volume_allow(
    seed: int, size: float, skew: float
) -> None:
    official, _, _, traded = day(seed)
    official, traded = size * official, (1.0 - size) * traded
    # Wider errors than the volume could hold, and all of it on one side.
    found = inventory(greeks(), SPOT, official, skew * traded, 100.0 * traded**2, traded)
    for name, value in dollars_per_contract().items():
        most = float((np.abs(value) * (official + traded)).sum()) * (1 + 1e-9)
        estimate = getattr(found, name)
        assert -most <= estimate.low <= estimate.mean <= estimate.high <= most
        assert size == 1.0 or estimate.low < 0.0 < estimate.high


def test_unknown_contracts_count_for_nothing_and_an_unknown_chain_for_unknown() -> None:
    amounts = official, bought, variance, traded = day(5)
    known = inventory(greeks(), SPOT, official, bought, variance, traded)
    holes = [np.hstack((values, np.full((2, 1), NAN))) for values in amounts]
    wider = black.Greeks(*(np.hstack((value, value[:, :1])) for value in greeks()))
    found = inventory(wider, SPOT, holes[0], holes[1], holes[2], holes[3]).gex
    assert (found.mean, found.low) == pytest.approx((known.gex.mean, known.gex.low))
    blind = inventory(greeks(), SPOT, np.full_like(official, NAN), bought, variance, traded)
    assert math.isnan(blind.gex.mean)
    assert blind.regime == "unknown"


@pytest.mark.parametrize(
    ("interval", "regime", "with_positive", "with_negative"),
    [
        ((1.0, 0.5, 1.5), "positive_gamma", True, False),
        ((-1.0, -1.5, -0.5), "negative_gamma", False, True),
        ((1.0, -0.5, 2.5), "unknown", None, None),
        ((NAN, NAN, NAN), "unknown", None, None),
    ],
)
def test_words(
    interval: tuple[float, float, float],
    regime: Regime,
    with_positive: bool | None,
    with_negative: bool | None,
) -> None:
    gex = Estimate(*interval)
    book = Inventory(gex, gex, gex, gex)
    assert book.regime == regime
    assert book.agrees("positive_gamma") is with_positive
    assert book.agrees("negative_gamma") is with_negative
    assert book.agrees("unknown") is None
