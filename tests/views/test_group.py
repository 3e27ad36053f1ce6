"""A symbol's chains together: the snapshot's figures for one expiry, and their sums for all."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import pytest

from session.day import WEDNESDAY, Day, ask, refuse
from session.generated import priced, send
from session.recordings import spx_session
from session.usual import INTEREST, STRIKES, heard, usual
from views.market import goog, served
from zerodte.session.session import Session
from zerodte.wire.dealer_risk import FlowDealerRiskQuery, FlowLiveQuery, FlowOiQuery
from zerodte.wire.errors import ApiError
from zerodte.wire.symbol_flow import (
    FlowDexQuery,
    FlowGexQuery,
    FlowLevelsQuery,
    FlowPinRiskQuery,
    FlowQuery,
    FlowSummaryQuery,
)

Json: TypeAlias = dict[str, Any]
#: Rows are rounded to seven digits before a client adds them up.
ADDED: Final = 1e-6

QUERIES: Final[dict[str, type[FlowQuery]]] = {
    "levels": FlowLevelsQuery,
    "pin-risk": FlowPinRiskQuery,
    "summary": FlowSummaryQuery,
    "gex": FlowGexQuery,
    "dex": FlowDexQuery,
    "dealer-risk": FlowDealerRiskQuery,
    "oi": FlowOiQuery,
    "live": FlowLiveQuery,
}


def answers(session: Session, symbol: str, expiry: datetime.date | None = None) -> dict[str, Json]:
    """Every answer as a client reads it."""
    service = served(session)
    return {
        name: json.loads(service.answer(query(symbol=symbol, expiry=expiry)), parse_constant=refuse)
        for name, query in QUERIES.items()
    }


@pytest.fixture(scope="module")
def goog_at_a_sample(goog_tape: Path) -> Session:
    return goog(goog_tape, "11:30")


SESSIONS: Final[dict[str, Callable[[pytest.FixtureRequest], tuple[Session, str]]]] = {
    "the SPX chain": lambda request: (spx_session(request.getfixturevalue("recorded")), "SPX"),
    "GOOG at a sample": lambda request: (request.getfixturevalue("goog_at_a_sample"), "GOOG"),
    "GOOG between samples": lambda request: (
        goog(request.getfixturevalue("goog_tape"), "11:30:20"),
        "GOOG",
    ),
}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=() if name == "the SPX chain" else pytest.mark.drill)
        for name in SESSIONS
    ],
)
def recording(request: pytest.FixtureRequest) -> tuple[Session, str]:
    """A recorded day in session, and its symbol."""
    return SESSIONS[request.param](request)


def expiries(session: Session, symbol: str) -> list[datetime.date]:
    return sorted({chain.expiry for chain in session.chains(symbol)})


def test_one_expiry_has_the_figures_of_its_snapshot(recording: tuple[Session, str]) -> None:
    session, symbol = recording
    for expiry in (session.hours.date, session.next_expiry(symbol)):
        snapshot, said = ask(session, symbol, expiry), answers(session, symbol, expiry)
        live, risk = said["live"], said["dealer-risk"]
        regime, levels, pin = snapshot["regime"], snapshot["levels"], snapshot["pin_risk"]
        exposures, flow = snapshot["exposures"], snapshot["flow_direction"]
        assert {body["expiry"] for body in said.values()} == {str(expiry)}
        assert {body["underlying_price"] for body in said.values()} == {
            snapshot["underlying_price"]
        }
        for body in (said["levels"], live):
            assert body["live_gamma_flip"] == regime["gamma_flip"]
            assert body["gamma_flip_status"] == regime["gamma_flip_status"]
            assert body["live_call_wall"] == levels["call_wall"]
            assert body["live_put_wall"] == levels["put_wall"]
            assert body["live_max_pain"] == pin["max_pain"]
        assert said["pin-risk"]["live_pin_risk"] == live["live_pin_risk"] == pin["pin_score"]
        assert said["pin-risk"]["breakdown"] == pin["components"]
        assert said["pin-risk"]["magnet_strike"] == pin["magnet_strike"]
        assert said["pin-risk"]["distance_to_magnet_pct"] == pin["distance_to_magnet_pct"]
        assert said["pin-risk"]["time_to_close_hours"] == snapshot["time_to_close_hours"]
        assert said["gex"]["live_net_gex"] == live["live_gex"] == exposures["net_gex"]
        assert said["dex"]["live_net_dex"] == live["live_gex_delta"] == exposures["net_dex"]
        assert said["summary"]["flow_direction"] == risk["flow_direction"] == flow["label"]
        for name in (
            *("settled_net_gex", "live_net_gex", "flow_gex_adjustment", "flow_gex_pct_shift"),
            *("contracts_with_flow", "total_abs_delta_contracts"),
        ):
            assert (risk[name] is None) == (flow[name] is None), name
            assert risk[name] == (flow[name] and pytest.approx(flow[name], rel=ADDED)), name
        assert risk["description"] == flow["description"]
        assert said["oi"]["simulated_oi"] == flow["simulated_oi"]
        assert said["oi"]["effective_oi"] == snapshot["flow"]["total_oi"]
        assert said["oi"]["contracts_total"] == snapshot["metadata"]["chain_contract_count"]
        rows = {row["strike"]: row for row in said["gex"]["strikes"]}
        for row in snapshot["strikes"]:
            same = rows[row["strike"]]
            for name in ("call_gex", "put_gex", "net_gex", "call_oi", "put_oi"):
                assert same[name] == row[name]
            assert (same["call_volume"], same["put_volume"]) == (
                row["call_volume"],
                row["put_volume"],
            )


def test_rows_add_up_to_the_nets(recording: tuple[Session, str]) -> None:
    session, symbol = recording
    for expiry in (None, session.hours.date):
        said = answers(session, symbol, expiry)
        for name in ("gex", "dex"):
            rows, gross = said[name]["strikes"], 0.0
            for row in rows:
                sides = [row[f"call_{name}"] or 0.0, row[f"put_{name}"] or 0.0]
                assert row[f"net_{name}"] is None or row[f"net_{name}"] == pytest.approx(
                    sum(sides), rel=ADDED, abs=ADDED * sum(map(abs, sides))
                )
                gross += sum(map(abs, sides))
            net = sum(row[f"net_{name}"] or 0.0 for row in rows)
            assert net == pytest.approx(said[name][f"live_net_{name}"], abs=ADDED * gross)


def test_all_expiries_are_the_sum_of_each(recording: tuple[Session, str]) -> None:
    """AM-settled chains are in the sum alone: their own expiry is asked for by no date."""
    session, symbol = recording
    whole = answers(session, symbol)
    chains = session.chains(symbol)
    parts = [chain for chain in chains if session.chain(symbol, chain.expiry) is chain]
    each = [answers(session, symbol, chain.expiry) for chain in parts]
    assert whole["live"]["expiry"] is None
    rest = [chain for chain in chains if all(chain is not part for part in parts)]
    others = sum(int(chain.listed.sum()) for chain in rest)
    counted = sum(said["oi"]["contracts_total"] for said in each)
    assert whole["oi"]["contracts_total"] == whole["live"]["contracts"] == counted + others
    if rest:
        return
    for name in ("official_oi", "effective_oi"):
        assert whole["oi"][name] == pytest.approx(
            sum(said["oi"][name] or 0 for said in each), abs=9
        )
    for name in ("live_net_gex", "settled_net_gex", "live_net_dex", "settled_net_dex"):
        parts_of = [said["dealer-risk"][name] or 0.0 for said in each]
        gross = sum(map(abs, parts_of))
        assert whole["dealer-risk"][name] == pytest.approx(sum(parts_of), abs=ADDED * gross)


@pytest.mark.drill
def test_a_sample_has_the_snapshots_total(recorded: Path, goog_at_a_sample: Session) -> None:
    """On a whole minute every chain was sampled, so that the snapshot's total is of now too."""
    for session, symbol in ((spx_session(recorded), "SPX"), (goog_at_a_sample, "GOOG")):
        total = ask(session, symbol)["exposures"]["total_chain_net_gex"]
        assert answers(session, symbol)["live"]["live_gex"] == pytest.approx(total, rel=1e-4)


