"""The blocks of a snapshot, each from the state of a chain: names, distances and rounding."""

import math
from typing import Any

import numpy as np
from msgspec import UNSET

from zerodte.arrays import F64
from zerodte.constants import SECOND
from zerodte.engine.arithmetic import ratio
from zerodte.engine.chain_inputs import CALL, ChainInputs
from zerodte.engine.exposure import ChainExposures
from zerodte.engine.flip import gamma_profile
from zerodte.engine.hedging import Hedge
from zerodte.engine.inventory import gex_by_strike
from zerodte.engine.levels import walls
from zerodte.engine.quality import weighted_spread_pct
from zerodte.engine.regime import flow_shift, sign
from zerodte.engine.state import ChainState
from zerodte.session.decision import Decision, label_of
from zerodte.session.reading import Reading
from zerodte.views import sentences
from zerodte.views.strikes import within
from zerodte.wire import conditions, decision, positioning
from zerodte.wire.base import timestamp
from zerodte.wire.numbers import number, numbers, whole

#: Which formulas made a figure; raised when one changes.
MODEL_VERSION = "4"

_CHARM: dict[int | None, conditions.HedgeLean | None] = {
    1: "time_decay_dealers_buy",
    -1: "time_decay_dealers_sell",
    0: "neutral",
    None: None,
}
_VANNA: dict[int | None, conditions.VannaLean | None] = {
    1: "vol_up_dealers_buy",
    -1: "vol_up_dealers_sell",
    0: "neutral",
    None: None,
}


def regime_block(state: ChainState, decision: Decision | None = None) -> positioning.Regime:
    """Regime and flip; the label is the one that stands since the last sample."""
    spot, flip = state.spot.value, state.flip
    label = label_of(decision, state)
    since = decision.memory.label.since if decision and label != "unknown" else 0
    distance = spot - flip.level
    return positioning.Regime(
        label=label,
        strength=number(abs(ratio(state.exposures.net_gex, state.exposures.gross_gex))),
        since=timestamp(since) if since else None,
        description=sentences.regime(
            label,
            state.exposures,
            flip.status,
            waits=_sign_wait(decision, state) if label == "unknown" else None,
        ),
        gamma_flip=number(flip.level),
        gamma_flip_status=flip.status,
        spot_vs_flip=None if math.isnan(distance) else "above" if distance > 0.0 else "below",
        spot_to_flip_pct=number(100.0 * distance / spot),
        distance_to_flip_dollars=number(abs(distance)),
        distance_to_flip_sigmas=number(abs(distance) / state.sigma),
    )


def _sign_wait(decision: Decision | None, state: ChainState) -> sentences.SignWait | None:
    """For what the sign waits that may be claimed now, though none stands."""
    if decision is None or state.regime == "unknown":
        return None
    return "dwell" if decision.memory.label.since else "sample"


def exposures_block(state: ChainState, total_net_gex: float) -> positioning.Exposures:
    """Net greeks in dollars, beside the symbol's whole chain."""
    live = state.exposures
    return positioning.Exposures(
        net_gex=number(live.net_gex),
        net_dex=number(live.net_dex),
        net_vex=number(live.net_vex),
        net_chex=number(live.net_chex),
        pct_of_total_gex=number(100.0 * ratio(live.net_gex, total_net_gex)),
        total_chain_net_gex=number(total_net_gex),
    )


def expected_move_block(state: ChainState) -> conditions.ExpectedMove:
    """One sigma of the session and of what remains."""
    spot, sigma, session_sigma = state.spot.value, state.sigma, state.whole_session_sigma
    return conditions.ExpectedMove(
        implied_1sd_dollars=number(session_sigma),
        implied_1sd_pct=number(100.0 * session_sigma / spot),
        remaining_1sd_dollars=number(sigma),
        remaining_1sd_pct=number(100.0 * sigma / spot),
        upper_bound=number(spot + sigma),
        lower_bound=number(spot - sigma),
        straddle_price=number(state.straddle),
        atm_iv=number(state.atm_volatility),
    )


def pin_block(state: ChainState) -> positioning.PinRisk:
    """The magnet and its pull."""
    pin, magnet, spot = state.pin, state.levels.magnet, state.spot.value
    return positioning.PinRisk(
        magnet_strike=number(magnet.strike),
        magnet_gex=number(magnet.value),
        distance_to_magnet_pct=number(100.0 * (spot - magnet.strike) / spot),
        pin_score=whole(pin.score),
        components=positioning.PinComponents(
            oi_score=whole(pin.oi),
            proximity_score=whole(pin.proximity),
            time_score=whole(pin.time),
            gamma_score=whole(pin.gamma),
        ),
        max_pain=number(state.levels.max_pain),
        oi_concentration_top3_pct=number(100.0 * pin.top3_share),
        description=sentences.pin(state),
    )


def hedging_block(state: ChainState) -> positioning.Hedging:
    """What dealers trade at each move."""
    moves = {hedge.move: hedging_move(hedge) for hedge in state.hedges}
    return positioning.Hedging(**moves, convexity_at_spot=number(state.convexity))


