"""What is known of the recorded chains from outside, asked of the snapshot."""

import datetime
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.twin import Twin
from engine.twin_pricing import When, cdf, pdf
from session.day import ask
from session.recordings import (
    CLOSE,
    EVENING,
    MORNING,
    SPX_DAY,
    SPXW_DAY,
    SPXW_ELAPSED,
    spx_file,
    spx_session,
    spxw_file,
    spxw_session,
    spy_session,
)
from zerodte.engine.state import ChainState
from zerodte.session.session import Session
from zerodte.wire.errors import ApiError

DECISIONS = ("headline", "setup", "probabilities", "dealer_inventory")
#: Null in a chain-wide block, though the chain is whole: the tape carries neither VIX nor trades.
UNKNOWN = {
    "vol_context.vix",
    "metadata.classified_volume_pct",
    "flow_direction.label",
    "flow_direction.flow_gex_adjustment",
    "flow_direction.flow_gex_pct_shift",
    "flow_direction.contracts_with_flow",
    "flow_direction.simulated_oi",
    "flow_direction.oi_delta_confidence",
    "flow_direction.total_abs_delta_contracts",
}
#: Null where a contract has no usable quote, or a quote without an inversion.
QUOTED = {"call_iv", "put_iv", "call_mid", "put_mid", "call_spread_pct", "put_spread_pct"}


@pytest.fixture
def spx(recorded: Path) -> dict[str, Any]:
    """The same-day SPX snapshot, every strike that may be asked for."""
    return ask(spx_session(recorded))


def nulls(value: object, path: str = "") -> set[str]:
    """The dotted paths of every null."""
    if isinstance(value, dict):
        inner = (nulls(v, f"{path}.{key}" if path else key) for key, v in value.items())
        return set().union(*inner)
    return {path} if value is None else set()


def same_day(session: Session, symbol: str) -> ChainState:
    chain = session.chain(symbol)
    assert chain is not None
    state = session.state(chain)
    assert state is not None
    return state


# SPX, 2022-03-23 10:11


def test_the_same_day_chain_is_counted_right(recorded: Path, spx: dict[str, Any]) -> None:
    state = same_day(spx_session(recorded), "SPX")
    assert len(state.instant.chain.strikes) == 179
    assert spx["metadata"]["chain_contract_count"] == 2 * 179
    assert spx["flow"]["total_oi"] == 336_017
    assert spx["flow"]["total_volume"] == 87_397


def test_forward_and_spot_agree_with_the_files_last(recorded: Path, spx: dict[str, Any]) -> None:
    state, last = same_day(spx_session(recorded), "SPX"), spx_file(recorded).price
    assert state.surface.forward == pytest.approx(last, rel=0.0002)
    assert spx["underlying_price"] == pytest.approx(last, rel=5e-7)
    assert spx["metadata"]["spot_source"] == "index"


def test_without_a_trade_flow_is_unknown_and_live_is_settled(
    recorded: Path, spx: dict[str, Any]
) -> None:
    flow = spx["flow_direction"]
    assert flow["live_net_gex"] == flow["settled_net_gex"] == spx["exposures"]["net_gex"]
    known = {"live_net_gex", "settled_net_gex", "open_interest_method", "description"}
    assert {name for name, value in flow.items() if value is not None} == known
    assert "unknown" in flow["description"]
    assert any("no trade of SPX has come" in text for text in spx["warnings"])
    settled = ask(spx_session(recorded), settled=True)
    assert settled["exposures"] == spx["exposures"]
    assert settled.keys() ^ spx.keys() == {*DECISIONS, "flow_direction", "next_session"}


def test_every_chain_wide_field_is_known_but_the_vix(spx: dict[str, Any]) -> None:
    blocks = {name: v for name, v in spx["body"].items() if name not in {*DECISIONS, "strikes"}}
    assert nulls(blocks) == UNKNOWN
    head = {name: value for name, value in spx.items() if name not in {*spx["body"], "body"}}
    assert all(name.startswith("data_as_of.") for name in nulls(head))


