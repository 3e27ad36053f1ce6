"""Feeds on real ports that a test may stop and start again, and markets that record them."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from zerodte.feeds.tcp_client import TcpFeed
from zerodte.feeds.tcp_server import TcpFeedServer
from zerodte.runtime.live import LiveMarket
from zerodte.tape.folder import Tape

#: A day in about a second.
FAST = 1e5


@contextlib.contextmanager
def sending(
    tape: Tape, speed: float = FAST, *, is_resumable: bool = True, port: int = 0
) -> Iterator[TcpFeed]:
    """A feed, for as long as the context lasts."""
    server = TcpFeedServer(tape, speed, is_resumable=is_resumable, host="127.0.0.1", port=port)
    running = threading.Thread(target=server.run)
    running.start()
    try:
        yield TcpFeed(*server.address)
    finally:
        server.stop()
        running.join(10)
        assert not running.is_alive()


@contextlib.contextmanager
def recording(line: TcpFeed, root: Path) -> Iterator[LiveMarket]:
    """A live market, for as long as the context lasts."""
    market = LiveMarket(line, root)
    market.start()
    try:
        yield market
    finally:
        market.stop()


def clock(line: TcpFeed) -> int:
    """What a feed's clock shows, UTC ns."""
    connection = line.connect()
    begun = connection.start({stream.name: 0 for stream in connection.manifest.streams})
    connection.close()
    return begun.now


def eventually(what: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until `what` is true; fail when it takes too long."""
    due = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < due, "it took too long"
        time.sleep(0.005)
