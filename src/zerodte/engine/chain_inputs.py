"""One chain at one instant, as plain arrays: everything the model may look at.

Arrays by strike have shape (n,), arrays by right and strike (2, n): row 0 calls, row 1 puts.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np

from zerodte.arrays import F64, I64, Bool
from zerodte.constants import HOUR, MINUTE, SPOT_DISAGREEMENT, TAU_FLOOR_MINUTES
from zerodte.engine.plausibility import VERDICTS
from zerodte.market.contracts import Chain

SpotSource: TypeAlias = Literal["equity_quote", "index", "put_call_parity"]

CALL, PUT = 0, 1
#: The convention book: dealers long calls, short puts.
SIGN = np.array([[1.0], [-1.0]])


@dataclass(frozen=True, slots=True)
class ChainClock:
    """Where an instant stands in the session, and how far its chain's expiry is.

    Attributes:
        now: UTC ns.
        tau: Trading time to expiry, years of 252 sessions.
        hours_left: Session hours to expiry; 0 after it.
        elapsed_pct: Elapsed share of today's session, percent.
        remaining_share: Variance left until expiry, in whole sessions' variance.
        next_hour_share: Share of that which the next hour takes, in [0, 1].
    """

    now: int
    tau: float
    hours_left: float
    elapsed_pct: float
    remaining_share: float
    next_hour_share: float

    @property
    def is_floored(self) -> bool:
        """Whether less time is left than the floor of tau, which then stands in for it."""
        return self.hours_left * HOUR < TAU_FLOOR_MINUTES * MINUTE


@dataclass(frozen=True, slots=True)
class Spot:
    """The underlying's price and where it comes from.

    Attributes:
        value: Dollars; NaN when no source speaks.
        source: equity_quote, index or put_call_parity.
        disagreement: Relative distance between the own price and parity; NaN with one source.
        tolerance: How large that may be before it is said.
    """

    value: float
    source: SpotSource
    disagreement: float = np.nan
    tolerance: float = SPOT_DISAGREEMENT

    @property
    def is_overruled(self) -> bool:
        """Whether parity outvoted the underlying's own price."""
        return self.source == "put_call_parity" and math.isfinite(self.disagreement)

    @property
    def is_disputed(self) -> bool:
        """Whether the own price lies too far from parity to be passed over in silence."""
        return not self.is_overruled and bool(self.disagreement > self.tolerance)


@dataclass(frozen=True, eq=False, slots=True)
class Quotes:
    """Standing quotes of a chain, by whether they count.

    Attributes:
        mid: Dollars, shape (2, n); NaN where the quote does not count.
        spread: Ask minus bid, dollars, shape (2, n), likewise.
        faults: How many quotes do not count whether or not the chain is fresh, by reason.
        offer: The ask where nobody bids, dollars, shape (2, n); NaN elsewhere.
    """

    mid: F64
    spread: F64
    faults: Mapping[str, int]
    offer: F64

    @property
    def bid(self) -> F64:
        """Dollars, shape (2, n); NaN where nothing can be sold."""
        return self.mid - 0.5 * self.spread

    @property
    def ask(self) -> F64:
        """Dollars, shape (2, n); NaN where nothing can be bought."""
        return np.where(np.isnan(self.mid), self.offer, self.mid + 0.5 * self.spread)

    @property
    def has_refused(self) -> bool:
        """Whether some were refused as implausible."""
        return any(self.faults.get(name) for name in VERDICTS.values())


def mids_and_spreads(bid: F64, ask: F64, fresh: Bool | bool) -> tuple[F64, F64]:
    """Mids and spreads of the quotes that count: of a fresh chain, bid above 0, ask above the bid.

    Args:
        bid: Dollars, any shape; NaN where there is none.
        ask: Likewise.
        fresh: Whether the chain has spoken recently.

    Returns:
        Dollars; NaN where the quote does not count.
    """
    usable = (bid > 0.0) & (ask > bid) & fresh
    return np.where(usable, 0.5 * (bid + ask), np.nan), np.where(usable, ask - bid, np.nan)


def fault_masks(bid: F64, ask: F64, listed: Bool) -> dict[str, Bool]:
    """Which quotes do not count whether or not the chain is fresh, by reason."""
    empty = np.isnan(bid) & np.isnan(ask) & listed
    bids = bid > 0.0
    return {
        "crossed": bid > ask,
        "locked": (bid == ask) & bids,
        "zero bid": ~empty & listed & ~bids,
        "no ask": bids & np.isnan(ask),
        "never quoted": empty,
    }


@dataclass(frozen=True, eq=False)
class ChainInputs:
    """What is known of one chain at one instant.

    Attributes:
        chain: The chain, its strikes ascending.
        clock: The instant's place in time.
        fresh: Whether the chain has spoken recently; a stale chain's quotes do not count.
        newest: Receive time of the chain's newest record, UTC ns, or None.
        quotes: Those that count.
        official: Settled open interest, contracts, shape (2, n); NaN where unknown.
        effective: Open interest after the day's flow, contracts, shape (2, n); NaN where unknown.
        volume: Contracts traded today, shape (2, n); NaN where unknown.
        oi_as_of: Event time of the open interest, UTC ns, or None.
        classified_share: Share of the chain's traded volume that has a side, 1 where none traded;
            NaN while no trade of the symbol has come.
    """

    chain: Chain
    clock: ChainClock
    fresh: bool
    newest: int | None
    quotes: Quotes
    official: F64
    effective: F64
    volume: F64
    oi_as_of: int | None = None
    classified_share: float = np.nan

    @property
    def listed(self) -> Bool:
        """Which contracts exist, shape (2, n)."""
        return self.chain.listed

    @property
    def mid(self) -> F64:
        """Dollars, shape (2, n); NaN where the quote does not count."""
        return self.quotes.mid

    @property
    def spread(self) -> F64:
        """Ask minus bid, dollars, shape (2, n); NaN where the quote does not count."""
        return self.quotes.spread

    @cached_property
    def usable(self) -> Bool:
        """Which quotes count, shape (2, n)."""
        return np.isfinite(self.mid)

    @property
    def counted(self) -> F64:
        """`effective` for sums: a side of which no contract is listed holds none."""
        return self._of_listed_sides(self.effective)

    @property
    def counted_official(self) -> F64:
        """`official`, likewise."""
        return self._of_listed_sides(self.official)

    @property
    def traded(self) -> F64:
        """`volume`, likewise."""
        return self._of_listed_sides(self.volume)

    def _of_listed_sides(self, counts: F64) -> F64:
        return np.where(self.listed.any(axis=1, keepdims=True), counts, 0.0)

    def settled(self) -> "ChainInputs":
        """The same instant on the morning's open interest, as if nothing had traded since."""
        return replace(self, effective=np.maximum(self.official, 0.0))


def gather(values: F64 | I64, chain: Chain) -> F64:
    """Values by position as (2, n) by right and strike; NaN where a contract is not listed."""
    return np.where(chain.listed, values[chain.positions], np.nan)
