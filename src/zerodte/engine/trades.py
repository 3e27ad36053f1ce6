"""What goes into the pass over a tick's trades, and what comes out of it: columns."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from zerodte.arrays import F64, I32, I64, U8, Bool
from zerodte.records.dbn import Records

#: No trade is cancelled by this record.
NO_CANCEL: Final = -1


class TradeValues(NamedTuple):
    """Spot (dollars), delta and gamma of each trade, shape (m,); NaN where unknown."""

    spot: F64
    delta: F64
    gamma: F64


class Trades(NamedTuple):
    """Trades with what was known before each; contiguous, writable arrays of shape (m,).

    Attributes:
        price: Raw, 1e-9 dollars.
        size: Contracts.
        received: UTC ns.
        positions: The contract, negative for none.
        conditions: `Condition`, 0 where the tape has none.
        standing: Bid, ask (dollars), bid size, ask size (contracts) just before, shape (m, 4);
            NaN where unknown.
        spot: The underlying's price as of the tick before, dollars; NaN where unknown.
        delta: Of the contract as of the tick before; NaN where unknown.
        gamma: Likewise, per 1.00.
        stale: Whether the contract's chain had been silent for too long.
        cancels: Number of the trade that this record cancels, or `NO_CANCEL`.
    """

    price: I64
    size: I64
    received: I64
    positions: I32
    conditions: U8
    standing: F64
    spot: F64
    delta: F64
    gamma: F64
    stale: Bool
    cancels: I64

    @classmethod
    def of(
        cls,
        records: Records,
        positions: I32,
        *,
        standing: F64 | None = None,
        valued: TradeValues | None = None,
        conditions: U8 | None = None,
        stale: Bool | None = None,
        cancels: I64 | None = None,
    ) -> "Trades":
        """Copies of what a tape holds of trades, with what else is known of them.

        Args:
            records: Of a schema of trades, shape (m,).
            positions: The contract of each, negative for none.
            standing: As the attribute; nothing by default.
            valued: Spot and greeks; unknown by default.
            conditions: As the attribute; unknown by default.
            stale: As the attribute; none by default.
            cancels: As the attribute; none by default.
        """
        count = len(records)
        spot, delta, gamma = np.full((3, count), np.nan) if valued is None else valued
        return cls(
            price=records["price"].astype(np.int64),
            size=records["size"].astype(np.int64),
            received=records["ts_recv"].astype(np.int64),
            positions=positions,
            conditions=np.zeros(count, np.uint8) if conditions is None else conditions.copy(),
            standing=np.full((count, 4), np.nan) if standing is None else standing,
            spot=spot,
            delta=delta,
            gamma=gamma,
            stale=np.zeros(count, np.bool_) if stale is None else stale,
            cancels=np.full(count, NO_CANCEL) if cancels is None else cancels,
        )


class Classifications(NamedTuple):
    """What became of each record; arrays of shape (m,).

    Attributes:
        side: The aggressor's: 1 bought, -1 sold, 0 not signed.
        customer: The customer's, by the size rule first; never part of any total.
        rule: What decided, a `Rule`.
        delta_dollars: Side x delta x contracts x 100 x spot, whole dollars; 0 where unknown. What
            a cancel takes away is negative, so that sums over records are the day's.
        gamma_dollars: Side x gamma x contracts x 100 x spot squared x 0.01, likewise.
    """

    side: npt.NDArray[np.int8]
    customer: npt.NDArray[np.int8]
    rule: U8
    delta_dollars: I64
    gamma_dollars: I64

    @classmethod
    def empty(cls, count: int) -> "Classifications":
        """Room for `count` records, all of them undecided."""
        side, customer = np.zeros((2, count), np.int8)
        delta_dollars, gamma_dollars = np.zeros((2, count), np.int64)
        return cls(side, customer, np.zeros(count, np.uint8), delta_dollars, gamma_dollars)
