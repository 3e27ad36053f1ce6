"""A symbol's exposures on settled open interest: by strike, levels, summary."""

import msgspec
import numpy as np

from zerodte.engine.arithmetic import ratio
from zerodte.engine.chain_group import ChainGroup
from zerodte.views import blocks, sentences
from zerodte.views.group import GroupFrame
from zerodte.views.symbol_flow import dex_rows, exposure_rows, gex_rows, net_label
from zerodte.wire.numbers import number
from zerodte.wire.positioning import HedgingMove
from zerodte.wire.settled import (
    ChexExposure,
    ChexRow,
    DexExposure,
    ExposureLevels,
    ExposureSummary,
    GexExposure,
    GexExposureQuery,
    HedgingEstimate,
    Interpretation,
    NetExposures,
    SymbolLevels,
    VexExposure,
    VexRow,
    ZeroDteShare,
)

_UNKNOWN_MOVE = HedgingMove(dealer_shares_to_trade=None, direction=None, notional_usd=None)


def gex_exposure(frame: GroupFrame, query: GexExposureQuery) -> bytes:
    """The JSON of gamma exposure by strike."""
    group = frame.live.settled()
    net = group.exposures.net_gex
    answer = GexExposure(
        **frame.head(),
        expiration=frame.expiry,
        gamma_flip=number(group.flip.level),
        gamma_flip_status=group.flip.status,
        net_gex=number(net),
        net_gex_label=net_label(net),
        strikes=gex_rows(group, query.min_oi),
    )
    return msgspec.json.encode(answer)


def dex_exposure(frame: GroupFrame) -> bytes:
    """The JSON of delta exposure by strike."""
    group = frame.live.settled()
    answer = DexExposure(
        **frame.head(),
        expiration=frame.expiry,
        net_dex=number(group.exposures.net_dex),
        strikes=dex_rows(group),
    )
    return msgspec.json.encode(answer)


def vex_exposure(frame: GroupFrame) -> bytes:
    """The JSON of vanna exposure by strike."""
    group = frame.live.settled()
    answer = VexExposure(
        **frame.head(),
        expiration=frame.expiry,
        net_vex=number(group.exposures.net_vex),
        vex_interpretation=_vanna(group),
        strikes=[
            VexRow(strike=strike, call_vex=call, put_vex=put, net_vex=net)
            for strike, call, put, net in exposure_rows(group, group.exposures.vex)
        ],
    )
    return msgspec.json.encode(answer)


def chex_exposure(frame: GroupFrame) -> bytes:
    """The JSON of charm exposure by strike."""
    group = frame.live.settled()
    answer = ChexExposure(
        **frame.head(),
        expiration=frame.expiry,
        net_chex=number(group.exposures.net_chex),
        chex_interpretation=_charm(group),
        strikes=[
            ChexRow(strike=strike, call_chex=call, put_chex=put, net_chex=net)
            for strike, call, put, net in exposure_rows(group, group.exposures.chex)
        ],
    )
    return msgspec.json.encode(answer)


def symbol_levels(frame: GroupFrame) -> bytes:
    """The JSON of the strikes that matter."""
    group, today = frame.live.settled(), _today(frame)
    levels = group.levels
    answer = SymbolLevels(
        **frame.head(),
        levels=ExposureLevels(
            gamma_flip=number(group.flip.level),
            gamma_flip_status=group.flip.status,
            max_positive_gamma=number(levels.max_positive_gamma),
            max_negative_gamma=number(levels.max_negative_gamma),
            call_wall=number(levels.call_wall.strike),
            put_wall=number(levels.put_wall.strike),
            highest_oi_strike=number(levels.highest_open_interest.strike),
            zero_dte_magnet=None if today is None else number(today.levels.magnet.strike),
        ),
    )
    return msgspec.json.encode(answer)


def exposure_summary(frame: GroupFrame) -> bytes:
    """The JSON of regime, exposures and what they mean."""
    group, today = frame.live.settled(), _today(frame)
    net, flip = group.exposures, group.flip
    own = np.nan if today is None else today.exposures.net_gex
    hedges = {name: blocks.hedging_move(hedge) for name, hedge in group.hedges().items()}
    answer = ExposureSummary(
        **frame.head(),
        gamma_flip=number(flip.level),
        gamma_flip_status=flip.status,
        regime=group.regime,
        exposures=NetExposures(
            net_gex=number(net.net_gex),
            net_dex=number(net.net_dex),
            net_vex=number(net.net_vex),
            net_chex=number(net.net_chex),
        ),
        interpretation=Interpretation(
            gamma=sentences.regime(group.regime, net, flip.status),
            vanna=_vanna(group),
            charm=_charm(group),
        ),
        hedging_estimate=HedgingEstimate(
            spot_up_1pct=hedges.get("spot_up_1pct", _UNKNOWN_MOVE),
            spot_down_1pct=hedges.get("spot_down_1pct", _UNKNOWN_MOVE),
        ),
        zero_dte=ZeroDteShare(
            net_gex=number(own),
            pct_of_total_gex=number(100.0 * ratio(own, net.net_gex)),
            expiration=None if today is None else frame.today,
        ),
    )
    return msgspec.json.encode(answer)


def _today(frame: GroupFrame) -> ChainGroup | None:
    """The same-day chain on settled open interest; None where there is none."""
    chains = tuple(
        one.settled()
        for one in frame.live.chains
        if one.instant.chain.expiry == frame.today and not one.instant.chain.am_settled
    )
    return ChainGroup(chains, frame.live.spot) if chains else None


def _vanna(group: ChainGroup) -> str:
    net = group.exposures
    return sentences.vanna(blocks.vanna_lean(net), net.net_vex)


def _charm(group: ChainGroup) -> str:
    net = group.exposures
    is_over = any(one.instant.clock.is_floored for one in group.chains)
    return sentences.charm(blocks.charm_lean(net), net.net_chex, is_over=is_over)
