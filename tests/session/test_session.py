"""A session in motion: when smiles are solved, what asking may change, which chain is today's."""

import dataclasses
import datetime
import math

import numpy as np
import pytest

from engine.twin_pricing import Row
from session.day import SECOND, WEDNESDAY, Day, ask, osi
from session.generated import priced, reading_of, send, state_of
from session.usual import INTEREST, STRIKES, usual
from zerodte.engine.state import ChainState
from zerodte.session.session import Session

THURSDAY = datetime.date(2022, 3, 24)
THIRD_FRIDAY = datetime.date(2022, 3, 18)


def requote(day: Day, rows: list[Row], clock: str, expiry: datetime.date = WEDNESDAY) -> None:
    """Send the quotes alone."""
    quotes = {}
    for row in rows:
        for right, quote in (("C", row.call), ("P", row.put)):
            assert quote is not None
            quotes[osi(right, row.strike, expiry)] = (quote.bid, quote.ask)
    day.send(clock, quotes=quotes, index={"SPX": 500.0})


def figures(state: ChainState) -> dict[str, float]:
    return {
        "sigma": state.surface.sigma,
        "net_gex": state.exposures.net_gex,
        "pin": state.pin.score,
        "flip": state.flip.level,
    }


# Asking


def test_asking_twice_gives_the_same_bytes() -> None:
    session = send(Day(), usual(), "12:00", 500.0).session
    assert ask(session) == ask(session)


def test_asking_changes_nothing() -> None:
    """Between samples too, where a smile may have to be solved for the asking."""
    quiet, asked = Day(), Day()
    for clock, vol in (("12:00:10", 0.4), ("12:00:20", 0.3), ("12:00:30", 0.5), ("12:00:41", 0.2)):
        for day in (quiet, asked):
            send(day, usual(vol), clock, 500.0)
        ask(asked.session)
        ask(asked.session, settled=True)
        asked.session.samples("SPX")
    assert ask(quiet.session) == ask(asked.session)


def test_time_alone_moves_the_clock_and_the_greeks_but_no_digest() -> None:
    session = send(Day(), usual(), "12:00", 500.0).session
    before, digest = state_of(session), session.digest
    session.advance(session.now + 10 * SECOND)
    after = state_of(session)
    assert after.instant.clock.tau < before.instant.clock.tau
    assert after.surface.sigma < before.surface.sigma
    assert session.digest == digest


def test_time_never_runs_back() -> None:
    session = send(Day(), usual(), "12:00", 500.0).session
    now = session.now
    session.advance(now - 5 * SECOND)
    assert session.now == now


# Samples


def test_between_samples_the_last_smile_stands() -> None:
    day = send(Day(), usual(0.4), "12:00", 500.0)
    smile = state_of(day.session).surface.smile.volatility
    requote(day, usual(0.2), "12:00:29")
    np.testing.assert_array_equal(state_of(day.session).surface.smile.volatility, smile)
    requote(day, usual(0.2), "12:00:30")
    assert state_of(day.session).surface.atm_volatility == pytest.approx(0.2, rel=0.02)


def test_between_samples_the_forward_follows_the_quotes() -> None:
    day = send(Day(), usual(), "12:00", 500.0)
    requote(day, priced(STRIKES, 501.5, 150, vol=0.4), "12:00:07")
    assert state_of(day.session).surface.forward == pytest.approx(501.5, abs=0.02)


def test_a_sample_does_not_depend_on_the_past() -> None:
    fresh = send(Day(), usual(0.3), "12:00", 500.0)
    long_lived = send(Day(), usual(0.9), "11:00", 500.0)
    requote(long_lived, usual(0.05), "11:30:30")
    send(long_lived, usual(0.3), "12:00", 500.0)
    assert figures(state_of(long_lived.session)) == figures(state_of(fresh.session))


def test_the_sample_that_falls_into_a_silence_is_taken_when_time_passes() -> None:
    """A tick that comes late finds the sample of :30 on the quotes that stood at :30."""
    day = send(Day(), usual(0.4), "12:00", 500.0)
    requote(day, usual(0.2), "12:00:25")
    requote(day, usual(0.6), "12:00:33")
    assert state_of(day.session).surface.atm_volatility == pytest.approx(0.2, rel=0.02)


def test_the_close_is_a_sample_also_when_the_next_tick_comes_after_it() -> None:
    day = send(Day(), usual(0.4, 389), "15:59:25", 500.0)
    requote(day, usual(0.2, 389), "15:59:55")
    requote(day, usual(0.9, 389), "16:00:05")
    assert state_of(day.session).surface.atm_volatility == pytest.approx(0.2, rel=0.05)


