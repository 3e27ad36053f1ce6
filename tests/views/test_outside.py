"""Outside the session: the exposure goes on, and has the map of the next expiry."""

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from engine.cboe_files import read_chain
from engine.twin import Twin
from engine.twin_pricing import Row, When
from session.day import WEDNESDAY, Day, ask
from session.generated import priced, send
from session.recordings import SPX
from session.usual import INTEREST, STRIKES, usual
from views.market import served
from zerodte.importers.cboe_chain import import_chain
from zerodte.runtime.replay import replay
from zerodte.session.session import Session
from zerodte.tape.folder import open_tape
from zerodte.wire.dealer_risk import FlowOiQuery
from zerodte.wire.errors import ApiError
from zerodte.wire.max_pain import ExpectedMovesQuery, MaxPainQuery
from zerodte.wire.settled import ExposureSummaryQuery, GexExposureQuery
from zerodte.wire.snapshot import SnapshotQuery
from zerodte.wire.symbol_flow import FlowGexQuery

FRIDAY = WEDNESDAY + datetime.timedelta(days=2)


def later(elapsed: float, whole_sessions: int) -> list[Row]:
    """The chain of an expiry so many sessions after today's, priced at its own time."""
    share = (390.0 - elapsed) / 390.0 + whole_sessions
    # `priced` knows today's clock alone: the same variance at a volatility of that clock.
    vol = 0.2 * (share / ((390.0 - elapsed) / 390.0)) ** 0.5
    return priced(STRIKES, 500.0, round(elapsed), vol=vol, oi=INTEREST)


def after_the_close() -> Session:
    day = Day()
    send(day, usual(elapsed=389), "15:59", 500.0)
    send(day, later(389.0, 2), "15:59:01", 500.0, FRIDAY)
    day.session.advance(day.time("16:20"))
    return day.session


def assert_map(told: dict[str, Any], twin: Twin) -> None:
    levels = told["levels"]
    assert told["regime"]["gamma_flip"] == pytest.approx(twin.flip[0], rel=1e-5)
    assert told["regime"]["gamma_flip_status"] == twin.flip[1]
    assert levels["call_wall"] == twin.call_wall[0]
    assert levels["put_wall"] == twin.put_wall[0]
    assert told["magnet_strike"] == twin.magnet[0]
    assert told["max_pain"] == twin.max_pain
    assert told["net_gex"] == pytest.approx(twin.net_gex, rel=1e-5)
    assert told["expected_move"]["remaining_1sd_dollars"] == pytest.approx(twin.s, rel=1e-4)


def test_after_the_close_it_is_the_last_sample_and_the_map_of_the_next_session() -> None:
    session = after_the_close()
    answer = ask(session, settled=True)
    assert (answer["market_open"], answer["expiration"]) == (False, "2022-03-23")
    assert answer["as_of"] == "2022-03-23T19:59:00Z", "the last sample with a fresh quote"
    assert answer["body"]["regime"] == answer["regime"]
    told = answer["next_session"]
    assert (told["expiration"], told["provisional"]) == ("2022-03-25", True)
    assert told["as_of"] == "2022-03-23T19:59:01Z"
    elapsed = 389.0 + 1 / 60
    assert_map(told, Twin(later(389.0, 2), When(elapsed, sessions_after=2), 500.0))


def test_the_map_does_not_change_while_nothing_comes() -> None:
    session = after_the_close()
    told = ask(session, settled=True)["next_session"]
    session.advance(session.hours.close + 90 * 60 * 10**9)
    assert ask(session, settled=True)["next_session"] == told


def test_a_chain_that_came_after_the_close_is_answered_at_its_last_quotes() -> None:
    """As a download of the evening has it: no sample of the session has a figure."""
    session = send(Day(), usual(elapsed=389), "16:20", 500.0).session
    answer = ask(session, settled=True)
    assert (answer["market_open"], answer["expiration"]) == (False, "2022-03-23")
    sibling = json.loads(served(session).answer(GexExposureQuery(symbol="SPX")))
    assert answer["exposures"]["net_gex"] == pytest.approx(sibling["net_gex"])
    assert answer["exposures"]["net_gex"] is not None


def test_after_the_close_all_expiries_are_those_that_can_still_trade() -> None:
    service = served(after_the_close())
    every, friday = (
        json.loads(service.answer(FlowGexQuery(symbol="SPX", expiry=expiry)))
        for expiry in (None, FRIDAY)
    )
    assert every["live_net_gex"] == friday["live_net_gex"]
    assert every["live_net_gex"] is not None
    moves = json.loads(service.answer(ExpectedMovesQuery(symbol="SPX")))["expected_moves"]
    assert [(move["expiry"], move["daysToExpiry"]) for move in moves] == [("2022-03-25", 2)]


