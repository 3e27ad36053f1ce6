"""Inputs that cannot be right, through the session's door: left out, said, claimed by nothing."""

import datetime
import json
import math
from collections.abc import Callable

import numpy as np
import pytest

from engine.twin_pricing import Quote, Row
from session.day import WEDNESDAY, Day, ask, osi
from session.generated import priced, send, state_of, with_fault
from session.test_trades_alone import send as trade_in
from session.test_trades_alone import trade
from session.usual import AT, INTEREST, SPOILT, STRIKES, heard, of_stock, usual, warned
from zerodte.engine.state import ChainState
from zerodte.session.session import Session
from zerodte.views.listing import stock_quote
from zerodte.wire.listing import StockQuoteQuery

TOMORROW = WEDNESDAY + datetime.timedelta(days=1)


def spoilt(change: Callable[[Quote], Quote], *places: tuple[int, str]) -> list[Row]:
    """The usual chain with some quotes changed."""
    rows = usual()
    for at, right in places:
        rows[at] = with_fault(rows[at], right, change)
    return rows


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda quote: quote._replace(bid=0.05, ask=50.0), "too wide"),
        (lambda quote: quote._replace(bid=0.01, ask=4.99), "too wide"),
        (lambda quote: quote._replace(ask=quote.ask + 200.0), "too wide"),
        (lambda quote: quote._replace(ask=9.2e9), "too wide"),
        (lambda quote: quote._replace(bid=10 * quote.bid, ask=10 * quote.ask), "against arbitrage"),
        (lambda quote: quote._replace(bid=0.1 * quote.bid, ask=0.1 * quote.ask), "against arbi"),
    ],
)
def test_an_absurd_quote_is_refused_alone_and_said(
    change: Callable[[Quote], Quote], named: str
) -> None:
    session = heard(spoilt(change, (AT, "P"))).session
    state = state_of(session)
    assert np.isnan(state.instant.mid[1, AT])
    assert np.isfinite(state.instant.mid).sum() == 2 * len(STRIKES) - 1
    assert warned(session, f"1 {named}")
    sound = state_of(heard().session)
    assert state.exposures.net_gex == pytest.approx(sound.exposures.net_gex, rel=0.01)
    assert state.surface.sigma == pytest.approx(sound.surface.sigma, rel=0.01)
    assert state.quality.data < sound.quality.data


def test_asks_far_too_wide_around_the_money_claim_nothing() -> None:
    """Without the quotes nearest the money neither flip nor regime is said."""
    around = [(at, right) for at in range(6, 15) for right in "CP"]
    rows = spoilt(lambda quote: quote._replace(ask=(quote.ask or 0.0) + 200.0), *around)
    answer = ask(heard(rows).session)
    assert answer["regime"]["label"] == "unknown"
    assert answer["regime"]["gamma_flip"] is None
    assert any("18 too wide" in text for text in answer["warnings"])
    assert answer["metadata"]["data_quality_score"] <= 80


@pytest.mark.parametrize("forward", [497.3, 500.0, 503.1])
@pytest.mark.parametrize("elapsed", [1, 200, 380])
@pytest.mark.parametrize("half", [0.01, 0.1, 0.3])
def test_sound_quotes_all_pass(forward: float, elapsed: int, half: float) -> None:
    rows = priced(STRIKES, forward, elapsed, vol=0.3, slope=0.8, oi=INTEREST, half=half)
    session = heard(rows).session
    assert not warned(session, "too wide")
    assert not warned(session, "arbitrage")


@pytest.mark.parametrize("spot", [50.0, 0.01, 5_000.0, 560.0])
def test_parity_outvotes_a_spot_of_another_scale(spot: float) -> None:
    day = heard()
    day.send("12:00:01", index={"SPX": spot})
    answer = ask(day.session)
    assert answer["underlying_price"] == pytest.approx(500.0, abs=0.05)
    assert answer["metadata"]["spot_source"] == "put_call_parity"
    assert any("own price is not used" in text for text in answer["warnings"])


