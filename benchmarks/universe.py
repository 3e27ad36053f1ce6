"""A market of 500 names and 46,500 contracts, played at the clock by a process of its own.

    python -m benchmarks.universe          1, 2 and 4 times the rates: 10 minutes, 3 GB of disk
    python -m benchmarks.universe 1 8      these multiples

Every second brings 50,000 quotes and 30,000 trades, times the multiple; the ten largest names have
41% of the trades. After each second another thread asks for two symbols: SPX, and each name in
turn. The wait is from when the second was over by the clock until both answers, which show it, are
there. At the end the market of
the last multiple is played as fast as it goes, with the same questions: that is where it breaks.

Ticks are read from a file, so what they cost to make is not measured; what they cost to read is.
"""

import json
import os
import queue
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from benchmarks.dense_market import LEAD, NAMES, DenseMarket, StoredMarket
from zerodte.constants import MINUTE, SAMPLE_INTERVAL
from zerodte.records.dbn import OPRA
from zerodte.records.tick import Tick
from zerodte.runtime.market_thread import Run, RunListener
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.service.local_service import LocalService
from zerodte.service.stage import CurrentSession, Stage
from zerodte.session.session import Session
from zerodte.wire.snapshot import SnapshotQuery

_MULTIPLES: Final = (1, 2, 4)
_FIRST: Final = "SPX"
#: Faster than any machine.
_AT_ONCE: Final = 1e9
#: Seconds between looks for a tick.
_LOOK_S: Final = 0.001
_LINE: Final = "{:>3}{:>11}{:>7}{:>10}{:>12}{:>9}{:>9}{:>10}{:>11}{:>6}{:>6}"


class _AskedStage(Stage):
    """A stage that is asked after every tick that is played by the clock.

    Args:
        start: End of what leads in, UTC ns.
        has_reader: Whether a thread of its own asks as soon as a tick can be seen; else the one
            that plays asks once it is applied.

    Attributes:
        waits: Seconds from when each tick was due until its answers were there.
        ticks: Processor seconds that each of them took, without the answers.
        is_sample: Whether each of them brought a sample.
        sample_lags: Seconds from when each sample was due until it was taken.
        records: What those ticks held.
        spent: Processor seconds since the lead.
        passed: Seconds since the lead.
    """

    def __init__(self, start: int, *, has_reader: bool) -> None:
        super().__init__()
        self._due: queue.SimpleQueue[_Due | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read) if has_reader else None
        if self._reader:
            self._reader.start()
        self.waits: list[float] = []
        self.ticks: list[float] = []
        self.is_sample: list[bool] = []
        self.sample_lags: list[float] = []
        self.records = 0
        self.spent = self.passed = 0.0
        self._start = start
        self._service = LocalService(self)
        self._begun = time.process_time(), time.monotonic()

    def apply(self, current: CurrentSession, tick: Tick, lag: Callable[[int], float]) -> None:
        """Apply a tick, and ask."""
        is_measured = tick.end > self._start and self.current is not None
        due = _Due(current.session, tick.end, lag)
        if is_measured and self._reader:
            self._due.put(due)
        before = time.thread_time()
        super().apply(current, tick, lag)
        spent = time.thread_time() - before
        if not is_measured:
            self._begun = time.process_time(), time.monotonic()
            return
        if not self._reader:
            self._ask(due)
        self.ticks.append(spent)
        self.is_sample.append(tick.end % SAMPLE_INTERVAL == 0)
        if self.is_sample[-1]:
            self.sample_lags.append(self.stats().sample_lag)
        self.records += sum(tick.counts().values())
        cpu, clock = self._begun
        self.spent, self.passed = time.process_time() - cpu, time.monotonic() - clock

    def finish(self) -> None:
        """Wait for the last answers."""
        self._due.put(None)
        if self._reader:
            self._reader.join()

    def _read(self) -> None:
        while (due := self._due.get()) is not None:
            while due.session.now < due.end:
                time.sleep(_LOOK_S)
            self._ask(due)

    def _ask(self, due: "_Due") -> None:
        symbols = due.session.symbols()
        for symbol in (_FIRST, symbols[len(self.waits) % len(symbols)]):
            self._service.answer(SnapshotQuery(symbol=symbol))
        self.waits.append(due.lag(due.end))