def decay_block(state: ChainState, *, is_open: bool) -> conditions.Decay:
    """What time takes, and what it makes dealers do; per hour while the chain trades."""
    live = state.exposures
    hours = state.instant.clock.hours_left if is_open else math.nan
    label = charm_lean(live)
    return conditions.Decay(
        net_theta_dollars=number(live.net_theta),
        theta_per_hour_remaining=number(ratio(live.net_theta, hours)),
        charm_regime=label,
        charm_description=sentences.charm(
            label, live.net_chex, is_over=state.instant.clock.is_floored
        ),
        gamma_acceleration=number(state.gamma_acceleration),
        description=sentences.decay(state),
    )


def volatility_block(state: ChainState, vix: float) -> conditions.VolContext:
    """Today's volatility beside next week's, and vanna."""
    today, week = state.atm_volatility, state.anchor.volatility
    label = vanna_lean(state.exposures)
    return conditions.VolContext(
        zero_dte_atm_iv=number(100.0 * today),
        seven_dte_atm_iv=number(100.0 * week),
        iv_ratio_0dte_7dte=number(ratio(today, week)),
        vix=number(vix),
        skew_25d=number(100.0 * state.skew),
        vanna_exposure=number(state.exposures.net_vex),
        vanna_interpretation=label,
        description=sentences.volatility(state)
        + " "
        + sentences.vanna(label, state.exposures.net_vex),
    )


def flow_block(state: ChainState) -> conditions.Flow:
    """Volume and open interest."""
    day = state.activity
    volume = day.call_volume + day.put_volume
    calls, puts = whole(day.call_oi), whole(day.put_oi)
    return conditions.Flow(
        total_volume=whole(volume),
        call_volume=whole(day.call_volume),
        put_volume=whole(day.put_volume),
        net_call_minus_put_volume=whole(day.call_volume - day.put_volume),
        # The sum of what is served: halves round up on either side.
        total_oi=None if calls is None or puts is None else calls + puts,
        call_oi=calls,
        put_oi=puts,
        pc_ratio_volume=number(ratio(day.put_volume, day.call_volume)),
        pc_ratio_oi=number(ratio(day.put_oi, day.call_oi)),
        volume_to_oi_ratio=number(ratio(volume, day.settled_oi)),
        atm_volume_share_pct=number(day.atm_volume_pct),
        top3_strike_volume_pct=number(day.top3_volume_pct),
    )


def levels_block(state: ChainState) -> positioning.Levels:
    """Walls, magnet and their company."""
    levels, spot = state.levels, state.spot.value
    by_right = (walls(state.instant.chain.strikes, gex) for gex in state.exposures.gex)
    (_, second_call, third_call), (_, second_put, third_put) = by_right
    return positioning.Levels(
        call_wall=number(levels.call_wall.strike),
        call_wall_gex=number(levels.call_wall.value),
        call_wall_strength=number(levels.call_wall_strength),
        distance_to_call_wall_pct=number(100.0 * (levels.call_wall.strike - spot) / spot),
        put_wall=number(levels.put_wall.strike),
        put_wall_gex=number(levels.put_wall.value),
        put_wall_strength=number(levels.put_wall_strength),
        distance_to_put_wall_pct=number(100.0 * (levels.put_wall.strike - spot) / spot),
        side_call_wall=number(levels.side_call_wall.strike),
        side_call_wall_gex=number(levels.side_call_wall.value),
        side_put_wall=number(levels.side_put_wall.strike),
        side_put_wall_gex=number(levels.side_put_wall.value),
        call_wall_2=number(second_call.strike),
        call_wall_2_gex=number(second_call.value),
        call_wall_3=number(third_call.strike),
        call_wall_3_gex=number(third_call.value),
        put_wall_2=number(second_put.strike),
        put_wall_2_gex=number(second_put.value),
        put_wall_3=number(third_put.strike),
        put_wall_3_gex=number(third_put.value),
        distance_to_magnet_dollars=number(spot - levels.magnet.strike),
        highest_oi_strike=number(levels.highest_open_interest.strike),
        highest_oi_total=whole(levels.highest_open_interest.value),
        max_positive_gamma=number(levels.max_positive_gamma),
        max_negative_gamma=number(levels.max_negative_gamma),
        level_cluster_score=whole(state.cluster_score),
    )


def gamma_profile_block(state: ChainState) -> positioning.GammaProfile | None:
    """Net GEX over spot; None where it is unknown or withheld at spot itself."""
    if math.isnan(state.exposures.net_gex):
        return None
    now = state.instant
    found = gamma_profile(now, state.surface, now.counted, state.spot.value)
    return positioning.GammaProfile(
        spots=numbers(found.spots),
        net_gex=numbers(found.net_gex),
        low=numbers(found.low),
        high=numbers(found.high),
    )