def test_levels_of_all_expiries_follow_from_the_rows(recording: tuple[Session, str]) -> None:
    session, symbol = recording
    said = answers(session, symbol)
    rows = said["gex"]["strikes"]
    known = [row for row in rows if row["net_gex"] is not None]
    magnet = max(known, key=lambda row: abs(row["net_gex"]))
    assert said["pin-risk"]["magnet_strike"] == magnet["strike"]
    for body in (said["levels"], said["live"]):
        calls = max(known, key=lambda row: row["call_gex"] or 0.0)
        puts = min(known, key=lambda row: row["put_gex"] or 0.0)
        assert (body["live_call_wall"], body["live_put_wall"]) == (
            calls["strike"],
            puts["strike"],
        )

    strikes = np.array([row["strike"] for row in rows])
    calls, puts = (np.array([row[name] or 0 for row in rows]) for name in ("call_oi", "put_oi"))
    paid = [
        (calls * np.maximum(at - strikes, 0.0) + puts * np.maximum(strikes - at, 0.0)).sum()
        for at in strikes
    ]
    pain = dict(zip(strikes.tolist(), paid, strict=True))
    # Rows are whole contracts, the sums behind the level are not.
    assert pain[said["levels"]["live_max_pain"]] <= min(paid) * (1 + 1e-4)


