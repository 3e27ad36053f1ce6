"""The per-strike rows of a snapshot, from the columns of a chain's state."""

import datetime

import numpy as np

from zerodte.config import SESSIONS_PER_YEAR
from zerodte.engine.exposure import held
from zerodte.engine.instant import CALL, PUT, Bools, Floats
from zerodte.engine.quality import spread_pct
from zerodte.engine.state import ChainState
from zerodte.engine.surface import own_volatility
from zerodte.market.osi import Contract, wire_symbol
from zerodte.wire.numbers import numbers, wholes
from zerodte.wire.strikes import Strike, rows


def within(state: ChainState, strike_range: float) -> Bools:
    """Which strikes lie within `strike_range` (a fraction) of spot, shape (n,)."""
    spot = state.spot.value
    near: Bools = np.abs(state.instant.chain.strikes - spot) <= strike_range * spot
    return near


def strike_rows(state: ChainState, strike_range: float) -> list[Strike]:
    """Rows of the strikes within `strike_range` of spot; shares are of the whole chain."""
    now, live, greeks = state.instant, state.exposures, state.surface.greeks
    near = within(state, strike_range)
    chain, spot = now.chain, state.spot.value
    volatility, spread = own_volatility(now, state.surface.forward), spread_pct(now)
    net = live.net_by_strike

    def column(values: Floats) -> list[float | None]:
        return numbers(values[near])

    def listed(values: Floats, right: int) -> list[float | None]:
        return column(np.where(now.listed[right], values[right], np.nan))

    def contracts(values: Floats, right: int) -> list[int | None]:
        return wholes(values[right][near])

    strikes = chain.strikes[near].tolist()
    return rows(
        strike=strikes,
        distance_from_spot_pct=column(100.0 * (chain.strikes - spot) / spot),
        call_symbol=_symbols(chain.root, chain.expiry, strikes, "C", now.listed[CALL][near]),
        put_symbol=_symbols(chain.root, chain.expiry, strikes, "P", now.listed[PUT][near]),
        call_gex=column(live.gex[CALL]),
        put_gex=column(live.gex[PUT]),
        net_gex=column(net),
        call_dex=column(live.dex[CALL]),
        put_dex=column(live.dex[PUT]),
        net_dex=column(live.dex.sum(axis=0)),
        net_vex=column(live.vex.sum(axis=0)),
        net_chex=column(live.chex.sum(axis=0)),
        call_oi=contracts(now.effective, CALL),
        put_oi=contracts(now.effective, PUT),
        call_volume=contracts(now.volume, CALL),
        put_volume=contracts(now.volume, PUT),
        gex_share_pct=column(_share_pct(np.abs(net))),
        oi_share_pct=column(_share_pct(held(now.effective).sum(axis=0))),
        volume_share_pct=column(_share_pct(held(now.volume).sum(axis=0))),
        call_iv=column(volatility[CALL]),
        put_iv=column(volatility[PUT]),
        call_delta=listed(greeks.delta, CALL),
        put_delta=listed(greeks.delta, PUT),
        call_gamma=listed(greeks.gamma, CALL),
        put_gamma=listed(greeks.gamma, PUT),
        call_theta=listed(greeks.theta / SESSIONS_PER_YEAR, CALL),
        put_theta=listed(greeks.theta / SESSIONS_PER_YEAR, PUT),
        call_mid=column(now.mid[CALL]),
        put_mid=column(now.mid[PUT]),
        call_spread_pct=column(spread[CALL]),
        put_spread_pct=column(spread[PUT]),
    )


def _share_pct(values: Floats) -> Floats:
    """Each value's share of their sum, percent; NaN where that is zero."""
    total = float(values.sum())
    return 100.0 * values / total if total > 0.0 else np.full(len(values), np.nan)


def _symbols(
    root: str, expiry: datetime.date, strikes: list[float], right: str, listed: Bools
) -> list[str | None]:
    return [
        wire_symbol(Contract(root, expiry, strike, right)) if there else None
        for strike, there in zip(strikes, listed.tolist(), strict=True)
    ]
