"""`zerodte demo` as its users meet it: a market at once, an end without leftovers."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from processes import has_ended
from zerodte.cli import main

COMMAND = (sys.executable, "-c", "from zerodte.cli import main; main()", "demo", "--port", "0")


class Running:
    """A demo as a process of its own, on a port of the system's choice."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.said = ""

    def until(self, words: str) -> str:
        """What it says up to a line with these words."""
        assert self.process.stdout is not None
        while words not in self.said:
            line = self.process.stdout.readline()
            assert line, f"it ended early, after saying: {self.said}"
            self.said += line
        return self.said

    def get(self, path: str) -> Any:
        """The answer to a request, as JSON or text."""
        address = re.search(r"Listening on (\S+);", self.said)
        assert address is not None
        with urllib.request.urlopen(address[1] + path) as answer:  # noqa: S310
            body = answer.read().decode()
        return json.loads(body) if body.startswith("{") else body

    def children(self) -> list[int]:
        """The processes that it has started."""
        path = Path(f"/proc/{self.process.pid}/task")
        return [
            int(word) for task in path.iterdir() for word in (task / "children").read_text().split()
        ]


@pytest.fixture
def demos() -> Iterator[list[Running]]:
    """Demos that are killed at the end, whatever happens."""
    begun: list[Running] = []
    yield begun
    for demo in begun:
        demo.process.kill()
        demo.process.communicate()


@pytest.mark.drill
def test_a_simulated_market_that_is_two_hours_old(demos: list[Running]) -> None:
    demos.append(Running("--date", "2025-06-02", "--symbols", "IWM,TSLA", "--seed", "5"))
    demo = demos[0]
    said = demo.until("follows the clock")
    assert "A simulated market, not market data: IWM, TSLA; seed 5." in said
    assert "Monday 2025-06-02" in said
    curl = re.search(r"curl http://\S+?(/v1/\S+)", said)
    assert curl is not None
    answer = demo.get(curl[1])
    assert (answer["source"], answer["symbol"]) == ("simulated", "IWM")
    assert answer["as_of"] >= "2025-06-02T15:29:50Z"
    assert demo.get("/v1/flow/zero-dte/snapshot/TSLA")["no_zero_dte"], "its options end on Fridays"
    page = demo.get("/table")
    assert "Simulated." in page
    assert "No 0DTE expiry for TSLA today (Monday)" in page
    (child,) = demo.children()
    demo.process.send_signal(signal.SIGTERM)
    assert demo.process.wait(timeout=20) == 128 + signal.SIGTERM
    assert has_ended(child)


@pytest.mark.drill
def test_at_its_close_the_next_session_begins(demos: list[Running]) -> None:
    demos.append(Running("--date", "2024-11-29", "--symbols", "IWM", "--speed", "1000000"))
    demos[0].until("The session of 2024-12-02 begins.")
    assert demos[0].get("/health")["status"] == "Healthy"


def test_a_simulation_that_is_killed_is_said_in_a_line(demos: list[Running]) -> None:
    demos.append(Running("--date", "2025-06-02", "--symbols", "IWM", "--speed", "60"))
    demo = demos[0]
    demo.until("Ready")
    (child,) = demo.children()
    os.kill(child, signal.SIGKILL)
    assert demo.process.stderr is not None
    said = iter(demo.process.stderr.readline, "")
    line = next(line for line in said if "level=error" in line)
    problem = '"the simulating process ended early, status -9"'
    assert line.endswith(f" event=ended problem={problem}\n")
    assert demo.get("/v1/flow/zero-dte/snapshot/IWM")["body"] is not None


@pytest.mark.drill
def test_nothing_outlives_a_demo_that_is_killed(demos: list[Running]) -> None:
    demos.append(Running("--date", "2025-06-02", "--symbols", "IWM"))
    demos[0].until("Ready")
    (child,) = demos[0].children()
    demos[0].process.kill()
    assert has_ended(child)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--symbols", "XYZ"), "unknown symbol 'XYZ'"),
        (("--date", "2025-07-04"), "the next is 2025-07-07"),
        (("--speed", "-1"), "is not in the range"),
        (("--speed", "inf"), "is not a finite number"),
        (("--impact", "-1"), "is not in the range 0.0<=x<=10.0"),
        (("--host", "256.0.0.1"), "choose another host or port"),
    ],
)
def test_mistakes_end_in_a_clear_line(options: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(main, ["demo", "--port", "0", *options])
    assert result.exit_code in {1, 2}
    assert said in " ".join(result.output.split())
    assert isinstance(result.exception, SystemExit)
