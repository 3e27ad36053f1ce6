"""Events reach targets: at least once, in order, under one key, whatever the targets do."""

import datetime
import email.utils
import itertools
import logging
import time
from collections import Counter
from pathlib import Path

import pytest

from alerts.hook_server import HookAnswer, HookServer
from alerts.watched import DATE, EVENTS, MINUTES, SYMBOLS, hook, keys, until, watched
from session.made_tape import quotes, stock, write
from zerodte.alerts.alert_file import alert_plan, shipped_tables
from zerodte.alerts.alerts import Alerts
from zerodte.feeds.simulator.names import NAMES
from zerodte.feeds.simulator.output import write_tape
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.market.calendar import calendar
from zerodte.service.stage import Stage
from zerodte.tape.folder import Tape, open_tape

SECRET = {"secret_env": "DESK_SECRET"}


def test_each_event_comes_once_in_order_and_says_what_was_answered(
    short_day: Tape, tmp_path: Path
) -> None:
    with (
        HookServer() as desk,
        watched(short_day, tmp_path / "state.db", {"desk": hook(desk)}) as (alerts, market),
    ):
        requests = desk.wait_for(EVENTS)
        until(lambda: alerts.stats().waiting["desk"] == 0)
        assert alerts.stats().sent == {"desk": EVENTS}
        assert market.health.warnings == ()
    events = [request.event for request in requests]
    assert len(keys(requests)) == len(requests) == EVENTS
    assert [(event["at"], event["symbol"]) for event in events] == sorted(
        (event["at"], event["symbol"]) for event in events
    )
    assert {event["symbol"] for event in events} == set(SYMBOLS)
    for request in requests:
        assert request.headers["idempotency-key"] == request.event["id"]
        assert request.headers["content-type"] == "application/json"
        assert "webhook-signature" not in request.headers
    assert {(event["source"], event["session"]) for event in events} == {
        ("simulated", "2024-11-27")
    }


@pytest.mark.drill
def test_the_same_tape_makes_the_same_events_and_alerts_nobody_twice(
    short_day: Tape, tmp_path: Path
) -> None:
    with HookServer() as first, HookServer() as second:
        with watched(short_day, tmp_path / "a.db", {"desk": hook(first)}):
            once = first.wait_for(EVENTS)
        with watched(short_day, tmp_path / "b.db", {"desk": hook(second)}):
            again = second.wait_for(EVENTS)
        assert [request.body for request in again] == [request.body for request in once]
        # One more rule, so that it can be seen that the tape was read again.
        rules = {"each": {"field": "series.t", "changes": True}}
        rules["last"] = {"field": "series.spot", "above": 0, "from": f"open+{MINUTES}"}
        with watched(short_day, tmp_path / "a.db", {"desk": hook(first)}, rules):
            more = first.wait_for(EVENTS + len(SYMBOLS))
        assert {request.event["rule"] for request in more[EVENTS:]} == {"last"}
        assert len(first.requests) == EVENTS + len(SYMBOLS)


@pytest.mark.drill
def test_each_of_the_sessions_that_follow_is_watched_to_its_end(
    short_day: Tape, tmp_path: Path
) -> None:
    tapes = [short_day]
    for number, date in enumerate((DATE + datetime.timedelta(2), datetime.date(2024, 12, 2))):
        session = calendar().session(date)
        assert session is not None
        folder = tmp_path / f"tape{number}"
        write_tape(Simulation(session, (NAMES["SPY"],), 3, minutes=2), folder, lambda *_: None)
        tapes.append(open_tape(folder))
    with (
        HookServer() as desk,
        watched(tapes, tmp_path / "state.db", {"desk": hook(desk)}),
    ):
        # Each session begins anew, so its first sample is no change.
        requests = desk.wait_for(EVENTS + 2 * 3)
    counts = Counter(request.event["session"] for request in requests)
    assert counts == {"2024-11-27": EVENTS, "2024-11-29": 3, "2024-12-02": 3}
    assert [request.event["at"] for request in requests] == sorted(
        request.event["at"] for request in requests
    )