def test_a_smile_that_could_not_be_solved_again_says_of_when_it_is() -> None:
    """Every bid fell to zero: what is shown rests on the noon's volatilities, three hours old."""
    day = send(Day(), usual(), "12:00", 500.0)
    empty = {osi(right, k): (0.0, 0.05) for k in STRIKES for right in "CP"}
    day.send("15:00", quotes=empty, index={"SPX": 500.0})
    answer = ask(day.session)
    assert not any(row["call_mid"] for row in answer["strikes"])
    assert any("12:00:00" in text for text in answer["warnings"])


# Instruments


def test_late_definitions_move_nobody() -> None:
    """Strikes listed during the day lie between and beside the others; figures stay theirs."""
    day = send(Day(), usual(), "12:00", 500.0)
    before, chain = state_of(day.session), day.session.chain("SPX")
    assert chain is not None
    late = [STRIKES[0] - 2.0, 501.0, STRIKES[-1] + 2.0]
    day.send("12:00:01", define=tuple(osi(right, k) for k in late for right in "CP"))
    after = state_of(day.session)
    old = np.isin(after.instant.chain.strikes, STRIKES)
    assert after.instant.chain.strikes[~old].tolist() == late
    np.testing.assert_array_equal(after.instant.chain.call[old], chain.call)
    np.testing.assert_array_equal(after.instant.chain.put[old], chain.put)
    np.testing.assert_allclose(after.instant.mid[:, old], before.instant.mid, rtol=1e-15)
    np.testing.assert_array_equal(after.instant.official[:, old], before.instant.official)
    assert np.isnan(after.instant.mid[:, ~old]).all()
    assert after.exposures.net_dex == pytest.approx(before.exposures.net_dex, rel=1e-4)


def test_a_definition_repeated_changes_nothing() -> None:
    day = send(Day(), usual(), "12:00", 500.0)
    before = figures(state_of(day.session))
    day.send("12:00:00", define=tuple(osi(right, k) for k in STRIKES for right in "CP"))
    assert figures(state_of(day.session)) == before


# Which chain is today's


def test_an_am_settled_chain_is_never_todays() -> None:
    """On a third Friday both roots expire: SPX at the open, SPXW at the close."""
    day = Day(THIRD_FRIDAY)
    am = [osi(right, k, THIRD_FRIDAY, "SPX") for k in STRIKES for right in "CP"]
    quotes = dict.fromkeys(am, (9.0, 9.1))
    calls = [name for name in am if "C0" in name]
    day.send("12:00", define=tuple(am), quotes=quotes, oi=dict.fromkeys(calls, 10**6))
    assert day.session.chain("SPX") is None
    assert ask(day.session)["no_zero_dte"] is True
    send(day, usual(), "12:00:01", 500.0, THIRD_FRIDAY)
    reading = reading_of(day.session)
    state = reading.state
    assert state.instant.chain.root == "SPXW"
    assert state.activity.call_oi + state.activity.put_oi == sum(map(sum, INTEREST))
    # At noon the AM chain is over, and part of no total.
    assert reading.total_net_gex == state.exposures.net_gex


def test_am_settled_chains_to_come_count_in_the_whole_symbol() -> None:
    april = datetime.date(2022, 4, 14)
    day = send(Day(), usual(), "12:00", 500.0)
    rows = priced(STRIKES, 500.0, 150, vol=2.0, oi=[(1_000, 0)] * len(STRIKES))
    quotes = {
        osi(right, row.strike, april, "SPX"): (quote.bid, quote.ask)
        for row in rows
        for right, quote in (("C", row.call), ("P", row.put))
        if quote
    }
    interest = {name: 1_000 if "C0" in name else 1 for name in quotes}
    day.send("12:01", define=tuple(quotes), quotes=quotes, oi=interest, index={"SPX": 500.0})
    reading = reading_of(day.session)
    assert reading.total_net_gex > reading.state.exposures.net_gex + 1e6
    assert day.session.chain("SPX", april) is None


def test_an_expiry_that_is_over_is_not_found() -> None:
    """A feed may still list yesterday's contracts: they have no time left to price."""
    yesterday = WEDNESDAY - datetime.timedelta(days=1)
    day = send(Day(), usual(), "12:00", 500.0, yesterday)
    assert day.session.chain("SPX", yesterday) is None


# Time


