"""A server that is killed while its feed goes on, and started again."""

from pathlib import Path

import pytest

from runtime.killing import (
    CHANCE,
    FAST,
    answers,
    content,
    feed,
    gaps,
    last_commit,
    live,
    misheard,
    poll,
    recorded,
    unlike,
)
from session.made_tape import OPEN, SECOND
from tape.live_day import source
from zerodte.runtime.warmup import warm_up
from zerodte.tape.folder import Tape

pytestmark = pytest.mark.drill

#: Seconds of the feed in one of the wall clock: some of the tape's minutes pass while a server is
#: killed, and it has quotes still when a busy machine takes long to start another.
SPEED = 3.0


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    tape = source(tmp_path_factory.mktemp("source"))
    warm_up(tape.session)  # or else the feed's minutes pass while a server compiles
    return tape


@pytest.mark.parametrize("seed", range(1, 7))
def test_nothing_is_lost_where_the_feed_resumes(tape: Tape, tmp_path: Path, seed: int) -> None:
    """One life ends while it answers, one as it starts, and the last sees the close."""
    CHANCE.seed(seed)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    with feed(tape.path, FAST) as fast:
        with feed(tape.path, SPEED) as slow:
            with live(slow, killed) as address:
                seen = poll(address, "ABC", times=5, seconds=CHANCE.uniform(0.0, 1.0))
            assert last_commit(killed) > OPEN
            with live(slow, killed) as address:
                seen |= poll(address, "ABC", seconds=CHANCE.uniform(0.0, 1.0))
        there = answers(fast, killed, tape.session)
        here = answers(fast, whole, tape.session)
    assert content(killed) == content(whole)
    assert len(seen) >= 5
    assert unlike(seen, recorded(whole), "ABC") == []
    answered = [path for path, body in here.items() if b'"status":"ERROR"' not in body]
    assert len(answered) > len(here) / 2 >= 1
    assert there == here


def test_the_down_time_is_a_gap_and_nothing_else_differs(tape: Tape, tmp_path: Path) -> None:
    with feed(tape.path, SPEED, is_resumable=False) as at:
        with live(at, tmp_path) as address:
            seen = poll(address, "ABC", times=5)
        down = last_commit(tmp_path)
        with live(at, tmp_path) as address:
            seen |= poll(address, "ABC", times=5)
    mine = recorded(tmp_path)
    found = [(start, end) for start, end, why in gaps(mine) if why == "the server was down"]
    assert [start for start, _ in found] == [down + SECOND]
    assert {why for *_, why in gaps(mine)} <= {"the server was down", "the recording began late"}
    assert misheard(mine, tape, tape.session.close) == []
    assert unlike(seen, mine, "ABC") == []
