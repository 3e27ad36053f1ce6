"""The gamma flip: a root, the nearest one, and withheld for a reason."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from engine.twin_pricing import Quote, Row
from session.day import ask
from session.generated import FAULTS, Made, chains, priced
from zerodte.constants import PROFILE_SPOTS

STRIKES = [470.0 + 2 * n for n in range(31)]
#: Calls above and puts below, as customers hold them: net gamma turns once.
USUAL = [(4_000 if k > 500 else 200, 4_000 if k < 496 else 200) for k in STRIKES]


def made(rows: list[Row], spot: float = 500.0) -> Made:
    """Half the session to go, one sigma about four dollars."""
    return Made(rows, 195, spot)


def usual(spot: float = 500.0) -> list[Row]:
    return priced(STRIKES, spot, 195, vol=0.18, oi=USUAL)


def spoil(rows: list[Row], fault: str, *, calls: set[float], puts: set[float]) -> list[Row]:
    """The rows with a fault in the calls and puts at some strikes."""
    change: Callable[[Quote], Quote | None] = FAULTS[fault]
    out = []
    for row in rows:
        call, put = row.call, row.put
        assert call is not None
        assert put is not None
        out.append(
            Row(
                row.strike,
                change(call) if row.strike in calls else call,
                change(put) if row.strike in puts else put,
            )
        )
    return out


@pytest.mark.drill
@given(chains())
@settings(max_examples=60, deadline=None)
def test_an_available_flip_is_the_nearest_root(made: Made) -> None:
    assume(not made.twin.delicate)
    state, twin = made.state(), made.twin
    event(state.flip.status)
    if state.flip.status != "available":
        assert math.isnan(state.flip.level)
        return
    assert abs(twin.net_at(state.flip.level)) <= 1e-6 * sum(twin.gex_at(state.flip.level))
    assert state.flip.level == pytest.approx(twin.roots()[0], abs=1e-5 * twin.s)


def test_the_usual_book_has_its_flip_between_puts_and_calls() -> None:
    state = made(usual()).state()
    assert state.flip.status == "available"
    assert 490.0 < state.flip.level < 502.0


@pytest.mark.parametrize("right", [0, 1])
def test_calls_alone_or_puts_alone_have_no_boundary(right: int) -> None:
    book = [(0, 500) if right else (500, 0) for _ in STRIKES]
    book[0] = (1, 500) if right else (500, 1)  # a side without any is unknown
    state = made(priced(STRIKES, 500.0, 195, vol=0.18, oi=book)).state()
    assert state.flip.status == "no_boundary"
    assert math.isnan(state.flip.level)


def test_an_even_book_is_too_sensitive_to_have_a_root() -> None:
    """Calls a little above puts at all strikes: a tenth more puts turn the whole profile."""
    book = [(1_000 + round(k - 500), 1_000) for k in STRIKES]
    state = made(priced(STRIKES, 500.0, 195, vol=0.18, oi=book)).state()
    assert state.flip.status == "sensitive_root"


@pytest.mark.parametrize("fault", ["zero bid", "crossed", "locked", "never quoted"])
@pytest.mark.parametrize("side", ["calls", "puts"])
def test_two_of_the_three_nearest_quotes_must_be_usable(fault: str, side: str) -> None:
    nearest = {"calls": [500.0, 502.0, 504.0], "puts": [498.0, 496.0, 494.0]}[side]
    other = "puts" if side == "calls" else "calls"
    for broken, status in (
        (nearest[:1], "available"),
        (nearest[:2], "insufficient_local_coverage"),
        (nearest[1:], "insufficient_local_coverage"),
    ):
        rows = spoil(usual(), fault, **{side: set(broken), other: set()})
        assert made(rows).state().flip.status == status


def test_a_contract_that_is_not_listed_is_no_bad_quote() -> None:
    rows = spoil(usual(), "unlisted", calls={502.0, 504.0}, puts=set())
    assert made(rows).state().flip.status == "available"


def test_six_tenths_of_the_quotes_around_spot_must_be_usable() -> None:
    """Quotes in the money are spoilt; out of the money, where coverage looks, all stay whole."""
    # Within one sigma (4 dollars) or three strikes a side lie 494 to 504: 12 quotes, 8 needed.
    inside = {k for k in STRIKES if 494 <= k <= 504}
    calls_in, puts_in = {k for k in inside if k < 500}, {k for k in inside if k >= 500}
    assert made(spoil(usual(), "crossed", calls=calls_in, puts={504.0})).state().flip.status == (
        "available"
    )
    poor = made(spoil(usual(), "crossed", calls=calls_in, puts=puts_in)).state()
    assert poor.flip.status == "insufficient_quote_quality"


@given(st.integers(2, 9))
@settings(max_examples=4, deadline=None)
def test_the_flip_does_not_move_when_all_open_interest_grows(factor: int) -> None:
    grown = [(calls * factor, puts * factor) for calls, puts in USUAL]
    once = made(usual()).state().flip
    often = made(priced(STRIKES, 500.0, 195, vol=0.18, oi=grown)).state().flip
    assert often.status == once.status
    assert often.level == pytest.approx(once.level, rel=1e-12)


@pytest.mark.drill
@given(chains())
@settings(max_examples=40, deadline=None)
def test_the_profile_at_spot_is_net_gex(made: Made) -> None:
    answer = ask(made.heard())
    profile, net = answer["gamma_profile"], answer["exposures"]["net_gex"]
    if net is None:
        assert profile is None
        return
    spots, found = np.array(profile["spots"]), np.array(profile["net_gex"])
    size = np.abs(found).max()
    middle = len(spots) // 2
    if len(spots) == PROFILE_SPOTS:
        assert spots[middle] == answer["underlying_price"]
        assert found[middle] == pytest.approx(net, rel=1e-6, abs=1e-6 * size)
    assert (np.array(profile["low"]) <= np.array(profile["high"])).all()


def test_the_profile_turns_at_the_flip_alone() -> None:
    answer = ask(made(usual()).heard())
    spots, net = (np.array(answer["gamma_profile"][name]) for name in ("spots", "net_gex"))
    below = spots < answer["regime"]["gamma_flip"]
    assert 0 < below.sum() < PROFILE_SPOTS
    assert (net[below] < 0.0).all()
    assert (net[~below] > 0.0).all()


def test_the_band_of_the_profile_is_that_of_a_tenth_of_the_puts() -> None:
    """By chains whose puts are a tenth more and a tenth fewer."""
    whole = ask(made(usual()).heard())["gamma_profile"]
    for name, scale in (("low", 1.1), ("high", 0.9)):
        counts = [(10 * calls, round(10 * scale * puts)) for calls, puts in USUAL]
        scaled = ask(made(priced(STRIKES, 500.0, 195, vol=0.18, oi=counts)).heard())
        expected = 0.1 * np.array(scaled["gamma_profile"]["net_gex"])
        assert whole[name] == pytest.approx(expected.tolist(), rel=1e-5, abs=1.0)
