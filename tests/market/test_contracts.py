"""Positions that never move, and chains that hold exactly what was added."""

import csv
import datetime
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerodte.market.calendar import epoch_day
from zerodte.market.contracts import Contracts
from zerodte.market.osi import Contract, format_osi, parse_osi

TODAY = datetime.date(2022, 3, 23)
LATER = datetime.date(2022, 3, 25)

some_contracts = st.lists(
    st.builds(
        Contract,
        root=st.sampled_from(["SPX", "SPXW", "SPY", "VIX"]),
        expiry=st.sampled_from([TODAY, LATER]),
        strike=st.integers(1, 6).map(lambda step: 5.0 * step),
        right=st.sampled_from("CP"),
    ),
    max_size=60,
)


def osi(root: str, expiry: datetime.date, strike: float, right: str = "C") -> str:
    return format_osi(Contract(root, expiry, strike, right))


@given(some_contracts, st.data())
def test_a_position_never_moves(arrivals: list[Contract], data: st.DataObject) -> None:
    contracts = Contracts()
    given_out: dict[Contract, int] = {}
    for contract in arrivals:
        raw = format_osi(contract)
        position = contracts.add(raw if data.draw(st.booleans()) else raw.replace(" ", ""))
        assert given_out.setdefault(contract, position) == position
        if data.draw(st.booleans()):
            chain = contracts.chains[contracts.chain[position]]
            assert (chain.root, chain.expiry) == (contract.root, contract.expiry)
            assert contract.strike in chain.strikes
    assert sorted(given_out.values()) == list(range(len(contracts)))
    for contract, position in given_out.items():
        assert contracts.contract(position) == contract
        assert contracts.strike[position] == contract.strike
        assert contracts.is_call[position] == (contract.right == "C")
        assert contracts.expiry[position] == epoch_day(contract.expiry)
        chain = contracts.chains[contracts.chain[position]]
        assert (chain.root, chain.expiry) == (contract.root, contract.expiry)


@given(some_contracts)
def test_a_chain_holds_what_was_added_and_nothing_else(arrivals: list[Contract]) -> None:
    contracts = Contracts()
    for contract in arrivals:
        contracts.add(format_osi(contract))
    listed = set()
    for number, chain in enumerate(contracts.chains):
        assert chain.number == number
        assert np.all(np.diff(chain.strikes) > 0)
        for right, positions in (("C", chain.call), ("P", chain.put)):
            for strike, position in zip(chain.strikes, positions, strict=True):
                if position >= 0:
                    listed.add(Contract(chain.root, chain.expiry, float(strike), right))
                    assert contracts.contract(position).strike == strike
        assert np.all((chain.call >= 0) | (chain.put >= 0))
    assert listed == set(arrivals)


def test_late_strikes_make_a_new_chain_under_the_same_number() -> None:
    contracts = Contracts()
    first = contracts.add(osi("SPXW", TODAY, 4480))
    contracts.add(osi("SPXW", LATER, 4480))
    before = contracts.chains[0]
    late = contracts.add(osi("SPXW", TODAY, 4475, "P"))
    after = contracts.chains[0]
    assert (first, late) == (0, 2)
    assert before.strikes.tolist() == [4480]
    assert after.strikes.tolist() == [4475, 4480]
    assert after.call.tolist() == [-1, first]
    assert after.put.tolist() == [late, -1]
    assert contracts.chains[1].strikes.tolist() == [4480]


