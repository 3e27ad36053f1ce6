"""Positions: only existing ones are closed, dealers take the other side, none is negative."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.simulator.runs import first_minute, flow_draw, rng
from zerodte.arrays import Rows
from zerodte.feeds.simulator.columns import ContractList
from zerodte.feeds.simulator.dealers import DealerLedger
from zerodte.feeds.simulator.trading import SIMULATED_TRADE

USUAL = flow_draw()


def listing() -> ContractList:
    """The Wednesday's options on SPY, the first three with some hundreds open."""
    made = first_minute("SPY")[0].listing
    settled = made.settled_interest.copy()
    settled[:3] = (900, 350, 0)
    return replace(made, settled_interest=settled)


def ledger(noise: float = 1.0) -> DealerLedger:
    """What was held overnight."""
    return DealerLedger(listing(), USUAL, noise * rng().standard_normal(len(listing().symbols)))


def test_the_morning_has_the_settled_open_interest() -> None:
    assert np.array_equal(ledger().open_interest, listing().settled_interest)


def test_dealers_begin_with_the_drawn_shares() -> None:
    made, settled, is_call = ledger(0.0), listing().settled_interest, listing().is_call
    for chosen, share in ((is_call, USUAL.overnight_calls), (~is_call, USUAL.overnight_puts)):
        held = made.inventory[chosen].sum() / settled[chosen].sum()
        assert held == pytest.approx(share, abs=0.01)


def test_strikes_differ_by_the_drawn_noise() -> None:
    settled = listing().settled_interest
    large = settled > 1000
    noisy, plain = ledger().inventory[large], ledger(0.0).inventory[large]
    spread = np.std((noisy - plain) / settled[large])
    assert 0.7 * USUAL.overnight_noise < spread <= 1.05 * USUAL.overnight_noise


def rows(trades: list[tuple[int, int, int, bool, int, bool]]) -> Rows:
    """Trades: contract, side, size, whether it opens, dealers' part, whether others would close."""
    out = np.zeros(len(trades), SIMULATED_TRADE)
    for row, (contract, side, size, opens, part, closes) in zip(out, trades, strict=True):
        row["contract"], row["side"], row["size"], row["opens"] = contract, side, size, opens
        row["dealers"] = -side * min(part, size)
        row["counter_closes"] = closes
    return out


class Twin:
    """Positions kept one contract at a time, as an accountant would."""

    def __init__(self, made: DealerLedger) -> None:
        inventory, interest = made.inventory, made.open_interest
        self.long = {i: int(interest[i] - max(inventory[i], 0)) for i in range(3)}
        self.short = {i: int(interest[i] + min(inventory[i], 0)) for i in range(3)}
        self.free = {(row, i): int(made.closable[row, i]) for row in range(2) for i in range(3)}

    def trade(self, contract: int, side: int, size: int, opens: bool) -> None:
        """One customer's trade."""
        book, row = (self.long, 0) if (side > 0) == opens else (self.short, 1)
        book[contract] += size if opens else -size
        self.free[row, contract] += size if opens else -size


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.sampled_from([1, -1]),
            st.integers(1, 400),
            st.booleans(),
            st.integers(0, 400),
            st.booleans(),
        ),
        max_size=30,
    )
)
def test_positions_are_those_of_an_accountant(
    trades: list[tuple[int, int, int, bool, int, bool]],
) -> None:
    made = ledger()
    twin = Twin(made)
    taken = rows(trades)
    closing = taken[~taken["opens"]]
    taken["size"][~taken["opens"]] = made.closable_sizes(
        closing["contract"], closing["side"], closing["size"]
    )
    taken["dealers"] = np.clip(taken["dealers"], -taken["size"], taken["size"])
    start = made.inventory
    made.apply(taken)
    # First those who close, then those on the other side, then those who open.
    mains = [tuple(row) for row in taken[["contract", "side", "size", "opens"]].tolist()]
    for contract, side, size, opens in mains:
        if not opens:
            twin.trade(contract, side, size, opens=False)
    rests = (taken["size"] - np.abs(taken["dealers"])).tolist()
    late = []
    for (contract, side, _, _), rest, would in zip(
        mains, rests, taken["counter_closes"].tolist(), strict=True
    ):
        free = twin.free[0 if side > 0 else 1, contract]
        closes = min(rest, free) if would else 0
        twin.trade(contract, -side, closes, opens=False)
        late.append((contract, -side, rest - closes))
    late += [(contract, side, size) for contract, side, size, opens in mains if opens]
    for contract, side, size in late:
        twin.trade(contract, side, size, opens=True)
    for i in range(3):
        assert made.inventory[i] == twin.short[i] - twin.long[i]
        assert made.open_interest[i] == max(twin.long[i], twin.short[i]) >= 0
        assert (made.closable[0, i], made.closable[1, i]) == (twin.free[0, i], twin.free[1, i])
    assert (made.closable >= 0).all()
    dealt = np.zeros(len(start), np.int64)
    np.add.at(dealt, taken["contract"], taken["dealers"])
    assert np.array_equal(made.inventory - start, dealt)


@pytest.mark.drill
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from([1, -1]), st.integers(0, 5000)), max_size=40
    )
)
def test_closing_is_limited_to_positions_first_come_first_served(
    wanted: list[tuple[int, int, int]],
) -> None:
    made = ledger()
    columns = np.array(wanted, np.int64).reshape(-1, 3).T
    granted = made.closable_sizes(columns[0].astype(np.intp), columns[1], columns[2])
    left = {(row, i): int(made.closable[row, i]) for row in range(2) for i in range(3)}
    for (contract, side, size), got in zip(wanted, granted.tolist(), strict=True):
        place = (1 if side > 0 else 0, contract)
        assert got == min(size, left[place])
        left[place] -= got
