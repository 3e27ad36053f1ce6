"""Alerts of a server as its users meet them: a target that dies, a server that is killed."""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from alerts.hook_server import HookServer
from session.made_tape import quotes, stock, trades, write
from zerodte.cli import main

COMMAND = (sys.executable, "-c", "from zerodte.cli import main; main()")
DATE = "2026-05-27"
#: Each minute of SPY, so that there is something to lose, and what the program ships.
RULES = """\
use = ["gamma_flip_cross", "regime_flip", "severity_alert", "pin_lock", "call_wall_break",
    "put_wall_break", "flow_surge", "data_stale", "data_unknown"]

[rules.minute]
field = "series.t"
changes = true
cool_down = 1
symbols = ["SPY"]

[targets.desk]
kind = "webhook"
url = "{url}"
"""


class ServedTape:
    """`zerodte serve` as a process of its own, with alerts."""

    def __init__(self, tape: Path, alerts: Path, state: Path, *options: str) -> None:
        to = ("--alerts", str(alerts), "--alerts-state", str(state))
        self.process = subprocess.Popen(
            [*COMMAND, "serve", str(tape), "--port", "0", *options, *to],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        found = re.search(r"Listening on (\S+);", said)
        assert found, said
        self.url = found[1]

    def get(self, path: str) -> str:
        """The body of an answer."""
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:  # noqa: S310
            return str(answer.read().decode())

    def metric(self, name: str) -> float:
        """The metric of the target."""
        (line,) = re.findall(
            rf'^zerodte_alerts_{name}{{target="desk"}} (\S+)$', self.get("/metrics"), re.MULTILINE
        )
        return float(line)

    def end(self, number: int) -> int:
        """Send a signal, and wait for its exit status."""
        assert self.process.stdout is not None
        with self.process.stdout:
            self.process.send_signal(number)
            return self.process.wait(60)


def tape_of(folder: Path, minutes: int | None) -> Path:
    """A simulated tape of SPY and QQQ."""
    tape = folder / "tape"
    options = ["--date", DATE, "--symbols", "SPY,QQQ", "--seed", "1", "--out", str(tape)]
    short = [] if minutes is None else ["--minutes", str(minutes)]
    result = CliRunner().invoke(main, ["simulate", *options, *short])
    assert result.exit_code == 0, result.output
    return tape


@pytest.mark.drill
@pytest.mark.parametrize(
    ("minutes", "speed"),
    [(8, "30"), (None, "60")],
)
def test_a_day_reaches_a_target_that_dies_and_survives_a_kill(
    tmp_path: Path, minutes: int | None, speed: str
) -> None:
    tape, alerts, state = tape_of(tmp_path, minutes), tmp_path / "alerts.toml", tmp_path / "s.db"
    with HookServer() as desk:
        alerts.write_text(RULES.format(url=desk.url))
        replayed = CliRunner().invoke(main, ["replay", str(tape), "--alerts", str(alerts)])
        assert replayed.exit_code == 0, replayed.output
        expected = re.findall(r"\[([0-9a-f]{32})\]  to desk$", replayed.output, re.MULTILINE)
        assert f"{len(expected):,} events; none was sent." in replayed.output
        assert len(expected) >= (minutes or 390) - 1

        server = ServedTape(tape, alerts, state, "--speed", speed)
        try:
            for share in (0.2, 0.4, 0.6):
                desk.wait_for(round(share * len(expected)), 400)
                desk.kill()
                failed = server.metric("failed_total")
                _until(_grows(server, failed))
                warnings = json.loads(server.get("/health"))["warnings"]
                assert "the alert target desk takes nothing now" in warnings
                desk.start()
            desk.wait_for(round(0.8 * len(expected)), 400)
            desk.kill()
        finally:
            assert server.end(signal.SIGKILL) == -signal.SIGKILL
        desk.start()

        server = ServedTape(tape, alerts, state)
        try:
            last = expected[-1]
            desk.wait(lambda found: any(each.event["id"] == last for each in found), 400)
            _until(lambda: server.metric("waiting") == 0)
            assert server.metric("dropped_total") == 0
            # The read of a whole tape ends after its last sample.
            _until(lambda: json.loads(server.get("/health"))["status"] == "Healthy")
        finally:
            assert server.end(signal.SIGTERM) in (-signal.SIGTERM, 128 + signal.SIGTERM)
    keys = [request.headers["idempotency-key"] for request in desk.requests]
    assert list(dict.fromkeys(keys)) == expected
    # What came twice was under way at a kill: at most the one event at each of the five.
    assert len(keys) - len(expected) <= 5


@pytest.mark.drill
def test_a_market_that_stands_still_alerts_nobody(tmp_path: Path) -> None:
    minutes = 90
    write(
        tmp_path / "tape",
        ("cbbo-1s", quotes("cbbo-1s", 5_000, 60 * minutes, seed=1)),
        ("tcbbo", trades("tcbbo", 500, 60 * minutes, seed=2)),
        ("bbo-1s", stock(60 * minutes)),
    )
    alerts, state = tmp_path / "alerts.toml", tmp_path / "s.db"
    with HookServer() as desk:
        # One rule of its own says when all samples have been looked at.
        rules = RULES.format(url=desk.url).partition("[rules.minute]")
        end = f'[rules.end]\nfield = "series.spot"\nabove = 0\nfrom = "open+{minutes}"\n'
        target = "[targets.desk]" + rules[2].partition("[targets.desk]")[2]
        alerts.write_text(rules[0] + end + target)
        server = ServedTape(tmp_path / "tape", alerts, state)
        try:
            desk.wait_for(1, 400)
            _until(lambda: server.metric("sent_total") == 1)
        finally:
            server.end(signal.SIGTERM)
    assert [request.event["rule"] for request in desk.requests] == ["end"]


def test_a_server_without_a_usable_file_does_not_start(tmp_path: Path) -> None:
    alerts = tmp_path / "alerts.toml"
    alerts.write_text('use = ["pin_lok"]')
    result = CliRunner().invoke(main, ["demo", "--port", "0", "--alerts", str(alerts)])
    assert result.exit_code == 1
    assert "use: there is no rule pin_lok to use; known: pin_lock" in result.output
    result = CliRunner().invoke(
        main, ["demo", "--port", "0", "--alerts-state", str(tmp_path / "s.db")]
    )
    assert result.exit_code == 2
    assert "--alerts-state is for --alerts; give that too." in result.output


def _grows(server: ServedTape, failed: float) -> Callable[[], bool]:
    """Whether more attempts have failed."""
    return lambda: server.metric("failed_total") > failed


def _until(is_so: Callable[[], bool], within: float = 60.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
