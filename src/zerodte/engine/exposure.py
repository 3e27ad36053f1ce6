"""Dealer exposures of a chain: gamma, delta, vanna and charm in dollars.

GEX is the convention book (dealers long calls, short puts). DEX, VEX and CHEX are the holders'
book with dealers as the counterparty: above zero, dealers buy when volatility rises or time
passes. Definitions follow the public documentation of gamma-exposure services.
"""

from dataclasses import dataclass

import numpy as np

from zerodte.config import MULTIPLIER, SESSIONS_PER_YEAR
from zerodte.engine.instant import CALL, SIGN, Clock, Floats
from zerodte.engine.surface import Surface


@dataclass(frozen=True, eq=False, slots=True)
class Exposures:
    """Exposures by right and strike, shape (2, n), and their sums.

    Attributes:
        gex: Dollars per 1% move.
        dex: Dollars.
        vex: Dollars per volatility point.
        chex: Dollars per session day.
        charm_hour: Dollars over the next hour, shape (2, n).
        net_gex: Sum of `gex`; NaN when no open interest is known.
        net_dex: Likewise, as are the other nets.
        net_vex: Dollars per volatility point.
        net_chex: Dollars per session day.
        net_theta: Minus the model's extrinsic value of all contracts, dollars: it decays by expiry.
        gross_gex: Sum of |gex|.
        net_by_strike: Net GEX by strike, shape (n,).
    """

    gex: Floats
    dex: Floats
    vex: Floats
    chex: Floats
    charm_hour: Floats
    net_gex: float
    net_dex: float
    net_vex: float
    net_chex: float
    net_theta: float
    gross_gex: float
    net_by_strike: Floats


def held(open_interest: Floats) -> Floats:
    """Counts for sums: an unpublished contract adds nothing; NaN all through if none is known."""
    known = np.isfinite(open_interest)
    if not known.any():
        return open_interest
    return np.where(known, open_interest, 0.0)


def exposures(surface: Surface, clock: Clock, open_interest: Floats, spot: float) -> Exposures:
    """Exposures of `open_interest` (contracts, shape (2, n)) at `spot` dollars.

    Args:
        surface: Greeks of the chain.
        clock: Time to expiry, and the share of its variance that the next hour takes.
        open_interest: Contracts, shape (2, n), NaN where unknown.
        spot: Dollars.
    """
    greeks = surface.greeks
    shares = held(open_interest) * MULTIPLIER
    gex = SIGN * greeks.gamma * shares * (spot * spot * 0.01)
    dex = greeks.delta * shares * spot
    vex = greeks.vanna * shares * (spot * 0.01)
    chex = greeks.charm * shares * (spot / SESSIONS_PER_YEAR)
    # Charm is n(d1) d2 / (2 tau) per year; the next hour takes its share of tau.
    charm_hour = greeks.charm * shares * (spot * clock.tau * clock.next_hour_share)
    return Exposures(
        gex=gex,
        dex=dex,
        vex=vex,
        chex=chex,
        charm_hour=charm_hour,
        net_gex=net_gex(greeks.gamma[CALL], open_interest, spot),
        net_dex=float(dex.sum()),
        net_vex=float(vex.sum()),
        net_chex=float(chex.sum()),
        net_theta=-float(shares.sum(axis=0) @ surface.otm_price),
        gross_gex=float(np.abs(gex).sum()),
        net_by_strike=gex.sum(axis=0),
    )


def net_gex(gamma: Floats, open_interest: Floats, spot: float) -> float:
    """The `net_gex` of `exposures` alone.

    Args:
        gamma: By strike, shape (n,): calls and puts share it.
        open_interest: Contracts, shape (2, n), NaN where unknown.
        spot: Dollars.
    """
    signed = (SIGN * held(open_interest) * MULTIPLIER).sum(axis=0)
    return float(gamma @ signed) * spot * spot * 0.01