@pytest.mark.drill
def test_data_that_goes_stale_is_said_once(tmp_path: Path) -> None:
    # The chain falls silent after ten minutes, the underlying after half an hour.
    tape = write(
        tmp_path / "tape",
        ("cbbo-1s", quotes("cbbo-1s", 3_000, 600, seed=1)),
        ("bbo-1s", stock(1_800)),
    )
    rules = {
        "stale": shipped_tables()["data_stale"],
        "unknown": shipped_tables()["data_unknown"],
        "score": {"field": "series.data_quality_score", "below": 50},
        "end": {"field": "series.t", "changes": True, "from": "open+29"},
    }
    with (
        HookServer() as desk,
        watched(tape, tmp_path / "state.db", {"desk": hook(desk)}, rules),
    ):
        requests = desk.wait_for(4)
    said = [(request.event["rule"], request.event["at"][11:19]) for request in requests]
    # The last quote came at 13:40:00; at 13:43:00 the age is 180 seconds, and not above.
    assert said == [
        ("score", "13:40:30"),
        ("stale", "13:43:30"),
        ("end", "13:59:30"),
        ("end", "14:00:00"),
    ]


@pytest.mark.drill
def test_a_still_market_alerts_nobody(short_day: Tape, tmp_path: Path) -> None:
    rules = {
        "never": {"field": "series.spot", "above": 1e9},
        "stays": {"field": "snapshot.source", "changes": True},
        "known": {"field": "series.spot", "unknown": True, "minutes": 1},
        "ready": {"field": "series.spot", "above": 0, "from": f"open+{MINUTES}"},
    }
    with (
        HookServer() as desk,
        watched(short_day, tmp_path / "state.db", {"desk": hook(desk)}, rules),
    ):
        requests = desk.wait_for(len(SYMBOLS))
    assert {request.event["rule"] for request in requests} == {"ready"}


@pytest.mark.drill
def test_what_a_dead_target_misses_it_gets_in_order_later(short_day: Tape, tmp_path: Path) -> None:
    with HookServer() as dying, HookServer() as healthy:
        dying.kill()
        targets = {"dying": hook(dying), "healthy": hook(healthy)}
        with watched(short_day, tmp_path / "state.db", targets) as (alerts, market):
            healthy.wait_for(EVENTS)  # one that is down keeps no other one waiting
            until(lambda: alerts.stats().failed["dying"] > 2)
            assert alerts.stats().sent["dying"] == 0
            assert market.health.status == "Healthy"
            assert list(market.health.warnings) == ["the alert target dying takes nothing now"]
            dying.start()
            dying.wait_for(EVENTS)
            until(lambda: market.health.warnings == ())
        assert keys(dying.requests) == keys(healthy.requests)
        assert len(dying.requests) == EVENTS


