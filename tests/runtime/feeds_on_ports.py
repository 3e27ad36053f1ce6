"""Feeds on real ports that a test may stop and start again, and markets that record them."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from runtime.local_market import LocalMarket, running
from zerodte.feeds.tcp_client import TcpFeed
from zerodte.feeds.tcp_server import TcpFeedServer
from zerodte.runtime.live_runner import LiveRunner
from zerodte.service.stage import Stage
from zerodte.tape.folder import Tape
from zerodte.tape.recent_records import RecordingPosition

#: A day in about a second.
FAST = 1e5


@contextlib.contextmanager
def sending(
    tape: Tape, speed: float = FAST, *, is_resumable: bool = True, port: int = 0
) -> Iterator[TcpFeed]:
    """A feed, for as long as the context lasts."""
    server = TcpFeedServer(tape, speed, is_resumable=is_resumable, host="127.0.0.1", port=port)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield TcpFeed(*server.address)
    finally:
        server.stop()
        thread.join(10)
        assert not thread.is_alive()


@contextlib.contextmanager
def recording(feed: TcpFeed, root: Path) -> Iterator[LocalMarket[LiveRunner]]:
    """A live market, for as long as the context lasts."""
    with running(LiveRunner(Stage(), feed, root)) as market:
        yield market


def clock(feed: TcpFeed) -> int:
    """What a feed's clock shows, UTC ns."""
    connection = feed.connect()
    nothing = {stream.name: 0 for stream in connection.manifest.streams}
    begun = connection.start(RecordingPosition(nothing))
    connection.close()
    return begun.now


def eventually(what: Callable[[], object], seconds: float = 180.0) -> None:
    """Wait until `what` is true; fail when it takes too long.

    Looking takes no more than a third of a processor: what is waited for needs the rest.
    """
    due = time.monotonic() + seconds
    spent = time.thread_time()
    while not what():
        assert time.monotonic() < due, "it took too long"
        time.sleep(max(0.005, 2.0 * (time.thread_time() - spent)))
        spent = time.thread_time()
