"""Walls, magnet, max pain: brute force over the strikes, and what must hold of any chain."""

import math
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.twin_pricing import Quote, Row
from engine.twin_pricing import max_pain as brute_force
from session.day import ask
from session.generated import Made, chains
from zerodte.arrays import F64
from zerodte.engine.levels import cluster_score, max_pain

Counts: TypeAlias = list[tuple[int | None, int | None]]


def arrays(counts: Counts) -> F64:
    """Open interest as (2, n), NaN where unknown."""
    return np.array([[math.nan if c is None else c for c in pair] for pair in counts]).T


def rows(strikes: list[float], counts: Counts) -> list[Row]:
    return [
        Row(strike, *(Quote(None, None, count, None) for count in pair))
        for strike, pair in zip(strikes, counts, strict=True)
    ]


#: Small counts, so that ties are common.
COUNTS = st.one_of(st.none(), st.integers(0, 3))


@pytest.mark.drill
@given(
    st.lists(st.tuples(COUNTS, COUNTS), min_size=1, max_size=12),
    st.lists(st.integers(1, 8), min_size=12, max_size=12),
)
@settings(max_examples=300, deadline=None)
def test_max_pain_pays_holders_least_and_is_the_lowest_such_strike(
    counts: Counts, gaps: list[int]
) -> None:
    strikes = [100.0 + sum(gaps[:n]) for n in range(len(counts))]
    ours, plain = max_pain(np.array(strikes), arrays(counts)), brute_force(rows(strikes, counts))
    is_known = all(any(count is not None for count in side) for side in zip(*counts, strict=True))
    assert ours == plain if is_known and plain is not None else math.isnan(ours)


def test_max_pain_on_a_tie_is_the_lowest_strike() -> None:
    """One put below and one call above: nobody is paid anywhere between them."""
    strikes = np.array([90.0, 95.0, 100.0, 105.0, 110.0])
    held = np.array([[0.0, 0, 0, 1, 0], [0.0, 1, 0, 0, 0]])
    assert max_pain(strikes, held) == 95.0


def test_max_pain_of_a_chain_of_calls_is_its_lowest_strike() -> None:
    strikes = np.array([95.0, 100.0, 105.0])
    held = np.array([[0.0, 7.0, 9.0], [0.0, 0.0, 0.0]])
    assert max_pain(strikes, held) == 95.0


def test_max_pain_is_unknown_where_a_side_is() -> None:
    strikes = np.array([95.0, 100.0, 105.0])
    held = np.array([[0.0, 7.0, 9.0], [math.nan, math.nan, math.nan]])
    assert math.isnan(max_pain(strikes, held))
    assert math.isnan(max_pain(strikes, held[::-1]))


@pytest.mark.parametrize("known", [math.nan, 0.0])
def test_without_open_interest_there_is_no_max_pain(known: float) -> None:
    assert math.isnan(max_pain(np.array([95.0, 100.0]), np.full((2, 2), known)))


def test_levels_that_coincide_score_a_hundred_and_one_alone_nothing() -> None:
    assert cluster_score(np.array([100.0, 100.0, math.nan]), 2.0) == 100.0
    assert math.isnan(cluster_score(np.array([100.0, math.nan]), 2.0))
    assert math.isnan(cluster_score(np.array([100.0, 101.0]), math.nan))
    # Median 101, deviations 1, 0 and 3.
    assert cluster_score(np.array([100.0, 101.0, 104.0]), 2.0) == pytest.approx(
        100 * math.exp(-(4 / 3) / 2)
    )


@given(chains())
@settings(max_examples=40, deadline=None)
def test_no_strike_exceeds_the_walls_and_the_magnet(made: Made) -> None:
    state = made.state()
    live, levels = state.exposures, state.levels
    assert levels.call_wall.value == live.gex[0].max()
    assert levels.put_wall.value == live.gex[1].min() or math.isnan(levels.put_wall.value)
    assert abs(levels.magnet.value) == np.abs(live.net_by_strike).max()
    assert 0.0 < levels.call_wall_strength <= 1.0
    strikes = state.instant.chain.strikes
    above = live.gex[0][strikes >= state.spot.value].max(initial=0.0)
    below = live.gex[1][strikes <= state.spot.value].min(initial=0.0)
    assert levels.side_call_wall.value == above or (
        above == 0.0 and math.isnan(levels.side_call_wall.strike)
    )
    assert levels.side_put_wall.value == below or (
        below == 0.0 and math.isnan(levels.side_put_wall.strike)
    )
    known = [levels.call_wall.strike, levels.magnet.strike, levels.highest_open_interest.strike]
    assert set(known) <= set(state.instant.chain.strikes.tolist())


@pytest.mark.drill
@given(chains())
@settings(max_examples=40, deadline=None)
def test_further_walls_are_the_next_strikes_by_exposure(made: Made) -> None:
    """By sorting the rows of the snapshot; where fewer strikes have any, the rest is null."""
    answer = ask(made.heard())
    levels = answer["levels"]
    assume(len(answer["strikes"]) == len(made.rows))  # none lies beyond the answer's range
    for side, sign in (("call", 1.0), ("put", -1.0)):
        rows_ = [
            (-sign * row[f"{side}_gex"], row["strike"])
            for row in answer["strikes"]
            if row[f"{side}_gex"]
        ]
        expected = [(strike, -sign * size) for size, strike in sorted(rows_)][:3]
        expected += [(None, None)] * (3 - len(expected))
        names = [f"{side}_wall{which}" for which in ("", "_2", "_3")]
        assert [levels[f"{name}_gex"] for name in names] == [gex for _, gex in expected]
        assert {levels[name] for name in names} == {strike for strike, _ in expected}