@pytest.mark.parametrize("spot", [515.0, 487.0])
def test_parity_outvotes_a_spot_that_is_sigmas_away(spot: float) -> None:
    day = heard()
    sound = ask(day.session)
    day.send("12:00:01", index={"SPX": spot})
    answer = ask(day.session)
    assert abs(spot - 500.0) > sound["expected_move"]["remaining_1sd_dollars"]
    assert answer["underlying_price"] == pytest.approx(500.0, abs=0.05)
    assert answer["metadata"]["spot_source"] == "put_call_parity"
    assert answer["levels"]["call_wall"] == sound["levels"]["call_wall"]
    assert any("own price is not used" in text for text in answer["warnings"])


@pytest.mark.parametrize("expiry", [WEDNESDAY, TOMORROW])
def test_trades_of_every_expiry_are_valued_at_the_spot_that_stands(expiry: datetime.date) -> None:
    day = send(heard(), usual(), "12:00:01", 515.0, TOMORROW)
    at = day.time("12:00:03")
    (trades,) = trade_in(day, trade(day, osi("C", 500.0, expiry), 10.0, at), at)
    assert trades.valued.spot == pytest.approx([500.0], abs=0.05)


def test_a_spot_within_a_sigma_of_parity_stays() -> None:
    day = heard()
    day.send("12:00:01", index={"SPX": 508.0})
    assert ask(day.session)["underlying_price"] == 508.0
    assert warned(day.session, "spot (index) lies 1.60% from parity")


def test_few_strikes_do_not_outvote_a_spot_that_is_sigmas_away() -> None:
    rows = [row for row in usual() if abs(row.strike - 500.0) < 4.0]
    session = send(Day(), rows, "12:00", 515.0).session
    assert ask(session)["underlying_price"] == 515.0
    assert warned(session, "from parity")


def test_late_in_the_day_a_spot_a_sigma_off_is_said() -> None:
    """A fifth of a percent is little at noon, and most of what is left to move at 15:45."""
    strikes = [490.0 + n for n in range(21)]
    late = send(Day(), priced(strikes, 500.0, 375, vol=0.2), "15:45", 501.0).session
    assert warned(late, "spot (index) lies 0.20% from parity")
    assert ask(late)["underlying_price"] == 501.0
    noon = send(Day(), priced(strikes, 500.0, 150, vol=0.2), "12:00", 501.0).session
    assert not warned(noon, "from parity")


@pytest.mark.parametrize(("quote", "expected"), [((480.0, 545.0), None), ((497.0, 502.9), None)])
def test_an_own_quote_too_wide_for_a_price_prices_nothing(
    quote: tuple[float, float], expected: None
) -> None:
    day = stock_day(quote)
    answer = ask(day.session, "ABC")
    assert answer["underlying_price"] == pytest.approx(500.0, abs=0.05)
    assert answer["metadata"]["spot_source"] == "put_call_parity"
    assert any("too wide to be a price" in text for text in answer["warnings"])
    shown = json.loads(stock_quote(day.session, "replay", StockQuoteQuery(symbol="ABC")))
    assert (shown["bid"], shown["ask"], shown["mid"]) == (*quote, expected)
    assert "the quote is too wide to be a price" in shown["warnings"]


@pytest.mark.parametrize("quote", [(499.99, 500.01), (498.0, 502.0)])
def test_an_own_quote_within_a_hundredth_is_a_price(quote: tuple[float, float]) -> None:
    day = stock_day(quote)
    answer = ask(day.session, "ABC")
    assert answer["metadata"]["spot_source"] == "equity_quote"
    assert not any("too wide" in text for text in answer["warnings"])
    shown = json.loads(stock_quote(day.session, "replay", StockQuoteQuery(symbol="ABC")))
    assert shown["mid"] == 500.0


