"""A state of the package held against the twin, figure by figure."""

import math
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import pytest

from engine.twin import Twin
from engine.twin_pricing import gross, net
from zerodte.arrays import F64
from zerodte.engine.state import ChainState

Figures: TypeAlias = dict[str, tuple[float, float | None]]


def assert_agree(state: ChainState, twin: Twin, rel: float = 1e-7, tiny: float = 1e-9) -> None:
    """Every figure within `rel`; a sum of cancelling parts within `tiny` of its gross."""
    for name, (ours, theirs) in figures(state, twin).items():
        assert_same(name, ours, theirs, rel, _scale(name, twin) * tiny)
    for name, mine, plain in columns(state, twin):
        near = tiny * float(np.abs(plain).sum())
        np.testing.assert_allclose(mine, plain, rtol=rel, atol=near, err_msg=name)
    ours_flip = (state.flip.status, state.surface.atm)
    assert ours_flip == (twin.flip[1], twin.atm)


def assert_same(
    name: str, ours: float, theirs: float | None, rel: float, near: float = 0.0
) -> None:
    """Equal within tolerance; None is NaN."""
    if theirs is None:
        assert math.isnan(ours), name
    else:
        assert ours == pytest.approx(theirs, rel=rel, abs=max(near, 1e-12)), name


def _scale(name: str, twin: Twin) -> float:
    """What a sum's rounding is measured by: the sum of its parts' magnitudes."""
    parts = {"gex": twin.gex, "dex": twin.dex, "vex": twin.vex, "chex": twin.chex}
    if name.startswith("net_"):
        return gross(parts.get(name[4:], []))
    if name.startswith("spot_"):  # a hedge is a difference of two deltas of the whole book
        return 100 * sum(twin.oi)
    return twin.gross_gex if name in {"convexity", "magnet_gex"} else 0.0


def figures(state: ChainState, twin: Twin) -> Figures:
    """Ours and the twin's, by name."""
    return {**_prices(state, twin), **_nets(state, twin), **_levels(state, twin)}


def _prices(state: ChainState, twin: Twin) -> Figures:
    surface, quality, clock = state.surface, state.quality, state.instant.clock
    return {
        "spot": (state.spot.value, twin.spot),
        "forward": (surface.forward, twin.forward),
        "tau": (clock.tau, twin.when.tau),
        "hours_left": (clock.hours_left, twin.when.hours_left),
        "sigma": (surface.sigma, twin.s),
        "whole_session_sigma": (surface.whole_session_sigma, twin.whole_session_sigma),
        "atm_iv": (surface.atm_volatility, twin.atm_iv),
        "straddle": (state.straddle, twin.straddle),
        "skew": (100 * state.skew, twin.skew_25d),
        "data_quality": (quality.data, twin.data_quality),
        "fresh_pct": (quality.fresh_pct, twin.fresh_pct),
        "smoothness": (quality.smoothness, twin.smoothness),
        "atm_spread_pct": (quality.atm_spread_pct, twin.atm_spread_pct),
        "execution": (quality.execution, twin.execution),
    }


def _nets(state: ChainState, twin: Twin) -> Figures:
    live, hedges = state.exposures, {hedge.move: hedge for hedge in state.hedges}
    out: Figures = {
        "net_gex": (live.net_gex, twin.net_gex),
        "net_dex": (live.net_dex, net(twin.dex)),
        "net_vex": (live.net_vex, net(twin.vex)),
        "net_chex": (live.net_chex, net(twin.chex)),
        "gross_gex": (live.gross_gex, twin.gross_gex),
        "net_theta": (live.net_theta, twin.net_theta),
        "convexity": (state.convexity, twin.convexity),
    }
    assert hedges.keys() == twin.hedges.keys()
    for move, shares in twin.hedges.items():
        out[move] = (hedges[move].shares, shares)
        assert hedges[move].notional == pytest.approx(twin.spot * hedges[move].shares)
    return out


def _levels(state: ChainState, twin: Twin) -> Figures:
    levels, pin = state.levels, state.pin
    out: Figures = {
        "flip": (state.flip.level, twin.flip[0]),
        "cluster_score": (state.cluster_score, twin.cluster_score),
        "max_pain": (levels.max_pain, twin.max_pain),
        **{f"pin {name}": (getattr(pin, name), part) for name, part in twin.pin.items()},
    }
    for name, ours, theirs in (
        ("call_wall", levels.call_wall, twin.call_wall),
        ("put_wall", levels.put_wall, twin.put_wall),
        ("magnet", levels.magnet, twin.magnet),
        ("highest_oi", levels.highest_open_interest, twin.highest_oi),
    ):
        out[name] = (ours.strike, theirs[0])
        out[f"{name}_gex"] = (ours.value, theirs[1])
    out["call_wall_strength"] = (levels.call_wall_strength, twin.call_wall[2])
    out["put_wall_strength"] = (levels.put_wall_strength, twin.put_wall[2])
    return out


def columns(state: ChainState, twin: Twin) -> Iterator[tuple[str, F64, F64]]:
    """Per-strike figures, shape (2, n)."""
    live = state.exposures
    yield "gex", live.gex, np.transpose(twin.gex)
    yield "dex", live.dex, np.transpose(twin.dex)
    yield "vex", live.vex, np.transpose(twin.vex)
    yield "chex", live.chex, np.transpose(twin.chex)
    yield "charm_hour", live.charm_hour, np.transpose(twin.charm_hour)
    yield "smile", state.surface.smile.volatility, np.array(twin.smile)
