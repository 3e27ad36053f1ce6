"""Max pain and the expected moves of a symbol's expiries, on settled open interest."""

import math
from typing import Literal

import msgspec
import numpy as np

from zerodte.constants import MAX_PAIN_NEAR_FLIP, MAX_PAIN_SIGNAL, MULTIPLIER
from zerodte.engine.arithmetic import ratio
from zerodte.engine.chain_group import ChainGroup, PricedChain, sum_of_known
from zerodte.engine.levels import max_pain as max_pain_of
from zerodte.engine.state import straddle_of
from zerodte.views.group import GroupFrame
from zerodte.wire.max_pain import (
    DealerAlignment,
    ExpectedMoveRow,
    ExpectedMoves,
    ExpirationPain,
    MaxPain,
    MaxPainDistance,
    PainPoint,
    StraddleMove,
    StrikeInterest,
)
from zerodte.wire.numbers import number, numbers, whole, wholes
from zerodte.wire.text import price

_HALF_A_CENT = 0.005


def max_pain(frame: GroupFrame) -> bytes:
    """The JSON of max pain."""
    group = frame.live.settled()
    level, spot = group.levels.max_pain, group.spot
    calls, puts = group.held
    answer = MaxPain(
        **frame.head(),
        max_pain_strike=number(level),
        distance=MaxPainDistance(
            absolute=number(abs(spot - level)),
            percent=number(100.0 * abs(spot - level) / spot),
            direction=_direction(spot, level),
        ),
        signal=_signal(spot, level),
        expiration=frame.expiry or group.chains[0].instant.chain.expiry,
        put_call_oi_ratio=number(ratio(puts, calls)),
        pain_curve=_curve(group),
        oi_by_strike=_interest(group),
        max_pain_by_expiration=None if frame.expiry else _by_expiration(frame, group),
        dealer_alignment=_alignment(group),
        regime=group.regime,
        expected_move=_straddle(group),
        pin_probability=whole(group.pin.score),
    )
    return msgspec.json.encode(answer)


def expected_moves(frame: GroupFrame) -> bytes:
    """The JSON of the expected moves: of an expiry's chains, the PM-settled one."""
    by_expiry: dict[object, PricedChain] = {}
    for one in frame.live.chains:
        chain = one.instant.chain
        if chain.expiry not in by_expiry or not chain.am_settled:
            by_expiry[chain.expiry] = one
    answer = ExpectedMoves(
        **frame.head(), expected_moves=[_move(frame, one) for one in by_expiry.values()]
    )
    return msgspec.json.encode(answer)


def _move(frame: GroupFrame, one: PricedChain) -> ExpectedMoveRow:
    chain, spot = one.instant.chain, frame.live.spot
    is_known = one.surface is not None and not one.instant.clock.is_floored
    sigma = one.surface.sigma if one.surface is not None and is_known else math.nan
    volatility = one.surface.atm_volatility if one.surface is not None and is_known else math.nan
    return ExpectedMoveRow(
        expiry=chain.expiry,
        days_to_expiry=(chain.expiry - frame.today).days,
        atm_iv=number(volatility),
        expected_move=number(sigma),
        expected_move_pct=number(100.0 * sigma / spot),
        lower_bound=number(spot - sigma),
        upper_bound=number(spot + sigma),
    )


def _direction(spot: float, level: float) -> Literal["above", "below", "at"] | None:
    if math.isnan(spot - level):
        return None
    if abs(spot - level) < _HALF_A_CENT:
        return "at"
    return "above" if spot > level else "below"


def _signal(spot: float, level: float) -> Literal["bullish", "bearish", "neutral"] | None:
    distance = (spot - level) / spot
    if math.isnan(distance):
        return None
    if abs(distance) < MAX_PAIN_SIGNAL:
        return "neutral"
    return "bearish" if distance > 0.0 else "bullish"


