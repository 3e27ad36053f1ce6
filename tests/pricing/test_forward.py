"""The parity forward on recorded chains, against a plain twin, and on quotes gone wrong."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerodte.arrays import F64, Bool
from zerodte.pricing import black, forward

Quotes = tuple[F64, F64, F64, F64, F64]

MINUTE = 1 / (390 * 252)


def twin(quotes: Quotes) -> float:
    """The definition, spelled out with sorted lists."""
    votes = []
    for row in zip(*quotes, strict=True):
        strike, call_bid, call_ask, put_bid, put_ask = (float(x) for x in row)
        if 0 < call_bid < call_ask and 0 < put_bid < put_ask:
            gap = (call_bid + call_ask) / 2 - (put_bid + put_ask) / 2
            spread = call_ask - call_bid + put_ask - put_bid
            votes.append((abs(gap), strike + gap, 1 / spread))
    votes.sort(key=lambda vote: vote[0])
    votes = sorted(votes[: forward.NEAREST], key=lambda vote: vote[1])
    half, below = sum(weight for _, _, weight in votes) / 2, 0.0
    for place, (_, value, weight) in enumerate(votes):
        below += weight
        if math.isclose(below, half, rel_tol=1e-12):
            return (value + votes[place + 1][1]) / 2
        if below > half:
            return value
    return math.nan


def chain(true_forward: float, *, strikes: int = 41, spread: float = 0.1) -> Quotes:
    """A chain of exact prices at the open, quoted evenly around them."""
    strike = np.asarray(true_forward + 1.0 * (np.arange(strikes) - strikes // 2) + 0.3, np.float64)
    vol, calls = np.full(strikes, 0.5), np.ones(strikes, dtype=bool)
    call = black.price(true_forward, strike, 1 / 252, vol, calls)
    put = black.price(true_forward, strike, 1 / 252, vol, ~calls)
    half = spread / 2
    return strike, call - half, call + half, put - half, put + half


@pytest.fixture
def spx(recorded: Path) -> Quotes:
    path = recorded / "chains" / "spx_2022-03-23_1011_intraday.csv"
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row and row[1].startswith("SPXW220323C")]
    strike, call_bid, call_ask, put_bid, put_ask = (
        np.array([float(row[column]) for row in rows]) for column in (11, 4, 5, 15, 16)
    )
    assert strike.shape == (179,)
    return strike, call_bid, call_ask, put_bid, put_ask


@pytest.fixture
def spxw(recorded: Path) -> Quotes:
    path = recorded / "chains" / "spxw_2019-06-26_1545_cboe_eod.csv"
    quotes: dict[float, dict[str, tuple[float, float]]] = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            if row["expiration"] == row["quote_date"]:
                quote = float(row["bid_1545"]), float(row["ask_1545"])
                quotes.setdefault(float(row["strike"]), {})[row["option_type"]] = quote
    strikes = sorted(quotes)
    calls = np.array([quotes[strike]["C"] for strike in strikes]).T.copy()
    puts = np.array([quotes[strike]["P"] for strike in strikes]).T.copy()
    return np.array(strikes), calls[0], calls[1], puts[0], puts[1]


def test_recorded_spx(spx: Quotes) -> None:
    found = forward.parity_of(*spx)
    assert found.forward == pytest.approx(4479.0898, rel=0.0002)
    assert found.forward == twin(spx)
    assert found.strikes == forward.NEAREST
    assert found.spread == pytest.approx(0.40)


def test_recorded_spxw_a_quarter_of_an_hour_before_the_close(spxw: Quotes) -> None:
    found = forward.parity_of(*spxw)
    assert found.forward == pytest.approx((2917.8 + 2918.42) / 2, rel=0.0005)
    assert found.forward == twin(spxw)


@pytest.mark.parametrize("strikes", [1, 2, 9, 10, 11, 41])
def test_exact_quotes_give_the_exact_forward(strikes: int) -> None:
    found = forward.parity_of(*chain(590.0, strikes=strikes, spread=0.002))
    assert found.forward == pytest.approx(590.0, abs=1e-9)
    assert found.strikes == min(strikes, forward.NEAREST)
    assert found.spread == pytest.approx(0.004)


quote_ticks = st.tuples(*[st.integers(-3, 400)] * 2, *[st.integers(-1, 8)] * 2)


def quoted(ticks: list[tuple[int, int, int, int]]) -> Quotes:
    """Quotes from nickel bids and spreads: crossed, locked and zero bids among them."""
    call_bid, put_bid, call_spread, put_spread = np.array(ticks, dtype=np.float64).T * 0.05
    strike = np.arange(500.0, 500.0 + 5 * len(ticks), 5.0)
    return strike, call_bid, call_bid + call_spread, put_bid, put_bid + put_spread


@pytest.mark.drill
@given(st.lists(quote_ticks, min_size=1, max_size=30))
def test_twin_on_any_quotes(ticks: list[tuple[int, int, int, int]]) -> None:
    quotes = quoted(ticks)
    assert forward.parity_of(*quotes).forward == pytest.approx(twin(quotes), nan_ok=True)


@given(
    st.lists(quote_ticks, min_size=1, max_size=forward.NEAREST).flatmap(
        lambda ticks: st.tuples(st.just(ticks), st.permutations(range(len(ticks))))
    )
)
def test_the_order_of_strikes_does_not_matter(
    case: tuple[list[tuple[int, int, int, int]], list[int]],
) -> None:
    quotes = quoted(case[0])
    strike, call_bid, call_ask, put_bid, put_ask = (column[case[1]] for column in quotes)
    shuffled = forward.parity_of(strike, call_bid, call_ask, put_bid, put_ask)
    straight = forward.parity_of(*quotes)
    assert shuffled.strikes == straight.strikes
    assert shuffled.forward == pytest.approx(straight.forward, rel=1e-14, nan_ok=True)


def unusable(quotes: Quotes, keep: Bool, how: str) -> Quotes:
    strike, call_bid, call_ask, put_bid, put_ask = (column.copy() for column in quotes)
    spoilt = ~keep
    if how == "absent":
        call_bid[spoilt] = call_ask[spoilt] = math.nan
    elif how == "one-sided":
        put_ask[spoilt] = math.nan
    elif how == "zero bid":
        put_bid[spoilt] = 0.0
    elif how == "locked":
        call_bid[spoilt] = call_ask[spoilt]
    elif how == "crossed":
        call_bid[spoilt] = call_ask[spoilt] + 0.05
    return strike, call_bid, call_ask, put_bid, put_ask


@pytest.mark.parametrize("how", ["absent", "one-sided", "zero bid", "locked", "crossed"])
def test_only_strikes_with_two_good_quotes_vote(how: str) -> None:
    quotes = chain(590.0, spread=0.002)
    quotes[1][20] += 40.0  # would be far off, were it heard
    quotes[2][20] += 40.0
    keep = np.arange(41) != 20
    found = forward.parity_of(*unusable(quotes, keep, how))
    assert found.forward == pytest.approx(590.0, abs=1e-9)


@pytest.mark.parametrize("how", ["absent", "one-sided", "zero bid", "locked", "crossed"])
def test_one_strike_is_enough_and_none_is_unknown(how: str) -> None:
    quotes = chain(590.0, spread=0.002)
    single = forward.parity_of(*unusable(quotes, np.arange(41) == 23, how))
    assert single.forward == pytest.approx(590.0, abs=1e-9)
    assert single.strikes == 1
    none = forward.parity_of(*unusable(quotes, np.zeros(41, dtype=bool), how))
    assert none.strikes == 0
    assert math.isnan(none.forward)
    assert math.isnan(none.spread)


def test_no_strikes() -> None:
    empty = np.empty(0)
    assert math.isnan(forward.parity_of(empty, empty, empty, empty, empty).forward)


@pytest.mark.parametrize("wild", [3, 19, 20, 21])
@pytest.mark.parametrize("size", [-30.0, -2.0, 2.0, 30.0])
def test_a_wild_quote_moves_it_little(wild: int, size: float) -> None:
    quotes = chain(590.0, spread=0.2)
    strike, call_bid, call_ask, put_bid, put_ask = quotes
    level = np.full(strike.shape[0], 40.0)  # keeps bids positive, and cancels
    call_level = level.copy()
    call_level[wild] += size
    found = forward.parity_of(
        strike, call_bid + call_level, call_ask + call_level, put_bid + level, put_ask + level
    )
    assert found.forward == pytest.approx(590.0, abs=1e-9)


def test_tight_quotes_outvote_wide_ones() -> None:
    strike = np.array([95.0, 100.0, 105.0])
    call, put = np.array([6.0, 1.0, 0.5]), np.array([0.5, 0.8, 5.0])  # 100.5, 100.2, 100.5
    half = np.array([0.4, 0.05, 0.4])
    found = forward.parity_of(strike, call - half, call + half, put - half, put + half)
    assert found.forward == pytest.approx(100.2)
