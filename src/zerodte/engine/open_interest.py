"""Open interest through the day: the morning's, moved by the day's trades.

Nothing publishes open interest during a session; these are estimates from the tape, contract by
contract. `turnover_v3` finds the levels of true open interest far more often than the morning's
number does; `signed_v1`, which follows the public documentation of the reference product, no more
often (docs/evaluate.md).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import (
    OPEN_INTEREST_METHOD,
    OPEN_INTEREST_PER_TRADED,
    OPEN_INTEREST_WEIGHT,
)
from zerodte.engine.arithmetic import zero_where_unknown


class Turnover(NamedTuple):
    """What was traded of each contract; arrays of one shape, contracts.

    Attributes:
        bought: By the aggressor.
        sold: By the aggressor.
        traded: With a side or without.
        opened: Opened less closed, by the time of day (`zerodte.constants.OPENING_SHARE`).
        growth: Opened less closed, by what of the contract is held (`trade_ledger.expect_growth`).
        net_bought: What customers are expected to have bought less sold.
        variance: Of `net_bought`, contracts squared.
    """

    bought: F64
    sold: F64
    traded: F64
    opened: F64
    growth: F64
    net_bought: F64
    variance: F64


@dataclass(frozen=True, eq=False, slots=True)
class OpenInterest:
    """Open interest of each contract, contracts; NaN where unknown.

    Attributes:
        official: As settled, from the morning.
        simulated: Moved by the day's trades; it may fall below zero.
        effective: The same, never below zero. Sums are taken over this.
    """

    official: F64
    simulated: F64
    effective: F64


def open_interest(official: F64, day: Turnover, method: str = OPEN_INTEREST_METHOD) -> OpenInterest:
    """Move the morning's open interest by the day's trades.

    A contract whose open interest was not published starts from zero once it has traded: then it
    stands on flow alone. Before that it is unknown.

    Args:
        official: Contracts, any shape; NaN where unknown.
        day: Of the same shape.
        method: A key of `METHODS`.
    """
    moved = METHODS[method](zero_where_unknown(official), day)
    simulated = np.where(np.isfinite(official) | (day.traded > 0), moved, np.nan)
    return OpenInterest(official, simulated, np.maximum(simulated, 0.0))


def _signed(base: F64, day: Turnover) -> F64:
    """Purchases open and sales close, each with the same weight."""
    return base + OPEN_INTEREST_WEIGHT * (day.bought - day.sold)


def _turnover(base: F64, day: Turnover) -> F64:
    """Volume opens or closes by the time of day, whichever its side; never more than all of it."""
    moved = base + OPEN_INTEREST_WEIGHT * day.opened
    return np.clip(moved, np.maximum(base - day.traded, 0.0), base + day.traded)


def _volume(base: F64, day: Turnover) -> F64:
    """A share of all volume opens, whatever its side and time."""
    return base + OPEN_INTEREST_PER_TRADED * day.traded


def _holdings(base: F64, day: Turnover) -> F64:
    """Volume opens or closes by what of the contract is held, whichever its side."""
    return base + OPEN_INTEREST_WEIGHT * day.growth


METHODS: Final[Mapping[str, Callable[[F64, Turnover], F64]]] = {
    "signed_v1": _signed,
    "turnover_v1": _turnover,
    "turnover_v2": _volume,
    "turnover_v3": _holdings,
}


@dataclass(frozen=True, slots=True)
class MovedInterest:
    """How open interest was moved through a day.

    Attributes:
        method: A key of `METHODS`; None where it was not kept.
        simulated: The sum over the chain's contracts, below zero where it falls there; NaN where
            none is known.
    """

    method: str | None
    simulated: float

    @property
    def confidence(self) -> float:
        """What a signed contract counts for under `signed_v1`; NaN under any other method."""
        return OPEN_INTEREST_WEIGHT if self.method == "signed_v1" else np.nan
