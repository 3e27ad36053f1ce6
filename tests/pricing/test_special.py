"""The special functions against mpmath, and their tables against the script that makes them."""

from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest

from answers import make_special
from zerodte.arrays import F64
from zerodte.compiled import vector_kernel
from zerodte.pricing import implied, special


@vector_kernel
def _exp(x: F64, out: F64) -> None:
    for i in range(x.shape[0]):
        out[i] = special.exp(x[i])


@vector_kernel
def _exp2(x: F64, out: F64) -> None:
    for i in range(x.shape[0]):
        out[i] = special.exp2(x[i])


@vector_kernel
def _mills(x: F64, out: F64) -> None:
    for i in range(x.shape[0]):
        out[i] = special.mills(x[i])


@vector_kernel
def _mills_fall(x: F64, width: F64, out: F64) -> None:
    for i in range(x.shape[0]):
        out[i] = special.mills_fall(x[i], width[i])[0]


@vector_kernel
def _mills_beyond(x: F64, width: F64, out: F64) -> None:
    for i in range(x.shape[0]):
        out[i] = special.mills_fall(x[i], width[i])[1]


@vector_kernel
def _log_ratio(x: F64, y: F64, out: F64) -> None:
    for i in range(x.shape[0]):
        out[i] = special.log_ratio(x[i], y[i])


def worst(found: F64, exact: list[mp.mpf]) -> float:
    """The largest relative error, itself without rounding error."""
    pairs = zip(found.tolist(), exact, strict=True)
    return max(abs(float(mp.mpf(value) / truth - 1)) for value, truth in pairs)


def applied(kernel: Callable[..., None], *arguments: F64) -> F64:
    out = np.empty_like(arguments[0])
    kernel(*arguments, out)
    return out


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(76)


def test_exp(rng: np.random.Generator) -> None:
    y = np.concatenate([rng.uniform(-708, 709, 1500), -(10 ** rng.uniform(-15, 1, 1500))])
    assert worst(applied(_exp, y), [mp.exp(mp.mpf(value)) for value in y.tolist()]) < 2e-16


def test_exp2(rng: np.random.Generator) -> None:
    y = np.concatenate([rng.uniform(-1022, 1023, 1500), -(10 ** rng.uniform(-15, 1, 1500))])
    exact = [mp.power(2, mp.mpf(value)) for value in y.tolist()]
    assert worst(applied(_exp2, y), exact) < 2e-16


@pytest.mark.parametrize(
    ("kernel", "least", "value"),
    [(_exp, -708.0, 3.307553003638408e-308), (_exp2, -1022.0, 2.0**-1022)],
)
def test_powers_at_their_ends(kernel: Callable[..., None], least: float, value: float) -> None:
    below = np.nextafter(least, -np.inf)
    found = applied(kernel, np.array([0.0, -0.0, below, -1e300, -np.inf, np.nan]))
    np.testing.assert_array_equal(found, [1.0, 1.0, 0.0, 0.0, 0.0, np.nan])
    assert applied(kernel, np.array([least]))[0] == pytest.approx(value, rel=1e-15, abs=0)


@pytest.mark.parametrize(("low", "high"), [(-0.5, 0.5), (0.5, 8), (8, 40), (40, 1e6)])
def test_mills(low: float, high: float, rng: np.random.Generator) -> None:
    d = rng.uniform(low, high, 1000)
    exact = [make_special.mills(mp.mpf(value)) for value in d.tolist()]
    assert worst(applied(_mills, d), exact) < 8e-16


def test_mills_is_the_scaled_complementary_error_function() -> None:
    d = np.array([0.0, 1.0, 20.0])
    exact = [mp.sqrt(mp.pi / 2) * mp.exp(x * x / 2) * mp.erfc(x / mp.sqrt(2)) for x in d.tolist()]
    assert worst(applied(_mills, d), exact) < 8e-16


@pytest.mark.drill
@pytest.mark.parametrize("width", [1e-9, 1e-4, 0.01, 1.0, 30.0])
@pytest.mark.parametrize(("low", "high"), [(-0.5, 0.5), (0.5, 8), (8, 38)])
def test_mills_fall(low: float, high: float, width: float, rng: np.random.Generator) -> None:
    d = rng.uniform(low, high, 300)
    widths = width * rng.uniform(0.1, 1, 300)
    near = [make_special.mills(mp.mpf(x)) for x in d.tolist()]
    pairs = zip(d.tolist(), widths.tolist(), strict=True)
    far = [make_special.mills(mp.mpf(x) + mp.mpf(w)) for x, w in pairs]
    fall = [one - other for one, other in zip(near, far, strict=True)]
    assert worst(applied(_mills_fall, d, widths), fall) < 5e-15
    assert worst(applied(_mills_beyond, d, widths), far) < 8e-16


def test_log_ratio(rng: np.random.Generator) -> None:
    a, b = 10 ** rng.uniform(-9, 9, (2, 2000))
    exact = [mp.log(mp.mpf(x) / mp.mpf(y)) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert worst(applied(_log_ratio, a, b), exact) < 4e-16


def test_log_ratio_keeps_its_digits_near_one(rng: np.random.Generator) -> None:
    a = np.full(2000, 4479.0898)
    b = a * (1 + 10 ** rng.uniform(-12, -0.1, 2000) * rng.choice([-1, 1], 2000))
    exact = [mp.log(mp.mpf(x) / mp.mpf(y)) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert worst(applied(_log_ratio, a, b), exact) < 4e-16


def test_tables_are_what_the_script_makes() -> None:
    tables = {
        "EXP2": special._EXP2,
        "LOG": special._LOG,
        "MILLS": special._MILLS,
        "GUESS": implied._GUESS,
    }
    assert tables.keys() == make_special.TABLES.keys()
    for name, table in tables.items():
        assert tuple(float(value) for value in make_special.TABLES[name]()) == table
