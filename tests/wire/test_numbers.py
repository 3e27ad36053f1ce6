"""Rounding for the wire, against exact decimal arithmetic."""

import math
from decimal import Context, Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zerodte.wire import numbers

ANY = st.floats(allow_nan=False, allow_infinity=False)
EVERYDAY = st.floats(-1e13, 1e13)
SEVEN_DIGITS = Context(prec=7, rounding="ROUND_HALF_EVEN", Emin=-400, Emax=400)
TIES = [0.5 + 1e6, 1e6 + 1.5, 0.00010000005, 12345.675, 1e7 + 5, 1e7 + 15, -2.0000005]


def exact(value: float) -> float:
    return float(SEVEN_DIGITS.create_decimal(Decimal(value)))


@given(ANY)
@example(1.7976931348623157e308)
@example(5e-324)
def test_one_number_rounds_exactly(value: float) -> None:
    assert numbers.number(value) == exact(value)


@given(st.lists(ANY | EVERYDAY))
@example(TIES)
def test_a_column_rounds_exactly(values: list[float]) -> None:
    expected = [exact(value) for value in values]
    assert numbers.numbers(np.array(values, dtype=np.float64)) == expected


@pytest.mark.parametrize("power", range(-30, 31))
def test_powers_of_ten_and_their_neighbours(power: int) -> None:
    ten = float(f"1e{power}")
    column = np.array([np.nextafter(ten, 0.0), ten, np.nextafter(ten, np.inf), 9.9999996 * ten])
    assert numbers.numbers(column) == [exact(value) for value in column.tolist()]


@given(st.lists(EVERYDAY))
def test_whole_numbers_round_halves_to_even(values: list[float]) -> None:
    expected = [int(Decimal(value).to_integral_value("ROUND_HALF_EVEN")) for value in values]
    assert numbers.wholes(np.array(values, dtype=np.float64)) == expected
    assert [numbers.whole(value) for value in values] == expected


@pytest.mark.parametrize("unknown", [math.nan, math.inf, -math.inf])
def test_unknown_is_none_and_leaves_its_neighbours_alone(unknown: float) -> None:
    column = np.array([1.25, unknown, 2.0])
    assert numbers.numbers(column) == [1.25, None, 2.0]
    assert numbers.wholes(column) == [1, None, 2]
    assert numbers.number(unknown) is None
    assert numbers.whole(unknown) is None


def test_zero_has_no_sign() -> None:
    assert str(numbers.number(-0.0)) == "0.0"
    assert str(numbers.numbers(np.array([-0.0, 0.0]))) == "[0.0, 0.0]"


def test_an_empty_column() -> None:
    assert numbers.numbers(np.array([])) == []
    assert numbers.wholes(np.array([])) == []


def test_integers_keep_every_digit() -> None:
    values, known = np.array([[2**62 + 1, -3], [0, 5]]), np.array([[True, True], [True, False]])
    assert numbers.integers(values, known) == [[2**62 + 1, -3], [0, None]]
    assert all(type(value) is int for value in numbers.integers(values[0], known[0]))


@pytest.mark.parametrize("digits", range(3, 8))
def test_integers_are_shortened_as_a_decimal_is(digits: int) -> None:
    """Beside exact decimals, ties and both signs included."""
    drawn = np.random.default_rng(digits)
    size = 10.0 ** drawn.uniform(0.0, 17.0, 2_000)
    ties = (np.arange(10 ** (digits - 1), 10 ** (digits - 1) + 50) * 10 + 5) * 10**4
    values = np.concatenate(([0, 9, 999, 9_999_999, 99_999_999, 10**15 - 1], size, ties))
    values = np.concatenate((values, -values)).astype(np.int64)
    context = Context(prec=digits, rounding="ROUND_HALF_EVEN")
    expected = [int(context.create_decimal(value)) for value in values.tolist()]
    assert numbers.shortened(values, digits).tolist() == expected
    assert numbers.shortened(values.reshape(2, -1), digits).ravel().tolist() == expected


@pytest.mark.parametrize("digits", range(3, 8))
def test_a_column_has_as_many_digits_as_are_asked_for(digits: int) -> None:
    drawn = np.random.default_rng(digits)
    values = drawn.standard_normal(2_000) * 10.0 ** drawn.uniform(-20.0, 25.0, 2_000)
    values[:3] = 0.0, np.nan, np.inf
    expected = [
        float(f"{value:.{digits}g}") if math.isfinite(value) else None for value in values.tolist()
    ]
    assert numbers.numbers(values, digits) == expected
