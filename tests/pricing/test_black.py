"""Price and greeks against 40-digit answers, QuantLib, and the identities they must obey."""

import math
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
import QuantLib as ql  # noqa: N813 (its own name for itself)
from hypothesis import given
from hypothesis import strategies as st

from answers import black76
from zerodte.arrays import F64
from zerodte.pricing import black

MINUTE = 1 / (390 * 252)
#: The field's machine: a relative error of d^2 / 2 units in the last place is what rounding the
#: volatility alone does to n(d).
EPSILON = np.finfo(float).eps

chains = {
    "forward": st.floats(1, 1e5),
    "moneyness": st.floats(-0.5, 0.5),
    "tau": st.floats(MINUTE, 2.0),
    "vol": st.floats(0.01, 5.0),
}


def one(value: float) -> F64:
    return np.array([value])


def both_rights(forward: float, strike: float, tau: float, vol: float) -> black.Greeks:
    return black.greeks(forward, np.full(2, strike), tau, np.full(2, vol), np.array([True, False]))


@pytest.mark.parametrize("minutes", [390, 180, 60, 15, 5])
def test_recorded_truth(recorded: Path, minutes: int) -> None:
    truth = np.load(recorded / "pricing" / "black_truth.npz")
    strike, vol, is_call = truth["K"], truth[f"iv{minutes}"], truth["cp"] > 0
    price, *exact = truth[f"ref{minutes}"].T
    forward, tau = float(truth["S"]), minutes * MINUTE
    deviation = vol * math.sqrt(tau)
    d1 = np.log(forward / strike) / deviation + deviation / 2
    found = black.greeks(forward, strike, tau, vol, is_call)
    prices = black.price(forward, strike, tau, vol, is_call)
    for value, answer in zip((prices, *found), (price, *exact), strict=True):
        assert (np.abs(value / answer - 1) < 4 * EPSILON * (1 + d1**2)).all()


@pytest.mark.parametrize(
    ("forward", "strike", "tau", "vol"),
    [
        (4479.0, 4480.0, MINUTE, 0.08),
        (4479.0, 4000.0, MINUTE, 1.2),
        (4479.0, 5000.0, 60 * MINUTE, 0.15),
        (590.0, 300.0, 60 * MINUTE, 1.0),
        (590.0, 650.0, 1.0, 0.3),
    ],
)
@pytest.mark.parametrize("is_call", [True, False])
def test_greeks_are_the_derivatives_of_the_price(
    forward: float, strike: float, tau: float, vol: float, is_call: bool
) -> None:
    exact = black76.greeks(forward, strike, tau, vol, is_call)
    found = black.greeks(forward, one(strike), tau, one(vol), np.array([is_call]))
    for name, value in exact.items():
        assert getattr(found, name)[0] == pytest.approx(float(value), rel=1e-12, abs=0)


@pytest.mark.drill
@pytest.mark.parametrize("is_call", [True, False])
def test_deep_wings_keep_their_digits(is_call: bool) -> None:
    """Out to 35 standard deviations, where n(d) is 1e-266."""
    forward, tau, vol = 6000.0, 60 * MINUTE, 0.2
    deviations = np.linspace(-35, 35, 21)
    strike = forward * np.exp(deviations * vol * math.sqrt(tau))
    volatilities, rights = np.full(21, vol), np.full(21, is_call)
    found = black.greeks(forward, strike, tau, volatilities, rights)
    prices = black.price(forward, strike, tau, volatilities, rights)
    for i, d in enumerate(deviations.tolist()):
        exact = black76.greeks(forward, float(strike[i]), tau, vol, is_call)
        exact["price"] = black76.price(forward, float(strike[i]), tau, vol, is_call)
        answers = found._asdict() | {"price": prices}
        for name, value in exact.items():
            error = abs(float(mp.mpf(float(answers[name][i])) / value - 1))
            assert error < 4 * EPSILON * (1 + d * d), name


