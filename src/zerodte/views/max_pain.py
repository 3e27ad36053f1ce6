"""Max pain and the expected moves of a symbol's expiries, on settled open interest."""

import math

import msgspec
import numpy as np

from zerodte.engine.arithmetic import ratio
from zerodte.engine.chain_group import ChainGroup, PricedChain, sum_of_known
from zerodte.engine.levels import ChainLevels
from zerodte.engine.levels import max_pain as max_pain_of
from zerodte.engine.max_pain import Alignment, alignment, pain_curve, side_of, signal
from zerodte.engine.state import straddle_of
from zerodte.market.contracts import closing_chain
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
            direction=side_of(spot, level),
        ),
        signal=signal(spot, level),
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
    sigma = one.sigma
    return ExpectedMoveRow(
        expiry=chain.expiry,
        days_to_expiry=(chain.expiry - frame.today).days,
        atm_iv=number(one.atm_volatility),
        expected_move=number(sigma),
        expected_move_pct=number(100.0 * sigma / spot),
        lower_bound=number(spot - sigma),
        upper_bound=number(spot + sigma),
    )


def _curve(group: ChainGroup) -> list[PainPoint]:
    calls, puts = pain_curve(group.strikes, group.counted)
    columns = (numbers(column) for column in (calls, puts, calls + puts))
    return [
        PainPoint(strike=strike, call_pain=call, put_pain=put, total_pain=both)
        for strike, call, put, both in zip(group.strikes.tolist(), *columns, strict=True)
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
    """Max pain of each expiry: of what an answer about that one is about."""
    dates = dict.fromkeys(one.instant.chain.expiry for one in group.chains)
    out = []
    for expiry in dates:
        chains = [one for one in group.chains if one.instant.chain.expiry == expiry]
        part = ChainGroup(tuple(_of_one_expiry(chains)), group.spot)
        out.append(
            ExpirationPain(
                expiration=expiry,
                max_pain_strike=number(max_pain_of(part.strikes, part.counted)),
                dte=(expiry - frame.today).days,
                total_oi=whole(sum_of_known(part.open_interest)),
            )
        )
    return out


def _of_one_expiry(chains: list[PricedChain]) -> list[PricedChain]:
    """Of an expiry's chains the `closing_chain`; all where there is none."""
    chosen = closing_chain(one.instant.chain for one in chains)
    return [one for one in chains if chosen is None or one.instant.chain is chosen]


def _alignment(group: ChainGroup) -> DealerAlignment:
    levels, flip = group.levels, group.flip
    label = alignment(levels, flip.level, group.spot)
    return DealerAlignment(
        alignment=label,
        description=_described(label, levels, flip.level),
        gamma_flip=number(flip.level),
        gamma_flip_status=flip.status,
        call_wall=number(levels.call_wall.strike),
        put_wall=number(levels.put_wall.strike),
    )


def _described(label: Alignment, levels: ChainLevels, flip: float) -> str:
    walls = f"{price(levels.put_wall.strike)} and {price(levels.call_wall.strike)}"
    inside = f"Max pain {price(levels.max_pain)} lies between the walls at {walls}"
    return {
        "unknown": "Max pain or a wall is unknown.",
        "diverging": f"Max pain {price(levels.max_pain)} lies outside the walls at {walls}.",
        "converging": f"{inside}, near the flip.",
        "moderate": f"{inside}; the flip is "
        + ("withheld." if math.isnan(flip) else f"at {price(flip)}."),
    }[label]


def _straddle(group: ChainGroup) -> StraddleMove:
    near, level = group.nearest, group.levels.max_pain
    if near.surface is None:
        return StraddleMove(straddle_price=None, atm_iv=None, max_pain_within_expected_range=None)
    straddle = straddle_of(near.instant, near.surface)
    away = abs(group.spot - level)
    return StraddleMove(
        straddle_price=number(straddle),
        atm_iv=number(100.0 * near.atm_volatility),
        max_pain_within_expected_range=None if math.isnan(away - straddle) else away <= straddle,
    )
