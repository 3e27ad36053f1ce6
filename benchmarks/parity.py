"""The parity forward of a chain of 500 strikes."""

import numpy as np

from benchmarks.chain import IS_CALL, PRICE, STRIKE
from benchmarks.harness import Row, compare
from zerodte.pricing import forward

STRIKES = STRIKE[IS_CALL].copy()
CALL_BID, PUT_BID = PRICE[IS_CALL] - 0.025, PRICE[~IS_CALL] - 0.025
CALL_ASK, PUT_ASK = CALL_BID + 0.1, PUT_BID + 0.1


def rows() -> list[Row]:
    """Ours against the same definition in array expressions."""
    return compare(
        "parity forward, 500 strikes",
        lambda: forward.parity_of(STRIKES, CALL_BID, CALL_ASK, PUT_BID, PUT_ASK),
        numpy=with_numpy,
    )


def with_numpy() -> float:
    """Partition for the nearest strikes, then a weighted median by cumulative weight."""
    call_spread, put_spread = CALL_ASK - CALL_BID, PUT_ASK - PUT_BID
    usable = (CALL_BID > 0) & (PUT_BID > 0) & (call_spread > 0) & (put_spread > 0)
    gap = (CALL_BID + CALL_ASK - PUT_BID - PUT_ASK) / 2
    distance = np.where(usable, np.abs(gap), np.inf)
    nearest = np.argpartition(distance, forward.NEAREST)[: forward.NEAREST]
    estimate = (STRIKES + gap)[nearest]
    order = np.argsort(estimate)
    weight = np.cumsum(1 / (call_spread + put_spread)[nearest][order])
    return float(estimate[order][np.searchsorted(weight, weight[-1] / 2)])