@pytest.mark.parametrize(
    ("date", "clock", "hours", "elapsed_pct"),
    [
        (WEDNESDAY, "09:30", 6.5, 0.0),
        (WEDNESDAY, "12:45", 3.25, 50.0),
        (WEDNESDAY, "15:59", 1 / 60, 100 * 389 / 390),
        (WEDNESDAY, "16:00", 0.0, 100.0),
        (datetime.date(2022, 11, 25), "12:00", 1.0, 100 * 150 / 210),
        (datetime.date(2022, 11, 25), "13:00", 0.0, 100.0),
    ],
)
def test_the_clock_runs_to_the_days_own_close(
    date: datetime.date, clock: str, hours: float, elapsed_pct: float
) -> None:
    """The day after Thanksgiving closes at 13:00; tau never falls below one minute."""
    session = send(Day(date), usual(), clock, 500.0, date).session
    ticking = state_of(session).instant.clock
    minutes = 390 if date == WEDNESDAY else 210
    assert ticking.hours_left == pytest.approx(hours)
    assert ticking.elapsed_pct == pytest.approx(elapsed_pct)
    assert ticking.tau == pytest.approx(max(hours * 60, 1) / minutes / 252)


def test_a_later_expiry_adds_whole_sessions() -> None:
    session = send(Day(), usual(), "12:45", 500.0, THURSDAY).session
    chain = session.chain("SPX", THURSDAY)
    assert chain is not None
    state = session.state(chain)
    assert state is not None
    assert state.instant.clock.hours_left == pytest.approx(3.25 + 6.5)
    assert state.instant.clock.tau == pytest.approx(1.5 / 252)


@pytest.mark.parametrize(("clock", "opened"), [("09:29:59", False), ("09:30", True)])
def test_the_session_opens_at_half_past_nine(clock: str, opened: bool) -> None:
    assert send(Day(), usual(), clock, 500.0).session.is_open is opened


@pytest.mark.parametrize(("clock", "opened"), [("16:00", True), ("16:00:01", False)])
def test_the_close_itself_belongs_to_the_session(clock: str, opened: bool) -> None:
    assert send(Day(), usual(), clock, 500.0).session.is_open is opened


# Spot


def stock(bid: float, ask: float, clock: str = "12:00") -> Session:
    """SPY options around 500 with a quote of SPY itself."""
    day = Day()
    rows = usual()
    names = {
        osi(right, row.strike, root="SPY"): quote
        for row in rows
        for right, quote in (("C", row.call), ("P", row.put))
        if quote
    }
    quotes = {name: (quote.bid, quote.ask) for name, quote in names.items()}
    day.send("12:00", define=tuple(names), quotes=quotes, stocks={"SPY": (bid, ask)})
    day.session.advance(day.time(clock))
    return day.session


def test_spot_is_the_underlyings_own_mid_while_it_is_fresh() -> None:
    spot = stock(500.10, 500.12).spot("SPY")
    assert spot is not None
    assert (spot.value, spot.source) == (500.11, "equity_quote")


def test_spot_is_parity_when_the_underlying_has_no_usable_quote() -> None:
    spot = stock(500.20, 500.10).spot("SPY")
    assert spot is not None
    assert spot.source == "put_call_parity"
    assert spot.value == pytest.approx(500.0, abs=0.01)


def test_spot_that_lies_far_from_parity_is_a_warning() -> None:
    """A quarter of a percent is let pass."""
    near, far = ask(stock(501.1, 501.3), "SPY"), ask(stock(501.4, 501.6), "SPY")
    assert not any("parity" in text for text in near["warnings"])
    assert any("0.30% from parity" in text for text in far["warnings"])
    assert far["underlying_price"] == 501.5


def test_the_index_value_is_the_double_nearest_to_its_decimals() -> None:
    """Else a spot at a strike falls to one side of it: 480 x 1e9 x 1e-9 is 480.00000000000006."""
    for value in (461.0, 480.0, 480.07, 499.99):
        rows = priced(STRIKES, value, 150, vol=0.4, oi=INTEREST)
        spot = send(Day(), rows, "12:00", value).session.spot("SPX")
        assert spot is not None
        assert spot.value == value


def test_two_sessions_that_heard_the_same_agree_to_the_last_byte() -> None:
    one, other = (send(Day(), usual(), "12:00", 500.0).session for _ in range(2))
    assert one.digest == other.digest
    assert ask(one) == ask(other)
    assert dataclasses.asdict(state_of(one).quality) == dataclasses.asdict(state_of(other).quality)
    assert not math.isnan(state_of(one).quality.data)
