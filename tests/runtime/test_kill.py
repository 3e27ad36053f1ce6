"""A server that is killed while its feed goes on, and started again."""

from pathlib import Path

import pytest

from runtime.killing import (
    CHANCE,
    FAST,
    answers,
    content,
    feed,
    last_commit,
    live,
    poll,
    recorded,
    unlike,
)
from session.made_tape import OPEN, SECOND
from tape.live_day import SPAN, source
from zerodte.records.tick import Tick
from zerodte.tape.folder import Tape

#: Seconds of the feed in one of the wall clock: the tape's minutes pass while a server is killed.
SPEED = 12.0


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    return source(tmp_path_factory.mktemp("source"))


def test_nothing_is_lost_where_the_feed_goes_on(tape: Tape, tmp_path: Path) -> None:
    """One life ends while it answers, one as it starts, and the last sees the close."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    with feed(tape.path, FAST) as fast:
        with feed(tape.path, SPEED) as slow:
            with live(slow, killed) as address:
                seen = poll(address, "ABC", times=5, seconds=CHANCE.uniform(0.0, 1.0))
            assert last_commit(killed) > OPEN
            with live(slow, killed) as address:
                seen |= poll(address, "ABC", seconds=CHANCE.uniform(0.0, 1.0))
        there = answers(fast, killed, tape.session.close)
        here = answers(fast, whole, tape.session.close)
    assert content(killed) == content(whole)
    assert len(seen) >= 5
    assert unlike(seen, recorded(whole), "ABC") == []
    assert len(here) >= 2
    assert there == here


def test_the_down_time_is_a_gap_and_nothing_else_differs(tape: Tape, tmp_path: Path) -> None:
    with feed(tape.path, SPEED, is_resumable=False) as at:
        with live(at, tmp_path) as address:
            seen = poll(address, "ABC", times=5)
        down = last_commit(tmp_path)
        with live(at, tmp_path) as address:
            seen |= poll(address, "ABC", times=5)
    mine = recorded(tmp_path)
    ticks = [tick for tick in mine.ticks() if tick.end <= OPEN + SPAN * SECOND]
    gap = [tick.end for tick in ticks if tick.gap == "the server was down"]
    assert gap == list(range(down + SECOND, gap[-1] + 1, SECOND))
    late = [tick.end for tick in ticks if tick.gap == "the recording began late"]
    assert {tick.gap for tick in ticks if tick.end not in (*gap, *late)} == {""}
    sent = {tick.end: market(tick) for tick in tape.ticks()}
    for tick in ticks:
        is_heard = tick.end not in (*gap, *late)
        assert market(tick) == (sent.get(tick.end, []) if is_heard else [])
    assert unlike(seen, mine, "ABC") == []


def market(tick: Tick) -> list[bytes]:
    """The records of quotes and trades."""
    batches = (*tick.underlying, *tick.quotes, *tick.trades)
    return [batch.records.tobytes() for batch in batches]
