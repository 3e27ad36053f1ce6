"""Strikes of two scales in one chain: those from before a split beside the adjusted ones."""

import datetime
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from zerodte.market.osi import Contract

#: Listed strikes follow each other at less than this ratio, ...
_HOLE: Final = 3.0
#: ... and those of another scale lie further from the price than this factor.
_FAR: Final = 2.0


def of_another_scale(contracts: Sequence[Contract], price: float) -> list[Contract]:
    """The contracts beyond a hole in the strikes of their expiry, as seen from the underlying.

    Args:
        contracts: Of one underlying.
        price: The underlying's, dollars; where it is NaN, none is found.
    """
    expiries: dict[tuple[str, datetime.date], list[Contract]] = {}
    for contract in contracts:
        expiries.setdefault((contract.root, contract.expiry), []).append(contract)
    return [
        contract
        for chain in expiries.values()
        for contract in _beyond([one.strike for one in chain], chain, price)
    ]


def _beyond(strikes: list[float], chain: list[Contract], price: float) -> list[Contract]:
    low, high = 0.0, float("inf")
    for below, above in pairwise(sorted(set(strikes))):
        if above >= _HOLE * below:
            if above > _FAR * price:
                high = min(high, above)
            elif below < price / _FAR:
                low = max(low, below)
    return [contract for contract in chain if not low < contract.strike < high]
