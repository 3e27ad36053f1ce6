"""Exposures, max pain and moves on the morning's open interest, and what there is to ask about."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from engine.twin import Twin
from engine.twin_pricing import When
from session.day import Day, ask, osi, refuse
from session.generated import priced, send
from session.recordings import SPX_DAY, SPX_ELAPSED, spx_file, spx_session
from session.usual import INTEREST, STRIKES, heard
from views.market import goog, served
from zerodte.session.session import Session
from zerodte.wire.errors import ApiError
from zerodte.wire.listing import OptionsMetaQuery, StockQuoteQuery, SymbolsQuery, TickersQuery
from zerodte.wire.max_pain import ExpectedMovesQuery, MaxPainQuery
from zerodte.wire.query import Query
from zerodte.wire.settled import (
    ChexExposureQuery,
    DexExposureQuery,
    ExposureSummaryQuery,
    GexExposureQuery,
    SymbolLevelsQuery,
    VexExposureQuery,
)

Json: TypeAlias = dict[str, Any]
WIRE: Final = 5.001e-7
BY_STRIKE: Final = {
    "gex": GexExposureQuery,
    "dex": DexExposureQuery,
    "vex": VexExposureQuery,
    "chex": ChexExposureQuery,
}
SESSIONS: Final[dict[str, Callable[[pytest.FixtureRequest], tuple[Session, str]]]] = {
    "the SPX chain": lambda request: (spx_session(request.getfixturevalue("recorded")), "SPX"),
    "GOOG": lambda request: (goog(request.getfixturevalue("goog_tape"), "11:30"), "GOOG"),
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


def read(session: Session, query: Query) -> Json:
    answer: Json = json.loads(served(session).answer(query), parse_constant=refuse)
    return answer


def test_one_expiry_has_the_figures_of_its_exposure(recording: tuple[Session, str]) -> None:
    session, symbol = recording
    today = session.hours.date
    exposure = ask(session, symbol, settled=True)
    rows = {row["strike"]: row for row in exposure["strikes"]}
    for name, query in BY_STRIKE.items():
        said = read(session, query(symbol=symbol, expiration=today))
        assert said["expiration"] == str(today)
        assert said[f"net_{name}"] == exposure["exposures"][f"net_{name}"]
        same = [row for row in said["strikes"] if row["strike"] in rows]
        assert len(same) == len(rows) > 1
        for row in same:
            known = rows[row["strike"]]
            for column in row.keys() & known.keys():
                assert row[column] == known[column]
    assert said["chex_interpretation"] == exposure["decay"]["charm_description"]
    gex = read(session, GexExposureQuery(symbol=symbol, expiration=today))
    assert gex["gamma_flip"] == exposure["regime"]["gamma_flip"]
    assert gex["gamma_flip_status"] == exposure["regime"]["gamma_flip_status"]
    pain = read(session, MaxPainQuery(symbol=symbol, expiration=today))
    assert pain["max_pain_strike"] == exposure["pin_risk"]["max_pain"]
    assert pain["pin_probability"] == exposure["pin_risk"]["pin_score"]
    assert pain["regime"] == exposure["regime"]["label"]
    assert pain["put_call_oi_ratio"] == exposure["flow"]["pc_ratio_oi"]
    assert pain["expected_move"]["straddle_price"] == exposure["expected_move"]["straddle_price"]
    assert pain["max_pain_by_expiration"] is None


def test_rows_add_up_to_the_nets_of_all_expiries(recording: tuple[Session, str]) -> None:
    session, symbol = recording
    summary = read(session, ExposureSummaryQuery(symbol=symbol))
    for name, query in BY_STRIKE.items():
        said = read(session, query(symbol=symbol))
        sides = [
            row[f"{side}_{name}"] or 0.0 for row in said["strikes"] for side in ("call", "put")
        ]
        gross = sum(map(abs, sides))
        assert sum(sides) == pytest.approx(said[f"net_{name}"], abs=1e-6 * gross)
        assert summary["exposures"][f"net_{name}"] == said[f"net_{name}"]
    assert said["expiration"] is None


def test_levels_and_summary_are_those_of_the_rows(recording: tuple[Session, str]) -> None:
    session, symbol = recording
    rows = read(session, GexExposureQuery(symbol=symbol))
    known = [row for row in rows["strikes"] if row["net_gex"] is not None]
    levels = read(session, SymbolLevelsQuery(symbol=symbol))["levels"]
    peak = max(known, key=lambda row: row["net_gex"])
    trough = min(known, key=lambda row: row["net_gex"])
    assert levels["max_positive_gamma"] == peak["strike"]
    assert levels["max_negative_gamma"] == trough["strike"]
    assert levels["call_wall"] == max(known, key=lambda row: row["call_gex"] or 0.0)["strike"]
    assert levels["put_wall"] == min(known, key=lambda row: row["put_gex"] or 0.0)["strike"]
    assert levels["gamma_flip"] == rows["gamma_flip"]
    exposure = ask(session, symbol, settled=True)
    assert levels["zero_dte_magnet"] == exposure["pin_risk"]["magnet_strike"]
    summary = read(session, ExposureSummaryQuery(symbol=symbol))
    today = summary["zero_dte"]
    assert today["net_gex"] == exposure["exposures"]["net_gex"]
    assert today["expiration"] == str(session.hours.date)
    share = 100 * today["net_gex"] / rows["net_gex"]
    assert today["pct_of_total_gex"] == pytest.approx(share, rel=1e-5)
    for move in summary["hedging_estimate"].values():
        assert move["direction"] == ("sell" if move["dealer_shares_to_trade"] < 0 else "buy")


def test_the_settled_chain_is_the_twins(recorded: Path) -> None:
    twin = Twin(spx_file(recorded).chains["SPXW", SPX_DAY], When(SPX_ELAPSED), twin_spot(recorded))
    session = spx_session(recorded)
    said = read(session, GexExposureQuery(symbol="SPX", expiration=SPX_DAY))
    assert said["net_gex"] == pytest.approx(twin.net_gex, rel=WIRE)
    assert said["gamma_flip"] == pytest.approx(twin.flip[0], rel=WIRE)
    assert said["net_gex_label"] == "negative"
    moves = read(session, ExpectedMovesQuery(symbol="SPX"))["expected_moves"]
    assert moves[0]["expiry"] == str(SPX_DAY)
    assert moves[0]["expectedMove"] == pytest.approx(twin.s, rel=WIRE)
    assert moves[0]["atmIv"] == pytest.approx(twin.atm_iv, rel=WIRE)
    assert moves[0]["upperBound"] == pytest.approx(twin.spot + twin.s, rel=WIRE)


def twin_spot(recorded: Path) -> float:
    return spx_file(recorded).price


def test_moves_are_ordered_and_of_one_expiry_when_asked(recording: tuple[Session, str]) -> None:
    session, symbol = recording
    moves = read(session, ExpectedMovesQuery(symbol=symbol))["expected_moves"]
    dates = [move["expiry"] for move in moves]
    assert dates == sorted(set(dates))
    assert moves[0]["daysToExpiry"] == 0
    later = datetime.date.fromisoformat(dates[1])
    (only,) = read(session, ExpectedMovesQuery(symbol=symbol, expiry=later))["expected_moves"]
    assert only == moves[1]
    assert only["daysToExpiry"] == (later - session.hours.date).days


def test_the_pain_curve_is_least_at_max_pain(recording: tuple[Session, str]) -> None:
    session, symbol = recording
    for expiration in (None, session.hours.date):
        said = read(session, MaxPainQuery(symbol=symbol, expiration=expiration))
        curve, interest = said["pain_curve"], said["oi_by_strike"]
        least = min(curve, key=lambda point: point["total_pain"])
        assert least["strike"] == said["max_pain_strike"]
        middle = curve[len(curve) // 2]
        paid = 100 * sum(
            (row["call_oi"] or 0) * max(middle["strike"] - row["strike"], 0) for row in interest
        )
        assert middle["call_pain"] == pytest.approx(paid, rel=1e-6)
        away = said["underlying_price"] - said["max_pain_strike"]
        assert said["distance"]["absolute"] == pytest.approx(abs(away), abs=1e-3)
        assert said["distance"]["direction"] == ("above" if away > 0 else "below")
        assert said["signal"] == (
            "neutral"
            if abs(away) < 0.05 * said["underlying_price"]
            else ("bearish" if away > 0 else "bullish")
        )
    by_date = {
        row["expiration"]: row
        for row in read(session, MaxPainQuery(symbol=symbol))["max_pain_by_expiration"]
    }
    assert by_date[str(session.hours.date)]["max_pain_strike"] == said["max_pain_strike"]
    total = sum(row["total_oi"] or 0 for row in interest)
    assert by_date[str(session.hours.date)]["total_oi"] == pytest.approx(total, abs=1)


def test_a_row_of_max_pain_is_about_what_its_expiry_is_asked_about() -> None:
    """On the third Friday contracts of SPX settle at the open, and others at the close."""
    day, friday = heard(), datetime.date(2022, 4, 14)  # Good Friday is the next day
    held = {
        osi(right, strike, friday, root): count
        for root, count in (("SPX", 700), ("SPXW", 30))
        for strike in STRIKES
        for right in "CP"
    }
    day.send("12:00:30", define=tuple(held), oi=held)
    rows = read(day.session, MaxPainQuery(symbol="SPX"))["max_pain_by_expiration"]
    (row,) = [row for row in rows if row["expiration"] == str(friday)]
    alone = read(day.session, MaxPainQuery(symbol="SPX", expiration=friday))
    assert row["total_oi"] == sum(each["total_oi"] for each in alone["oi_by_strike"])
    assert row["total_oi"] == 30 * 2 * len(STRIKES)


def test_alignment_follows_from_the_levels(recording: tuple[Session, str]) -> None:
    session, symbol = recording
    for expiration in sorted({chain.expiry for chain in session.chains(symbol)})[:6]:
        try:
            said = read(session, MaxPainQuery(symbol=symbol, expiration=expiration))
        except ApiError:  # no quote of it can be used
            continue
        beside, level = said["dealer_alignment"], said["max_pain_strike"]
        walls = sorted(
            beside[name] for name in ("call_wall", "put_wall") if beside[name] is not None
        )
        flip, spot = beside["gamma_flip"], said["underlying_price"]
        if level is None or len(walls) < 2:
            expected = "unknown"
        elif not walls[0] <= level <= walls[1]:
            expected = "diverging"
        else:
            is_near = flip is not None and abs(level - flip) <= 0.01 * spot
            expected = "converging" if is_near else "moderate"
        assert beside["alignment"] == expected
        move, away = said["expected_move"], said["distance"]["absolute"]
        if None not in (move["straddle_price"], away):
            assert move["max_pain_within_expected_range"] == (away <= move["straddle_price"])


def test_strikes_of_little_open_interest_are_left_out(recorded: Path) -> None:
    session = spx_session(recorded)
    whole, few = (read(session, GexExposureQuery(symbol="SPX", min_oi=n)) for n in (0, 20_000))
    assert few["net_gex"] == whole["net_gex"]
    expected = [row for row in whole["strikes"] if row["call_oi"] + row["put_oi"] >= 20_000]
    assert few["strikes"] == expected
    assert 0 < len(expected) < len(whole["strikes"])


def test_listed_options_are_those_of_the_file(recorded: Path) -> None:
    session, file = spx_session(recorded), spx_file(recorded)
    said = read(session, OptionsMetaQuery(symbol="SPX"))
    strikes: dict[str, set[float]] = {}
    contracts = 0
    for (_, expiry), rows in file.chains.items():
        if expiry > SPX_DAY or expiry == SPX_DAY:
            strikes.setdefault(str(expiry), set()).update(row.strike for row in rows)
            contracts += sum((row.call is not None) + (row.put is not None) for row in rows)
    listed = {one["expiration"]: one["strikes"] for one in said["expirations"]}
    assert listed == {expiry: sorted(found) for expiry, found in strikes.items()}
    assert said["expiration_count"] == len(listed)
    assert said["total_contracts"] == contracts
    listing = read(session, SymbolsQuery())
    assert listing["symbols"] == ["SPX"]
    hours = ("2022-03-23", "2022-03-23T13:30:00Z", "2022-03-23T20:00:00Z")
    assert (listing["session"], listing["open"], listing["close"]) == hours


def test_the_session_of_a_half_day_ends_early() -> None:
    listing = read(Day(datetime.date(2025, 7, 3)).session, SymbolsQuery())
    assert (listing["open"], listing["close"]) == ("2025-07-03T13:30:00Z", "2025-07-03T17:00:00Z")


def test_a_quote_is_the_underlyings_own() -> None:
    day = heard()
    day.send("12:00:01", stocks={"SPY": (449.98, 450.02)}, index={"VIX": 21.5})
    session = day.session
    assert read(session, TickersQuery())["tickers"] == ["SPX", "SPY", "VIX"]
    assert read(session, SymbolsQuery())["symbols"] == ["SPX"]
    stock = read(session, StockQuoteQuery(symbol="SPY"))
    assert (stock["ticker"], stock["bid"], stock["ask"]) == ("SPY", 449.98, 450.02)
    assert (stock["mid"], stock["lastPrice"], stock["warnings"]) == (450.0, None, [])
    assert stock["lastUpdate"] == "2022-03-23T16:00:01Z"
    index = read(session, StockQuoteQuery(symbol="VIX"))
    assert (index["bid"], index["mid"], index["lastPrice"]) == (None, None, 21.5)
    day.session.advance(day.time("12:10"))
    assert read(session, StockQuoteQuery(symbol="VIX"))["warnings"] == ["the last price is old"]
    with pytest.raises(ApiError, match="tracked tickers: SPX, SPY, VIX") as unknown:
        served(session).answer(StockQuoteQuery(symbol="XYZ"))
    assert unknown.value.code == "symbol_not_found"


def test_a_symbol_without_a_price_of_its_own_says_so() -> None:
    day = send(Day(), priced(STRIKES, 500.0, 150, oi=INTEREST), "12:00", None)
    said = read(day.session, StockQuoteQuery(symbol="SPX"))
    assert said["lastPrice"] is said["bid"] is said["lastUpdate"] is None
    assert "no source prices SPX itself" in said["warnings"][0]