@dataclass(frozen=True)
class _Due:
    """A tick that is to be seen: its session, its end (UTC ns), and how late an instant is."""

    session: Session
    end: int
    lag: Callable[[int], float]


@dataclass(frozen=True)
class Played:
    """What a process took to play a market.

    Attributes:
        core: Share of one core.
        tick: Processor time of a tick between samples, median, milliseconds.
        sample: Of a tick with a sample, median, milliseconds.
        median: Of the waits, milliseconds.
        p99: Of the waits, milliseconds.
        calm_p99: Of the waits between samples, milliseconds.
        sample_lag: The longest, seconds.
        memory: Peak of the process, GiB.
        records: A second of the market.
        speed: Seconds of the market in a second.
    """

    core: float
    tick: float
    sample: float
    median: float
    p99: float
    calm_p99: float
    sample_lag: float
    memory: float
    records: float
    speed: float


def main(multiples: list[int]) -> None:
    """Play the market at multiples of the rates, and print what each took."""
    market = DenseMarket()
    print(f"{len(market.symbols[OPRA]):,} contracts, {NAMES} names")
    print(_LINE.format("", "records/s", "core", "tick, ms", "sample, ms", "p50, ms", "p99, ms",
                       "calm p99", "sample, s", "GiB", "load"))  # fmt: skip
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ticks"
        for multiple in multiples:
            market.write(path, multiple)
            load = os.getloadavg()[0]
            took = _in_a_process(path, 1.0)
            print(_LINE.format(
                f"{multiple}x", f"{took.records:,.0f}", f"{took.core:.3f}", f"{took.tick:.0f}",
                f"{took.sample:.0f}", f"{took.median:.0f}", f"{took.p99:.0f}",
                f"{took.calm_p99:.0f}", f"{took.sample_lag:.2f}",
                f"{took.memory:.2f}", f"{load:.1f}",
            ), flush=True)  # fmt: skip
        took = _in_a_process(path, _AT_ONCE)
        print(
            f"breaks at {took.speed * multiples[-1]:.1f}x: "
            f"{took.speed * took.records:,.0f} records/s, {took.memory:.2f} GiB"
        )


def play(path: Path, speed: float) -> Played:
    """Play a market at a multiple of the clock."""
    market = StoredMarket(path)
    stage = _AskedStage(market.session.open + LEAD * MINUTE, has_reader=speed < _AT_ONCE)
    ReplayRunner(stage, [market], speed, LEAD * MINUTE).run(Run(RunListener()))
    stage.finish()
    waits, is_sample = 1e3 * np.array(stage.waits), np.array(stage.is_sample)
    ticks = 1e3 * np.array(stage.ticks)
    return Played(
        core=stage.spent / stage.passed,
        tick=float(np.median(ticks[~is_sample])),
        sample=float(np.median(ticks[is_sample])),
        median=float(np.percentile(waits, 50)),
        p99=float(np.percentile(waits, 99)),
        calm_p99=float(np.percentile(waits[~is_sample], 99)),
        sample_lag=max(stage.sample_lags),
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        records=stage.records / len(waits),
        speed=len(waits) / stage.passed,
    )


def _in_a_process(path: Path, speed: float) -> Played:
    command = [sys.executable, "-m", "benchmarks.universe", "play", str(path), str(speed)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603
    return Played(**json.loads(done.stdout))


if __name__ == "__main__":
    if sys.argv[1:2] == ["play"]:
        print(json.dumps(asdict(play(Path(sys.argv[2]), float(sys.argv[3])))))
    else:
        main([int(word) for word in sys.argv[1:]] or list(_MULTIPLES))
