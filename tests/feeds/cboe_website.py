"""A tape served as Cboe's website would."""

import contextlib
import threading
from collections.abc import Iterator

from zerodte.feeds.cboe.http import CboeClient
from zerodte.feeds.cboe.server import CboeServer
from zerodte.feeds.fault_script import FaultScript
from zerodte.tape.folder import Tape


@contextlib.contextmanager
def website(
    tape: Tape, speed: float, start: int, port: int = 0, faults: FaultScript | None = None
) -> Iterator[CboeClient]:
    """A client of a website whose quotes are of `start` (UTC ns) at first."""
    server = CboeServer(tape, speed, start=start, host="127.0.0.1", port=port, faults=faults)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield CboeClient("http://{}:{}/delayed_quotes".format(*server.address))
    finally:
        server.stop()
        thread.join(10)
        assert not thread.is_alive()