def test_arrays_keep_their_content_while_they_grow() -> None:
    contracts = Contracts()
    raws = [
        osi("SPXW", TODAY + datetime.timedelta(days=day), 5.0 * step, right)
        for day in range(6)
        for step in range(1, 251)
        for right in "CP"
    ]
    assert [contracts.add(raw) for raw in raws] == list(range(3_000))
    asked = [parse_osi(raw) for raw in raws]
    assert contracts.strike.tolist() == [contract.strike for contract in asked]
    assert contracts.is_call.tolist() == [contract.right == "C" for contract in asked]
    assert contracts.expiry.tolist() == [epoch_day(contract.expiry) for contract in asked]
    assert contracts.chain.tolist() == [at // 500 for at in range(3_000)]


def test_a_same_day_chain_is_never_am_settled() -> None:
    contracts = Contracts()
    contracts.add(osi("SPX", TODAY, 4480))
    contracts.add(osi("VIX", TODAY, 20))
    assert contracts.same_day("SPX", TODAY) is None
    assert contracts.same_day("VIX", TODAY) is None
    contracts.add(osi("SPXW", TODAY, 4480))
    chain = contracts.same_day("SPX", TODAY)
    assert chain is not None
    assert (chain.root, chain.symbol, chain.am_settled) == ("SPXW", "SPX", False)
    assert contracts.same_day("SPX", LATER) is None
    assert contracts.same_day("SPXW", TODAY) is None


def test_of_two_afternoon_roots_the_fuller_is_the_same_day_chain() -> None:
    contracts = Contracts()
    for raw in (osi("SPXPM", TODAY, 1), osi("SPXW", TODAY, 1), osi("SPXPM", TODAY, 2)):
        contracts.add(raw)
    chain = contracts.same_day("SPX", TODAY)
    assert chain is not None
    assert chain.root == "SPXPM"


def test_the_next_same_day_expiry_skips_am_roots_and_today() -> None:
    contracts = Contracts()
    friday, monday = LATER, datetime.date(2022, 3, 28)
    for raw in (osi("SPXW", monday, 1), osi("SPX", friday, 1), osi("SPXW", TODAY, 1)):
        contracts.add(raw)
    assert contracts.next_same_day("SPX", TODAY) == monday
    assert contracts.next_same_day("SPX", datetime.date(2022, 3, 1)) == TODAY
    assert contracts.next_same_day("SPX", monday) is None
    assert contracts.next_same_day("TSLA", TODAY) is None


def test_symbols_and_expiries_cover_all_roots_in_order() -> None:
    contracts = Contracts()
    for raw in (osi("SPXW", LATER, 1), osi("SPX", LATER, 1), osi("SPXW", TODAY, 1)):
        contracts.add(raw)
    contracts.add(osi("AAPL", LATER, 1))
    assert contracts.symbols() == ["AAPL", "SPX"]
    listed = [(chain.root, chain.expiry) for chain in contracts.expiries("SPX")]
    assert listed == [("SPXW", TODAY), ("SPX", LATER), ("SPXW", LATER)]
    assert contracts.expiries("TSLA") == []
    assert not any((c.root, c.expiry) == ("SPX", TODAY) for c in contracts.chains)


def test_what_does_not_belong_is_counted_once_and_takes_no_place() -> None:
    contracts = Contracts()
    for raw in ("AAPL1 220325C00100000", "AAPL", "AAPL1 220325C00100000", ""):
        assert contracts.add(raw) == -1
    assert contracts.rejected == Counter({"adjusted root": 1, "not an OSI symbol": 2})
    assert len(contracts) == 0
    assert contracts.symbols() == []


def test_there_is_no_contract_nowhere() -> None:
    contracts = Contracts()
    contracts.add(osi("SPXW", TODAY, 1))
    for position in (-1, 1):
        with pytest.raises(IndexError):
            contracts.contract(position)


def test_the_recorded_chain_keeps_its_roots_apart(recorded: Path) -> None:
    contracts = Contracts()
    with (recorded / "chains/spx_2022-03-23_1011_intraday.csv").open(newline="") as lines:
        rows = list(csv.reader(lines))[4:]
    for row in rows:
        contracts.add(row[1])
        contracts.add(row[12])
    assert len(contracts) == 2 * len(rows)
    assert contracts.symbols() == ["SPX"]
    today = contracts.same_day("SPX", TODAY)
    assert today is not None
    assert today.root == "SPXW"
    assert len(today.strikes) == 179
    assert np.all(today.call >= 0)
    assert np.all(today.put >= 0)
    # the third Friday has both roots, in two chains
    third_friday = datetime.date(2022, 4, 14)
    both = [c for c in contracts.expiries("SPX") if c.expiry == third_friday]
    assert [(c.root, c.am_settled) for c in both] == [("SPX", True), ("SPXW", False)]
    expected = Counter(
        (raw.rstrip("0123456789")[:-7], row[0]) for row in rows for raw in (row[1], row[12])
    )
    sizes = Counter(contracts.chain.tolist())
    assert sorted(sizes.values()) == sorted(expected.values())
