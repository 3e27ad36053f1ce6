"""A worker that was cut off from the broker, and comes back while the market goes on."""

from pathlib import Path

import pytest

from cluster.broken_way import Passing, broken_way
from cluster.workers import answers_all, asking, working
from feeds.nats_broker import broker
from runtime.feeds_on_ports import eventually, recording, sending
from session.cut_tape import SYMBOLS, simulated
from zerodte.cli.live import publishing
from zerodte.cluster.leases import LeaseBucket
from zerodte.cluster.worker import WorkerPlan
from zerodte.constants import SECOND
from zerodte.feeds.nats.link import NatsLink
from zerodte.tape.folder import open_tape
from zerodte.wire.series import SeriesQuery


@pytest.mark.drill
def test_who_comes_back_owns_nothing_before_it_follows_the_stream(tmp_path: Path) -> None:
    tape = open_tape(simulated(tmp_path / "tape"))
    with (
        broker(tmp_path / "broker") as server,
        broken_way(server.url) as way,
        sending(tape, 5.0) as feed,
        recording(feed, tmp_path / "recordings") as market,
    ):
        eventually(lambda: market.runner.stage.current is not None)
        link = NatsLink(server.url)
        with (
            publishing(market.runner, server.url),
            working(way.url, tmp_path / "worker", WorkerPlan()) as worker,
            asking(server.url) as service,
        ):
            eventually(lambda: answers_all(service, SYMBOLS))
            leases = LeaseBucket(link, "nobody")
            assert leases.taken(SYMBOLS) == set(SYMBOLS)
            way.let(Passing.NONE)
            eventually(lambda: not leases.taken(SYMBOLS))
            way.let(Passing.REQUESTS)
            # It is back and looks at what is free, again and again, while the market goes on.
            looked = way.lease_messages
            eventually(lambda: way.lease_messages > looked + 10 * len(SYMBOLS))
            assert (worker.problem, worker.owned) == (None, [])
            assert leases.taken(SYMBOLS) == set()
            reached = market.runner.stage.ready().session.now
            way.let(Passing.ALL)
            eventually(lambda: answers_all(service, SYMBOLS))
            assert worker.owned == sorted(SYMBOLS)
            at = reached // (30 * SECOND) * 30 * SECOND
            for symbol in SYMBOLS:
                past = SeriesQuery(symbol=symbol, at=at)
                assert service.answer(past) == market.answer(past)
        link.close()
