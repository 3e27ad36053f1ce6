"""The per-strike rows of a snapshot, from the columns of a chain's state."""

import datetime

import numpy as np

from zerodte.arrays import F64, Bool
from zerodte.constants import SESSIONS_PER_YEAR
from zerodte.engine.chain_inputs import CALL, PUT
from zerodte.engine.exposure import has_net, held
from zerodte.engine.quality import spread_pct
from zerodte.engine.state import ChainState
from zerodte.engine.surface import own_volatility
from zerodte.market.osi import Contract, wire_symbol
from zerodte.wire.numbers import numbers, wholes
from zerodte.wire.strikes import Strike, rows


def within(state: ChainState, strike_range: float) -> Bool:
    """Which strikes lie within `strike_range` (a fraction) of spot, shape (n,)."""
    spot = state.spot.value
    near: Bool = np.abs(state.instant.chain.strikes - spot) <= strike_range * spot
    return near


def strike_rows(state: ChainState, strike_range: float) -> list[Strike]:
    """Rows of the strikes within `strike_range` of spot; shares are of the whole chain."""
    now, live, greeks = state.instant, state.exposures, state.surface.greeks
    near = within(state, strike_range)
    chain, spot = now.chain, state.spot.value
    volatility, spread = own_volatility(now, state.surface.forward), spread_pct(now)
    net = live.net_by_strike
    held_at, traded_at = np.isfinite(now.effective), np.isfinite(now.volume)
    held_all = has_net(now.listed, now.effective)
    # Volume is known as soon as one contract's is.
    traded_any = np.logical_or(*traded_at)

    def column(values: F64, known: Bool | None = None) -> list[float | None]:
        visible = values if known is None else np.where(known, values, np.nan)
        return numbers(visible[near])

    def contracts(values: F64, right: int) -> list[int | None]:
        return wholes(values[right][near])

    strikes = chain.strikes[near].tolist()
    return rows(
        strike=strikes,
        distance_from_spot_pct=column(100.0 * (chain.strikes - spot) / spot),
        call_symbol=_symbols(chain.root, chain.expiry, strikes, "C", now.listed[CALL][near]),
        put_symbol=_symbols(chain.root, chain.expiry, strikes, "P", now.listed[PUT][near]),
        call_gex=column(live.gex[CALL], held_at[CALL]),
        put_gex=column(live.gex[PUT], held_at[PUT]),
        net_gex=column(net, held_all),
        call_dex=column(live.dex[CALL], held_at[CALL]),
        put_dex=column(live.dex[PUT], held_at[PUT]),
        net_dex=column(live.dex.sum(axis=0), held_all),
        net_vex=column(live.vex.sum(axis=0), held_all),
        net_chex=column(live.chex.sum(axis=0), held_all),
        call_oi=contracts(now.effective, CALL),
        put_oi=contracts(now.effective, PUT),
        call_volume=contracts(now.volume, CALL),
        put_volume=contracts(now.volume, PUT),
        gex_share_pct=column(_share_pct(np.abs(net)), held_all),
        oi_share_pct=column(_share_pct(held(now.counted).sum(axis=0)), held_all),
        volume_share_pct=column(_share_pct(held(now.traded).sum(axis=0)), traded_any),
        call_iv=column(volatility[CALL]),
        put_iv=column(volatility[PUT]),
        call_delta=column(greeks.delta[CALL], now.listed[CALL]),
        put_delta=column(greeks.delta[PUT], now.listed[PUT]),
        call_gamma=column(greeks.gamma[CALL], now.listed[CALL]),
        put_gamma=column(greeks.gamma[PUT], now.listed[PUT]),
        call_theta=column(greeks.theta[CALL] / SESSIONS_PER_YEAR, now.listed[CALL]),
        put_theta=column(greeks.theta[PUT] / SESSIONS_PER_YEAR, now.listed[PUT]),
        call_mid=column(now.mid[CALL]),
        put_mid=column(now.mid[PUT]),
        call_spread_pct=column(spread[CALL]),
        put_spread_pct=column(spread[PUT]),
    )


def _share_pct(values: F64) -> F64:
    """Each value's share of their sum, percent; NaN where that is zero."""
    total = float(values.sum())
    return 100.0 * values / total if total > 0.0 else np.full(len(values), np.nan)


def _symbols(
    root: str, expiry: datetime.date, strikes: list[float], right: str, listed: Bool
) -> list[str | None]:
    return [
        wire_symbol(Contract(root, expiry, strike, right)) if there else None
        for strike, there in zip(strikes, listed.tolist(), strict=True)
    ]
