"""What positions cost, pay and risk, against plain integrals and arithmetic by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decision.laws import expectation, law
from zerodte.arrays import F64
from zerodte.decision.setup_legs import iron_condor, iron_fly, vertical
from zerodte.decision.structure import Offers, OptionLeg, Position, position_of
from zerodte.engine.chain_inputs import CALL, PUT

STRIKES = np.arange(90.0, 111.0)


def offers(spread: float = 0.04) -> Offers:
    """Every strike quoted around its worth under the known law."""
    density = law()
    worth = np.stack([density.calls(STRIKES), density.puts(STRIKES)])
    bid = np.maximum(worth - spread / 2, 0.0)
    return Offers(STRIKES, np.where(bid > 0.005, bid, np.nan), worth + spread / 2)


def positions() -> dict[str, Position]:
    made = {
        "fly": iron_fly(offers(), 100.0, 2.0),
        "condor": iron_condor(offers(), 99.6, 2.0, math.nan, math.nan),
        "up": vertical(offers(), 99.6, 2.0, 1.0),
        "down": vertical(offers(), 99.6, 2.0, -1.0),
    }
    assert all(made.values())
    return {name: position for name, position in made.items() if position}


@pytest.mark.parametrize("name", ["fly", "condor", "up", "down"])
def test_chances_are_those_of_a_plain_integral(name: str) -> None:
    position, density = positions()[name], law()
    wins = expectation(density, lambda at: (position.profit(at) > 0.0).astype(np.float64))
    assert position.probability_of_profit(density) == pytest.approx(wins, abs=2e-4)
    mean = expectation(density, position.profit)
    assert position.expected_value(density) == pytest.approx(mean, abs=1e-6)
    at = np.linspace(80.0, 120.0, 400_001)
    made = position.profit(at)
    assert position.max_profit == pytest.approx(made.max(), abs=1e-4)
    assert position.max_loss == pytest.approx(-made.min(), abs=1e-4)
    crossings = at[:-1][np.diff(np.sign(made)) != 0]
    assert position.break_evens() == pytest.approx(crossings, abs=2e-4)


def test_the_worked_fly() -> None:
    """Credit 3.00 at the natural price on wings of 5: by hand."""
    fly = position_of(
        OptionLeg(PUT, 95.0, 1, 0.20, 0.30),
        OptionLeg(PUT, 100.0, -1, 1.75, 1.85),
        OptionLeg(CALL, 100.0, -1, 1.80, 1.90),
        OptionLeg(CALL, 105.0, 1, 0.15, 0.25),
    )
    assert fly is not None
    assert fly.at_natural == pytest.approx(1.75 + 1.80 - 0.30 - 0.25)
    assert fly.at_mid == pytest.approx(1.80 + 1.85 - 0.25 - 0.20)
    assert fly.width == 5.0
    assert fly.max_profit == pytest.approx(3.0)
    assert fly.max_loss == pytest.approx(2.0)
    assert list(fly.break_evens()) == pytest.approx([97.0, 103.0])
    assert fly.profit(np.array([100.0, 97.0, 90.0])) == pytest.approx([3.0, 0.0, -2.0])


def test_a_fly_stands_at_the_magnet_and_its_wings_beyond_a_sigma() -> None:
    fly = positions()["fly"]
    assert (fly.strike(CALL, -1), fly.strike(PUT, -1)) == (100.0, 100.0)
    assert (fly.strike(CALL, 1), fly.strike(PUT, 1)) == (102.0, 98.0)


def test_a_condor_sells_behind_the_walls_but_not_beyond_one_and_a_half_sigmas() -> None:
    def shorts(call_wall: float, put_wall: float) -> tuple[float, float]:
        condor = iron_condor(offers(), 100.0, 2.0, call_wall, put_wall)
        assert condor is not None
        return condor.strike(CALL, -1), condor.strike(PUT, -1)

    assert shorts(101.0, 99.0) == (102.0, 98.0), "walls near spot: one sigma"
    assert shorts(102.5, 97.5) == (103.0, 97.0), "behind the walls"
    assert shorts(109.0, 91.0) == (103.0, 97.0), "walls far away: one and a half"
    assert shorts(98.0, 102.0) == (102.0, 98.0), "walls on the wrong side count as none"


def test_a_wing_needs_an_offer_alone_and_a_short_a_bid() -> None:
    sound = offers()
    bid, ask = sound.bid.copy(), sound.ask.copy()
    bid[CALL, STRIKES >= 102.0] = np.nan
    fly = iron_fly(Offers(STRIKES, bid, ask), 100.0, 2.0)
    assert fly is not None
    assert fly.strike(CALL, 1) == 102.0
    assert fly.legs[-1].bid == 0.0
    bid[CALL, STRIKES == 100.0] = np.nan
    assert iron_fly(Offers(STRIKES, bid, ask), 100.0, 2.0) is None


def test_a_vertical_needs_a_direction() -> None:
    assert vertical(offers(), 99.6, 2.0, math.nan) is None
    assert vertical(offers(), 99.6, 2.0, 0.0) is None
    up = positions()["up"]
    assert (up.strike(CALL, 1), up.strike(CALL, -1)) == (100.0, 102.0)
    assert math.isnan(up.strike(PUT, 1))
    assert up.at_natural < 0.0


def test_a_touch_is_likelier_than_a_close_beyond() -> None:
    density = law()
    for touch in positions()["condor"].touches(density):
        beyond = float(density.cdf(np.array([touch.strike]))[0])
        beyond = min(beyond, 1.0 - beyond)
        assert touch.probability == pytest.approx(1.9 * beyond)


@given(
    st.lists(st.floats(0.0, 1.0), min_size=42, max_size=42),
    st.floats(85.0, 115.0),
    st.floats(0.05, 8.0),
)
def test_no_position_ever_loses_more_than_its_width_and_its_price(
    held_back: list[float], spot: float, sigma: float
) -> None:
    """Chains with any holes: a position is whole and bounded, or there is none."""
    sound, holes = offers(), np.array(held_back).reshape(2, -1) < 0.4
    bid: F64 = np.where(holes, np.nan, sound.bid)
    book = Offers(STRIKES, bid, sound.ask)
    far = np.array([-1e6, 0.0, 1e6])
    for position in (
        iron_fly(book, 100.0, sigma),
        iron_condor(book, spot, sigma, 104.0, 97.0),
        vertical(book, spot, sigma, -1.0),
    ):
        if position is None:
            continue
        assert np.isfinite(position.at_natural)
        assert (position.profit(far) >= -position.max_loss - 1e-9).all()
        assert position.max_loss <= position.width - position.at_natural + 1e-9
        assert 0.0 <= position.probability_of_profit(law()) <= 1.0 + 1e-9
