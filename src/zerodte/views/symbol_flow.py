"""The live answers about a symbol's chains together, on effective open interest."""

import math
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from zerodte.arrays import F64
from zerodte.engine.arithmetic import ratio
from zerodte.engine.chain_group import ChainGroup
from zerodte.engine.chain_inputs import CALL, PUT
from zerodte.views import sentences
from zerodte.views.group import GroupFrame
from zerodte.wire.dealer_risk import DealerRisk, FlowDealerRisk, FlowLive, FlowOi
from zerodte.wire.numbers import number, numbers, whole, wholes
from zerodte.wire.positioning import PinComponents
from zerodte.wire.symbol_flow import (
    DexRow,
    FlowDex,
    FlowGex,
    FlowLevels,
    FlowPinRisk,
    FlowSummary,
    GexRow,
    NetLabel,
)


def flow_levels(frame: GroupFrame) -> bytes:
    """The JSON of the strikes that matter."""
    return msgspec.json.encode(FlowLevels(**_head(frame), **_levels(frame.live)))


def flow_pin_risk(frame: GroupFrame) -> bytes:
    """The JSON of the pin score."""
    live = frame.live
    magnet, near = live.levels.magnet.strike, live.nearest.instant.clock
    answer = FlowPinRisk(
        **_head(frame),
        live_pin_risk=whole(live.pin.score),
        magnet_strike=number(magnet),
        distance_to_magnet_pct=number(100.0 * (live.spot - magnet) / live.spot),
        time_to_close_hours=number(near.hours_left),
        breakdown=PinComponents(
            oi_score=whole(live.pin.oi),
            proximity_score=whole(live.pin.proximity),
            time_score=whole(live.pin.time),
            gamma_score=whole(live.pin.gamma),
        ),
    )
    return msgspec.json.encode(answer)


def flow_summary(frame: GroupFrame) -> bytes:
    """The JSON of what the day's trades did."""
    risk, interest = _dealer_risk(frame), _interest(frame)
    answer = FlowSummary(
        **_head(frame),
        flow_direction=risk.flow_direction,
        intraday_oi_delta=interest["intraday_oi_delta"],
        contracts_with_flow=interest["contracts_with_flow"],
        contracts_total=frame.live.listed,
        live_gex=risk.live_net_gex,
        flow_gex_pct_shift=risk.flow_gex_pct_shift,
    )
    return msgspec.json.encode(answer)


def flow_gex(frame: GroupFrame) -> bytes:
    """The JSON of gamma exposure by strike."""
    live = frame.live
    answer = FlowGex(
        **_head(frame),
        live_net_gex=number(live.exposures.net_gex),
        live_net_gex_label=net_label(live.exposures.net_gex),
        live_gamma_flip=number(live.flip.level),
        gamma_flip_status=live.flip.status,
        strikes=gex_rows(live),
    )
    return msgspec.json.encode(answer)


def flow_dex(frame: GroupFrame) -> bytes:
    """The JSON of delta exposure by strike."""
    live = frame.live
    answer = FlowDex(
        **_head(frame),
        live_net_dex=number(live.exposures.net_dex),
        strikes=dex_rows(live),
    )
    return msgspec.json.encode(answer)


def flow_dealer_risk(frame: GroupFrame) -> bytes:
    """The JSON of dealers' exposures of the morning and now."""
    answer = FlowDealerRisk(
        **_head(frame),
        **msgspec.structs.asdict(_dealer_risk(frame)),
        contracts_with_flow=_interest(frame)["contracts_with_flow"],
    )
    return msgspec.json.encode(answer)


def flow_oi(frame: GroupFrame) -> bytes:
    """The JSON of open interest through the day."""
    answer = FlowOi(**_head(frame), **_interest(frame), contracts_total=frame.live.listed)
    return msgspec.json.encode(answer)


def flow_live(frame: GroupFrame) -> bytes:
    """The JSON of all of it."""
    live = frame.live
    answer = FlowLive(
        **_head(frame),
        **_interest(frame),
        **_levels(live),
        contracts=live.listed,
        live_gex=number(live.exposures.net_gex),
        live_gex_delta=number(live.exposures.net_dex),
        live_pin_risk=whole(live.pin.score),
        flow_adjusted_dealer_risk=_dealer_risk(frame),
    )
    return msgspec.json.encode(answer)


