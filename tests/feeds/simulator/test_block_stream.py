"""A simulation in a child process: same blocks, reported errors, no orphans."""

import datetime
import functools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from feeds.simulator.fake_simulation import (
    ChattyPid,
    DyingSimulation,
    FailingSimulation,
    FakeSimulation,
)
from processes import has_ended
from zerodte.feeds.simulator.block_stream import BlockStream, StreamError

DATE = datetime.date(2025, 6, 2)
TESTS = Path(__file__).parents[2]

#: A reader that is killed: its child must end too.
ORPHAN = """
import datetime, functools, os, signal
from feeds.simulator.fake_simulation import ChattyPid
from zerodte.feeds.simulator.block_stream import BlockStream

stream = BlockStream(functools.partial(ChattyPid, datetime.date(2025, 6, 2), 30))
print(stream.symbols()["PID"][1], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def _reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child finds the made simulations."""
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path)


@pytest.fixture
def streams() -> Iterator[list[BlockStream]]:
    """Streams that are closed at the end, whatever happens."""
    opened: list[BlockStream] = []
    yield opened
    for stream in opened:
        stream.close()


def started(
    streams: list[BlockStream], kind: type[FakeSimulation], minutes: int = 3
) -> BlockStream:
    streams.append(BlockStream(functools.partial(kind, DATE, minutes)))
    return streams[-1]


def test_blocks_are_those_of_this_process(streams: list[BlockStream]) -> None:
    stream = started(streams, FakeSimulation)
    made = FakeSimulation(DATE)
    assert stream.symbols() == made.symbols
    read = list(stream.blocks())
    assert len(read) == 3
    for one, other in zip(read, made.blocks(), strict=True):
        assert (one.start, one.end) == (other.start, other.end)
        assert (one.contract_truth == other.contract_truth).all()
        for mine, theirs in zip(one.ticks(), other.ticks(), strict=True):
            assert mine.end == theirs.end
            assert [b.records.tobytes() for b in mine.quotes] == [
                b.records.tobytes() for b in theirs.quotes
            ]


def test_what_a_simulation_prints_is_no_block(streams: list[BlockStream]) -> None:
    assert len(list(started(streams, ChattyPid).blocks())) == 3


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (FailingSimulation, "the simulation failed: ZeroDivisionError: no market"),
        (DyingSimulation, "the simulating process ended early, status -9"),
    ],
)
def test_a_failure_is_told(
    streams: list[BlockStream], kind: type[FakeSimulation], said: str
) -> None:
    blocks = started(streams, kind).blocks()
    next(blocks)
    with pytest.raises(StreamError, match=said):
        next(blocks)


def test_a_reader_who_waits_hears_of_the_end(streams: list[BlockStream]) -> None:
    stream = started(streams, FakeSimulation, 380)
    heard: list[str] = []

    def read() -> None:
        try:
            for _ in stream.blocks():
                reading.set()
        except StreamError as error:
            heard.append(str(error))

    reading = threading.Event()
    reader = threading.Thread(target=read)
    reader.start()
    assert reading.wait(60)
    stream.close()
    reader.join(60)
    assert heard == ["the simulating process ended early, status -9"]


def test_a_child_does_not_outlive_its_reader() -> None:
    told = subprocess.run(
        [sys.executable, "-c", ORPHAN], capture_output=True, text=True, check=False
    )
    pid = int(told.stdout)
    assert has_ended(pid)
