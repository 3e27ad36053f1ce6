"""A server in a process of its own, on one core, for the load that benchmarks/load.py puts on it.

    python -m benchmarks.serving bare BYTES      bodies of that size, and nothing else
    python -m benchmarks.serving market SPEED    the demo, two hours old; at 0 it stands still

It prints its URL when it is to be measured.
"""

import datetime
import functools
import os
import sys
import time
from collections.abc import Callable, Sequence

import msgspec

from zerodte.constants import HOUR
from zerodte.feeds.simulator.names import names_of
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.market.calendar import calendar
from zerodte.runtime.demo import Demo
from zerodte.runtime.market_thread import MarketThread, RunListener
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.server import asgi
from zerodte.server.app import create_app
from zerodte.server.run import Listener, Server
from zerodte.server.settings import ServerSettings
from zerodte.service.local_service import LocalService
from zerodte.service.stage import Stage
from zerodte.wire.query import Changes
from zerodte.wire.stream import SampleEvent, StreamQuery

#: The core that is served from; load and the simulation have the others.
CORE = 0
_DATE = datetime.date(2025, 6, 2)
_SYMBOLS = ("SPY", "SPX", "QQQ", "IWM")
_LEAD = 2 * HOUR
_STILL = 1e-9


class StampedService(LocalService):
    """A service whose bars say when their sample was announced, on the machine's monotonic clock.

    Args:
        stage: What is answered from.
    """

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._announced = 0

    def subscribe(
        self, call: Callable[[], None], changes: Changes = "sample"
    ) -> Callable[[], None]:
        """Note the time of each sample."""

        def noted() -> None:
            self._announced = time.monotonic_ns()
            call()

        return super().subscribe(noted if changes == "sample" else call, changes)

    def events(self, query: StreamQuery, after: int | None) -> Sequence[SampleEvent]:
        """Put the time first in each bar."""
        stamp = b'{"announced":%d,' % self._announced
        return [
            msgspec.structs.replace(event, bar=stamp + event.bar.removeprefix(b"{"))
            for event in super().events(query, after)
        ]


class _Announcer(RunListener):
    """Prints where the market is served once it goes by the clock."""

    def __init__(self, url: str) -> None:
        self._url = url

    def on_live(self) -> None:
        """Now."""
        print(self._url, flush=True)


def bare(size: int) -> asgi.App:
    """The least that an ASGI application can do for so many bytes."""
    content = asgi.body(b"x" * size)
    headers = {"content-type": "application/json", "content-length": str(size)}
    start = asgi.begin(200, asgi.encoded(headers | {"cache-control": "no-store"}))

    async def app(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
        else:
            await send(start)
            await send(content)

    return app


def serve_bare(size: int) -> None:
    """Serve bare bodies until told to stop."""
    os.sched_setaffinity(0, {CORE})
    listener = Listener("127.0.0.1", 0)
    print(listener.url, flush=True)
    Server(bare(size), listener).run()


def serve_market(speed: float) -> None:
    """Serve the market until told to stop."""
    session = calendar().session(_DATE)
    assert session is not None
    make = functools.partial(Simulation, names=names_of(_SYMBOLS), seed=1, impact=0.0)
    demo = Demo(session, make)
    # The simulation is a process already, and keeps its freedom.
    os.sched_setaffinity(0, {CORE})
    listener = Listener("127.0.0.1", 0)
    runner = ReplayRunner(Stage(), demo, speed or _STILL, _LEAD, demo.close)
    app = create_app(StampedService(runner.stage), ServerSettings())
    thread = MarketThread(runner)
    thread.start(_Announcer(listener.url))
    try:
        Server(app, listener, app.stop, app.count_abort).run()
    finally:
        thread.stop()


if __name__ == "__main__":
    kind, argument = sys.argv[1:]
    if kind == "bare":
        serve_bare(int(argument))
    else:
        serve_market(float(argument))