def test_strikes_are_null_only_where_nothing_can_be_inverted(
    recorded: Path, spx: dict[str, Any]
) -> None:
    file = spx_file(recorded)
    twin = Twin(file.chains["SPXW", SPX_DAY], When(41.0), file.price)
    by_strike = {row.strike: row for row in twin.rows}
    assert len(spx["strikes"]) > 100
    for ours in spx["strikes"]:
        row, expected = by_strike[ours["strike"]], set()
        for side, quote in (("call", row.call), ("put", row.put)):
            assert quote is not None
            assert quote.bid is not None
            assert quote.ask is not None
            if not 0 < quote.bid < quote.ask:
                expected |= {f"{side}_mid", f"{side}_spread_pct", f"{side}_iv"}
            elif twin.own_iv(row, call=side == "call") is None:
                expected.add(f"{side}_iv")
        assert nulls(ours) == expected
        assert expected <= QUOTED


def test_the_inventory_is_null_without_trades(spx: dict[str, Any]) -> None:
    assert spx["dealer_inventory"] is None
    assert spx["body"]["dealer_inventory"] is None


def test_the_blocks_stand_twice_and_alike(spx: dict[str, Any]) -> None:
    assert spx["body"] == {name: spx[name] for name in spx["body"]}
    assert "symbol" not in spx["body"]


def test_am_settled_rows_never_mix_with_spxw(recorded: Path) -> None:
    """Both roots list 14 April; its SPX rows end at the open, its SPXW rows at the close."""
    file, session = spx_file(recorded), spx_session(recorded)
    both = {day for root, day in file.chains if root == "SPX" and ("SPXW", day) in file.chains}
    assert both
    for day in both:
        answer = ask(session, expiry=day)
        rows = file.chains["SPXW", day]
        assert answer["metadata"]["chain_contract_count"] == 2 * len(rows)
        assert {row["call_symbol"][:5] for row in answer["strikes"]} == {"SPXW-"}


def test_an_expiry_of_the_am_root_alone_is_not_found(recorded: Path) -> None:
    only = {day for root, day in spx_file(recorded).chains if root == "SPX"}
    only -= {day for root, day in spx_file(recorded).chains if root == "SPXW"}
    assert only
    for day in only:
        with pytest.raises(ApiError, match="no PM-settled chain") as refused:
            ask(spx_session(recorded), expiry=day)
        assert refused.value.code == "expiry_not_found"


# SPXW, 2019-06-26 15:45


@pytest.mark.drill
def test_spxw_forward_agrees_with_the_files_underlying(recorded: Path) -> None:
    state, file = same_day(spxw_session(recorded), "SPX"), spxw_file(recorded)
    assert state.surface.forward == pytest.approx(file.price, rel=0.0005)
    assert ask(spxw_session(recorded))["underlying_price"] == pytest.approx(file.price, rel=5e-7)


@pytest.mark.drill
def test_spxw_straddles_are_eight_tenths_of_a_sigma(recorded: Path) -> None:
    """A straddle at the forward is worth sqrt(2 / pi) sigmas; beside it, by the same law, more.

    At 15:45 the nearest strike of the same-day chain lies over half a sigma off, so that its
    straddle is withheld, and only two out-of-the-money quotes still have a bid: too little for a
    flip.
    """
    file, session = spxw_file(recorded), spxw_session(recorded)
    for _, day in file.chains:
        answer = ask(session, expiry=day)
        move = answer["expected_move"]
        state = session.state(session.chain("SPX", day))  # type: ignore[arg-type]
        assert state is not None
        offset = state.surface.forward - float(state.instant.chain.strikes[state.surface.atm])
        d = abs(offset) / move["remaining_1sd_dollars"]
        at_the_forward = math.sqrt(2 / math.pi) / (2 * pdf(d) + d * (2 * cdf(d) - 1))
        if d > 0.5:
            assert move["straddle_price"] is None
            assert any("straddle withheld" in text for text in answer["warnings"])
            continue
        ratio = move["straddle_price"] / move["remaining_1sd_dollars"] * at_the_forward
        assert 0.75 < ratio < 0.85, day
    answer = ask(session)
    assert answer["regime"]["gamma_flip_status"] == "insufficient_local_coverage"
    assert answer["regime"]["gamma_flip"] is None


