"""What traded and what is open, by side: the day's totals and ratios of a chain."""

from dataclasses import dataclass

import numpy as np

from zerodte.arrays import F64, Bool
from zerodte.constants import ATM_VOLUME_BAND
from zerodte.engine.arithmetic import ratio
from zerodte.engine.chain_inputs import ChainInputs
from zerodte.engine.exposure import held
from zerodte.engine.pin import top_share


@dataclass(frozen=True, slots=True)
class Activity:
    """Totals in contracts, shares in percent; NaN where unknown.

    Attributes:
        call_volume: Calls traded today.
        put_volume: Puts traded today.
        call_oi: Effective open interest of calls.
        put_oi: Effective open interest of puts.
        settled_oi: The morning's open interest of both.
        atm_volume_pct: Share of volume at strikes within half a percent of spot, percent.
        top3_volume_pct: Share of volume at the three busiest strikes, percent.
    """

    call_volume: float
    put_volume: float
    call_oi: float
    put_oi: float
    settled_oi: float
    atm_volume_pct: float
    top3_volume_pct: float


def volume_of(cleared: F64, traded: F64, listed: Bool, *, has_trades: Bool | bool) -> F64:
    """Contracts traded today: the venue's count or the tape's, whichever is larger.

    Args:
        cleared: As the venue said, shape (2, n); NaN where it did not.
        traded: As counted on the tape, shape (2, n).
        listed: Which contracts exist, shape (2, n).
        has_trades: One for all or by strike: whether any trade of the symbol has come; before that
            nothing is known of them.
    """
    return np.where(has_trades, np.where(listed, np.fmax(cleared, traded), np.nan), cleared)


def activity(instant: ChainInputs, open_interest: F64, spot: float) -> Activity:
    """Total a chain; `open_interest` in contracts, shape (2, n), `spot` in dollars."""
    calls, puts = _by_side(instant.volume, instant.listed)
    call_oi, put_oi = _by_side(open_interest, instant.listed)
    by_strike = held(instant.traded).sum(axis=0)
    near = np.abs(instant.chain.strikes - spot) <= ATM_VOLUME_BAND * spot
    return Activity(
        call_volume=calls,
        put_volume=puts,
        call_oi=call_oi,
        put_oi=put_oi,
        settled_oi=sum(_by_side(instant.official, instant.listed)),
        atm_volume_pct=100.0 * ratio(float(by_strike[near].sum()), float(by_strike.sum())),
        top3_volume_pct=100.0 * top_share(by_strike),
    )


def _by_side(counts: F64, listed: Bool) -> tuple[float, float]:
    """What is known of calls and of puts; NaN for a side of which nothing is."""
    known = np.isfinite(counts)
    total = np.where(known, counts, 0.0).sum(axis=1)
    calls, puts = np.where(known.any(axis=1) | ~listed.any(axis=1), total, np.nan).tolist()
    return calls, puts
