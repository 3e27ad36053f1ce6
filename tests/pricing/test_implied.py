"""Implied volatility against 40-digit answers, lbriv, and the way back to the price."""

import csv
import math
from pathlib import Path

import lbriv
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from answers import black76
from zerodte.arrays import F64
from zerodte.pricing import black, implied

MINUTE = 1 / (390 * 252)


def tolerance(forward: float, strike: F64, tau: float, vol: F64, price: F64) -> F64:
    """The model's promise: max(1e-8, 4 units in the last place of the price over vega)."""
    calls = np.ones(strike.shape[0], dtype=bool)
    gamma = black.greeks(forward, strike, tau, vol, calls).gamma
    with np.errstate(divide="ignore"):
        vega = forward * forward * gamma * vol * tau
        return np.maximum(1e-8, 4 * np.spacing(price) / vega)


def one(forward: float, strike: float, tau: float, price: float, *, is_call: bool) -> float:
    vol = implied.volatility(
        forward, np.array([strike]), tau, np.array([price]), np.array([is_call])
    )
    return float(vol[0])


@pytest.mark.parametrize("minutes", [390, 180, 60, 15, 5])
def test_recorded_truth(recorded: Path, minutes: int) -> None:
    truth = np.load(recorded / "pricing" / "black_truth.npz")
    strike, price, exact = truth["K"], truth[f"tick{minutes}"], truth[f"ivtick{minutes}"]
    forward, tau = float(truth["S"]), minutes * MINUTE
    found = implied.volatility(forward, strike, tau, price, truth["cp"] > 0)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(exact))
    exists = ~np.isnan(exact)
    error = np.abs(found - exact)[exists]
    assert (error <= tolerance(forward, strike, tau, exact, price)[exists]).all()
    # The promise is for the worst of inputs. Of these volatilities nearly every digit is found.
    assert (error <= 2e-15 * exact[exists]).all()


@pytest.mark.parametrize("premium", [0.01, 0.025, 0.05, 1.0, 30.0])
@pytest.mark.parametrize("distance", [0.0, 0.5, -5.0, 60.0, -400.0, 3000.0])
def test_one_minute_before_the_close(premium: float, distance: float) -> None:
    forward = 4479.0898
    strike, is_call = forward + distance, distance >= 0
    exact = black76.volatility(forward, strike, MINUTE, premium, is_call)
    found = one(forward, strike, MINUTE, premium, is_call=is_call)
    assert found == pytest.approx(float(exact), rel=1e-10)


def test_lbriv_on_a_recorded_chain(recorded: Path) -> None:
    path = recorded / "chains" / "spx_2022-03-23_1011_intraday.csv"
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row and row[1].startswith("SPXW220323C")]
    quotes = np.array([[float(row[k]) for k in (11, 4, 5, 15, 16)] for row in rows])
    strike, call_bid, call_ask, put_bid, put_ask = quotes.T
    forward, tau = 4478.8, 349 * MINUTE
    for is_call, bid, ask in ((True, call_bid, call_ask), (False, put_bid, put_ask)):
        quoted = (bid > 0) & (ask > bid)
        prices, strikes = ((bid + ask) / 2)[quoted], np.ascontiguousarray(strike[quoted])
        found = implied.volatility(
            forward, strikes, tau, prices, np.full(strikes.shape[0], is_call)
        )
        answer = lbriv.vectorized_implied_vol_strikes(
            prices, forward, strikes, 1 if is_call else -1
        )
        assert quoted.sum() > 60
        np.testing.assert_allclose(found, answer / math.sqrt(tau), rtol=1e-9)


contracts = {
    "log_moneyness": st.floats(-3, 3),
    "deviation": st.floats(1e-5, 6),
    "is_call": st.booleans(),
    "tau": st.floats(MINUTE, 3.0),
}


