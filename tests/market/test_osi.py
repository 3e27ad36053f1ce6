"""OSI symbols both ways: recorded ones, generated ones, and invalid texts."""

import csv
import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerodte.market.osi import Contract, MarketError, format_osi, parse_osi, wire_symbol

contracts = st.builds(
    Contract,
    root=st.from_regex(r"[A-Z][A-Z0-9]{0,5}", fullmatch=True),
    expiry=st.dates(datetime.date(2000, 1, 1), datetime.date(2099, 12, 31)),
    strike=st.integers(1, 99_999_999).map(lambda thousandths: thousandths / 1000),
    right=st.sampled_from("CP"),
)


@given(contracts)
def test_a_contract_comes_back_from_its_symbol(contract: Contract) -> None:
    raw = format_osi(contract)
    assert len(raw) == 21
    assert parse_osi(raw) == contract
    assert parse_osi(raw.replace(" ", "")) == contract


@given(contracts)
def test_a_symbol_comes_back_from_its_contract(contract: Contract) -> None:
    raw = format_osi(contract)
    assert format_osi(parse_osi(raw)) == raw


@given(contracts)
def test_a_wire_symbol_tells_contracts_apart(contract: Contract) -> None:
    root, day, right, strike = wire_symbol(contract).split("-")
    assert (root, right, float(strike)) == (contract.root, contract.right, contract.strike)
    assert datetime.date.fromisoformat(f"20{day}") == contract.expiry


@pytest.mark.parametrize(
    ("raw", "wire"),
    [
        ("SPY   260319C00590000", "SPY-260319-C-590"),
        ("GOOG  151224C00752500", "GOOG-151224-C-752.5"),
        ("SPXW220323P04480000", "SPXW-220323-P-4480"),
        ("SPX   261218C10000000", "SPX-261218-C-10000"),
        ("F     260116C00007820", "F-260116-C-7.82"),
        ("NDXP  260116C99999999", "NDXP-260116-C-99999.999"),
    ],
)
def test_wire_symbols_are_those_of_the_contract(raw: str, wire: str) -> None:
    assert wire_symbol(parse_osi(raw)) == wire


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "SPY",
        "SPXW 220323C04480000",
        " SPXW 220323C04480000",
        "SPXW  220323C04480000 ",
        "SPXW  220323C04480000\n",
        "spxw  220323C04480000",
        "SPXW  220323X04480000",
        "SPXW  220323C4480",
        "SPXW  220231C04480000",
        "SPXW  220023C04480000",
        "SPXW  220323C00000000",
        "SPXWEEK220323C04480000",
        "SPXW  ２２０３２３C04480000",
        "4SPX  220323C04480000",
    ],
)
def test_what_is_not_a_symbol_is_refused_by_name(raw: str) -> None:
    with pytest.raises(MarketError, match=r"^'") as refused:
        parse_osi(raw)
    assert repr(raw) in str(refused.value)


@pytest.mark.parametrize(
    ("contract", "wrong"),
    [
        (Contract("", datetime.date(2022, 3, 23), 4480, "C"), "root ''"),
        (Contract("TOOLONG", datetime.date(2022, 3, 23), 4480, "C"), "root 'TOOLONG'"),
        (Contract("SPXW", datetime.date(1999, 3, 23), 4480, "C"), "not 1999"),
        (Contract("SPXW", datetime.date(2022, 3, 23), 4480, "X"), "right 'X'"),
        (Contract("SPXW", datetime.date(2022, 3, 23), 0, "C"), "strike 0 "),
        (Contract("SPXW", datetime.date(2022, 3, 23), 100_000, "C"), "strike 100000"),
        (Contract("SPXW", datetime.date(2022, 3, 23), float("nan"), "C"), "strike nan"),
        (Contract("SPXW", datetime.date(2022, 3, 23), 1.00005, "C"), "strike 1.00005"),
    ],
)
def test_what_has_no_symbol_is_refused(contract: Contract, wrong: str) -> None:
    with pytest.raises(MarketError, match=wrong):
        format_osi(contract)


def test_every_symbol_of_a_recorded_chain_agrees_with_its_row(recorded: Path) -> None:
    read = 0
    with (recorded / "chains/spx_2022-03-23_1011_intraday.csv").open(newline="") as lines:
        for row in list(csv.reader(lines))[4:]:
            expiry = datetime.datetime.strptime(row[0], "%a %b %d %Y").date()  # noqa: DTZ007
            for raw, right in ((row[1], "C"), (row[12], "P")):
                contract = parse_osi(raw)
                assert (contract.expiry, contract.right) == (expiry, right)
                assert contract.strike == float(row[11])
                assert contract.root in ("SPX", "SPXW")
                assert format_osi(contract).replace(" ", "") == raw
                read += 1
    assert read > 10_000
