"""Which contracts of a chain are followed."""

import datetime
import math

import numpy as np
import pytest

from zerodte.arrays import F64
from zerodte.feeds.universe import Universe
from zerodte.market.osi import Contract

TODAY = datetime.date(2025, 6, 2)
#: A third Friday: SPX and SPXW have the same strikes.
MONTHLY = datetime.date(2025, 6, 20)
SPOT = 6_000.0
STRIKES = np.arange(4_800.0, 7_201.0, 25.0)


def contracts(*roots: str) -> list[Contract]:
    return [
        Contract(root, MONTHLY, strike, right)
        for root in roots
        for strike in STRIKES.tolist()
        for right in "CP"
    ]


def mids(chain: list[Contract], sigma: float) -> F64:
    """Bachelier at the money, intrinsic value plus a tenth of it elsewhere."""
    at_the_money = sigma / math.sqrt(2.0 * math.pi)
    sides = [SPOT - one.strike if one.right == "C" else one.strike - SPOT for one in chain]
    prices: F64 = np.maximum(np.array(sides), 0.0) + at_the_money
    return prices


@pytest.mark.parametrize("roots", [("SPX",), ("SPXW",), ("SPX", "SPXW"), ("SPXW", "SPX")])
@pytest.mark.parametrize("sigma", [20.0, 150.0, 250.0])
def test_strikes_lie_within_four_deviations_whatever_the_roots(
    roots: tuple[str, ...], sigma: float
) -> None:
    chain = contracts(*roots)
    chosen = Universe(TODAY).select(chain, mids(chain, sigma), SPOT)
    half = max(0.03 * SPOT, 4.0 * sigma)
    wanted = {strike for strike in STRIKES.tolist() if abs(strike - SPOT) <= half}
    for root in roots:
        found = {one.strike for one, is_ours in zip(chain, chosen, strict=True)
                 if is_ours and one.root == root}  # fmt: skip
        assert found == wanted


def test_all_other_expiries_are_followed_beside_another_feed() -> None:
    chain = [*contracts("SPXW"), Contract("SPXW", TODAY, SPOT, "C")]
    beside = Universe(TODAY, {TODAY})
    chosen = beside.select(chain, mids(chain, 150.0), SPOT)
    assert chosen.any()
    assert not chosen[-1]
    assert [beside.is_sent_elsewhere(one) for one in chain[-2:]] == [False, True]
