"""Profiles over trial spots, against one contract at a time."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerodte.arrays import F64, Bool
from zerodte.pricing import black, profile

MINUTE = 1 / (390 * 252)


def book(seed: int) -> tuple[F64, F64, Bool, F64]:
    """Strikes, volatilities with a hole, rights and signed weights of 120 contracts."""
    rng = np.random.default_rng(seed)
    strike = np.linspace(4300, 4650, 60).repeat(2)
    vol = 0.12 + 4 * np.log(strike / 4479) ** 2
    vol[7] = math.nan
    is_call = np.tile([True, False], 60)
    weight = np.where(is_call, 100.0, -100.0) * rng.lognormal(5, 1.5, 120).round()
    weight[20] = 0.0
    weight[21] = math.nan
    return strike, vol, is_call, weight


def gex_one_by_one(
    spot: float, ratio: float, strike: F64, tau: float, vol: F64, weight: F64
) -> float:
    """The formula with the standard library's functions, one contract at a time."""
    total = 0.0
    for k, v, w in zip(strike.tolist(), vol.tolist(), weight.tolist(), strict=True):
        if v > 0 and abs(w) > 0:
            forward, deviation = spot * ratio, v * math.sqrt(tau)
            d1 = math.log(forward / k) / deviation + deviation / 2
            gamma = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi) / (forward * deviation)
            total += w * gamma * spot**2 * 0.01
    return total


def delta_one_by_one(
    spot: float, strike: F64, tau: float, vol: F64, is_call: Bool, weight: F64
) -> float:
    total = 0.0
    rows = zip(strike.tolist(), vol.tolist(), is_call.tolist(), weight.tolist(), strict=True)
    for k, v, call, w in rows:
        if v > 0 and abs(w) > 0:
            deviation = v * math.sqrt(tau)
            d1 = math.log(spot / k) / deviation + deviation / 2
            total += w * (math.erfc(-d1 / math.sqrt(2)) / 2 - (0 if call else 1))
    return total


@pytest.mark.parametrize("minutes", [1, 30, 390])
@pytest.mark.parametrize("ratio", [1.0, 0.9993])
def test_gex_twin(minutes: int, ratio: float) -> None:
    strike, vol, _, weight = book(minutes)
    spots, tau = np.linspace(4340, 4615, 241), minutes * MINUTE
    found = profile.gex_profile(spots, ratio, strike, tau, vol, weight)
    plain = [gex_one_by_one(x, ratio, strike, tau, vol, weight) for x in spots.tolist()]
    np.testing.assert_allclose(found, plain, rtol=1e-10, atol=1e-12 * np.abs(plain).max())


def test_gex_is_the_gamma_of_the_greeks() -> None:
    strike, vol, is_call, weight = book(3)
    counted = (vol > 0) & (np.abs(weight) > 0)
    strike, vol, weight = strike[counted], vol[counted], weight[counted]
    gamma = black.greeks(4479.0, strike, 60 * MINUTE, vol, is_call[counted]).gamma
    found = profile.gex_profile(np.array([4479.0]), 1.0, strike, 60 * MINUTE, vol, weight)
    assert found[0] == pytest.approx((weight * gamma).sum() * 4479.0**2 * 0.01, rel=1e-12)


def test_delta_twin() -> None:
    strike, vol, is_call, weight = book(4)
    spots, tau = 4479 * (1 + np.linspace(-0.01, 0.01, 9)), 60 * MINUTE
    found = profile.book_delta(spots, 1.0, strike, tau, vol, is_call, weight)
    plain = [delta_one_by_one(x, strike, tau, vol, is_call, weight) for x in spots.tolist()]
    np.testing.assert_allclose(found, plain, rtol=1e-11)


def test_delta_moves_by_gamma() -> None:
    """GEX is what the book's delta changes by per percent, from the other kernel."""
    strike, vol, is_call, weight = book(5)
    x, step, tau = 4479.0, 0.01, 60 * MINUTE
    down, up = profile.book_delta(
        np.array([x - step, x + step]), 1.0, strike, tau, vol, is_call, weight
    )
    gex = profile.gex_profile(np.array([x]), 1.0, strike, tau, vol, weight)
    assert (up - down) / (2 * step) * x * x * 0.01 == pytest.approx(gex[0], rel=1e-4)


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["vol nan", "vol zero", "weight zero", "weight nan"]),
)
def test_what_is_unknown_adds_nothing(seed: int, how: str) -> None:
    rng = np.random.default_rng(seed)
    strike, vol, is_call, weight = book(6)
    gone = rng.random(120) < 0.3
    column = vol.copy() if how.startswith("vol") else weight.copy()
    column[gone] = math.nan if how.endswith("nan") else 0.0
    spoiled = (column, weight) if how.startswith("vol") else (vol, column)
    spots, tau, kept = np.array([4400.0, 4479.0]), 60 * MINUTE, ~gone
    found = profile.gex_profile(spots, 1.0, strike, tau, *spoiled)
    bare = profile.gex_profile(spots, 1.0, strike[kept], tau, vol[kept], weight[kept])
    np.testing.assert_array_equal(found, bare)
    found = profile.book_delta(spots, 1.0, strike, tau, spoiled[0], is_call, spoiled[1])
    bare = profile.book_delta(spots, 1.0, strike[kept], tau, vol[kept], is_call[kept], weight[kept])
    np.testing.assert_allclose(found, bare, rtol=1e-13)


@pytest.mark.parametrize("unknown", [{"tau": 0.0}, {"tau": math.nan}, {"ratio": math.nan}])
def test_without_time_or_forward_nothing_is_known(unknown: dict[str, float]) -> None:
    strike, vol, is_call, weight = book(7)
    tau, ratio = unknown.get("tau", MINUTE), unknown.get("ratio", 1.0)
    spots = np.array([4479.0, 4480.0])
    assert np.isnan(profile.gex_profile(spots, ratio, strike, tau, vol, weight)).all()
    assert np.isnan(profile.book_delta(spots, ratio, strike, tau, vol, is_call, weight)).all()


def test_an_empty_book_and_no_spots() -> None:
    none, spots = np.empty(0), np.array([4479.0])
    rights = np.empty(0, dtype=bool)
    assert profile.gex_profile(spots, 1.0, none, MINUTE, none, none)[0] == 0
    assert profile.book_delta(spots, 1.0, none, MINUTE, none, rights, none)[0] == 0
    strike, vol, _, weight = book(8)
    assert profile.gex_profile(none, 1.0, strike, MINUTE, vol, weight).shape == (0,)
