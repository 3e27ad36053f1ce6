"""The table of names compared with the table of roots, and the errors of unknown names."""

import itertools

import pytest

from zerodte.feeds.simulator.names import NAMES, Name, SimulationError, names_of
from zerodte.market.roots import root_info

ALL = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)


def test_names_come_in_the_order_of_their_symbols() -> None:
    assert [name.symbol for name in names_of(["QQQ", "SPX", "AAPL"])] == ["QQQ", "SPX", "AAPL"]


@pytest.mark.parametrize(
    ("symbols", "message"),
    [
        ([], "no symbol to simulate; known symbols: SPX, SPY"),
        (["SPY", "ABC"], "unknown symbol 'ABC'; known symbols: SPX, SPY"),
        (["spy"], "unknown symbol 'spy'"),
        (["SPY", "QQQ", "SPY"], "SPY is given twice"),
    ],
)
def test_what_cannot_be_simulated_is_named(symbols: list[str], message: str) -> None:
    with pytest.raises(SimulationError, match=message):
        names_of(symbols)


@ALL
def test_roots_belong_to_the_symbol_and_settle_as_said(name: Name) -> None:
    root = root_info(name.root)
    assert (root.symbol, root.settlement, root.is_index) == (
        name.symbol,
        "PM",
        name.kind == "index",
    )
    if name.morning_root:
        morning = root_info(name.morning_root)
        assert (morning.symbol, morning.settlement) == (name.symbol, "AM")


@ALL
def test_habits_are_in_the_bounds_that_the_model_needs(name: Name) -> None:
    assert name.leverage > 1.0
    assert -0.9 < name.skew <= 0.0
    assert list(name.steps) == sorted(set(name.steps))
    assert all(far % near == 0.0 for near, far in itertools.pairwise(name.steps))
    assert 0.0 <= name.own[0] <= name.own[1]
    assert name.beta > 0.0
    assert min(name.price, name.volume, name.open_interest, name.turnover, *name.ticks) > 0.0


@ALL
def test_names_of_one_core_are_one_market(name: Name) -> None:
    core = NAMES[name.core]
    shared = ("core", "beta", "growth", "own", "leverage", "skew", "turnover")
    assert all(getattr(name, habit) == getattr(core, habit) for habit in shared)
    assert name is core or name.tracking <= 0.01


def test_there_are_an_index_its_fund_at_a_tenth_more_funds_and_stocks() -> None:
    kinds = [name.kind for name in NAMES.values()]
    assert kinds.count("stock") >= 8
    assert kinds.count("fund") >= 3
    assert NAMES["SPY"].price / NAMES["SPX"].price == pytest.approx(0.1, rel=0.01)
