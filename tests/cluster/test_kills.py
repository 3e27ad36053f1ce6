"""A deployment whose processes are killed at random, all the time: nothing is lost or made up."""

import datetime
import itertools
import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from cluster.processes import Deployment, Process, begun, get
from feeds.nats_broker import broker, broker_cluster
from runtime.feeds_on_ports import eventually
from zerodte.feeds.simulator.names import NAMES
from zerodte.feeds.simulator.output import write_tape
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.market.calendar import calendar

SYMBOLS: Final = ("SPX", "SPY", "QQQ", "AAPL", "NVDA")
ROUNDS: Final = 20
#: Of the feed, and what a takeover may set an answer back at most, in seconds of the session.
SPEED: Final = 2.0
SETBACK_S: Final = 10.0
PATHS: Final = (
    "/v1/flow/zero-dte/snapshot/{}",
    "/v1/flow/zero-dte/series/{}",
    "/v1/flow/zero-dte/hedge-flow/{}",
    "/v1/flow/zero-dte/heatmap/{}",
    "/v1/flow/zero-dte/strike-flow/{}",
)


def simulated(folder: Path, symbols: tuple[str, ...], minutes: int) -> Path:
    session = calendar().session(datetime.date(2025, 6, 6))
    assert session is not None
    names = tuple(NAMES[symbol] for symbol in symbols)
    write_tape(Simulation(session, names, 7, minutes=minutes), folder, lambda _: None)
    return folder


class Polls:
    """What nodes answer all the time.

    Attributes:
        bodies: Every answer about a past instant, by path.
        setbacks: How far answers about now went back, seconds of the session.
        counts: Answers by status.
    """

    def __init__(self, nodes: tuple[str, ...], past: str) -> None:
        self.bodies: dict[str, set[bytes]] = {}
        self.setbacks: list[float] = []
        self.counts: dict[int, int] = {}
        self._past = past
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._poll, args=(node,)) for node in nodes]

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Ask for as long as the context lasts."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            for thread in self._threads:
                thread.join()

    def _poll(self, node: str) -> None:
        newest: dict[str, float] = {}
        for symbol in itertools.cycle(SYMBOLS):
            if self._stopped.wait(0.1):
                return
            path = f"/v1/flow/zero-dte/series/{symbol}?at={self._past}"
            status, body = get(node, path)
            self.counts[status] = self.counts.get(status, 0) + 1
            if status == 200:
                self.bodies.setdefault(path, set()).add(body)
            status, body = get(node, f"/v1/flow/zero-dte/series/{symbol}")
            if status == 200:
                at = datetime.datetime.fromisoformat(json.loads(body)["as_of"]).timestamp()
                self.setbacks.append(newest.get(symbol, at) - at)
                newest[symbol] = max(at, newest.get(symbol, at))


def answers_all(node: str, at: str = "") -> bool:
    """Whether a node answers for every symbol."""
    paths = [f"/v1/flow/zero-dte/series/{symbol}{at}" for symbol in SYMBOLS]
    return all(get(node, path)[0] == 200 for path in paths)


def same(one: str, other: str) -> bool:
    """Whether two servers give the same answers about every symbol."""
    paths = [path.format(symbol) for path in PATHS for symbol in SYMBOLS]
    return all(get(one, path) == get(other, path) for path in paths)


@pytest.mark.drill
def test_killed_at_random_nothing_is_lost(tmp_path: Path) -> None:
    chance = random.Random(11)  # noqa: S311
    tape = simulated(tmp_path / "tape", SYMBOLS, 8)
    past = "2025-06-06T09:31:00"
    with broker_cluster(tmp_path / "brokers") as servers:
        deployment = Deployment(",".join(s.url for s in servers), tape, tmp_path, SPEED)
        workers = [deployment.worker(f"worker{n}", "--standby") for n in range(2)]
        nodes = [deployment.node(f"node{n}") for n in range(2)]
        processes = [deployment.feed, deployment.publisher, *workers, *(n for n, _ in nodes)]
        urls = tuple(url for _, url in nodes)
        with begun(processes):
            eventually(lambda: all(answers_all(url, f"?at={past}") for url in urls))
            polls = Polls(urls, past)
            times = []
            with polls.going_on():
                for _ in range(ROUNDS):
                    victims: list[Process] = [
                        chance.choice(workers), chance.choice(nodes)[0], deployment.publisher
                    ]  # fmt: skip
                    server = chance.choice(servers)
                    paused = (
                        workers[1 - workers.index(victims[0])] if chance.random() < 0.3 else None
                    )
                    time.sleep(chance.uniform(0.5, 2.0))
                    for victim in victims:
                        victim.kill()
                        time.sleep(chance.uniform(0.0, 0.5))
                    server.kill()
                    if paused is not None:
                        paused.pause()
                        time.sleep(7.0)
                        paused.resume()
                    started = time.monotonic()
                    server.start()
                    for victim in victims:
                        victim.start()
                    eventually(lambda: all(answers_all(url) for url in urls))
                    times.append(time.monotonic() - started)
                eventually(lambda: same(urls[0], deployment.embedded), 600.0)
            print(f"seconds until all is answered again: {sorted(round(t, 1) for t in times)}")
            print(f"answers by status: {polls.counts}; furthest back: {max(polls.setbacks)}")
            assert max(polls.setbacks) <= SETBACK_S
            assert polls.bodies
            for path, bodies in polls.bodies.items():
                assert bodies == {get(deployment.embedded, path)[1]}, path
            eventually(lambda: same(urls[1], deployment.embedded))
            for process in (*workers, nodes[0][0]):
                assert process.terminate() in (0, 128 + 15)
                assert "Traceback" not in process.output


@pytest.mark.drill
def test_a_deployment_by_its_commands(tmp_path: Path) -> None:
    """A worker's symbols go to the next one; what it leaves behind, and its words."""
    tape = simulated(tmp_path / "tape", ("SPX", "SPY"), 3)
    with broker(tmp_path / "broker") as server:
        deployment = Deployment(server.url, tape, tmp_path, 10.0)
        kept = tmp_path / "kept"
        options = ("--folder", str(kept), "--history", str(tmp_path / "history"))
        worker = deployment.worker("worker", *options)
        late = deployment.worker("late")
        node, url = deployment.node("node")
        with begun([deployment.feed, deployment.publisher, worker, node], late):
            path = "/v1/flow/zero-dte/series/SPX"
            eventually(lambda: get(url, path)[0] == 200)
            late.start()
            eventually(lambda: "event=start" in late.output)
            assert worker.terminate() in (0, 128 + 15)
            assert [*kept.iterdir()] == []
            eventually(lambda: "event=owned" in late.output and get(url, path)[0] == 200)
            eventually(lambda: get(url, path) == get(deployment.embedded, path))
            unknown = "/v1/flow/zero-dte/snapshot/NONE"
            assert get(url, unknown) == get(deployment.embedded, unknown)
            server.kill()
            # Without a broker, too, everybody ends when told.
            for process in (late, node):
                assert process.terminate() in (0, 128 + 15)
                assert "Traceback" not in process.output