def stock_day(own: tuple[float, float]) -> Day:
    """The usual chain as one of a stock, with its own quote."""
    day, quotes = Day(), of_stock()
    interest = dict.fromkeys(quotes, 100)
    day.send("12:00", define=tuple(quotes), oi=interest, quotes=quotes, stocks={"ABC": own})
    return day


def test_a_later_expiry_outvotes_no_spot_within_a_tenth() -> None:
    """Dividends and carry lie between."""
    session = send(Day(), usual(vol=0.2), "12:00", 540.0, expiry=TOMORROW).session
    spot = session.spot("SPX")
    assert spot is not None
    assert spot.value == 540.0
    assert spot.is_disputed


def test_open_interest_of_one_contract_claims_no_regime() -> None:
    rows = [
        row._replace(
            call=row.call and (row.call if n == 10 else row.call._replace(oi=None)),
            put=row.put and row.put._replace(oi=None),
        )
        for n, row in enumerate(usual())
    ]
    answer = ask(heard(rows).session)
    assert answer["regime"]["label"] == "unknown"
    assert any("unknown of 41 of 42 contracts" in text for text in answer["warnings"])
    assert answer["metadata"]["data_quality_score"] <= 80


@pytest.mark.parametrize("sides", ["CP", "C", "P"])
def test_open_interest_of_zero_at_every_strike_of_a_side_is_unknown(sides: str) -> None:
    rows = usual()
    for right in sides:
        rows = [with_fault(row, right, lambda quote: quote._replace(oi=0)) for row in rows]
    answer = ask(heard(rows).session)
    assert answer["regime"]["label"] == "unknown"
    assert answer["metadata"]["data_quality_score"] <= 80
    assert any("open interest" in text for text in answer["warnings"])
    if sides == "CP":
        assert answer["exposures"]["net_gex"] is None


def with_interest(contracts: int, *, calls: int = 1) -> Day:
    """The usual chain with so many contracts in one call, or in each of several."""
    rows = usual()
    for row in range(12, 12 + calls):
        rows[row] = with_fault(rows[row], "C", lambda quote: quote._replace(oi=contracts))
    return heard(rows)


def test_one_contract_with_nearly_all_open_interest_claims_no_regime() -> None:
    answer = ask(with_interest(9_000_000).session)
    assert answer["regime"]["label"] == "unknown"
    assert any("one contract has 99.9% of all open interest" in text for text in answer["warnings"])
    assert answer["metadata"]["data_quality_score"] < 10


def test_two_contracts_with_nearly_all_open_interest_claim_none_either() -> None:
    answer = ask(with_interest(9_000_000, calls=2).session)
    assert answer["regime"]["label"] == "unknown"
    assert any("2 contracts have 100.0% of all open" in text for text in answer["warnings"])
    assert answer["metadata"]["data_quality_score"] < 10


def test_a_contract_that_stands_out_claims_what_the_others_do() -> None:
    """A recorded chain has one with fourteen times the next."""
    answer = ask(with_interest(12_000).session)
    assert answer["regime"]["label"] == "positive_gamma"
    assert not any("one contract" in text for text in answer["warnings"])
    assert answer["metadata"]["data_quality_score"] == 80


def test_total_open_interest_is_the_sum_of_its_sides() -> None:
    flow = ask(heard().session)["flow"]
    assert flow["total_oi"] == flow["call_oi"] + flow["put_oi"]


@pytest.mark.parametrize("count", [2**63 - 2, 100_000_001])
def test_open_interest_beyond_reason_is_refused_and_counted(count: int) -> None:
    day = heard()
    day.send("12:00:01", oi={SPOILT: count})
    assert state_of(day.session).instant.official[1, AT] == 300
    assert warned(day.session, "open interest beyond reason: 1")