def _curve(group: ChainGroup) -> list[PainPoint]:
    """Dollars that holders receive, from the open interest that is known."""
    strikes, counts = group.strikes, group.open_interest
    calls, puts = (
        np.full(len(strikes), np.nan) if np.isnan(side).all() else np.nan_to_num(side)
        for side in counts
    )
    paid = np.maximum(strikes[:, np.newaxis] - strikes, 0.0) * MULTIPLIER
    call_pain, put_pain = paid @ calls, paid.T @ puts
    columns = (numbers(column) for column in (call_pain, put_pain, call_pain + put_pain))
    return [
        PainPoint(strike=strike, call_pain=call, put_pain=put, total_pain=both)
        for strike, call, put, both in zip(strikes.tolist(), *columns, strict=True)
    ]


def _interest(group: ChainGroup) -> list[StrikeInterest]:
    counts, volume = group.open_interest, group.volume
    both = np.where(np.isfinite(counts).any(axis=0), np.nan_to_num(counts).sum(axis=0), np.nan)
    columns = (wholes(side) for side in (*counts, both, *volume))
    return [
        StrikeInterest(
            strike=strike,
            call_oi=call_oi,
            put_oi=put_oi,
            total_oi=total_oi,
            call_volume=call_volume,
            put_volume=put_volume,
        )
        for strike, call_oi, put_oi, total_oi, call_volume, put_volume in zip(
            group.strikes.tolist(), *columns, strict=True
        )
    ]


def _by_expiration(frame: GroupFrame, group: ChainGroup) -> list[ExpirationPain]:
    """Max pain of each expiry's chains together."""
    dates = dict.fromkeys(one.instant.chain.expiry for one in group.chains)
    out = []
    for expiry in dates:
        chains = tuple(one for one in group.chains if one.instant.chain.expiry == expiry)
        part = ChainGroup(chains, group.spot)
        out.append(
            ExpirationPain(
                expiration=expiry,
                max_pain_strike=number(max_pain_of(part.strikes, part.open_interest)),
                dte=(expiry - frame.today).days,
                total_oi=whole(sum_of_known(part.open_interest)),
            )
        )
    return out


def _alignment(group: ChainGroup) -> DealerAlignment:
    level, flip = group.levels.max_pain, group.flip
    call_wall, put_wall = group.levels.call_wall.strike, group.levels.put_wall.strike
    label: Literal["converging", "moderate", "diverging", "unknown"]
    if math.isnan(level + call_wall + put_wall):
        label, text = "unknown", "Max pain or a wall is unknown."
    elif not min(put_wall, call_wall) <= level <= max(put_wall, call_wall):
        label = "diverging"
        text = (
            f"Max pain {price(level)} lies outside the walls at {price(put_wall)} and "
            f"{price(call_wall)}."
        )
    elif abs(level - flip.level) <= MAX_PAIN_NEAR_FLIP * group.spot:
        label = "converging"
        text = f"Max pain {price(level)} lies between the walls and near the flip."
    else:
        label = "moderate"
        far = "the flip is withheld" if math.isnan(flip.level) else "far from the flip"
        text = f"Max pain {price(level)} lies between the walls; {far}."
    return DealerAlignment(
        alignment=label,
        description=text,
        gamma_flip=number(flip.level),
        gamma_flip_status=flip.status,
        call_wall=number(call_wall),
        put_wall=number(put_wall),
    )


def _straddle(group: ChainGroup) -> StraddleMove:
    near, level = group.nearest, group.levels.max_pain
    if near.surface is None:
        return StraddleMove(straddle_price=None, atm_iv=None, max_pain_within_expected_range=None)
    straddle = straddle_of(near.instant, near.surface)
    away = abs(group.spot - level)
    floored = near.instant.clock.is_floored
    volatility = math.nan if floored else near.surface.atm_volatility
    return StraddleMove(
        straddle_price=number(straddle),
        atm_iv=number(100.0 * volatility),
        max_pain_within_expected_range=None if math.isnan(away - straddle) else away <= straddle,
    )
