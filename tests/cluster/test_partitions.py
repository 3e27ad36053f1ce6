"""A network that splits: the larger side goes on, the smaller one answers nothing that is stale."""

import itertools
import random
import time
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from cluster.processes import Deployment, begun, get
from cluster.split_network import split_network
from cluster.test_kills import (
    SETBACK_S,
    SPEED,
    SYMBOLS,
    Polls,
    answers_all,
    same,
    simulated,
)
from feeds.nats_broker import broker_cluster
from runtime.feeds_on_ports import eventually

#: What is cut off in a round: one of these each.
KINDS: Final = (("worker",), ("broker",), ("node",), ("broker", "worker", "node"))
ROUNDS: Final = 2
#: Seconds of a split, and after how many the smaller side has stopped to answer (twice as many on a
#: busy machine): an owner stops 4 seconds after its last renewal began, and a node hears nothing
#: from it from then on.
SPLIT_S: Final = 15.0
STOPPED_S: Final = 7.0


@pytest.mark.drill
def test_nothing_is_stale_or_lost_when_the_network_splits(tmp_path: Path) -> None:
    """One of three brokers, of two workers or of two nodes is cut off, or one of each together."""
    chance = random.Random(17)  # noqa: S311
    tape = simulated(tmp_path / "tape", SYMBOLS, 12)
    past = "2025-06-06T09:31:00"
    with split_network(7) as network:
        places = {
            "broker": network.namespaces[:3],
            "worker": network.namespaces[3:5],
            "node": network.namespaces[5:],
        }
        hosts = [one.address for one in places["broker"]]
        withins = [one.within for one in places["broker"]]
        with broker_cluster(tmp_path / "brokers", hosts, withins) as servers:
            deployment = Deployment(",".join(s.url for s in servers), tape, tmp_path, SPEED)
            workers = [
                deployment.worker(f"worker{n}", "--standby", within=one.within)
                for n, one in enumerate(places["worker"])
            ]
            nodes = [
                deployment.node(f"node{n}", "--open", host=one.front, within=one.within)
                for n, one in enumerate(places["node"])
            ]
            urls = tuple(url for _, url in nodes)
            processes = [deployment.feed, deployment.publisher, *workers, *(n for n, _ in nodes)]
            with begun(processes):
                eventually(lambda: all(answers_all(url, f"?at={past}") for url in urls))
                polls = Polls(urls, past)
                with polls.going_on():
                    for kinds in KINDS * ROUNDS:
                        apart = {kind: chance.choice(places[kind]) for kind in kinds}
                        is_apart = [one in apart.values() for one in places["node"]]
                        started = time.monotonic()
                        network.split([*apart.values()])
                        time.sleep(STOPPED_S)
                        eventually(partial(answers_all, urls[is_apart.index(False)]))
                        took = [time.monotonic() - started]
                        for url in itertools.compress(urls, is_apart):
                            eventually(partial(refuses_all, url), STOPPED_S)
                        time.sleep(max(started + SPLIT_S - time.monotonic(), 0.0))
                        for url in itertools.compress(urls, is_apart):
                            assert refuses_all(url)
                        started = time.monotonic()
                        network.heal()
                        eventually(lambda: all(answers_all(url) for url in urls))
                        took.append(time.monotonic() - started)
                        print(f"{' and '.join(kinds)}: the others, then all answer after {took}")
                    eventually(lambda: same(urls[0], deployment.embedded), 600.0)
                print(f"answers by status: {polls.counts}; furthest back: {max(polls.setbacks)}")
                assert max(polls.setbacks) <= SETBACK_S
                for path, bodies in polls.bodies.items():
                    assert bodies == {get(deployment.embedded, path)[1]}, path
                eventually(lambda: same(urls[1], deployment.embedded))
                for process in (*workers, *(node for node, _ in nodes)):
                    assert process.terminate() in (0, 128 + 15)
                    assert "Traceback" not in process.output


def refuses_all(node: str) -> bool:
    """Whether a node says of every symbol that nobody can answer."""
    paths = [f"/v1/flow/zero-dte/series/{symbol}" for symbol in SYMBOLS]
    return all(get(node, path)[0] == 503 for path in paths)