def test_without_open_interest_of_a_side_its_total_is_unknown() -> None:
    rows = [with_fault(row, "C", lambda quote: quote._replace(oi=None)) for row in usual()]
    answer = ask(heard(rows).session)
    flow = answer["flow"]
    assert (flow["call_oi"], flow["total_oi"], flow["pc_ratio_oi"]) == (None, None, None)
    assert flow["put_oi"] > 0
    assert answer["regime"]["label"] == "unknown"
    assert answer["metadata"]["data_quality_score"] == 0


@pytest.mark.parametrize("right", "CP")
def test_without_open_interest_of_a_side_nothing_is_made_of_the_other(right: str) -> None:
    rows = [with_fault(row, right, lambda quote: quote._replace(oi=None)) for row in usual()]
    answer = ask(heard(rows).session)
    exposures, pin, regime = answer["exposures"], answer["pin_risk"], answer["regime"]
    assert {name for name, value in exposures.items() if value is not None} == set()
    assert {name for name, value in pin.items() if value is not None} == {
        "components",
        "description",
    }
    assert answer["hedging"]["spot_up_1pct"]["dealer_shares_to_trade"] is None
    assert answer["hedging"]["convexity_at_spot"] is None
    assert answer["levels"]["highest_oi_strike"] is None
    assert (regime["gamma_flip"], regime["gamma_flip_status"]) == (
        None,
        "insufficient_open_interest",
    )
    assert {row["net_gex"] for row in answer["strikes"]} == {None}
    known, unknown = ("call", "put") if right == "P" else ("put", "call")
    assert all(row[f"{known}_gex"] is not None for row in answer["strikes"])
    assert {row[f"{unknown}_gex"] for row in answer["strikes"]} == {None}
    assert answer["levels"][f"{known}_wall"] is not None


def test_a_strike_of_which_one_contract_is_unknown_has_no_net() -> None:
    rows = usual()
    rows[AT] = with_fault(rows[AT], "P", lambda quote: quote._replace(oi=None))
    by_strike = {row["strike"]: row for row in ask(heard(rows).session)["strikes"]}
    row = by_strike.pop(STRIKES[AT])
    for name in ("net_gex", "net_dex", "net_vex", "net_chex", "gex_share_pct", "oi_share_pct"):
        assert row[name] is None
        assert all(other[name] is not None for other in by_strike.values())
    assert row["call_gex"] is not None
    assert row["put_gex"] is None


def test_in_the_last_minute_sigma_is_unknown() -> None:
    """Time to expiry is at its floor of a minute: what it gives is no figure of six seconds."""
    day = send(Day(), usual(elapsed=389), "15:59:00", 500.0)
    before = ask(day.session)
    assert before["expected_move"]["remaining_1sd_dollars"] > 0.0
    assert before["exposures"]["net_chex"] is not None
    day.session.advance(day.time("15:59:06"))
    answer = ask(day.session)
    for name in ("implied_1sd_dollars", "remaining_1sd_dollars", "upper_bound", "atm_iv"):
        assert answer["expected_move"][name] is None
    assert answer["vol_context"]["zero_dte_atm_iv"] is None
    assert answer["exposures"]["net_gex"] is not None
    assert answer["exposures"]["net_chex"] is None
    assert answer["decay"]["charm_regime"] is None
    assert answer["decay"]["charm_description"] == "Charm is unknown: less than a minute is left."
    assert {row["net_chex"] for row in answer["strikes"]} == {None}
    assert any("less than a minute is left" in text for text in answer["warnings"])


@pytest.mark.parametrize(("spot", "score"), [(500.0, 80), (502.0, 70), (560.0, 60)])
def test_a_disputed_spot_lowers_quality(spot: float, score: int) -> None:
    day = heard()
    day.send("12:00:01", index={"SPX": spot})
    assert ask(day.session)["metadata"]["data_quality_score"] == score


