"""A server in a process of its own, on one core, for the load that benchmarks/load.py puts on it.

    python -m benchmarks.serving bare BYTES      bodies of that size, and nothing else
    python -m benchmarks.serving market SPEED    a market; 0 for one that stands still

It prints its URL when answers come without delay.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.tape import write_tape
from zerodte.runtime.market import Market
from zerodte.server import asgi
from zerodte.server.app import create_app
from zerodte.server.run import Listener, Server
from zerodte.server.settings import ServerSettings
from zerodte.server.source import SampleEvent
from zerodte.tape.folder import Tape, open_tape

#: The core that is served from; load comes from the others.
CORE = 0
_RECORDS = 2_000_000


class StampedMarket(Market):
    """A market whose bars say when their sample was announced, on the machine's monotonic clock."""

    def __init__(self, tape: Tape, speed: float | None) -> None:
        super().__init__(tape, speed)
        self._announced = 0

    def on_sample(self, call: Callable[[], None]) -> Callable[[], None]:
        """Note the time of each sample."""

        def noted() -> None:
            self._announced = time.monotonic_ns()
            call()

        return super().on_sample(noted)

    def events(self, symbol: str, after: int | None) -> Sequence[SampleEvent]:
        """Put the time first in each bar."""
        stamp = b'{"announced":%d,' % self._announced
        return [
            SampleEvent(event.time, stamp + event.bar.removeprefix(b"{"), event.snapshot)
            for event in super().events(symbol, after)
        ]


def bare(size: int) -> asgi.App:
    """The least that an ASGI application can do for the same bytes."""
    content = b"x" * size
    start = asgi.begin(
        200,
        [
            (b"content-type", b"application/json"),
            (b"cache-control", b"no-store"),
            (b"content-length", b"%d" % size),
        ],
    )
    end = asgi.body(content)

    async def app(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
        else:
            await send(start)
            await send(end)

    return app


def serve_bare(size: int) -> None:
    """Serve bare bodies until told to stop."""
    listener = Listener("127.0.0.1", 0)
    print(listener.url, flush=True)
    Server(bare(size), listener).run()


def serve_market(speed: float) -> None:
    """Serve a market of four symbols until told to stop."""
    listener = Listener("127.0.0.1", 0)
    with tempfile.TemporaryDirectory(prefix="zerodte-") as folder:
        write_tape(Path(folder), _RECORDS, compressed=False)
        market = StampedMarket(open_tape(folder), speed or None)
        market.start(lambda: print(listener.url, flush=True))
        app = create_app(market, ServerSettings())
        try:
            Server(app, listener, app.stop, app.cut).run()
        finally:
            market.stop()


if __name__ == "__main__":
    os.sched_setaffinity(0, {CORE})
    kind, argument = sys.argv[1:]
    if kind == "bare":
        serve_bare(int(argument))
    else:
        serve_market(float(argument))
