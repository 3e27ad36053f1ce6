"""Roots that nobody listed: a stock's go on, others are set aside and said."""

import pytest

from session.day import WEDNESDAY, Day, ask, osi
from session.usual import usual


def day_of(root: str, index: dict[str, float] | None = None) -> Day:
    """The everyday chain under a root, beside a stock's price or index values."""
    day = Day()
    quotes = {
        osi(right, row.strike, WEDNESDAY, root): (quote.bid, quote.ask)
        for row in usual()
        for right, quote in (("C", row.call), ("P", row.put))
        if quote is not None
    }
    stocks = {} if index else {root: (499.99, 500.01)}
    interest = dict.fromkeys(quotes, 100)
    day.send("12:00", define=tuple(quotes), oi=interest, quotes=quotes, index=index, stocks=stocks)
    return day


@pytest.mark.parametrize("root", ["ABC", "SPXL", "SPXC", "VIXY", "RUTH", "XSPA"])
def test_stocks_and_funds_need_no_listing(root: str) -> None:
    session = day_of(root).session
    assert ask(session, root)["exposures"]["net_gex"] is not None
    assert not any("settlement" in notice for notice in session.notices())


@pytest.mark.parametrize("root", ["SPXQ", "SPXAM", "NDXW", "RUTPM", "XSPW"])
def test_roots_named_as_of_an_index_are_set_aside_and_said(root: str) -> None:
    session = day_of(root).session
    assert root not in session.symbols()
    said = "contracts of index roots whose settlement is unknown: 42 left out"
    assert said in session.notices()


@pytest.mark.parametrize("root", ["AAPL1", "SPX7"])
def test_adjusted_roots_are_set_aside_and_said(root: str) -> None:
    session = day_of(root).session
    assert root not in session.symbols()
    assert "adjusted root: 42 left out" in session.notices()


def test_an_index_without_options_is_no_fault() -> None:
    session = day_of("SPXW", {"SPX": 500.0, "VIX": 20.0, "VVIX": 90.0}).session
    assert ask(session)["exposures"]["net_gex"] is not None
    assert not any("settlement" in notice for notice in session.notices())
