"""Readers of streams over two nodes: how late each has a sample, or a tick.

    python -m benchmarks.readers             10,000 readers; then 2,000 with ticks
    python -m benchmarks.readers --quick     500, and 100 with ticks

A simulated session of five symbols is fed at the clock, published to a NATS server, played by one
worker and served by two nodes, each in a process of its own. The readers are raw sockets of this
process; a tenth of them stops reading at once. A wait is from when a second was over by the feed's
clock until a reader has what that second brought. The worker's own lag is part of it and printed
beside it: a quarter of a second that late records are waited for, and the way to the worker.

So many readers share the machine with all that they measure: the processor time that each side
takes for a sample is printed, too.
"""

import asyncio
import datetime
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import numpy as np
import uvloop

from benchmarks.broker import broker
from zerodte.constants import SECOND
from zerodte.feeds.simulator.names import names_of
from zerodte.feeds.simulator.output import write_tape
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.feeds.tcp_client import TcpFeed
from zerodte.market.calendar import calendar
from zerodte.tape.recent_records import RecordingPosition

_SYMBOLS: Final = ("SPX", "SPY", "QQQ", "AAPL", "NVDA")
_DATE: Final = datetime.date(2025, 6, 6)
#: Of the session; starting and both measurements take less.
_MINUTES: Final = 12
_NODES: Final = 2
#: Files that this process and a node need beside their readers' connections.
_OTHER_FILES: Final = 256
#: Seconds for a process to start, between looks, and until streams that were opened are calm.
_START_S: Final = 300.0
_LOOK_S: Final = 0.1
_CALM_S: Final = 5.0
#: Connections that are opened at once.
_AT_ONCE: Final = 100
_BAR: Final = b"event: bar"
_TICK: Final = b"event: tick"
_TIME: Final = re.compile(rb'"t":"([^"]+)"')


@dataclass(frozen=True)
class Case:
    """Readers of one kind.

    Attributes:
        readers: How many, over all nodes; a tenth of them reads nothing.
        has_ticks: Whether they are sent ticks.
        seconds: How long they are measured.
    """

    readers: int
    has_ticks: bool
    seconds: float


_WHOLE: Final = (Case(10_000, False, 125.0), Case(2_000, True, 65.0))
_QUICK: Final = (Case(500, False, 65.0), Case(100, True, 20.0))


@dataclass
class Heard:
    """What readers were sent while they are measured: when (`time.time_ns`), and of which second.

    Attributes:
        is_on: Whether they are measured.
        samples: By reader and sample.
        ticks: By reader and tick.
    """

    is_on: bool = False
    samples: list[tuple[int, bytes]] = field(default_factory=list)
    ticks: list[tuple[int, bytes]] = field(default_factory=list)


