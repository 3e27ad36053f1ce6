"""Chances of the close: cells, scales, doubts, and the reference's rule of thumb."""

import math

import numpy as np
import pytest

from decision.laws import expectation, law
from zerodte.decision.probability import QUANTILES, Close, cell, heuristic_pin
from zerodte.engine.density import Density
from zerodte.engine.physical import PUBLISHED_SCALE, UNIT_SCALE, Scale


def close(
    density: Density | None = None, scale: Scale = PUBLISHED_SCALE, step: float = 1.0
) -> Close:
    return Close(law() if density is None else density, scale, 50.0, step)


def test_cells_of_all_strikes_are_the_whole_line() -> None:
    strikes = np.array([95.0, 97.5, 100.0, 101.0, 102.0, 105.0])
    cells = [cell(strikes, strike) for strike in strikes.tolist()]
    assert [high for _, high in cells[:-1]] == [low for low, _ in cells[1:]]
    assert cells[0] == (93.75, 96.25)
    assert cells[-1] == (103.5, 106.5)
    inner = sum(close().chance(low, high).value for low, high in cells)
    assert inner == pytest.approx(close().physical.mass(93.75, 106.5))


@pytest.mark.parametrize("strikes", [[], [100.0]])
def test_one_strike_has_no_cell(strikes: list[float]) -> None:
    assert all(map(math.isnan, cell(np.array(strikes), 100.0)))


def test_the_physical_law_is_the_chains_narrowed_about_its_mean() -> None:
    law_of_close = close()
    low, high = 98.0, 102.0
    mean = law().mean
    wide = [mean + (end - mean) / 0.87 for end in (low, high)]
    inside = expectation(law(), lambda at: ((at > wide[0]) & (at <= wide[1])).astype(float))
    chance = law_of_close.chance(low, high)
    assert chance.value == pytest.approx(inside, abs=1e-4)
    assert chance.priced == pytest.approx(law().mass(low, high))
    assert chance.value > chance.priced


def test_the_interval_holds_the_value_and_narrows_with_sessions() -> None:
    def width(sessions: int) -> float:
        chance = close(scale=Scale((0.87,) * 4, sessions, 1)).chance(99.0, 101.0)
        low, high = chance.interval
        assert low <= chance.value <= high
        return high - low

    assert width(0) > 1.5 * width(240) > 0.0
    assert width(240) == pytest.approx(width(0) * math.sqrt(60 / 300), rel=0.05)


@pytest.mark.parametrize(
    ("density", "step", "word"),
    [
        (law(), 1.0, None),
        (law(), 10.0, "strike steps"),
        (law(repriced=0.42), 1.0, "42% repriced"),
    ],
)
def test_doubts_widen_a_narrow_band_and_are_said(
    density: Density, step: float, word: str | None
) -> None:
    doubtful = close(density, step=step)
    chance = doubtful.chance(99.5, 100.5, needs_shape=True)
    plain = doubtful.chance(99.5, 100.5)
    if word is None:
        assert doubtful.doubt is None
        assert chance == plain
    else:
        assert doubtful.doubt is not None
        assert word in doubtful.doubt
        assert chance.interval[1] - chance.interval[0] > 3 * (plain.interval[1] - plain.interval[0])
    assert chance.value == plain.value


def test_quantiles_are_where_the_law_has_them() -> None:
    law_of_close = close(scale=UNIT_SCALE)
    below = law().cdf(law_of_close.quantiles())
    assert below == pytest.approx(QUANTILES, abs=1e-9)


def test_the_references_published_pin() -> None:
    """D 0.0007, sigma 0.0034, 1.1 hours, positive gamma, 44%: 0.83."""
    assert heuristic_pin(0.0007, 0.0034, 1.1, "positive_gamma", 0.44) == pytest.approx(
        0.83, abs=0.005
    )


def test_the_rule_of_thumb_goes_wrong_at_the_end() -> None:
    """Five minutes before the close it claims next to nothing a third of a sigma away."""
    early = heuristic_pin(0.0003, 0.0020, 0.5, "unknown", 0.30)
    late = heuristic_pin(0.0003, 0.0009, 1 / 12, "unknown", 0.30)
    assert early > 0.55
    assert late < 0.10
    assert heuristic_pin(0.0, 0.0, 0.0, "positive_gamma", 0.9) == 0.95
    assert heuristic_pin(0.001, 0.0, 0.0, "positive_gamma", 0.9) == 0.0