def test_quantlib() -> None:
    forward, tau = 4479.0, 45 * MINUTE
    strike = np.linspace(4200, 4750, 111).repeat(2)
    is_call = np.tile([True, False], 111)
    vol = 0.12 + 3 * np.log(strike / forward) ** 2
    found = black.greeks(forward, strike, tau, vol, is_call)
    prices = black.price(forward, strike, tau, vol, is_call)
    for i in range(strike.shape[0]):
        right = ql.Option.Call if is_call[i] else ql.Option.Put
        payoff = ql.PlainVanillaPayoff(right, strike[i])
        answer = ql.BlackCalculator(payoff, forward, vol[i] * math.sqrt(tau))
        assert prices[i] == pytest.approx(answer.value(), rel=1e-9, abs=1e-9)
        assert found.delta[i] == pytest.approx(answer.deltaForward(), rel=1e-9, abs=1e-12)
        assert found.gamma[i] == pytest.approx(answer.gammaForward(), rel=1e-9, abs=1e-12)
        assert found.theta[i] == pytest.approx(answer.theta(forward, tau), rel=1e-9, abs=1e-7)
        assert found.vanna[i] == pytest.approx(answer.vanna(forward, tau), rel=1e-9, abs=1e-9)


@given(**chains)
def test_call_and_put_share_all_but_delta(
    forward: float, moneyness: float, tau: float, vol: float
) -> None:
    found = both_rights(forward, forward * math.exp(moneyness), tau, vol)
    assert found.delta[0] - found.delta[1] == pytest.approx(1, abs=2 * EPSILON)
    for shared in (found.gamma, found.theta, found.vanna, found.charm):
        assert shared[0] == shared[1]


@given(**chains)
def test_signs_and_bounds(forward: float, moneyness: float, tau: float, vol: float) -> None:
    found = both_rights(forward, forward * math.exp(moneyness), tau, vol)
    call, put = found.delta
    assert 0 <= call <= 1
    assert -1 <= put <= 0
    assert (found.gamma >= 0).all()
    assert (found.theta <= 0).all()


@given(**chains)
def test_put_call_parity(forward: float, moneyness: float, tau: float, vol: float) -> None:
    strike = forward * math.exp(moneyness)
    call, put = black.price(
        forward, np.full(2, strike), tau, np.full(2, vol), np.array([True, False])
    )
    assert call - put == pytest.approx(forward - strike, abs=8 * EPSILON * max(forward, strike))
    assert max(forward - strike, 0) <= call + 8 * EPSILON * forward
    assert call <= forward


@given(**chains, scale=st.floats(0.01, 100))
def test_units_of_the_underlying_cancel(
    forward: float, moneyness: float, tau: float, vol: float, scale: float
) -> None:
    strike = forward * math.exp(moneyness)
    here = both_rights(forward, strike, tau, vol)
    there = both_rights(forward * scale, strike * scale, tau, vol)
    for unscaled, scaled in (
        (here.delta, there.delta),
        (here.gamma, there.gamma * scale),
        (here.theta, there.theta / scale),
    ):
        np.testing.assert_allclose(scaled, unscaled, rtol=1e-9, atol=1e-200)


@pytest.mark.parametrize(
    "spoiled",
    [
        {"vol": math.nan},
        {"vol": 0.0},
        {"vol": -0.2},
        {"vol": math.inf},
        {"tau": 0.0},
        {"tau": -MINUTE},
        {"tau": math.nan},
        {"strike": 0.0},
        {"strike": -5.0},
        {"strike": math.nan},
        {"strike": math.inf},
        {"forward": math.nan},
        {"forward": 0.0},
        {"forward": -5.0},
        {"forward": math.inf},
    ],
    ids=str,
)
def test_what_has_no_value_is_nan(spoiled: dict[str, float]) -> None:
    contract = {"forward": 100.0, "strike": 100.0, "tau": MINUTE, "vol": 0.2} | spoiled
    arguments = (contract["forward"], one(contract["strike"]), contract["tau"])
    for is_call in (np.array([True]), np.array([False])):
        greeks = black.greeks(*arguments, one(contract["vol"]), is_call)
        assert np.isnan(greeks).all()
        assert np.isnan(black.price(*arguments, one(contract["vol"]), is_call)).all()


def test_a_contract_without_volatility_leaves_its_neighbours_alone() -> None:
    strike = np.linspace(90, 110, 21)
    vol = np.full(21, 0.2)
    is_call = np.arange(21) % 2 == 0
    whole = black.greeks(100.0, strike, MINUTE, vol, is_call)
    vol[10] = math.nan
    holed = black.greeks(100.0, strike, MINUTE, vol, is_call)
    kept = np.arange(21) != 10
    for before, after in zip(whole, holed, strict=True):
        np.testing.assert_array_equal(before[kept], after[kept])
        assert np.isnan(after[10])


def test_no_contracts() -> None:
    none = np.empty(0)
    assert black.price(100.0, none, MINUTE, none, np.empty(0, dtype=bool)).shape == (0,)