def test_in_session_there_is_no_map() -> None:
    day = send(Day(), usual(), "12:00", 500.0)
    send(day, later(150.0, 2), "12:00:01", 500.0, FRIDAY)
    assert ask(day.session, settled=True)["next_session"] is None


def test_before_the_open_it_is_todays_chain() -> None:
    rows = priced(STRIKES, 500.0, 0, oi=INTEREST)
    session = send(Day(), rows, "09:00", 500.0).session
    answer = ask(session, settled=True)
    assert (answer["market_open"], answer["expiration"]) == (False, "2022-03-23")
    assert answer["time_to_close_hours"] == 6.5
    assert answer["decay"]["net_theta_dollars"] < 0.0
    assert answer["decay"]["theta_per_hour_remaining"] is None
    told = answer["next_session"]
    assert (told["expiration"], told["provisional"]) == ("2022-03-23", False)
    assert_map(told, Twin(rows, When(0.0), 500.0))
    assert ask(session)["session_closed"] is True


def test_without_a_quote_it_says_so_and_names_the_expiry() -> None:
    answer = ask(send(Day(), unquoted(), "09:00", 500.0).session, settled=True)
    assert (answer["no_zero_dte"], answer["body"]) == (True, None)
    assert "No usable quote" in answer["message"]
    assert answer["next_zero_dte_expiry"] == "2022-03-23"
    assert "Next expiry" not in answer["message"]
    assert answer["next_session"] is None


def test_in_session_too_what_needs_no_quote_is_answered() -> None:
    session = send(Day(), unquoted(), "12:00", 500.0).session
    service = served(session)
    with pytest.raises(ApiError, match="/v1/flow/oi/SPX and /v1/maxpain/SPX need none") as refused:
        service.answer(SnapshotQuery(symbol="SPX"))
    assert refused.value.code == "warming_up"
    pain = json.loads(service.answer(MaxPainQuery(symbol="SPX")))
    expected = Twin(unquoted(), When(150.0), 500.0).max_pain
    assert expected is not None
    assert pain["max_pain_strike"] == expected
    assert pain["distance"]["absolute"] == abs(500.0 - expected)
    assert (pain["regime"], pain["pin_probability"]) == ("unknown", None)
    assert pain["expected_move"]["straddle_price"] is None
    assert pain["warnings"][0] == "no quote can be used of 1 of 1 chains"
    counted = json.loads(service.answer(FlowOiQuery(symbol="SPX")))
    assert counted["official_oi"] == sum(row.call.oi or 0 for row in unquoted() if row.call)


def unquoted() -> list[Row]:
    return [
        row._replace(call=row.call._replace(bid=None, ask=None), put=None)
        for row in usual()
        if row.call
    ]


@pytest.mark.drill
@pytest.mark.parametrize(
    ("at", "day"), [("2022-03-22T20:30", "Tuesday"), ("2022-03-20T11:00", "Sunday")]
)
def test_an_evening_and_a_weekend_have_the_map_alone(
    recorded: Path, tmp_path: Path, at: str, day: str
) -> None:
    """A download of the evening before: what most public ones are."""
    import_chain(recorded / SPX, at, tmp_path / "tape")
    session = replay(open_tape(tmp_path / "tape"))
    answer = ask(session, settled=True)
    assert (answer["no_zero_dte"], answer["body"], answer["expiration"]) == (True, None, None)
    assert answer["market_open"] is False
    assert day in answer["message"]
    told = answer["next_session"]
    first = min(expiry for root, expiry in read_chain(recorded / SPX).chains if root == "SPXW")
    assert told["expiration"] == answer["next_zero_dte_expiry"]
    assert told["provisional"] is True
    assert datetime.date.fromisoformat(told["expiration"]) >= first
    assert told["levels"]["call_wall"] is not None
    assert not any("open interest" in text and "missing" in text for text in told["warnings"])
    service, today = served(session), datetime.date.fromisoformat(at[:10])
    for move in json.loads(service.answer(ExpectedMovesQuery(symbol="SPX")))["expected_moves"]:
        left = datetime.date.fromisoformat(move["expiry"]) - today
        assert move["daysToExpiry"] == left.days
    summary = json.loads(service.answer(ExposureSummaryQuery(symbol="SPX")))
    assert summary["zero_dte"]["net_gex"] is None