def test_net_gex_of_all_expiries_changes_sign_at_their_flip(recorded: Path) -> None:
    session = spx_session(recorded)
    said = answers(session, "SPX")["levels"]
    group = session.group_reading(session.chains("SPX")).live
    assert said["gamma_flip_status"] == "available"

    def net(spot: float) -> float:
        """Black's gamma of every contract, volatilities by strike, the forward moved with spot."""
        out = 0.0
        for one in group.chains:
            if one.surface is None:
                continue
            strikes, smile = one.instant.chain.strikes, one.surface.smile
            forward = one.surface.forward * spot / group.spot
            deviation = smile.volatility * np.sqrt(one.instant.clock.tau)
            d1 = np.log(forward / strikes) / deviation + deviation / 2
            gamma = np.exp(-d1 * d1 / 2) / np.sqrt(2 * np.pi) / (forward * deviation)
            calls, puts = np.nan_to_num(one.instant.effective)
            out += float((gamma * (calls - puts)).sum()) * 100 * spot * spot / 100
        return out

    flip = said["live_gamma_flip"]
    assert net(group.spot) == pytest.approx(group.exposures.net_gex, rel=1e-9)
    assert abs(net(flip)) < 1e-4 * abs(net(group.spot))
    assert net(flip - 5) * net(flip + 5) < 0


def test_what_no_trade_told_is_null_and_said(recorded: Path) -> None:
    said = answers(spx_session(recorded), "SPX")
    for name in ("flow_direction", "intraday_oi_delta", "contracts_with_flow"):
        assert said["summary"][name] is None
    assert said["oi"]["simulated_oi"] is None
    assert said["oi"]["official_oi"] == said["oi"]["effective_oi"] > 10_000_000
    assert "no trade of SPX has come: its flow is unknown" in said["summary"]["warnings"]


def test_unknown_open_interest_is_null_and_said() -> None:
    unknown: list[tuple[int | None, int | None]] = [(None, None) for _ in STRIKES]
    session = heard(priced(STRIKES, 500.0, 150, oi=unknown)).session
    said = answers(session, "SPX")
    assert said["gex"]["live_net_gex"] is said["gex"]["live_net_gex_label"] is None
    assert {row["call_gex"] for row in said["gex"]["strikes"]} == {None}
    assert said["oi"]["official_oi"] is said["oi"]["effective_oi"] is None
    assert said["pin-risk"]["live_pin_risk"] is said["levels"]["live_max_pain"] is None
    for body in said.values():
        assert "open interest is missing of 1 of 1 chains" in body["warnings"]