@pytest.mark.drill
def test_half_of_the_quotes_missing_turns_no_regime() -> None:
    """Sound chains: a sign needs fewer quotes than a level, and is right with them."""
    rng = np.random.default_rng(20220323)
    asked = false = 0
    for _ in range(20):
        forward, vol = rng.uniform(497.0, 503.0), rng.uniform(0.15, 0.4)
        counts = rng.integers(1, 3_000, (len(STRIKES), 2)) * rng.permutation((1, 3))
        oi = [(int(calls), int(puts)) for calls, puts in counts]
        rows = priced(STRIKES, forward, 150, vol=vol, slope=0.5, oi=oi)
        whole = label_of(rows, forward)
        for _ in range(5 if whole != "unknown" else 0):
            label = label_of(dropped(rows, rng, rng.uniform(0.0, 0.5)), forward)
            assert label in (whole, "unknown")
            asked += 1
            false += label == "unknown"
    assert asked >= 50
    assert false <= 0.05 * asked


@pytest.mark.drill
@pytest.mark.parametrize("factor", [0.1, 0.2, 1 / 3, 0.5, 0.8, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0])
def test_where_one_was_refused_net_gex_is_near_the_sound_one_or_withheld(factor: float) -> None:
    """One quote in ten at another price, as tight as before or in proportion."""
    rng = np.random.default_rng(round(1_000 * factor))
    given = 0
    for trial in range(12):
        rows, minute, forward = random_chain(rng)
        sound = state_at(rows, minute, forward).exposures.net_gex
        assert not math.isnan(sound)
        for right in "CP":
            rows = [
                with_fault(row, right, moved(factor, is_tight=trial % 3 == 0)) if out else row
                for row, out in zip(rows, rng.random(len(rows)) < 0.1, strict=True)
            ]
        state = state_at(rows, minute, forward)
        net = state.exposures.net_gex
        if not state.instant.quotes.has_refused:
            continue
        assert math.isnan(net) or net == pytest.approx(sound, rel=0.05)
        given += not math.isnan(net)
    assert given >= 6


@pytest.mark.drill
@pytest.mark.parametrize("factor", [0.1, 0.2, 5.0, 10.0])
def test_a_wrong_quote_among_few_is_mostly_found_though_it_breaks_no_bound(factor: float) -> None:
    """Two to nine quotes hardly bound each other; they still have to agree."""
    rng = np.random.default_rng(round(1_000 * factor))
    asked = given = wrong = 0
    for trial in range(60):
        rows, minute, forward = random_chain(rng, size=range(2, 10))
        sound = known_state(rows, minute, forward)
        if sound is None or sound.surface.smile.quoted.sum() < 2:
            continue
        assert not math.isnan(sound.exposures.net_gex)
        quoted = [(n, right) for n, row in enumerate(rows) for right in "CP" if has_bid(row, right)]
        at, right = quoted[rng.integers(len(quoted))]
        rows[at] = with_fault(rows[at], right, moved(factor, is_tight=trial % 3 == 0))
        state = known_state(rows, minute, forward)
        net = state.exposures.net_gex if state else math.nan
        asked += 1
        given += not math.isnan(net)
        wrong += not (math.isnan(net) or net == pytest.approx(sound.exposures.net_gex, rel=0.05))
    assert asked >= 30
    assert given >= 6
    assert wrong <= 0.08 * asked


def test_one_quote_alone_is_said() -> None:
    alone = "volatilities rest on one quote, which no other bears out"
    rows = priced([480.0, 500.0, 520.0], 500.0, 340, vol=0.1, oi=[(300, 200)] * 3)
    session = send(Day(), rows, "15:10", 500.0).session
    assert state_of(session).surface.smile.quoted.sum() == 1
    assert warned(session, alone)
    assert not warned(heard().session, alone)