@pytest.mark.drill
def test_what_waits_survives_a_restart(short_day: Tape, tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    with HookServer() as desk, HookServer() as other:
        desk.kill()
        targets = {"desk": hook(desk), "other": hook(other)}
        with watched(short_day, state, targets):
            other.wait_for(EVENTS)
        desk.start()
        # Nothing is played any more: what comes was in the outbox.
        alerts = Alerts(alert_plan({"use": ["pin_lock"], "targets": targets}), Stage(), state, 0.05)
        assert alerts.stats().waiting == {"desk": EVENTS, "other": 0}
        alerts.start()
        try:
            desk.wait_for(EVENTS)
        finally:
            alerts.stop()
        assert keys(desk.requests) == keys(other.requests)


@pytest.mark.drill
@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_who_is_busy_is_asked_again_under_the_same_key(
    short_day: Tape, tmp_path: Path, status: int
) -> None:
    def answer(number: int) -> HookAnswer:
        return HookAnswer(status if number < 3 else 200)

    with (
        HookServer(answer) as desk,
        watched(short_day, tmp_path / "state.db", {"desk": hook(desk)}) as (alerts, _),
    ):
        requests = desk.wait_for(EVENTS + 3)
        until(lambda: alerts.stats().sent["desk"] == EVENTS)
        assert (alerts.stats().failed["desk"], alerts.stats().dropped["desk"]) == (3, 0)
    found = [request.headers["idempotency-key"] for request in requests]
    assert found[0] == found[1] == found[2] == found[3]
    assert len(set(found[3:])) == EVENTS


@pytest.mark.drill
@pytest.mark.parametrize("answer", [HookAnswer(0), HookAnswer(after=60.0)])
def test_who_hangs_up_or_says_nothing_is_asked_again(
    short_day: Tape, tmp_path: Path, answer: HookAnswer
) -> None:
    with (
        HookServer(lambda number: answer if number < 2 else HookAnswer()) as desk,
        watched(short_day, tmp_path / "s.db", {"desk": hook(desk, seconds=0.5)}) as (alerts, _),
    ):
        desk.wait_for(EVENTS + 2)
        until(lambda: alerts.stats().sent["desk"] == EVENTS)
        assert alerts.stats().failed["desk"] == 2
    assert len(keys(desk.requests)) == EVENTS


@pytest.mark.drill
@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 410])
def test_who_refuses_gets_the_next_event(short_day: Tape, tmp_path: Path, status: int) -> None:
    with HookServer() as trap:

        def answer(number: int) -> HookAnswer:
            return HookAnswer(status, [("Location", trap.url)]) if number == 0 else HookAnswer()

        with (
            HookServer(answer) as desk,
            watched(short_day, tmp_path / "state.db", {"desk": hook(desk)}) as (alerts, _),
        ):
            requests = desk.wait_for(EVENTS)
            until(lambda: alerts.stats().sent["desk"] == EVENTS - 1)
            assert alerts.stats().dropped["desk"] == 1
        assert len(keys(requests)) == EVENTS
        assert trap.requests == []


@pytest.mark.drill
@pytest.mark.parametrize("is_date", [False, True])
def test_a_target_is_left_in_peace_for_as_long_as_it_asks(
    short_day: Tape, tmp_path: Path, is_date: bool
) -> None:
    def answer(number: int) -> HookAnswer:
        if number:
            return HookAnswer()
        # A date has whole seconds, so this one is at least a second ahead.
        text = email.utils.formatdate(time.time() + 2, usegmt=True) if is_date else "1"
        return HookAnswer(429, [("Retry-After", text)])

    with (
        HookServer(answer) as desk,
        watched(short_day, tmp_path / "state.db", {"desk": hook(desk)}),
    ):
        first, second, *_ = desk.wait_for(2)
    assert second.at - first.at >= 1.0
    assert second.headers["idempotency-key"] == first.headers["idempotency-key"]


@pytest.mark.drill
def test_no_url_and_no_secret_is_logged(
    short_day: Tape,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "zerodte")
    monkeypatch.setenv("DESK_SECRET", "a-plain-secret")
    answers = itertools.chain([500, 400, 302], itertools.repeat(200))

    def answer(_: int) -> HookAnswer:
        return HookAnswer(next(answers), [("Location", "http://127.0.0.1/hook-of-mine")])

    with HookServer(answer) as desk:
        targets = {
            "desk": hook(desk, **SECRET),
            "dead": {"kind": "slack", "url": "http://127.0.0.1:9/services/T0/hook-of-mine"},
            "gone": {"kind": "ntfy", "url": "http://no.such.host.invalid/hook-of-mine"},
        }
        with watched(short_day, tmp_path / "s.db", targets) as (alerts, market):
            desk.wait_for(EVENTS + 1)
            until(lambda: all(alerts.stats().failed[name] for name in targets))
            said = " ".join(market.health.warnings)
    logged = "\n".join(f"{one.getMessage()} {vars(one)}" for one in caplog.records)
    assert "alerts_failed" in logged
    assert "the alert target dead takes nothing now" in said
    for text in (logged, said):
        for secret in ("hook", "a-plain-secret", "127.0.0.1", "invalid", str(desk.port)):
            assert secret not in text
