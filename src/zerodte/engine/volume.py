"""What traded and what is open, by side: the day's totals and ratios of a chain."""

from dataclasses import dataclass

import numpy as np

from zerodte.arrays import F64, Bool
from zerodte.constants import ATM_VOLUME_BAND
from zerodte.engine.arithmetic import ratio
from zerodte.engine.chain_inputs import CALL, PUT, ChainInputs
from zerodte.engine.exposure import held
from zerodte.engine.pin import top_share


@dataclass(frozen=True, slots=True)
class Activity:
    """Totals in contracts, ratios as fractions, shares in percent; NaN where unknown.

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
    volume, counts = held(instant.volume), held(open_interest)
    by_strike = volume.sum(axis=0)
    near = np.abs(instant.chain.strikes - spot) <= ATM_VOLUME_BAND * spot
    return Activity(
        call_volume=float(volume[CALL].sum()),
        put_volume=float(volume[PUT].sum()),
        call_oi=float(counts[CALL].sum()),
        put_oi=float(counts[PUT].sum()),
        settled_oi=float(held(instant.official).sum()),
        atm_volume_pct=100.0 * ratio(float(by_strike[near].sum()), float(by_strike.sum())),
        top3_volume_pct=100.0 * top_share(by_strike),
    )
