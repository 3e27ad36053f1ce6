"""The physical scale against its formula, written plainly."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerodte.engine.physical import PUBLISHED_SCALE, UNIT_SCALE, RemainingVariance, Scale, fitted

NAN = math.nan
VARIANCES = st.one_of(st.just(NAN), st.floats(1e-8, 1e-3))
DAYS = st.lists(st.tuples(*[st.tuples(VARIANCES, VARIANCES)] * 4), max_size=12)


def day(*quarters: tuple[float, float]) -> RemainingVariance:
    realised, implied = np.array(quarters).T
    return RemainingVariance(realised, implied)


def test_without_sessions_it_is_the_published_premium() -> None:
    assert fitted([]) == PUBLISHED_SCALE
    assert Scale((0.87,) * 4, 0, 1) == PUBLISHED_SCALE
    assert UNIT_SCALE.at(50.0) == 1.0


@pytest.mark.drill
@given(DAYS)
def test_the_posterior(days: list[tuple[tuple[float, float], ...]]) -> None:
    scale = fitted([day(*quarters) for quarters in days])
    for quarter in range(4):
        weight, total = 60.0, 60.0 * 0.87**2
        for one in days:
            realised, implied = one[quarter]
            if not math.isnan(realised) and not math.isnan(implied):
                weight += 1.0
                total += 1.1 * realised / implied
        assert scale.factors[quarter] == pytest.approx(math.sqrt(total / weight), rel=1e-12)
    knows = [any(not math.isnan(r + w) for r, w in one) for one in days]
    assert scale.sessions == sum(knows)


def test_sixty_sessions_weigh_as_much_as_the_published_premium() -> None:
    # 1.1 x 0.5 / 1 = 0.55, and the middle of 0.55 and 0.87^2 = 0.7569 is 0.65345.
    scale = fitted([day(*[(0.5e-4, 1e-4)] * 4)] * 60)
    assert scale.factors == pytest.approx((math.sqrt(0.65345),) * 4, rel=1e-12)
    assert scale.sessions == 60


def test_a_chain_that_implies_nothing_tells_nothing() -> None:
    known = (1e-4, 1e-4)
    scale = fitted([day((1e-4, 0.0), known, known, (NAN, 1e-4))])
    assert scale.factors[0] == scale.factors[3] == pytest.approx(0.87, rel=1e-12)
    assert scale.factors[1] > 0.87
    assert scale.sessions == 1


@pytest.mark.parametrize(
    ("elapsed", "k"),
    [(-1, 1), (0, 1), (24.9, 1), (25, 2), (50, 3), (74.9, 3), (75, 4), (100, 4), (120, 4)],
)
def test_the_quarter_in_force(elapsed: float, k: float) -> None:
    assert Scale((1.0, 2.0, 3.0, 4.0), 0, 1).at(elapsed) == k
