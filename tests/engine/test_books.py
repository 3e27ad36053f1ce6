"""What must hold of any book of open interest: scaling, swapping, signs, bounds, the unknown."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.twin_pricing import Quote, Row
from session.generated import FAULTS, Made, chains, priced, with_fault
from zerodte.engine.flip import Flip, FlipStatus
from zerodte.engine.quality import lone_share
from zerodte.engine.regime import flow_shift, regime
from zerodte.engine.state import ChainState

STRIKES = [480.0 + 2 * n for n in range(21)]
SUMS = ("net_gex", "net_dex", "net_vex", "net_chex", "net_theta", "gross_gex")


def with_interest(made: Made, change: Callable[[Row], tuple[float | None, float | None]]) -> Made:
    """The same chain with other open interest, given by row as (call, put)."""

    def changed(quote: Quote | None, count: float | None) -> Quote | None:
        return quote and quote._replace(oi=count)

    rows = []
    for row in made.rows:
        call, put = change(row)
        rows.append(row._replace(call=changed(row.call, call), put=changed(row.put, put)))
    return dataclasses.replace(made, rows=rows)


def interest(quote: Quote | None) -> float | None:
    return quote.oi if quote else None


def levels_of(state: ChainState) -> list[float]:
    levels = state.levels
    return [
        levels.call_wall.strike,
        levels.put_wall.strike,
        levels.magnet.strike,
        levels.max_positive_gamma,
        levels.max_negative_gamma,
        levels.highest_open_interest.strike,
        levels.max_pain,
    ]


@pytest.mark.drill
@given(chains(), st.integers(2, 1_000))
@settings(max_examples=40, deadline=None)
def test_more_of_the_same_scales_exposures_and_moves_no_level(made: Made, factor: int) -> None:
    def more(quote: Quote | None) -> float | None:
        return quote.oi * factor if quote and quote.oi is not None else None

    one, many = made.state(), with_interest(made, lambda r: (more(r.call), more(r.put))).state()
    for name in SUMS:
        near = 1e-12 * factor * one.exposures.gross_gex if name == "net_gex" else 0.0
        ours, scaled = getattr(one.exposures, name), getattr(many.exposures, name)
        assert scaled == pytest.approx(factor * ours, rel=1e-9, abs=near), name
    for before, after in zip(one.hedges, many.hedges, strict=True):
        near = 1e-9 * factor * (one.activity.call_oi + one.activity.put_oi)
        assert after.shares == pytest.approx(factor * before.shares, rel=1e-9, abs=near)
    np.testing.assert_array_equal(levels_of(many), levels_of(one))
    assert many.flip.status == one.flip.status
    assert many.pin.score == pytest.approx(one.pin.score, rel=1e-9)
    is_doubted = lone_share(many.instant.official) > lone_share(one.instant.official)
    # Else rounding has the sign, or one contract is large enough to be doubted by now.
    if abs(one.exposures.net_gex) > 1e-9 * one.exposures.gross_gex and not is_doubted:
        assert many.regime == one.regime


@pytest.mark.drill
@given(chains())
@settings(max_examples=40, deadline=None)
def test_swapping_calls_and_puts_turns_gex_round(made: Made) -> None:
    """Gamma knows no right: the walls change places and every net its sign."""

    def listed(row: Row) -> bool:
        return row.call is not None and row.put is not None

    made = dataclasses.replace(made, rows=[row for row in made.rows if listed(row)])
    one = made.state()
    other = with_interest(made, lambda row: (interest(row.put), interest(row.call))).state()
    np.testing.assert_allclose(other.exposures.gex, -one.exposures.gex[::-1], rtol=1e-12)
    near = 1e-12 * one.exposures.gross_gex
    assert other.exposures.net_gex == pytest.approx(-one.exposures.net_gex, rel=1e-9, abs=near)
    assert other.exposures.gross_gex == pytest.approx(one.exposures.gross_gex)
    np.testing.assert_array_equal(other.levels.call_wall.strike, one.levels.put_wall.strike)
    np.testing.assert_array_equal(other.levels.put_wall.strike, one.levels.call_wall.strike)


@pytest.mark.parametrize(("right", "long"), [("C", True), ("P", False)])
@given(st.integers(0, len(STRIKES) - 1), st.integers(1, 5_000))
@settings(max_examples=20, deadline=None)
def test_dealers_long_gamma_sell_rises_and_buy_falls(
    right: str, long: bool, at: int, count: int
) -> None:
    """The convention book is long calls and short puts: one contract shows either sign."""
    oi = [(0, 0)] * len(STRIKES)
    oi[at] = (count, 0) if right == "C" else (0, count)
    other = "P" if right == "C" else "C"
    rows = priced(STRIKES, 500.0, 195, vol=0.4, oi=oi)
    rows = [with_fault(row, other, FAULTS["unlisted"]) for row in rows]
    state = Made(rows, 195, 500.0).state()
    assert (state.exposures.net_gex > 0.0) is long
    for hedge in state.hedges:
        rises = "_up_" in hedge.move
        sells = rises if long else not rises
        assert (hedge.shares < 0.0) is sells, hedge.move
        assert abs(hedge.shares) <= 100 * count
    shares = {hedge.move: abs(hedge.shares) for hedge in state.hedges}
    assert shares["spot_up_10bp"] < shares["spot_up_25bp"] < shares["spot_up_half_pct"]


@pytest.mark.drill
@given(chains())
@settings(max_examples=60, deadline=None)
def test_the_pin_score_and_its_parts_lie_between_0_and_100(made: Made) -> None:
    state = made.state()
    pin = state.pin
    for part in (pin.score, pin.oi, pin.proximity, pin.time, pin.gamma):
        assert 0.0 <= part <= 100.0
    if state.levels.magnet.value < 0.0:
        assert pin.score == pytest.approx(0.25 * pin.proximity), "it repels"
        return
    assert min(pin.oi, pin.proximity, pin.time, pin.gamma) <= pin.score
    assert pin.score <= max(pin.oi, pin.proximity, pin.time, pin.gamma)


def test_open_interest_that_is_not_known_is_not_zero() -> None:
    chain = Made(priced(STRIKES, 500.0, 195, vol=0.4), 195, 500.0)
    state = with_interest(chain, lambda _: (None, None)).state()
    for name in SUMS:
        assert math.isnan(getattr(state.exposures, name)), name
    assert all(math.isnan(level) for level in levels_of(state))
    assert all(math.isnan(hedge.shares) for hedge in state.hedges)
    assert math.isnan(state.pin.score)
    assert math.isnan(state.cluster_score)
    assert math.isnan(state.quality.execution), "30 of its points are open interest"
    assert state.flip.status == "insufficient_open_interest"
    # What needs no open interest stays.
    assert state.surface.sigma > 0.0
    assert state.straddle > 0.0


def test_open_interest_of_zero_at_every_strike_is_not_known() -> None:
    """So vendors send it when their own is missing."""
    chain = Made(priced(STRIKES, 500.0, 195, vol=0.4), 195, 500.0)
    state = with_interest(chain, lambda _: (0, 0)).state()
    for name in SUMS:
        assert math.isnan(getattr(state.exposures, name)), name
    assert all(math.isnan(hedge.shares) for hedge in state.hedges)
    assert math.isnan(state.levels.max_pain)


@pytest.mark.parametrize(
    ("settled", "live", "effective", "label", "shift"),
    [
        (100.0, 100.0, 5.0, "no_flow", 0.0),
        (0.0, 0.0, 5.0, "no_flow", 0.0),
        (100.0, 104.9, 6.0, "neutral", 0.049),
        (100.0, 105.0, 6.0, "amplifying", 0.05),
        (-100.0, -120.0, 6.0, "amplifying", 0.2),
        (100.0, 80.0, 6.0, "dampening", -0.2),
        (-100.0, -80.0, 6.0, "dampening", -0.2),
        (100.0, -1.0, 6.0, "regime_flip", -1.01),
        (0.0, 3.0, 6.0, "regime_flip", math.nan),
        (math.nan, math.nan, 5.0, "no_flow", math.nan),
    ],
)
def test_the_shift_by_flow(
    settled: float, live: float, effective: float, label: str, shift: float
) -> None:
    official = np.array([[5.0], [math.nan]])
    moved = flow_shift(settled, live, official, np.array([[effective], [math.nan]]))
    assert moved.label == label
    assert moved.shift == pytest.approx(shift, nan_ok=True)
    assert moved.contracts == (effective != 5.0)
    assert moved.moved == effective - 5.0


@pytest.mark.parametrize(
    ("net", "known", "status", "label"),
    [
        (0.1, 1.0, "available", "positive_gamma"),
        (-0.1, 1.0, "available", "negative_gamma"),
        (50.0, 1.0, "no_boundary", "positive_gamma"),
        (50.0, 1.0, "sensitive_root", "unknown"),
        (50.0, 1.0, "insufficient_local_coverage", "unknown"),
        (50.0, 1.0, "insufficient_quote_quality", "unknown"),
        (50.0, 0.7, "available", "positive_gamma"),
        (40.0, 0.7, "available", "unknown"),  # the other 30% could weigh as much
        (99.0, 0.4, "available", "unknown"),
        (0.0, 1.0, "available", "unknown"),
        (math.nan, 1.0, "no_boundary", "unknown"),
    ],
)
def test_the_regime_is_the_sign_that_may_be_claimed(
    net: float, known: float, status: FlipStatus, label: str
) -> None:
    flip = Flip(math.nan, status, quoted=0.5)
    assert regime(net, 100.0, known, flip, is_doubtful=True) == label


@pytest.mark.parametrize("status", ["insufficient_local_coverage", "insufficient_quote_quality"])
def test_a_sign_needs_fewer_quotes_than_a_level(status: FlipStatus) -> None:
    def of(quoted: float, *, is_doubtful: bool = False) -> str:
        return regime(50.0, 100.0, 1.0, Flip(math.nan, status, quoted), is_doubtful=is_doubtful)

    assert of(0.25) == "positive_gamma"
    assert of(0.24) == of(0.59, is_doubtful=True) == "unknown"