def liquidity_block(state: ChainState, strike_range: float) -> conditions.Liquidity:
    """What it costs to trade."""
    near = within(state, strike_range)
    weighted = weighted_spread_pct(state.instant, state.instant.effective, near)
    return conditions.Liquidity(
        atm_spread_pct=number(state.quality.atm_spread_pct),
        weighted_spread_pct=number(weighted),
        execution_score=whole(state.quality.execution),
    )


def age_seconds(instant: ChainInputs, now: int) -> float:
    """How long before `now` (UTC ns) the chain's newest record came; NaN without any."""
    return math.nan if instant.newest is None else (now - instant.newest) / SECOND


def metadata_block(reading: Reading) -> conditions.Metadata:
    """How far to trust the answer."""
    state = reading.state
    now, quality, settled = state.instant, state.quality, state.instant.oi_as_of
    return conditions.Metadata(
        snapshot_age_seconds=number(age_seconds(state.instant, now.clock.now)),
        chain_contract_count=int(now.listed.sum()),
        data_quality_score=whole(quality.data),
        greek_smoothness_score=whole(quality.smoothness),
        spot_source=state.spot.source,
        quotes_fresh_pct=number(quality.fresh_pct),
        classified_volume_pct=number(100.0 * now.classified_share),
        volume_by_rule=dict(reading.volume_by_rule),
        oi_as_of=None if settled is None else timestamp(settled),
        inputs_digest=reading.context.digest,
        model_version=MODEL_VERSION,
    )


def flow_direction_block(reading: Reading) -> positioning.FlowDirection:
    """What the day's trades did to net gamma; unknown while none has come."""
    state = reading.live
    live, settled = state.exposures.net_gex, state.settled_net_gex
    shift = flow_shift(settled, live, state.instant.official, state.instant.effective)
    simulated = reading.interest.simulated if reading.has_trades else math.nan
    interest: dict[str, Any] = {
        "simulated_oi": whole(simulated),
        "oi_delta_confidence": number(reading.interest.confidence),
        "open_interest_method": reading.interest.method,
    }
    if not reading.has_trades:
        return positioning.FlowDirection(
            label=None,
            settled_net_gex=number(settled),
            live_net_gex=number(live),
            flow_gex_adjustment=None,
            flow_gex_pct_shift=None,
            contracts_with_flow=None,
            total_abs_delta_contracts=None,
            **interest,
            description=sentences.flow_direction(None, settled, live),
        )
    return positioning.FlowDirection(
        label=shift.label,
        settled_net_gex=number(settled),
        live_net_gex=number(live),
        flow_gex_adjustment=number(shift.adjustment),
        flow_gex_pct_shift=number(shift.shift),
        contracts_with_flow=shift.contracts,
        total_abs_delta_contracts=whole(shift.moved),
        **interest,
        description=sentences.flow_direction(
            shift.label, settled, live, is_withheld=state.exposures.is_withheld
        ),
    )


def inventory_block(
    reading: Reading, *, by_strike: bool = False
) -> decision.DealerInventory | None:
    """Dealers' own book; None where no open interest is known, or no trade has come."""
    book = reading.inventory
    if math.isnan(book.gex.mean) or not reading.has_trades:
        return None
    return decision.DealerInventory(
        net_gex=number(book.gex.mean),
        net_gex_low=number(book.gex.low),
        net_gex_high=number(book.gex.high),
        net_dex=number(-book.dex.mean),
        net_vex=number(-book.vex.mean),
        net_chex=number(-book.chex.mean),
        regime=book.regime,
        agrees=book.agrees(reading.live.regime),
        strikes=_inventory_strikes(reading) if by_strike else UNSET,
    )


def _inventory_strikes(reading: Reading) -> list[decision.InventoryStrike] | None:
    """Its GEX at every strike; None where a stored sample does not say."""
    live, purchases = reading.live, reading.purchases
    if np.isnan(purchases.contracts).all():
        return None
    gamma, official = live.surface.greeks.gamma[CALL], live.instant.counted_official
    gex = gex_by_strike(gamma, live.spot.value, official, purchases)
    columns = (numbers(each) for each in (live.instant.chain.strikes, gex.mean, gex.low, gex.high))
    return [decision.InventoryStrike(*row) for row in zip(*columns, strict=True)]


def charm_lean(net: ChainExposures) -> conditions.HedgeLean | None:
    """What passing time makes dealers do."""
    return _CHARM[_lean(net.chex)]


def vanna_lean(net: ChainExposures) -> conditions.VannaLean | None:
    """What rising volatility makes dealers do."""
    return _VANNA[_lean(net.vex)]


def hedging_move(hedge: Hedge) -> positioning.HedgingMove:
    """What dealers trade at one move."""
    shares = hedge.shares
    return positioning.HedgingMove(
        dealer_shares_to_trade=number(shares),
        direction=None if math.isnan(shares) else "sell" if shares < 0.0 else "buy",
        notional_usd=number(hedge.notional),
    )


def _lean(values: F64) -> int | None:
    """Which way a net exposure makes dealers trade: the key of the tables; None when unknown."""
    net, gross = float(values.sum()), float(abs(values).sum())
    return None if math.isnan(net) else sign(net, gross)
