"""Load on a server that has one core, from this process on another.

The row compares the processor time of an answer with that of a bare ASGI application on the same
server and the same bytes. `python -m benchmarks.load` measures rates and waits, too:

    throughput    answers a second from as many connections as fill the core
    waits         at 2,000 requests a second, while the demo goes on
    streams       1,000 readers at 60 times the clock, beside ten that read nothing
"""

import asyncio
import os
import subprocess
import sys
import urllib.request
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import uvloop

from benchmarks.client import Reader, connect, paced, saturate
from benchmarks.harness import Row
from benchmarks.serving import CORE

T = TypeVar("T")

SNAPSHOT = "/v1/flow/zero-dte/snapshot/SPY"
HEATMAP = "/v1/flow/zero-dte/heatmap/SPY"
_STREAM = "/v1/flow/zero-dte/stream/SPY"
_CODING = "zstd"
_CONNECTIONS = 64
_SECONDS = 4.0
#: Long enough for every connection to be answered once, on a busy machine too.
_WARM_SECONDS = 2.0
_SPEED = 60
_RATE = 2_000
_READERS, _STALLED = 1_000, 10


@dataclass(frozen=True)
class Served:
    """A server that runs."""

    url: str
    process: subprocess.Popen[str]

    def cpu_seconds(self) -> float:
        """Processor time that it has spent."""
        with open(f"/proc/{self.process.pid}/stat") as stat:  # noqa: PTH123
            user, system = stat.read().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def size(self, path: str) -> int:
        """Bytes of an answer as it is sent."""
        request = urllib.request.Request(  # noqa: S310
            self.url + path, headers={"Accept-Encoding": _CODING}
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return len(answer.read())


@contextmanager
def server(*arguments: object, module: str = "benchmarks.serving") -> Iterator[Served]:
    """A server in a process of its own, ready."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        try:
            yield Served(process.stdout.readline().strip(), process)
        finally:
            process.terminate()


def rows() -> list[Row]:
    """An answer that is kept, beside the least that could be done to send its bytes."""
    measured = []
    with server("market", 0) as market:
        for name, path in (("snapshot", SNAPSHOT), ("heatmap", HEATMAP)):
            size = market.size(path)
            with server("bare", size) as peer:
                ours, bare = cost(market, path), cost(peer, path)
            title = f"kept {name}, {size:,} bytes of {_CODING}, cpu"
            measured.append(Row(title, ours * 1e6, "bare ASGI app", bare * 1e6))
    return measured


def main() -> None:
    """Print everything."""
    with server("market", 0) as market:
        for path in (SNAPSHOT, HEATMAP):
            for coding in (_CODING, "identity"):
                spent, rate = _spent(market, path, coding)
                print(f"{path} {coding}: {rate:,.0f}/s at {spent:.0%} of a core")
    with server("market", 1) as market:
        for paths in ([SNAPSHOT], [HEATMAP], [SNAPSHOT, HEATMAP]):
            waits = _run(paced(market.url, paths, _CODING, _RATE, _CONNECTIONS, 4 * _SECONDS))
            print(f"{_RATE:,}/s of {' and '.join(paths)}: {_shown(waits)}")
    with server("market", _SPEED) as market:
        print(f"{_READERS:,} readers, {_STALLED} stalled: {_shown(_run(_streams(market)))}")


def cost(served: Served, path: str, key: str = "none") -> float:
    """Processor seconds of an answer."""
    spent, rate = _spent(served, path, _CODING, key)
    return spent / rate


def answer_rate(served: Served, path: str, key: str) -> float:
    """Answers a second."""
    return _spent(served, path, _CODING, key)[1]


def _spent(served: Served, path: str, coding: str, key: str = "none") -> tuple[float, float]:
    """Processor seconds a second, and answers a second."""
    _run(saturate(served.url, path, coding, _CONNECTIONS, _WARM_SECONDS, key))
    before = served.cpu_seconds()
    rate = _run(saturate(served.url, path, coding, _CONNECTIONS, _SECONDS, key))
    # What comes before the clock of `saturate` starts is spent at the same rate.
    return (served.cpu_seconds() - before) / (1.25 * _SECONDS), rate


async def _streams(served: Served) -> list[float]:
    heard: list[float] = []
    await connect(served.url, lambda: Reader(_STREAM, None), _STALLED)
    await connect(served.url, lambda: Reader(_STREAM, heard), _READERS)
    await asyncio.sleep(_SECONDS)
    heard.clear()
    await asyncio.sleep(4 * _SECONDS)
    return heard


def _shown(seconds: list[float]) -> str:
    p50, p99, most = np.percentile(np.array(seconds) * 1e3, [50, 99, 100])
    return f"{len(seconds):,}, p50 {p50:.2f} ms, p99 {p99:.2f} ms, most {most:.1f} ms"


def _run(work: Coroutine[Any, Any, T]) -> T:
    os.sched_setaffinity(0, set(range(os.cpu_count() or 1)) - {CORE} or {CORE})
    return uvloop.run(work)


if __name__ == "__main__":
    main()