class _StreamSocket(asyncio.Protocol):
    """A connection that reads a stream.

    Args:
        path: The stream.
        heard: Where to note what comes; None for one that stops reading at once.
    """

    def __init__(self, path: str, heard: Heard | None) -> None:
        self._path, self._heard = path, heard
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        # uvloop's is one by its methods, not by its class.
        transport = cast("asyncio.Transport", transport)
        transport.write(f"GET {self._path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode())
        if self._heard is None:
            transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Note what begins here; the nodes write an event in one piece."""
        if not self._is_open:
            assert data.startswith(b"HTTP/1.1 200"), data
            self._is_open = True
        heard = self._heard
        if heard is None or not heard.is_on:
            return
        now = time.time_ns()
        if (at := data.find(_BAR)) >= 0:
            heard.samples.append((now, data[at : at + 64]))
        if (at := data.find(_TICK)) >= 0:
            heard.ticks.append((now, data[at : at + 96]))


class _Command:
    """A command of ours in a process of its own.

    Args:
        log: Where its output goes.
        arguments: Of the command line.
    """

    def __init__(self, log: Path, *arguments: str) -> None:
        self._log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(  # noqa: S603  ours
                [sys.executable, "-m", "zerodte", *arguments], stdout=file, stderr=file
            )

    def wait_for(self, words: str) -> str:
        """Its output once some words are in it."""
        due = time.monotonic() + _START_S
        while words not in (said := self._log.read_text()):
            if self.process.poll() is not None or time.monotonic() > due:
                sys.exit(f"a process of the benchmark did not start:\n{said}")
            time.sleep(_LOOK_S)
        return said

    def cpu_seconds(self) -> float:
        """Processor time that it has spent."""
        with open(f"/proc/{self.process.pid}/stat") as stat:  # noqa: PTH123
            user, system = stat.read().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


@dataclass(frozen=True)
class Cluster:
    """A market that is served by nodes.

    Attributes:
        urls: Of the nodes.
        nodes: Their processes.
        worker: The worker's process.
        offset: What to add to a time of the session for that of the wall clock, ns.
    """

    urls: tuple[str, ...]
    nodes: tuple[_Command, ...]
    worker: _Command
    offset: int


def main(cases: Sequence[Case]) -> None:
    """Measure all cases, and print their figures."""
    _allow(max(case.readers for case in cases))
    with tempfile.TemporaryDirectory() as name, _cluster(Path(name)) as cluster:
        for case in cases:
            heard = uvloop.run(_measured(cluster, case))
            for kind, found in (("samples", heard.samples), ("ticks", heard.ticks)):
                if found:
                    print(f"{_title(case)}: {_shown(kind, found, cluster.offset)}", flush=True)


def _allow(readers: int) -> None:
    """Allow as many open files as this user may have; say so where those are too few."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = readers + _OTHER_FILES
    if most < needed:
        sys.exit(
            f"{readers:,} readers need {needed:,} open files, and this user may have {most:,}; "
            f"raise the limit (ulimit -Hn {needed}, as root) or use --quick"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextmanager
def _cluster(folder: Path) -> Iterator[Cluster]:
    """A feed, its publisher, a broker, a worker and nodes, all of which answer."""
    session = calendar().session(_DATE)
    assert session is not None
    tape = folder / "tape"
    write_tape(Simulation(session, names_of(_SYMBOLS), 7, minutes=_MINUTES), tape, lambda _: None)
    with ExitStack() as stack:
        url, _ = stack.enter_context(broker(folder))

        def started(name: str, *arguments: str) -> _Command:
            command = _Command(folder / f"{name}.log", *arguments)
            stack.callback(command.kill)
            return command

        port, *ports = (_free_port() for _ in range(_NODES + 2))
        feed = started("feed", "feed", str(tape), "--port", str(port))
        feed.wait_for(str(port))
        live = ("live", f"127.0.0.1:{port}", "--record", str(folder / "recordings"))
        publisher = started("live", *live, "--publish", url, "--port", str(ports.pop()))
        publisher.wait_for("http://")
        worker = started("worker", "work", "--nats", url)
        worker.wait_for("event=ready")
        serve = ("serve", "--nats", url, "--port")
        nodes = tuple(started(f"node{port}", *serve, str(port)) for port in ports)
        for node in nodes:
            node.wait_for("http://")
        urls = tuple(f"http://127.0.0.1:{port}" for port in ports)
        _wait_for_answers(urls)
        offset = time.time_ns() - _clock(TcpFeed("127.0.0.1", port))
        yield Cluster(urls, nodes, worker, offset)


def _wait_for_answers(urls: Sequence[str]) -> None:
    """Wait until all nodes answer for all symbols."""
    due = time.monotonic() + _START_S
    for url in urls:
        for symbol in _SYMBOLS:
            while True:
                try:
                    request = f"{url}/v1/flow/zero-dte/series/{symbol}"
                    urllib.request.urlopen(request).close()  # noqa: S310
                    break
                except OSError as error:
                    if time.monotonic() > due:
                        sys.exit(f"{request} is not answered: {error}")
                    time.sleep(_LOOK_S)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _clock(feed: TcpFeed) -> int:
    """What a feed's clock shows, UTC ns."""
    connection = feed.connect()
    try:
        nothing = {stream.name: 0 for stream in connection.manifest.streams}
        return connection.start(RecordingPosition(nothing)).now
    finally:
        connection.close()


async def _measured(cluster: Cluster, case: Case) -> Heard:
    """Open the readers, measure them, and print what it takes."""
    heard = Heard()
    transports = await _opened(cluster, case, heard)
    await asyncio.sleep(_CALM_S)
    lags: list[dict[str, float]] = []
    before = _spent(cluster)
    heard.is_on = True
    until = time.monotonic() + case.seconds
    while time.monotonic() < until:
        lags.append(await asyncio.to_thread(_lags, cluster.urls[0]))
        await asyncio.sleep(1.0)
    heard.is_on = False
    spent = [after - start for after, start in zip(_spent(cluster), before, strict=True)]
    for transport in transports:
        transport.abort()
    names = ("readers", "worker", *(f"node {number}" for number in range(1, _NODES + 1)))
    shares = (
        f"{name} {share / case.seconds:.0%}" for name, share in zip(names, spent, strict=True)
    )
    print(f"{_title(case)}: of a core: {', '.join(shares)}")
    for name in ("tick", "sample"):
        worst = np.array([lag[name] for lag in lags]) * 1e3
        print(f"  the worker's lag of a {name}, ms: {_percentiles(worst)}", flush=True)
    return heard


async def _opened(cluster: Cluster, case: Case, heard: Heard) -> list[asyncio.Transport]:
    loop = asyncio.get_running_loop()
    query = "?ticks=1" if case.has_ticks else ""

    async def opened(number: int) -> asyncio.Transport:
        symbol = _SYMBOLS[number // _NODES % len(_SYMBOLS)]
        path = f"/v1/flow/zero-dte/stream/{symbol}{query}"
        is_stalled = number // _NODES // len(_SYMBOLS) % 10 == 0
        port = cluster.urls[number % _NODES].rpartition(":")[2]
        made = _StreamSocket(path, None if is_stalled else heard)
        transport, _ = await loop.create_connection(lambda: made, "127.0.0.1", int(port))
        return transport

    found: list[asyncio.Transport] = []
    for first in range(0, case.readers, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, case.readers))
        found += await asyncio.gather(*map(opened, numbers))
    return found


def _spent(cluster: Cluster) -> list[float]:
    """Processor seconds of this process, the worker and the nodes."""
    others = (cluster.worker, *cluster.nodes)
    return [time.process_time(), *(command.cpu_seconds() for command in others)]


def _lags(url: str) -> dict[str, float]:
    """How long after a tick and a sample were due the worker could answer, seconds."""
    with urllib.request.urlopen(url + "/metrics") as answer:  # noqa: S310
        text = answer.read().decode()
    found = re.findall(r"^zerodte_(tick|sample)_lag_seconds (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def _title(case: Case) -> str:
    return f"{case.readers:,} readers{' with ticks' if case.has_ticks else ''}"


def _shown(kind: str, found: list[tuple[int, bytes]], offset: int) -> str:
    """How late events came."""
    waits: list[float] = []
    seconds: set[bytes] = set()
    for now, text in found:
        said = _TIME.search(text)
        assert said is not None, text
        seconds.add(said[1])
        due = int(datetime.datetime.fromisoformat(said[1].decode()).timestamp()) * SECOND + offset
        waits.append((now - due) / 1e6)
    return f"{len(found):,} {kind} of {len(seconds)} seconds, ms: {_percentiles(np.array(waits))}"


def _percentiles(values: np.ndarray) -> str:
    p50, p99, most = np.nanpercentile(values, [50, 99, 100])
    return f"p50 {p50:.0f}, p99 {p99:.0f}, most {most:.0f}"


if __name__ == "__main__":
    main(_QUICK if "--quick" in sys.argv[1:] else _WHOLE)
