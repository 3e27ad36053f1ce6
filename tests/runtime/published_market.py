"""A market that is recorded and published to a broker."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from feeds.nats_broker import NatsBroker
from runtime.feeds_on_ports import FAST, eventually, recording, sending
from runtime.local_market import LocalMarket
from session.cut_tape import simulated
from zerodte.cli.live import publishing
from zerodte.runtime.live_runner import LiveRunner
from zerodte.tape.folder import open_tape


@contextmanager
def published_market(server: NatsBroker, folder: Path) -> Iterator[LocalMarket[LiveRunner]]:
    """Three minutes of three symbols, recorded by a server and published as they came."""
    tape = open_tape(simulated(folder / "tape"))
    with sending(tape, FAST) as feed, recording(feed, folder / "recordings") as market:
        with publishing(market.runner, server.url) as publisher:
            eventually(lambda: market.runner.is_over)
            assert publisher.join(60.0)
            assert publisher.warnings() == []
        yield market
