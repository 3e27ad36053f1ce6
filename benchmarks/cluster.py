"""Times a session that two workers share, against one worker that plays all of it.

A stream is filled once. Each worker is a process of its own on one core, while the broker has the
others; the slower of the two counts, by its processor time. Their answers have to be those of the
one worker, to the byte. The largest symbol's share of the records is printed: no division of
symbols beats it.
"""

import datetime
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.broker import broker
from benchmarks.harness import Row
from zerodte.clock import new_york
from zerodte.constants import MINUTE
from zerodte.feeds.nats.feed import NatsFeed
from zerodte.feeds.nats.publisher import StreamPublisher
from zerodte.feeds.nats.subjects import suffix_of
from zerodte.feeds.simulator.names import NAMES
from zerodte.feeds.simulator.output import write_tape
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.feeds.tcp_client import TcpFeed
from zerodte.feeds.tcp_server import TcpFeedServer
from zerodte.market.calendar import calendar
from zerodte.runtime.live_runner import LiveRunner
from zerodte.runtime.market_thread import Run, RunListener
from zerodte.runtime.warmup import warm_up
from zerodte.service.local_service import LocalService
from zerodte.service.stage import Stage
from zerodte.tape.folder import Tape, open_tape
from zerodte.wire.heatmap import HeatmapQuery
from zerodte.wire.query import Query
from zerodte.wire.series import SeriesQuery
from zerodte.wire.snapshot import SnapshotQuery

SYMBOLS: Final = ("SPX", "SPY", "QQQ", "IWM", "NVDA", "TSLA", "AAPL", "AMZN")
MINUTES: Final = 30
DATE: Final = datetime.date(2025, 6, 6)
#: Minutes in less than a second, and little of the silence behind them.
_FAST: Final = 3e3
_TIMEOUT_S: Final = 600.0


class Play(msgspec.Struct):
    """What a worker took, and a digest of what it answers of each symbol."""

    seconds: float
    digests: dict[str, str]


def rows() -> list[Row]:
    """Fills a stream, plays it by one worker, then by two."""
    with tempfile.TemporaryDirectory() as name, broker(Path(name)) as (url, process):
        cores = os.sched_getaffinity(0)
        os.sched_setaffinity(process, cores - {min(cores)} or cores)
        folder = Path(name)
        session = calendar().session(DATE)
        assert session is not None
        names = tuple(NAMES[symbol] for symbol in SYMBOLS)
        write_tape(Simulation(session, names, 7, minutes=MINUTES), folder / "tape", lambda _: None)
        tape = open_tape(folder / "tape")
        counts = _counts(tape)
        _publish(tape, folder / "recordings", url)
        parts = _divided(counts)
        whole = _played(url, SYMBOLS)
        halves = [_played(url, part) for part in parts]
    answers = {symbol: digest for half in halves for symbol, digest in half.digests.items()}
    assert answers == whole.digests, "two workers answer otherwise than one"
    total, (largest, most) = sum(counts.values()), counts.most_common(1)[0]
    slower = max(half.seconds for half in halves)
    print(
        f"{total:,} records of {len(SYMBOLS)} symbols, {largest} {most / total:.0%}; "
        + ", ".join(
            f"{'+'.join(part)} {half.seconds:.2f} s"
            for part, half in zip(parts, halves, strict=True)
        )
    )
    return [
        Row("the slower of two workers", slower * 1e6, "one worker of all", whole.seconds * 1e6)
    ]


def play(url: str, symbols: tuple[str, ...]) -> Play:
    """Play symbols from the stream to its end, on this process's first core."""
    hours = calendar().session(DATE)
    assert hours is not None
    warm_up(hours)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage()
        begun = time.process_time()
        runner = LiveRunner(stage, NatsFeed(url, symbols), Path(folder))
        runner.run(Run(RunListener()))
        seconds = time.process_time() - begun
        service = LocalService(stage)
        return Play(seconds, {symbol: _digest(service, symbol) for symbol in symbols})


def _digest(service: LocalService, symbol: str) -> str:
    at = new_york(DATE, datetime.time(9, 35))
    asked: list[Query] = [
        SeriesQuery(symbol=symbol, at=at),
        HeatmapQuery(symbol=symbol, at=at),
        SnapshotQuery(symbol=symbol, at=at),
    ]
    return blake2b(b"".join(map(service.answer, asked))).hexdigest()


def _played(url: str, symbols: tuple[str, ...]) -> Play:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.cluster", url, ",".join(symbols)]
    found = subprocess.run(  # noqa: S603  ours
        command, check=True, stdout=subprocess.PIPE, timeout=_TIMEOUT_S
    )
    return msgspec.json.decode(found.stdout.splitlines()[-1], type=Play)


def _divided(counts: Counter[str]) -> list[tuple[str, ...]]:
    """Two parts of about as many records each: the largest symbol first, to the smaller part."""
    parts: list[list[str]] = [[], []]
    for symbol, _ in counts.most_common():
        min(parts, key=lambda part: sum(counts[each] for each in part)).append(symbol)
    return [tuple(part) for part in parts]


def _counts(tape: Tape) -> Counter[str]:
    """Records by underlying."""
    counts: Counter[str] = Counter()
    for file in tape.selected_files:
        kind = tape.kind(file.dataset)
        owners = {
            number: suffix_of(kind, raw).partition(".")[2]
            for number, raw in tape.symbols[file.dataset].items()
        }
        for chunk in file.chunks(lambda _: None):
            counts.update(owners[number] for number in chunk["instrument_id"].tolist())
    return Counter({symbol: counts[symbol] for symbol in SYMBOLS})


def _publish(tape: Tape, root: Path, url: str) -> None:
    """Fill the stream."""
    server = TcpFeedServer(tape, _FAST, is_resumable=True, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        runner = LiveRunner(Stage(), TcpFeed(*server.address), root)
        _run_until(runner, tape.session.open + MINUTES * MINUTE)
    finally:
        server.stop()
        thread.join()
    # The recording ends before its session does.
    publisher = StreamPublisher(
        url, runner.folder, runner.manifest, clock=lambda: runner.clock, is_over=lambda: True
    )
    publisher.start()
    assert publisher.join(_TIMEOUT_S), publisher.warnings()
    publisher.stop()


def _run_until(runner: LiveRunner, end: int) -> None:
    """Record to an instant (UTC ns); the rest of the day is silent."""
    run = Run(RunListener())
    recording = threading.Thread(target=runner.run, args=(run,))
    recording.start()
    while recording.is_alive():
        current = runner.stage.current
        if current is not None and current.session.now >= end:
            run.stopped.set()
        recording.join(0.05)


if __name__ == "__main__":
    print(msgspec.json.encode(play(sys.argv[1], tuple(sys.argv[2].split(",")))).decode())
