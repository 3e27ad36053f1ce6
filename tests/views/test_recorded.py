"""The recorded SPX chain as a client reads it, every figure held against the twin."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.twin import Twin
from engine.twin_pricing import When, gross, held, mid, net, spread_pct, traded, usable
from session.day import ask
from session.recordings import SPX_DAY, SPX_ELAPSED, spx_file, spx_session

#: Seven significant digits: half a unit of the last one, at most.
WIRE = 5.001e-7


@pytest.fixture
def spx(recorded: Path) -> dict[str, Any]:
    """The same-day SPX snapshot."""
    return ask(spx_session(recorded), strike_range=0.03)


@pytest.fixture
def twin(recorded: Path) -> Twin:
    """The same chain, plainly."""
    file = spx_file(recorded)
    return Twin(file.chains["SPXW", SPX_DAY], When(SPX_ELAPSED), file.price)


def assert_wire(block: dict[str, Any], **expected: float | None) -> None:
    """Fields of a block equal the twin's figures, rounded as the wire rounds."""
    for name, value in expected.items():
        if value is None:
            assert block[name] is None, name
        elif isinstance(block[name], int):
            assert abs(block[name] - value) <= 0.5 + 1e-9, name
        else:
            assert block[name] == pytest.approx(value, rel=WIRE), name


def test_every_block_holds_the_twins_figures(spx: dict[str, Any], twin: Twin) -> None:
    s, spot, hours = twin.s, twin.spot, twin.when.hours_left
    flip, magnet = twin.flip[0], twin.magnet
    assert flip is not None
    assert spx["underlying_price"] == pytest.approx(spot, rel=WIRE)
    assert_wire(spx, time_to_close_hours=hours, time_to_close_pct=100 * 41 / 390)
    assert_wire(
        spx["regime"],
        gamma_flip=flip,
        spot_to_flip_pct=100 * (spot - flip) / spot,
        distance_to_flip_dollars=abs(spot - flip),
        distance_to_flip_sigmas=abs(spot - flip) / s,
    )
    assert_wire(
        spx["exposures"],
        net_gex=twin.net_gex,
        net_dex=net(twin.dex),
        net_vex=net(twin.vex),
        net_chex=net(twin.chex),
    )
    assert_wire(
        spx["expected_move"],
        implied_1sd_dollars=twin.whole_session_sigma,
        implied_1sd_pct=100 * twin.whole_session_sigma / spot,
        remaining_1sd_dollars=s,
        remaining_1sd_pct=100 * s / spot,
        upper_bound=spot + s,
        lower_bound=spot - s,
        straddle_price=twin.straddle,
        atm_iv=twin.atm_iv,
    )
    assert_wire(
        spx["pin_risk"],
        magnet_strike=magnet[0],
        magnet_gex=magnet[1],
        distance_to_magnet_pct=100 * (spot - magnet[0]) / spot,
        pin_score=twin.pin["score"],
        max_pain=twin.max_pain,
    )
    assert_wire(
        spx["pin_risk"]["components"],
        **{f"{name}_score": twin.pin[name] for name in ("oi", "proximity", "time", "gamma")},
    )
    assert_wire(
        spx["decay"],
        net_theta_dollars=twin.net_theta,
        theta_per_hour_remaining=twin.net_theta / hours,
    )
    assert_wire(
        spx["vol_context"],
        zero_dte_atm_iv=100 * twin.atm_iv,
        skew_25d=twin.skew_25d,
        vanna_exposure=net(twin.vex),
    )


def test_the_other_blocks_hold_the_twins_figures(spx: dict[str, Any], twin: Twin) -> None:
    spot, wall, floor = twin.spot, twin.call_wall, twin.put_wall
    calls, puts = twin.volume
    call_oi, put_oi = twin.oi
    assert_wire(
        spx["flow"],
        total_volume=calls + puts,
        call_volume=calls,
        put_volume=puts,
        net_call_minus_put_volume=calls - puts,
        total_oi=call_oi + put_oi,
        call_oi=call_oi,
        put_oi=put_oi,
        pc_ratio_volume=puts / calls,
        pc_ratio_oi=put_oi / call_oi,
        volume_to_oi_ratio=(calls + puts) / (call_oi + put_oi),
        atm_volume_share_pct=twin.atm_volume_pct,
        top3_strike_volume_pct=twin.top3_volume_pct,
    )
    by_strike = dict(zip((row.strike for row in twin.rows), twin.net_by_strike, strict=True))
    assert_wire(
        spx["levels"],
        call_wall=wall[0],
        call_wall_gex=wall[1],
        call_wall_strength=wall[2],
        distance_to_call_wall_pct=100 * (wall[0] - spot) / spot,
        put_wall=floor[0],
        put_wall_gex=floor[1],
        put_wall_strength=floor[2],
        distance_to_put_wall_pct=100 * (floor[0] - spot) / spot,
        side_call_wall=twin.side_call_wall[0],
        side_call_wall_gex=twin.side_call_wall[1],
        side_put_wall=twin.side_put_wall[0],
        side_put_wall_gex=twin.side_put_wall[1],
        distance_to_magnet_dollars=spot - twin.magnet[0],
        highest_oi_strike=twin.highest_oi[0],
        highest_oi_total=twin.highest_oi[1],
        max_positive_gamma=max(by_strike, key=by_strike.__getitem__),
        max_negative_gamma=min(by_strike, key=by_strike.__getitem__),
        level_cluster_score=twin.cluster_score,
    )
    assert_wire(
        spx["liquidity"],
        atm_spread_pct=twin.atm_spread_pct,
        weighted_spread_pct=twin.weighted_spread_pct(0.03),
        execution_score=twin.execution,
    )
    assert_wire(
        spx["metadata"],
        chain_contract_count=len(twin.quotes),
        data_quality_score=twin.data_quality,
        greek_smoothness_score=twin.smoothness,
        quotes_fresh_pct=twin.fresh_pct,
    )


