"""A market that is recorded and published to a broker while a test follows it."""

import contextlib
from collections.abc import Iterator

from feeds.nats_broker import NatsBroker
from zerodte.feeds.nats.publisher import StreamPublisher
from zerodte.runtime.live_runner import LiveRunner


@contextlib.contextmanager
def published(runner: LiveRunner, server: NatsBroker) -> Iterator[StreamPublisher]:
    """A recording's publisher, for as long as the context lasts."""
    publisher = StreamPublisher(
        server.url,
        runner.folder,
        runner.manifest,
        clock=lambda: runner.clock,
        is_over=lambda: runner.is_over,
    )
    publisher.start()
    try:
        yield publisher
    finally:
        publisher.stop()
