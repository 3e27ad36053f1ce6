"""The table of roots, compared with the exchanges' specifications."""

from pathlib import Path

import pytest

from zerodte.market.roots import is_adjusted, root_info, underlying_of


@pytest.mark.parametrize(
    "root",
    ["SPX", "NDX", "RUT", "DJX", "VIX", "VIXW", "CBTX", "MBTX", "XSPAM", "MXEF", "RLG", "SPEQX"],
)
def test_these_settle_in_the_morning(root: str) -> None:
    assert root_info(root).settlement == "AM"


@pytest.mark.parametrize(
    ("root", "symbol"),
    [
        ("SPXW", "SPX"),
        ("SPXPM", "SPX"),
        ("NDXP", "NDX"),
        ("RUTW", "RUT"),
        ("XSP", "XSP"),
        ("CBTXW", "CBTX"),
        ("MBTXW", "MBTX"),
        ("NQX", "NQX"),
    ],
)
def test_these_belong_to_an_index_and_settle_at_the_close(root: str, symbol: str) -> None:
    info = root_info(root)
    assert (info.symbol, info.settlement, info.style) == (symbol, "PM", "european")
    assert info.is_index


@pytest.mark.parametrize("root", ["SOX", "MXUSA", "SIXT"])
def test_an_index_whose_settlement_is_not_known_makes_no_same_day_chain(root: str) -> None:
    info = root_info(root)
    assert (info.is_index, info.settlement) == (True, "AM")


@pytest.mark.parametrize("root", ["SPY", "QQQ", "GOOG", "VIXY", "F"])
def test_others_are_equities(root: str) -> None:
    info = root_info(root)
    assert (info.root, info.symbol, info.settlement) == (root, root, "PM")
    assert info.style == "american"
    assert not info.is_index


@pytest.mark.parametrize(
    ("typed", "symbol"),
    [
        ("spxw", "SPX"),
        ("^SPX", "SPX"),
        ("BRK.B", "BRKB"),
        ("brk.b", "BRKB"),
        ("BRK/B", "BRKB"),
        ("BRK-B", "BRKB"),
    ],
)
def test_a_typed_name_is_one_underlying(typed: str, symbol: str) -> None:
    assert underlying_of(typed) == symbol


def test_a_digit_at_the_end_marks_an_adjusted_root() -> None:
    assert is_adjusted("GOOG1")
    assert is_adjusted("SPX7")
    assert not is_adjusted("SPXW")
    assert not is_adjusted("")


def test_the_documented_table_is_what_the_code_says() -> None:
    text = (Path(__file__).parents[2] / "docs/market.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if "European" in line]
    documented = {
        root: (symbol, settlement, style.lower())
        for roots, symbol, settlement, style in rows
        for root in roots.split(", ")
    }
    assert len(documented) >= 14
    for root, facts in documented.items():
        info = root_info(root)
        assert (info.symbol, info.settlement, info.style) == facts
        assert info.is_index