def test_hedges_say_shares_dollars_and_direction(spx: dict[str, Any], twin: Twin) -> None:
    hedging = spx["hedging"]
    assert hedging.keys() == {*twin.hedges, "convexity_at_spot"}
    assert_wire(hedging, convexity_at_spot=twin.convexity)
    for move, shares in twin.hedges.items():
        assert_wire(hedging[move], dealer_shares_to_trade=shares, notional_usd=twin.spot * shares)
        assert hedging[move]["direction"] == ("buy" if shares >= 0 else "sell")


def test_labels_follow_from_the_twins_figures(spx: dict[str, Any], twin: Twin) -> None:
    assert spx["regime"]["label"] == twin.regime == "negative_gamma"
    assert spx["regime"]["gamma_flip_status"] == twin.flip[1] == "available"
    assert spx["regime"]["spot_vs_flip"] == "below"
    assert abs(net(twin.chex)) >= 0.05 * gross(twin.chex)
    assert spx["decay"]["charm_regime"] == "time_decay_dealers_buy"
    assert abs(net(twin.vex)) >= 0.05 * gross(twin.vex)
    assert spx["vol_context"]["vanna_interpretation"] == "vol_up_dealers_sell"


def test_strikes_hold_the_twins_exposures(spx: dict[str, Any], twin: Twin) -> None:
    total_gex = math.fsum(map(abs, twin.net_by_strike))
    for n, ours in rows(spx, twin):
        assert_wire(
            ours,
            call_gex=twin.gex[n][0],
            put_gex=twin.gex[n][1],
            call_dex=twin.dex[n][0],
            put_dex=twin.dex[n][1],
            gex_share_pct=100 * abs(twin.net_by_strike[n]) / total_gex,
        )
        for name, pairs in (
            ("gex", twin.gex),
            ("dex", twin.dex),
            ("vex", twin.vex),
            ("chex", twin.chex),
        ):
            rounding = 1e-9 * gross([pairs[n]])
            assert ours[f"net_{name}"] == pytest.approx(sum(pairs[n]), rel=WIRE, abs=rounding)


def test_strikes_hold_the_twins_quotes_and_greeks(spx: dict[str, Any], twin: Twin) -> None:
    for n, ours in rows(spx, twin):
        row = twin.rows[n]
        for side, quote, greeks in (
            ("call", row.call, twin.greeks[n][0]),
            ("put", row.put, twin.greeks[n][1]),
        ):
            columns = {
                "oi": held(quote),
                "volume": traded(quote),
                "iv": twin.own_iv(row, call=side == "call"),
                "delta": greeks.delta,
                "gamma": greeks.gamma,
                "theta": greeks.theta / 252,
                "mid": mid(quote),
                "spread_pct": spread_pct(quote) if usable(quote) else None,
            }
            assert_wire(ours, **{f"{side}_{name}": value for name, value in columns.items()})
            assert ours[f"{side}_symbol"] == f"SPXW-220323-{side[0].upper()}-{row.strike:.0f}"


def test_strikes_say_where_they_lie_and_what_share_they_have(
    spx: dict[str, Any], twin: Twin
) -> None:
    for n, ours in rows(spx, twin):
        row = twin.rows[n]
        assert_wire(
            ours,
            strike=row.strike,
            distance_from_spot_pct=100 * (row.strike - twin.spot) / twin.spot,
            oi_share_pct=100 * (held(row.call) + held(row.put)) / sum(twin.oi),
            volume_share_pct=100 * (traded(row.call) + traded(row.put)) / sum(twin.volume),
        )


def rows(spx: dict[str, Any], twin: Twin) -> Iterator[tuple[int, dict[str, Any]]]:
    """The snapshot's strikes with their places in the twin: those within three percent of spot."""
    near = [n for n, row in enumerate(twin.rows) if abs(row.strike - twin.spot) <= 0.03 * twin.spot]
    return zip(near, spx["strikes"], strict=True)
