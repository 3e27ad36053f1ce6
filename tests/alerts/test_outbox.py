"""The file of events that wait: bounded, of one server, and waited for."""

import sqlite3
from pathlib import Path

import pytest

from alerts.hook_server import HookServer
from alerts.watched import EVENTS, hook, keys, until, watched
from zerodte.alerts.alert_file import alert_plan
from zerodte.alerts.alerts import Alerts
from zerodte.alerts.error import OutboxError
from zerodte.service.stage import Stage
from zerodte.tape.folder import Tape


@pytest.mark.drill
def test_a_file_that_cannot_be_written_is_waited_for(short_day: Tape, tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    plan = alert_plan(
        {"use": ["pin_lock"], "targets": {"a": {"kind": "command", "command": ["true"]}}}
    )
    Alerts(plan, Stage(), state).stop()
    with HookServer() as desk, sqlite3.connect(state) as other:
        other.execute("BEGIN IMMEDIATE")
        with watched(short_day, state, {"desk": hook(desk)}) as (alerts, market):
            said = ["the outbox of alerts cannot be written: database is locked"]
            until(lambda: list(market.health.warnings) == said)
            assert market.health.status == "Healthy"
            other.execute("COMMIT")
            requests = desk.wait_for(EVENTS)
            until(lambda: alerts.stats().sent["desk"] == EVENTS)
            assert market.health.warnings == ()
    assert len(keys(requests)) == len(requests) == EVENTS
    other.close()


def test_one_server_at_a_time_delivers(short_day: Tape, tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    with HookServer() as desk, watched(short_day, state, {"desk": hook(desk)}) as (_, market):
        plan = alert_plan({"use": ["pin_lock"], "targets": {"desk": hook(desk)}})
        with pytest.raises(OutboxError, match="another server delivers from it; choose another"):
            Alerts(plan, market.runner.stage, state)
        assert state.stat().st_mode & 0o777 == 0o600


def test_a_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE mine (text TEXT)")
    plan = alert_plan(
        {"use": ["pin_lock"], "targets": {"a": {"kind": "command", "command": ["true"]}}}
    )
    other.close()
    with pytest.raises(OutboxError, match="it is an SQLite file of another program"):
        Alerts(plan, Stage(), path)
    newer = tmp_path / "newer.db"
    Alerts(plan, Stage(), newer).stop()
    with sqlite3.connect(newer) as theirs:
        theirs.execute("PRAGMA user_version = 99")
    theirs.close()
    with pytest.raises(OutboxError, match="a newer zerodte has written it"):
        Alerts(plan, Stage(), newer)
    with pytest.raises(OutboxError, match="Not a directory"):
        Alerts(plan, Stage(), path / "below" / "s.db")
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(OutboxError, match="not a database"):
        Alerts(plan, Stage(), path)


@pytest.mark.drill
def test_the_oldest_go_where_too_many_wait(short_day: Tape, tmp_path: Path) -> None:
    most = 10
    with HookServer() as desk, HookServer() as other:
        with watched(short_day, tmp_path / "other.db", {"other": hook(other)}):
            other.wait_for(EVENTS)
        desk.kill()
        targets = {"desk": hook(desk)}
        with watched(short_day, tmp_path / "desk.db", targets, most_waiting=most) as (alerts, _):
            until(lambda: alerts.stats().dropped["desk"] == EVENTS - most)
            assert alerts.stats().waiting["desk"] == most
            desk.start()
            desk.wait_for(most)
            until(lambda: alerts.stats().waiting["desk"] == 0)
            assert alerts.stats().sent["desk"] == most
        # The first may have been on its way when the others came.
        assert keys(desk.requests)[1:] == keys(other.requests)[1 - most :]