def test_what_rests_on_single_quotes_is_withheld_and_said() -> None:
    """Late in the day few quotes carry net GEX: no bound shows that one of them is wrong."""
    rows = usual(vol=0.2, elapsed=340)
    for right, at, factor in (("C", 11, 0.6), ("P", 12, 3.0)):
        rows[at] = with_fault(rows[at], right, moved(factor, is_tight=True))
    session = send(Day(), rows, "15:10", 500.0).session
    answer = ask(session)
    assert warned(session, "against arbitrage")
    assert answer["exposures"]["net_gex"] is None
    assert answer["exposures"]["total_chain_net_gex"] is None
    assert answer["metadata"]["data_quality_score"] <= 80
    assert answer["regime"]["label"] == "unknown"
    assert "withheld" in answer["regime"]["description"]
    hedging = answer["hedging"]
    assert hedging.pop("convexity_at_spot") is None
    assert {tuple(move.values()) for move in hedging.values()} == {(None, None, None)}
    assert any("net GEX is withheld" in text for text in answer["warnings"])
    assert answer["flow_direction"]["live_net_gex"] is None
    row = session.samples("SPX")
    assert row is not None
    assert np.isnan(row.figures["net_gex"][-1])


def random_chain(
    rng: np.random.Generator, size: range = range(17, 41)
) -> tuple[list[Row], int, float]:
    """A sound chain of so many strikes, its minute of the session, and its forward."""
    step, count = (1.0, 2.0, 5.0)[rng.integers(3)], int(rng.integers(size.start, size.stop))
    strikes = [500.0 + step * (n - count // 2) for n in range(count)]
    counts = rng.integers(1, 3_000, (count, 2)) * rng.permutation((1, 3))
    minute, forward = int(rng.integers(5, 380)), round(rng.uniform(498.0, 502.0), 2)
    rows = priced(
        strikes,
        forward,
        minute,
        vol=rng.uniform(0.12, 0.45),
        slope=rng.uniform(0.0, 0.8),
        oi=[(int(calls), int(puts)) for calls, puts in counts],
        half=(0.01, 0.02, 0.05)[rng.integers(3)],
    )
    return rows, minute, forward


def moved(factor: float, *, is_tight: bool) -> Callable[[Quote], Quote]:
    """A change of a quote's price; its width stays, or goes along."""

    def change(quote: Quote) -> Quote:
        if not (quote.bid and quote.ask):
            return quote
        middle = 0.5 * factor * (quote.bid + quote.ask)
        half = 0.5 * (quote.ask - quote.bid) * (1.0 if is_tight else factor)
        bid = max(round(middle - half, 2), 0.0)
        return quote._replace(bid=bid, ask=round(max(middle + half, bid + 0.01), 2))

    return change


def has_bid(row: Row, right: str) -> bool:
    quote = row.call if right == "C" else row.put
    return bool(quote and quote.bid and quote.ask)


def state_at(rows: list[Row], minute: int, spot: float) -> ChainState:
    return state_of(session_at(rows, minute, spot))


def known_state(rows: list[Row], minute: int, spot: float) -> ChainState | None:
    """None where no quote tells anything."""
    session = session_at(rows, minute, spot)
    chain = session.chain("SPX")
    reading = chain and session.reading(chain)
    return reading.state if reading else None


def session_at(rows: list[Row], minute: int, spot: float) -> Session:
    hour, past = divmod(570 + minute, 60)
    return send(Day(), rows, f"{hour:02d}:{past:02d}", spot).session


def label_of(rows: list[Row], spot: float) -> str:
    label: str = ask(send(Day(), rows, "12:00", spot).session)["regime"]["label"]
    return label


def dropped(rows: list[Row], rng: np.random.Generator, share: float) -> list[Row]:
    """The rows with a random share of their quotes gone."""
    for right in "CP":
        gone = rng.random(len(rows)) < share
        rows = [
            with_fault(row, right, lambda quote: quote._replace(bid=None, ask=None)) if out else row
            for row, out in zip(rows, gone, strict=True)
        ]
    return rows
