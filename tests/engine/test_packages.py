"""Packages by hand: which legs belong together, who bought them, and what that is worth."""

import dataclasses
from collections.abc import Sequence

import pytest

from engine.made_trades import CLOSE, MINUTE, OPEN, Made, columns, new_flow
from zerodte.records.condition import Condition

#: Contracts of the made terms.
CALL_100, CALL_105, PUT_100, PUT_95, LATER_100 = range(5)


def leg(position: int, price: int = 22, **changes: object) -> Made:
    """A leg of five contracts against a quote of 18 to 22 nickels: at the ask by default."""
    made = Made(price=price, position=position, condition=Condition.MULTI_LEG)
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def customers(legs: Sequence[Made]) -> list[int]:
    return [int(side) for side in new_flow(terms=True).apply(columns(legs), 0).customer]


@pytest.mark.parametrize(
    ("legs", "sides"),
    [
        # A vertical bought at 4 nickels over its mid, then sold.
        ([leg(CALL_100, 22), leg(CALL_105, 18)], [1, -1]),
        ([leg(CALL_100, 18), leg(CALL_105, 22)], [-1, 1]),
        # Its second leg at the mid, its first above.
        ([leg(CALL_100, 21), leg(CALL_105, 20)], [1, -1]),
        # A straddle, a strangle, and both sold.
        ([leg(CALL_100, 21), leg(PUT_100, 21)], [1, 1]),
        ([leg(CALL_105, 19), leg(PUT_95, 20)], [-1, -1]),
        # A calendar, whichever expiry comes first.
        ([leg(CALL_100, 18), leg(LATER_100, 21)], [-1, 1]),
        ([leg(LATER_100, 21), leg(CALL_100, 18)], [1, -1]),
        # A butterfly of both rights: wings at 95 and 105 bought, body at 100 sold.
        ([leg(PUT_95), leg(PUT_100, 18), leg(CALL_100, 18), leg(CALL_105)], [1, -1, -1, 1]),
        ([leg(CALL_100), leg(PUT_100), leg(CALL_105, 18), leg(PUT_95, 18)], [1, 1, -1, -1]),
    ],
)
def test_the_net_price_says_who_bought(legs: list[Made], sides: list[int]) -> None:
    assert customers(legs) == sides


@pytest.mark.parametrize(
    "legs",
    [
        [leg(CALL_100)],
        [leg(CALL_100), leg(CALL_100)],
        [leg(PUT_100), leg(LATER_100)],  # another right of another expiry
        [leg(CALL_100), leg(CALL_105)],  # a vertical at its mid
        [leg(CALL_100), leg(CALL_105, 18, size=4)],
        [leg(CALL_100), leg(CALL_105, 18, at=OPEN + MINUTE + 1)],
        [leg(CALL_100), leg(CALL_105, 18, ask=0)],
        [leg(CALL_100), leg(CALL_105, 18, bid=22)],
        [leg(CALL_100), leg(CALL_105, 18, stale=True)],
        [leg(CALL_100, at=OPEN), leg(CALL_105, 18, at=OPEN)],
        [leg(CALL_100, at=CLOSE + 1), leg(CALL_105, 18, at=CLOSE + 1)],
        [leg(CALL_100), leg(CALL_105, 18), leg(PUT_100)],  # of three and of five none is known
        [leg(CALL_100), leg(CALL_105, 18), leg(PUT_100), leg(PUT_95, 18), leg(CALL_100)],
        [leg(CALL_100), leg(CALL_105, 18), leg(CALL_100), leg(CALL_105, 18)],  # two verticals
        [leg(CALL_100), leg(CALL_105), leg(LATER_100), leg(PUT_95)],  # of two expiries
    ],
)
def test_what_is_no_known_package_has_no_side(legs: list[Made]) -> None:
    assert set(customers(legs)) == {0}
    flow = new_flow(terms=True)
    flow.apply(columns(legs), 0)
    assert flow.net_bought.sum() == 0
    assert flow.variance.sum() > 0


@pytest.mark.parametrize(
    ("first", "second", "worth"),
    [
        # Nickels over the mid, by the root of two squared half-widths of 2: 2.83.
        (20.5, 20.0, 0.04),
        (21, 20, 0.15),
        (22, 20, 0.25),
        (22, 18, 0.28),
    ],
)
def test_the_further_from_the_mid_the_more_it_is_worth(
    first: float, second: float, worth: float
) -> None:
    wide = [
        leg(CALL_100, round(2 * first), bid=36, ask=44),
        leg(CALL_105, round(2 * second), bid=36, ask=44),
    ]
    flow = new_flow(terms=True)
    flow.apply(columns(wide), 0)
    assert flow.net_bought.tolist()[:2] == pytest.approx([5 * worth, -5 * worth])
    assert flow.variance[0] == pytest.approx(25 * (1 - worth**2), rel=0.01)
    # At 500, half a delta each, as the customer's expected purchase.
    assert flow.customer_dollars.tolist()[:2] == [125_000 * worth, -125_000 * worth]


def test_legs_stay_out_of_the_aggressors_flow() -> None:
    flow = new_flow(terms=True)
    out = flow.apply(columns([leg(CALL_100), leg(CALL_105, 18)]), 0)
    assert out.side.tolist() == [0, 0]
    assert (flow.bought.sum(), flow.sold.sum(), flow.delta_dollars.sum()) == (0, 0, 0)
    assert flow.unsigned.tolist()[:2] == [5, 5]


def test_without_terms_no_package_can_be_told() -> None:
    assert new_flow().apply(columns([leg(CALL_100), leg(CALL_105, 18)]), 0).customer.sum() == 0


def test_a_cancelled_leg_leaves_the_other() -> None:
    flow = new_flow(terms=True)
    gone = Made(condition=Condition.CANCEL, cancels=0)
    flow.apply(columns([leg(CALL_100), leg(CALL_105, 18), gone]), 0)
    assert flow.net_bought.tolist()[:2] == [0, pytest.approx(-5 * 0.28)]
    assert (flow.variance[0], flow.customer_dollars[0]) == (0, 0)


@pytest.mark.parametrize(("single", "worth"), [(True, 0.6), (False, 0.3)])
def test_a_whole_quote_is_worth_more_where_one_exchange_quotes(single: bool, worth: float) -> None:
    """A trade of exactly the bid's size took the bid of a customer."""
    made = Made(price=22, size=10)
    flow = new_flow(terms=True, single_listed=single)
    assert flow.apply(columns([made]), 0).customer.tolist() == [1]
    assert flow.net_bought[0] == pytest.approx(10 * worth)
    plain = new_flow(terms=True, single_listed=single)
    plain.apply(columns([dataclasses.replace(made, size=9)]), 0)
    assert plain.net_bought[0] == pytest.approx(9 * 0.46)
