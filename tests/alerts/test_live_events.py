"""A live market and a replay of its recording make the same events, also through a restart."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from alerts.hook_server import HookServer
from runtime.feeds_on_ports import eventually, sending
from runtime.local_market import RunLog
from session.made_tape import quotes, stock, trades, write
from zerodte.alerts.alert_file import alert_plan, shipped_tables
from zerodte.alerts.alerts import Alerts
from zerodte.alerts.watcher import session_events
from zerodte.feeds.tcp_client import TcpFeed
from zerodte.runtime.live_runner import LiveRunner
from zerodte.runtime.market_thread import MarketThread
from zerodte.runtime.replay import replay, source_of
from zerodte.service.stage import CurrentSession, Stage
from zerodte.tape.folder import open_tape

RULES: dict[str, Any] = {
    "each": {"field": "series.t", "changes": True},
    "inputs": {"field": "snapshot.metadata.inputs_digest", "changes": True},
    "flow": {"field": "series.hedge_flow_cumulative_all", "changes": True},
    "unknown": shipped_tables()["data_unknown"],
    "volume": {"field": "snapshot.flow.total_volume", "changes": True, "hysteresis": 10},
}
#: Seconds of the tape, and how many of them pass in one.
SPAN, SPEED = 1_200, 100.0


@contextmanager
def recorded(feed: TcpFeed, root: Path, targets: dict[str, Any]) -> Iterator[LiveRunner]:
    """A live market with alerts, for as long as the context lasts."""
    runner = LiveRunner(Stage(), feed, root / "recordings")
    plan = alert_plan({"rules": RULES, "targets": targets})
    alerts = Alerts(plan, runner.stage, root / "state.db", 0.05)
    thread = MarketThread(runner)
    alerts.start()
    thread.start(RunLog())
    try:
        yield runner
    finally:
        thread.stop()
        alerts.stop()


@pytest.mark.drill
def test_a_replay_of_a_recording_makes_the_events_of_the_live_session(tmp_path: Path) -> None:
    tape = write(
        tmp_path / "source",
        ("cbbo-1s", quotes("cbbo-1s", 5_000, SPAN, seed=1)),
        ("tcbbo", trades("tcbbo", 500, SPAN, seed=2)),
        ("bbo-1s", stock(SPAN)),
    )
    with HookServer() as desk, sending(tape, SPEED) as feed:
        targets = {"desk": {"kind": "webhook", "url": desk.url}}
        with recorded(feed, tmp_path, targets) as runner:
            desk.wait_for(40)
        with recorded(feed, tmp_path, targets) as runner:
            eventually(lambda: _is_recorded(runner.folder))
            opened = open_tape(runner.folder)
            session = replay(opened)
            plan = alert_plan({"rules": RULES, "targets": targets})
            replayed = list(session_events(CurrentSession(session, source_of(opened)), plan.rules))
            last = replayed[-1].id
            desk.wait(lambda found: any(each.event["id"] == last for each in found))
            # The feed is silent now, and goes on to be.
            desk.wait(lambda found: any(each.event["rule"] == "unknown" for each in found))
    live = [request.event for request in desk.requests]
    assert {event["source"] for event in live} == {"live"}
    assert {event.source for event in replayed} == {"replay"}
    once = {event["id"]: event for event in live}
    # The live market went on, in silence, after its recording was read.
    assert list(once)[: len(replayed)] == [event.id for event in replayed]
    assert len(live) - len(once) <= 1  # what was under way when the first one ended
    for event in replayed:
        found = once[event.id]
        assert (found["value"], found["before"], found["spot"]) == (
            event.value,
            event.before,
            event.spot,
        )
    assert {event.rule for event in replayed} >= RULES.keys() - {"unknown"}
    (unknown,) = (event for event in once.values() if event["rule"] == "unknown")
    assert (unknown["value"], unknown["spot"]) == (None, None)
    assert unknown["message"].endswith("data_quality_score is unknown, before 100; spot unknown")


def _is_recorded(folder: Path) -> bool:
    """Whether the recording has come to the end of the tape."""
    ticks = folder / "ticks"
    return ticks.exists() and ticks.read_bytes().count(b"\n") >= SPAN