@pytest.mark.drill
def test_spxw_day_of_minutes_left(recorded: Path) -> None:
    answer = ask(spxw_session(recorded))
    assert answer["time_to_close_hours"] == 0.25
    assert answer["time_to_close_pct"] == pytest.approx(100 * SPXW_ELAPSED / 390, rel=1e-6)
    assert answer["expiration"] == SPXW_DAY.isoformat()
    assert answer["flow"]["total_oi"] == 294_667
    assert answer["flow"]["total_volume"] is None


# SPY, 2025-05-01


@pytest.mark.drill
def test_the_evenings_open_interest_is_refused_for_the_next_day(
    recorded: Path, tmp_path: Path
) -> None:
    session = spy_session(recorded, tmp_path / "tape", [EVENING])
    assert session.hours.date == datetime.date(2025, 5, 1)
    state = same_day(session, "SPY")
    assert np.isnan(state.instant.official).all()
    assert math.isnan(state.exposures.net_gex)
    assert any("open interest of another day" in notice for notice in session.notices())


@pytest.mark.drill
def test_open_interest_is_the_same_in_the_morning_and_at_the_close(
    recorded: Path, tmp_path: Path
) -> None:
    morning = same_day(spy_session(recorded, tmp_path / "a", [MORNING]), "SPY").instant
    closing = same_day(spy_session(recorded, tmp_path / "b", [CLOSE]), "SPY").instant
    np.testing.assert_array_equal(morning.official, closing.official)
    assert morning.official.sum() == 465_446


@pytest.mark.drill
def test_volume_is_not_counted_before_the_open(recorded: Path, tmp_path: Path) -> None:
    early = same_day(spy_session(recorded, tmp_path / "a", [EVENING, MORNING]), "SPY")
    assert np.isnan(early.instant.volume).all()
    assert math.isnan(early.activity.call_volume)
    late = same_day(spy_session(recorded, tmp_path / "b", [CLOSE]), "SPY")
    assert late.activity.call_volume + late.activity.put_volume == 5_158_410


@pytest.mark.drill
def test_the_three_downloads_of_a_day_make_one_tape(recorded: Path, tmp_path: Path) -> None:
    """Its morning supersedes the evening's open interest, its close both books."""
    session = spy_session(recorded, tmp_path / "all", [EVENING, MORNING, CLOSE])
    alone = spy_session(recorded, tmp_path / "close", [CLOSE])
    whole, close = same_day(session, "SPY"), same_day(alone, "SPY")
    assert any("open interest of another day" in notice for notice in session.notices())
    np.testing.assert_array_equal(whole.instant.official, close.instant.official)
    np.testing.assert_array_equal(whole.instant.volume, close.instant.volume)
    np.testing.assert_array_equal(whole.instant.mid, close.instant.mid)
    assert whole.exposures.net_gex == close.exposures.net_gex


@pytest.mark.drill
@pytest.mark.parametrize(("download", "last"), [(MORNING, "2025-04-30"), (CLOSE, "2025-05-01")])
def test_outside_the_session_a_client_is_told_so(
    recorded: Path, tmp_path: Path, download: tuple[str, str], last: str
) -> None:
    answer = ask(spy_session(recorded, tmp_path / "tape", [download]), "SPY")
    assert answer["session_closed"] is True
    assert answer["body"] is None
    assert answer["last_session"] == last