def test_a_chain_without_a_usable_quote_adds_open_interest_alone() -> None:
    later = datetime.date(2022, 3, 25)
    day = heard()
    alone = answers(day.session, "SPX")
    rows = priced(STRIKES, 500.0, 150, oi=INTEREST)
    bare = [
        row._replace(call=row.call._replace(bid=None), put=row.put._replace(bid=None))
        for row in rows
        if row.call and row.put
    ]
    send(day, bare, "12:00:10", 500.0, later)
    said = answers(day.session, "SPX")
    assert said["oi"]["official_oi"] == 2 * alone["oi"]["official_oi"]
    assert said["live"]["live_gex"] == pytest.approx(alone["live"]["live_gex"], rel=0.01)
    assert "no quote can be used of 1 of 2 chains" in said["live"]["warnings"]
    with pytest.raises(ApiError, match="no quote of SPX 2022-03-25 can be used") as refused:
        served(day.session).answer(FlowGexQuery(symbol="SPX", expiry=later))
    assert refused.value.code == "warming_up"
    counted = json.loads(served(day.session).answer(FlowOiQuery(symbol="SPX", expiry=later)))
    assert counted["official_oi"] == alone["oi"]["official_oi"]


def test_what_is_not_listed_is_refused_with_what_is() -> None:
    service = served(heard().session)
    with pytest.raises(ApiError, match="tracked symbols: SPX") as unknown:
        service.answer(FlowLevelsQuery(symbol="XYZ"))
    with pytest.raises(ApiError, match="the nearest listed one is 2022-03-23") as absent:
        service.answer(FlowLevelsQuery(symbol="SPX", expiry=datetime.date(2022, 3, 24)))
    assert (unknown.value.code, absent.value.code) == ("symbol_not_found", "expiry_not_found")


@pytest.mark.parametrize("clock", ["09:00", "16:30"])
def test_outside_the_session_the_last_figures_stand(clock: str) -> None:
    day = send(Day(), priced(STRIKES, 500.0, 0, oi=INTEREST), "08:59", 500.0)
    if clock > "16:00":
        send(day, priced(STRIKES, 500.0, 389, oi=INTEREST), "15:59", 500.0)
    day.session.advance(day.time(clock))
    said = answers(day.session, "SPX")
    settled = ask(day.session, settled=True)
    assert said["levels"]["live_call_wall"] == settled["levels"]["call_wall"]
    assert said["live"]["live_max_pain"] == settled["pin_risk"]["max_pain"]
    for body in said.values():
        assert body["market_open"] is False
        assert body["as_of"] == settled["as_of"]
        assert "the market is closed" in body["warnings"][0]


def test_an_expiry_whose_puts_are_unknown_adds_nothing() -> None:
    """Neither to sums nor to levels; what is known of it is still shown."""
    later = WEDNESDAY + datetime.timedelta(days=2)
    alone = answers(heard().session, "SPX")
    rows = priced(STRIKES, 500.0, 150, vol=0.4, oi=[(20_000, None) for _ in STRIKES])
    session = send(heard(), rows, "12:00:01", 500.0, later).session
    both = answers(session, "SPX")
    for name in ("live_call_wall", "live_put_wall", "live_max_pain"):
        assert both["levels"][name] == alone["levels"][name], name
    pins = [said["pin-risk"]["live_pin_risk"] for said in (alone, both)]
    assert pins[1] == pytest.approx(pins[0], abs=1)
    assert both["oi"]["official_oi"] == alone["oi"]["official_oi"] + 20_000 * len(STRIKES)


def test_an_expiry_without_listed_puts_has_the_levels_of_its_calls() -> None:
    rows = [row._replace(put=None) for row in usual()]
    session = heard(rows).session
    snapshot, levels = ask(session), answers(session, "SPX")["levels"]
    assert levels["live_max_pain"] == snapshot["pin_risk"]["max_pain"]
    assert levels["live_max_pain"] is not None
