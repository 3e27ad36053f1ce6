"""Dealer exposures of a chain: gamma, delta, vanna and charm in dollars.

GEX is the convention book (dealers long calls, short puts). DEX, VEX and CHEX are the holders'
book with dealers as the counterparty: above zero, dealers buy when volatility rises or time
passes. Definitions follow the public documentation of gamma-exposure services.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from zerodte.arrays import F64, Bool
from zerodte.constants import MULTIPLIER, SESSIONS_PER_YEAR
from zerodte.engine.arithmetic import zero_where_unknown
from zerodte.engine.chain_inputs import CALL, SIGN, ChainClock
from zerodte.engine.surface import Surface
from zerodte.pricing import black

Metric: TypeAlias = Literal["gex", "dex", "vex", "chex"]
Dollars: TypeAlias = float | F64


@dataclass(frozen=True, eq=False, slots=True)
class ChainExposures:
    """Exposures by right and strike, shape (2, n), and their sums.

    Attributes:
        gex: Dollars per 1% move.
        dex: Dollars.
        vex: Dollars per volatility point.
        chex: Dollars per session day.
        charm_hour: Dollars over the next hour, shape (2, n).
        net_gex: Sum of `gex`; NaN when none of a side's open interest is known, or where it is
            withheld.
        net_dex: NaN when none of a side's open interest is known, as are the other nets.
        net_vex: Dollars per volatility point.
        net_chex: Dollars per session day.
        net_theta: Minus the model's extrinsic value of all contracts, dollars: it decays by expiry.
        gross_gex: Sum of |gex|.
        net_by_strike: Net GEX by strike, shape (n,).
    """

    gex: F64
    dex: F64
    vex: F64
    chex: F64
    charm_hour: F64
    net_gex: float
    net_dex: float
    net_vex: float
    net_chex: float
    net_theta: float
    gross_gex: float
    net_by_strike: F64

    @property
    def is_withheld(self) -> bool:
        """Whether `net_gex` rests on single quotes of a chain whose quotes are in doubt."""
        return bool(np.isnan(self.net_gex) and np.isfinite(self.gross_gex))


def held(open_interest: F64) -> F64:
    """Counts for sums: an unpublished contract adds nothing; a side of which none is known is NaN.

    Args:
        open_interest: Contracts, shape (2, n) by right, or (n,) of one; NaN where unknown.
    """
    known = np.isfinite(open_interest)
    if known.all():
        return open_interest
    return np.where(known | ~known.any(axis=-1, keepdims=True), open_interest, 0.0)


def exposures(
    surface: Surface, clock: ChainClock, open_interest: F64, spot: float
) -> ChainExposures:
    """Exposures of `open_interest` (contracts, shape (2, n)) at `spot` dollars.

    Args:
        surface: Greeks of the chain.
        clock: Time to expiry, and the share of its variance that the next hour takes.
        open_interest: Contracts, shape (2, n), NaN where unknown.
        spot: Dollars.
    """
    greeks = surface.greeks
    shares = held(open_interest) * MULTIPLIER
    gex, dex = _gex(greeks, shares, spot), _dex(greeks, shares, spot)
    vex, chex = _vex(greeks, shares, spot), _chex(greeks, shares, spot)
    # Charm is n(d1) d2 / (2 tau) per year; the next hour takes its share of tau.
    charm_hour = greeks.charm * shares * (spot * clock.tau * clock.next_hour_share)
    return ChainExposures(
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


def net_gex(gamma: F64, open_interest: F64, spot: float) -> float:
    """The `net_gex` of `exposures` alone.

    Args:
        gamma: By strike, shape (n,): calls and puts share it.
        open_interest: Contracts, shape (2, n), NaN where unknown.
        spot: Dollars.
    """
    signed = (SIGN * held(open_interest) * MULTIPLIER).sum(axis=0)
    return float(gamma @ signed) * spot * spot * 0.01


def net_by_strike(
    metric: Metric,
    forward: F64,
    strikes: F64,
    tau: F64,
    volatility: F64,
    listed: Bool,
    open_interest: F64,
    spot: F64,
) -> F64:
    """One exposure by strike, calls and puts together, at many instants.

    Args:
        metric: Which exposure.
        forward: Dollars, shape (k,).
        strikes: Dollars, shape (n,).
        tau: Years of 252 sessions, shape (k,).
        volatility: By strike, shape (k, n); NaN where a strike was not listed.
        listed: Which contracts exist, shape (k, 2, n).
        open_interest: Contracts, shape (k, 2, n); NaN where unknown.
        spot: Dollars, shape (k,).

    Returns:
        Shape (k, n), in the unit of `ChainExposures`; NaN at a strike of which a contract is
        unknown.
    """
    shares = zero_where_unknown(open_interest) * MULTIPLIER
    greeks = black.greeks_over(forward, strikes, tau, volatility)
    dollars = FORMULAS[metric](greeks, shares, spot[:, np.newaxis, np.newaxis])
    return np.where(has_net(listed, open_interest), dollars.sum(axis=1), np.nan)


def has_net(listed: Bool, open_interest: F64) -> Bool:
    """At which strikes a net is known: where all contracts are that exist.

    Args:
        listed: Which do, shape (..., 2, n).
        open_interest: Contracts, likewise; NaN where unknown.
    """
    known = np.isfinite(open_interest)
    return np.logical_and((known | ~listed).all(axis=-2), known.any(axis=-2))


def _gex(greeks: black.Greeks, shares: F64, spot: Dollars) -> F64:
    return SIGN * greeks.gamma * shares * (spot * spot * 0.01)


def _dex(greeks: black.Greeks, shares: F64, spot: Dollars) -> F64:
    return greeks.delta * shares * spot


def _vex(greeks: black.Greeks, shares: F64, spot: Dollars) -> F64:
    return greeks.vanna * shares * (spot * 0.01)


def _chex(greeks: black.Greeks, shares: F64, spot: Dollars) -> F64:
    return greeks.charm * shares * (spot / SESSIONS_PER_YEAR)


FORMULAS: Final[Mapping[Metric, Callable[[black.Greeks, F64, Dollars], F64]]] = {
    "gex": _gex,
    "dex": _dex,
    "vex": _vex,
    "chex": _chex,
}
