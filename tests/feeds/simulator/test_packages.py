"""The legs of packages."""

import numpy as np
import pytest

from feeds.simulator.runs import first_minute, rng
from zerodte.arrays import Index
from zerodte.feeds.simulator.packages import (
    NO_CONTRACT,
    STRUCTURES,
    ContractGrid,
    OpenPackages,
    otm_sigmas,
)
from zerodte.market.osi import Contract, parse_osi

WORLD, MINUTE = first_minute("SPX", "SPY")
LISTING = WORLD.listing


def legs(structure: str, first: int, width: int) -> tuple[Contract, list[Contract | None]]:
    """The contracts of one package."""
    grid = ContractGrid(LISTING)
    found: Index = grid.legs(
        structure, np.array([first]), np.array([width]), grid.scale(MINUTE.delta).at_the_money
    )
    named = [parse_osi(LISTING.symbols[i]) if i != NO_CONTRACT else None for i in found[0].tolist()]
    return parse_osi(LISTING.symbols[first]), named


def call_out(sigmas: float) -> int:
    """Today's call on SPX that lies so far out of the money."""
    chain = next(i for i, c in enumerate(LISTING.chains) if LISTING.names[c.name].symbol == "SPX")
    far = np.abs(otm_sigmas(MINUTE.delta) - sigmas)
    return int(np.argmin(np.where((LISTING.chain == chain) & LISTING.is_call, far, np.inf)))


def test_a_vertical_buys_the_nearer_and_sells_the_farther() -> None:
    first, (near, far) = legs("vertical", call_out(0.8), 2)
    assert near == first
    assert far is not None
    assert near is not None
    assert (far.right, far.expiry, far.root) == (near.right, near.expiry, near.root)
    assert far.strike > near.strike
    assert [leg.sign for leg in STRUCTURES["vertical"]] == [1, -1]


@pytest.mark.parametrize("structure", ["condor", "fly"])
def test_a_condor_and_a_fly_have_two_wings(structure: str) -> None:
    _, named = legs(structure, call_out(0.7), 3)
    call, above, put, below = named
    assert call is not None
    assert above is not None
    assert put is not None
    assert below is not None
    assert [one.right for one in (call, above, put, below)] == ["C", "C", "P", "P"]
    assert below.strike < put.strike <= call.strike < above.strike
    assert len({one.expiry for one in (call, above, put, below)}) == 1
    spot = MINUTE.spot[0, 0]
    if structure == "fly":
        assert put.strike == call.strike == pytest.approx(spot, rel=0.003)
    else:
        assert put.strike < spot < call.strike
        assert call.strike - spot == pytest.approx(spot - put.strike, abs=10.0)


def test_a_calendar_is_of_the_next_expiry_at_the_nearest_strike() -> None:
    first, (later, near) = legs("calendar", call_out(0.2), 1)
    assert near == first
    assert later is not None
    assert later.right == first.right
    named = [parse_osi(symbol) for symbol in LISTING.symbols]
    own = [one for one in named if one.root in ("SPX", "SPXW") and one.expiry > first.expiry]
    assert later.expiry == min(one.expiry for one in own)
    strikes = {one.strike for one in own if one.expiry == later.expiry}
    assert later.strike == min(strikes, key=lambda strike: abs(strike - first.strike))


def test_there_is_nothing_beyond_the_last_strike() -> None:
    chain = LISTING.chain == LISTING.chain[call_out(0.0)]
    last = int(np.argmax(np.where(chain & LISTING.is_call, LISTING.strike, -1.0)))
    assert legs("vertical", last, 1)[1][1] is None
    first = int(np.argmax(np.where(chain & ~LISTING.is_call, -LISTING.strike, -np.inf)))
    assert legs("vertical", first, 1)[1][1] is None


def test_what_is_taken_out_is_what_was_remembered_with_other_sides() -> None:
    held, chance = OpenPackages(), rng()
    held.add(np.array([[1, 2], [3, 4]]), np.array([[1, -1], [-1, 1]]), np.array([5, 7]))
    held.add(np.array([[5, 6, 7, 8]]), np.array([[1, -1, 1, -1]]), np.array([9]))
    contract, side, size = held.pop(2, chance)
    rest = held.pop(9, chance)
    both = [np.concatenate(pair) for pair in zip((contract, side, size), rest, strict=True)]
    packages = {
        int(size): list(zip(row[row != NO_CONTRACT].tolist(), turn.tolist(), strict=False))
        for row, turn, size in zip(*both, strict=True)
    }
    assert packages == {
        5: [(1, -1), (2, 1)],
        7: [(3, 1), (4, -1)],
        9: [(5, -1), (6, 1), (7, -1), (8, 1)],
    }
    assert len(held.pop(1, chance)[2]) == 0
