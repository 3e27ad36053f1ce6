"""What a client reads when things are whole, nearly over, over, or not there."""

import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from session.day import WEDNESDAY, Day, ask
from session.generated import Made, chains, send
from session.recordings import SPX
from session.usual import usual
from zerodte.importers.cboe_chain import import_chain
from zerodte.runtime.replay import replay
from zerodte.session.session import Session
from zerodte.tape.folder import open_tape
from zerodte.views.snapshot import snapshot
from zerodte.wire.errors import ApiError
from zerodte.wire.exposure import ExposureBlocks
from zerodte.wire.snapshot import SnapshotBlocks, SnapshotQuery


def at(clock: str, elapsed: int = 150, date: datetime.date = WEDNESDAY) -> Session:
    return send(Day(date), usual(elapsed=elapsed), clock, 500.0, date).session


def refusal(session: Session, **asked: Any) -> ApiError:
    with pytest.raises(ApiError) as refused:
        ask(session, **asked)
    return refused.value


# Whole


@pytest.mark.drill
@given(chains())
@settings(max_examples=60, deadline=None)
def test_any_chain_gives_json_of_the_contracts_shape(made: Made) -> None:
    """`ask` fails on NaN and infinity; the blocks decode into the shapes that the docs show."""
    session = made.heard()
    answer = ask(session)
    body = msgspec.convert(answer["body"], SnapshotBlocks)
    near = [row for row in made.rows if abs(row.strike - made.spot) <= 0.1 * made.spot]
    assert [row.strike for row in body.strikes] == [row.strike for row in near]
    msgspec.convert(ask(session, settled=True)["body"], ExposureBlocks)


@pytest.mark.parametrize(("strike_range", "count"), [(0.001, 1), (0.005, 3), (0.01, 5), (0.1, 21)])
def test_strike_range_cuts_the_rows_and_no_aggregate(strike_range: float, count: int) -> None:
    session = at("12:00")
    answer, whole = ask(session, strike_range=strike_range), ask(session)
    assert len(answer["strikes"]) == count
    for block in ("exposures", "flow", "levels", "pin_risk", "regime", "metadata"):
        assert answer[block] == whole[block]


def test_instants_are_utc_to_the_second() -> None:
    answer = ask(at("12:00:07"))
    assert answer["as_of"] == "2022-03-23T16:00:07Z"
    assert answer["metadata"]["oi_as_of"] == "2022-03-23T10:30:00Z"
    assert answer["data_as_of"]["index_options_feed"] == "2022-03-23T16:00:07Z"
    assert answer["data_as_of"]["index_feed"] == "2022-03-23T16:00:07Z"
    assert answer["data_as_of"]["equity_feed"] is None


def test_the_settled_answer_has_no_decision_blocks() -> None:
    answer = ask(at("12:00"), settled=True)
    assert answer.keys() >= {"next_session", "strikes", "body"}
    assert answer["next_session"] is None
    for name in ("flow_direction", "headline", "setup", "probabilities", "dealer_inventory"):
        assert name not in answer
        assert name not in answer["body"]


# Nearly over


def test_the_last_minutes_carry_a_warning() -> None:
    warned = [
        any("minutes to the close" in text for text in ask(at(clock, elapsed))["warnings"])
        for clock, elapsed in (("15:55", 385), ("15:55:01", 385), ("15:59", 389))
    ]
    assert warned == [False, True, True]


def test_one_minute_before_the_close() -> None:
    answer = ask(at("15:59", 389))
    assert answer["time_to_close_hours"] == pytest.approx(1 / 60, rel=1e-6)
    assert answer["market_open"] is True
    assert answer["expected_move"]["atm_iv"] == pytest.approx(0.4, rel=0.02)
    decay = answer["decay"]
    assert decay["theta_per_hour_remaining"] == pytest.approx(
        60 * decay["net_theta_dollars"], rel=1e-6
    )


def test_at_the_close_exactly_there_is_an_answer_but_no_rate_of_decay() -> None:
    """Nothing remains of the session's variance, so a whole session cannot be told from it."""
    answer = ask(at("16:00", 389))
    assert answer["time_to_close_hours"] == 0.0
    assert answer["time_to_close_pct"] == 100.0
    assert answer["decay"]["theta_per_hour_remaining"] is None
    assert answer["expected_move"]["implied_1sd_dollars"] is None
    assert answer["expected_move"]["remaining_1sd_dollars"] is None
    assert answer["pin_risk"]["components"]["time_score"] == 100


# Over, or not begun


@pytest.mark.parametrize(
    ("clock", "date", "last"),
    [
        ("09:29:59", WEDNESDAY, "2022-03-22"),
        ("16:00:01", WEDNESDAY, "2022-03-23"),
        ("13:00:01", datetime.date(2022, 11, 25), "2022-11-25"),
        ("09:00", datetime.date(2022, 11, 25), "2022-11-23"),
    ],
)
def test_outside_the_session_the_body_is_null(clock: str, date: datetime.date, last: str) -> None:
    session = at(clock, date=date)
    answer = ask(session)
    assert answer["session_closed"] is True
    assert answer["body"] is None
    assert answer["symbol"] == "SPX"
    assert answer["last_session"] == last
    assert last in answer["message"]
    assert "underlying_price" not in answer


@pytest.mark.drill
def test_a_day_without_a_session_belongs_to_the_next(recorded: Path, tmp_path: Path) -> None:
    """Good Friday: what is downloaded then is Monday's, which has not opened."""
    import_chain(recorded / SPX, "2022-04-15T10:11", tmp_path / "tape")
    session = replay(open_tape(tmp_path / "tape"))
    answer = ask(session)
    assert answer["session_closed"] is True
    assert answer["last_session"] == "2022-04-14"
    assert "2022-04-18" in answer["message"]


# Not there


def test_a_symbol_that_is_not_tracked() -> None:
    error = refusal(at("12:00"), symbol="TSLA")
    assert (error.code, error.status) == ("symbol_not_found", 404)
    assert "SPX" in error.message


def test_an_expiry_that_is_not_listed_names_the_next_that_is() -> None:
    friday = WEDNESDAY + datetime.timedelta(days=2)
    session = send(Day(), usual(), "12:00", 500.0, friday).session
    error = refusal(session, expiry=WEDNESDAY + datetime.timedelta(days=1))
    assert (error.code, error.status) == ("expiry_not_found", 404)
    assert "2022-03-25" in error.message


def test_an_expiry_that_is_over_is_not_found() -> None:
    yesterday = WEDNESDAY - datetime.timedelta(days=1)
    day = send(Day(), usual(), "12:00", 500.0)
    send(day, usual(), "12:00:01", 500.0, yesterday)
    assert refusal(day.session, expiry=yesterday).code == "expiry_not_found"


def test_no_expiry_today_and_none_later() -> None:
    yesterday = WEDNESDAY - datetime.timedelta(days=1)
    answer = ask(send(Day(), usual(), "12:00", 500.0, yesterday).session)
    assert answer["no_zero_dte"] is True
    assert answer["next_zero_dte_expiry"] is None
    assert answer["market_open"] is True
    assert answer["underlying_price"] == 500.0


def test_a_source_is_named() -> None:
    session = at("12:00")
    for source in ("live", "replay", "simulated"):
        text = snapshot(session, source, SnapshotQuery(symbol="SPX", strike_range=0.03))
        assert msgspec.json.decode(text)["source"] == source