def net_label(net: float) -> NetLabel | None:
    """The sign of a net exposure; None for 0 and for what is unknown."""
    return "positive" if net > 0.0 else "negative" if net < 0.0 else None


def gex_rows(group: ChainGroup, least: int = 0) -> list[GexRow]:
    """Gamma exposure by strike.

    Args:
        group: Of which chains.
        least: Strikes of less open interest than this, in contracts, are left out.
    """
    counts, volume = group.open_interest, group.volume
    columns = zip(
        exposure_rows(group, group.exposures.gex),
        *(wholes(counts[right]) for right in (CALL, PUT)),
        *(wholes(volume[right]) for right in (CALL, PUT)),
        strict=True,
    )
    held = np.nan_to_num(counts).sum(axis=0) if least else None
    return [
        GexRow(
            strike=strike,
            call_gex=call,
            put_gex=put,
            net_gex=net,
            call_oi=call_oi,
            put_oi=put_oi,
            call_volume=call_volume,
            put_volume=put_volume,
        )
        for n, ((strike, call, put, net), call_oi, put_oi, call_volume, put_volume) in enumerate(
            columns
        )
        if held is None or held[n] >= least
    ]


def dex_rows(group: ChainGroup) -> list[DexRow]:
    """Delta exposure by strike."""
    return [
        DexRow(strike=strike, call_dex=call, put_dex=put, net_dex=net)
        for strike, call, put, net in exposure_rows(group, group.exposures.dex)
    ]


def exposure_rows(
    group: ChainGroup, values: F64
) -> Iterator[tuple[float, float | None, float | None, float | None]]:
    """Each strike with its calls, puts and their sum; None where no open interest is known."""
    known = np.isfinite(group.open_interest)
    calls, puts = np.where(known, values, np.nan)
    net = np.where(known.any(axis=0), values.sum(axis=0), np.nan)
    sides = numbers(calls), numbers(puts), numbers(net)
    return zip(group.strikes.tolist(), *sides, strict=True)


def _head(frame: GroupFrame) -> dict[str, Any]:
    return frame.head() | {"expiry": frame.expiry}


def _levels(live: ChainGroup) -> dict[str, Any]:
    levels = live.levels
    return {
        "live_gamma_flip": number(live.flip.level),
        "gamma_flip_status": live.flip.status,
        "live_call_wall": number(levels.call_wall.strike),
        "live_put_wall": number(levels.put_wall.strike),
        "live_max_pain": number(levels.max_pain),
    }


def _interest(frame: GroupFrame) -> dict[str, Any]:
    """The fields of `InterestHead`."""
    live, told = frame.live, frame.reading.has_trades
    official, simulated = live.official, live.simulated if told else math.nan
    calls, puts = (whole(side) for side in live.held)
    return {
        "official_oi": whole(official),
        "simulated_oi": whole(simulated),
        "intraday_oi_delta": whole(simulated - (0.0 if math.isnan(official) else official)),
        "oi_delta_confidence": number(live.nearest.interest.confidence),
        # The sum of what is served elsewhere: halves round up on either side.
        "effective_oi": None if calls is None or puts is None else calls + puts,
        "contracts_with_flow": live.moved if told else None,
    }


def _dealer_risk(frame: GroupFrame) -> DealerRisk:
    live, morning = frame.live, frame.live.settled()
    shift = live.shift(morning)
    settled, now = morning.exposures, live.exposures
    moved = now.net_dex - settled.net_dex
    told = frame.reading.has_trades
    label = shift.label if told else None

    def flow(value: float) -> float | None:
        return number(value) if told else None

    return DealerRisk(
        settled_net_gex=number(settled.net_gex),
        live_net_gex=number(now.net_gex),
        flow_gex_adjustment=flow(shift.adjustment),
        flow_gex_pct_shift=flow(shift.shift),
        settled_net_dex=number(settled.net_dex),
        live_net_dex=number(now.net_dex),
        flow_dex_adjustment=flow(moved),
        flow_dex_pct_shift=flow(0.0 if moved == 0.0 else ratio(moved, settled.net_dex)),
        total_abs_delta_contracts=whole(shift.moved) if told else None,
        flow_direction=label,
        description=sentences.flow_direction(
            label, settled.net_gex, now.net_gex, is_withheld=now.is_withheld
        ),
    )