@given(**contracts)
def test_price_and_back(log_moneyness: float, deviation: float, is_call: bool, tau: float) -> None:
    forward = 4479.0
    strike, vol = np.array([forward * math.exp(log_moneyness)]), np.array([deviation / tau**0.5])
    price = black.price(forward, strike, tau, vol, np.array([is_call]))
    found = implied.volatility(forward, strike, tau, price, np.array([is_call]))
    # What the price itself lost in rounding comes back as error, in both directions.
    rounding = 1e-12 * price + 4 * np.spacing(np.maximum(forward, strike))
    vega = (
        forward**2 * black.greeks(forward, strike, tau, vol, np.array([is_call])).gamma * vol * tau
    )
    if 1e-6 * vol * vega < rounding:
        return  # the price does not hold the volatility: no digits to ask back
    assert np.abs(found - vol) <= np.maximum(1e-8, 4 * rounding / vega)


@given(
    log_moneyness=st.floats(-0.3, 0.3),
    premiums=st.lists(st.floats(1e-6, 0.9), min_size=2, max_size=80, unique=True),
    is_call=st.booleans(),
)
def test_volatility_grows_with_the_price(
    log_moneyness: float, premiums: list[float], is_call: bool
) -> None:
    forward = 590.0
    strike = forward * math.exp(log_moneyness)
    floor = max(forward - strike, 0) if is_call else max(strike - forward, 0)
    price = floor + np.sort(premiums) * min(forward, strike)
    vol = implied.volatility(
        forward, np.full_like(price, strike), MINUTE, price, np.full(price.shape[0], is_call)
    )
    apart = np.diff(price) > 1e-12 * price[1:]
    assert (np.diff(vol)[apart] > 0).all()


@given(log_moneyness=st.floats(-0.05, 0.05), vol=st.floats(0.05, 2))
def test_the_side_in_the_money_agrees_by_parity(log_moneyness: float, vol: float) -> None:
    forward, tau = 590.0, 60 * MINUTE
    strike = np.full(2, forward * math.exp(log_moneyness))
    rights = np.array([True, False])
    prices = black.price(forward, strike, tau, np.full(2, vol), rights)
    call, put = implied.volatility(forward, strike, tau, prices, rights)
    allowed = tolerance(forward, strike, tau, np.full(2, vol), np.full(2, forward)).max()
    if allowed < 1e-3:
        assert abs(call - put) <= allowed


@pytest.mark.parametrize(
    ("strike", "price", "is_call"),
    [
        (90.0, 10.0, True),  # intrinsic value alone
        (90.0, 9.0, True),  # less than that
        (110.0, 10.0, False),
        (110.0, 0.0, True),  # nothing
        (110.0, -0.05, True),
        (110.0, 100.0, True),  # the bound: the forward for a call
        (90.0, 150.0, True),
        (90.0, 90.0, False),  # the bound: the strike for a put
        (90.0, math.nan, False),
        (math.nan, 1.0, True),
        (0.0, 1.0, True),
        (-5.0, 1.0, True),
        (100.0, math.inf, True),
    ],
)
def test_no_volatility_exists(strike: float, price: float, is_call: bool) -> None:
    assert math.isnan(one(100.0, strike, MINUTE, price, is_call=is_call))


@pytest.mark.parametrize("tau", [0.0, -MINUTE, math.nan])
def test_no_time_no_volatility(tau: float) -> None:
    assert math.isnan(one(100.0, 100.0, tau, 1.0, is_call=True))


@pytest.mark.parametrize("forward", [0.0, -5.0, math.nan, math.inf])
def test_no_forward_no_volatility(forward: float) -> None:
    assert math.isnan(one(forward, 100.0, MINUTE, 1.0, is_call=True))


def test_a_contract_does_not_depend_on_its_neighbours() -> None:
    """Bit for bit, whatever else is in the chain, wherever in it the contract stands."""
    rng = np.random.default_rng(5)
    strike = np.linspace(500, 680, 181)
    is_call = rng.random(181) < 0.5
    price = rng.uniform(0.01, 40, 181)
    together = implied.volatility(590.0, strike, MINUTE, price, is_call)
    for i in range(181):
        part = slice(i, i + 1)
        alone = implied.volatility(590.0, strike[part], MINUTE, price[part], is_call[part])
        np.testing.assert_array_equal(alone, together[part])
    order = rng.permutation(181)
    shuffled = implied.volatility(590.0, strike[order], MINUTE, price[order], is_call[order])
    np.testing.assert_array_equal(shuffled, together[order])
    assert 20 < np.isnan(together).sum() < 160
