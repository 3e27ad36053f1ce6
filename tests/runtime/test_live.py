"""A feed recorded and answered from: stopped and gone on with, away and back, with no room left."""

import datetime
import json
import resource
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from runtime.lines import clock, eventually, recording, sending
from session.made_tape import DATE, OPEN, SECOND
from tape.live_day import SPAN, source
from zerodte.constants import STRIKE_RANGE
from zerodte.feeds.feed import FeedError
from zerodte.feeds.synthetic_tape import write_synthetic_tape
from zerodte.market.calendar import calendar
from zerodte.market.osi import format_osi
from zerodte.runtime import reception
from zerodte.runtime.live import LiveMarket
from zerodte.runtime.replay import replay
from zerodte.session.session import Session
from zerodte.tape.folder import Tape, TapeError, open_tape
from zerodte.views.snapshot import snapshot

#: The tape's minutes in a third of a second.
QUICK = 500.0
Lines = list[dict[str, Any]]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    return source(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="module")
def whole(tape: Tape, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording of an uninterrupted morning."""
    root = tmp_path_factory.mktemp("whole")
    with sending(tape, QUICK) as line, recording(line, root) as market:
        eventually(lambda: is_done(market.folder))
    return market.folder


def commits(folder: Path) -> Lines:
    """The lines of `ticks`; what a recorder is writing just now left out."""
    return [json.loads(line) for line in (folder / "ticks").read_text().split("\n")[:-1]]


def is_done(folder: Path) -> bool:
    """Whether all that was sent has been recorded, and some silence."""
    lines = commits(folder)
    return bool(lines) and lines[-1]["end"] >= OPEN + (SPAN + 10) * SECOND


def now(market: LiveMarket) -> str:
    answer: str = json.loads(market.snapshot("ABC", None, STRIKE_RANGE))["as_of"]
    return answer


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def assert_same(folder: Path, whole: Path) -> None:
    """Two recordings have the same bytes, as far as both go."""
    mine, theirs = content(folder), content(whole)
    assert mine.keys() == theirs.keys()
    for name in mine.keys() - {"ticks"}:
        assert mine[name] == theirs[name], name
    size = min(len(mine["ticks"]), len(theirs["ticks"]))
    assert mine["ticks"][:size] == theirs["ticks"][:size]


def test_live_answers_are_those_of_a_replay(tape: Tape, tmp_path: Path) -> None:
    with sending(tape) as line, recording(line, tmp_path) as market:
        assert market.folder == tmp_path / "2025-06-02"
        eventually(lambda: market.is_over)
        assert now(market) >= "2025-06-02T20:00:00Z"
        live = market.snapshot("ABC", None, STRIKE_RANGE)
        assert market.health().status == "Healthy"
    again = replay(open_tape(market.folder))
    assert live == snapshot(again, "live", "ABC", None, STRIKE_RANGE)
    assert json.loads(live)["source"] == "live"
    assert again.digest == replay(tape).digest
    assert again.board.flow.records.tolist() == replay(tape).board.flow.records.tolist()


@pytest.mark.parametrize("ticks", [0, 1, 10_000, 10_900])
def test_stopped_anywhere_and_gone_on_with(
    tape: Tape, whole: Path, tmp_path: Path, ticks: int
) -> None:
    """Every file has the same bytes as without the stop."""
    with sending(tape, QUICK) as line:
        with recording(line, tmp_path) as market:
            eventually(lambda: len(commits(market.folder)) >= ticks)
        assert len(commits(market.folder)) >= ticks
        with recording(line, tmp_path) as market:
            eventually(lambda: is_done(market.folder))
    assert_same(market.folder, whole)


def test_a_recording_is_answered_from_at_once(tape: Tape, whole: Path, tmp_path: Path) -> None:
    """A killed one, while the feed has not come so far."""
    folder = tmp_path / whole.name
    shutil.copytree(whole, folder)
    lines = [line for line in commits(whole) if line["end"] <= OPEN + 100 * SECOND]
    (folder / "ticks").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with sending(tape, 1e-3) as line, recording(line, tmp_path) as market:
        eventually(lambda: market.health().status == "Healthy")
        assert now(market) == "2025-06-02T13:31:40Z"


def test_the_down_time_is_a_gap_where_a_feed_does_not_go_on(
    tape: Tape, whole: Path, tmp_path: Path
) -> None:
    with sending(tape, 40.0, is_resumable=False) as line:
        with recording(line, tmp_path) as market:
            eventually(lambda: len(commits(market.folder)) >= 20)
        kept = commits(market.folder)
        down = kept[-1]["end"]
        eventually(lambda: clock(line) > down + 20 * SECOND)
        with recording(line, tmp_path) as market:
            eventually(lambda: market.health().status == "Healthy")
            eventually(lambda: commits(market.folder)[-1]["end"] > OPEN + SPAN * SECOND)
    lines = commits(market.folder)
    late = [line["end"] for line in lines if line.get("gap") == "the recording began late"]
    missed = [line["end"] for line in lines if line.get("gap") == "the server was down"]
    assert missed == list(range(down + SECOND, missed[-1] + 1, SECOND))
    assert len(missed) >= 20
    assert records(market.folder, missed) == 0
    mine, theirs = by_second(market.folder), by_second(whole)
    assert mine == {end: theirs[end] for end in theirs if end not in (*late, *missed)}
    session = replay(open_tape(market.folder))
    (gap,) = [gap for gap in session.gaps(None, session.now) if gap.reason == "the server was down"]
    assert (gap.start, gap.end, gap.reason) == (down, missed[-1], "the server was down")


def by_second(folder: Path) -> dict[int, list[bytes]]:
    """The records of every tick of quotes and trades that has any."""
    return {
        tick.end: found
        for tick in open_tape(folder).ticks()
        if tick.end > OPEN
        and (
            found := [
                batch.records.tobytes() for batch in (*tick.underlying, *tick.quotes, *tick.trades)
            ]
        )
    }


def records(folder: Path, ends: list[int]) -> int:
    return sum(len(found) for end, found in by_second(folder).items() if end in ends)


def test_a_recording_that_begins_late_says_so(tape: Tape, tmp_path: Path) -> None:
    with sending(tape, 100.0, is_resumable=False) as line:
        eventually(lambda: clock(line) > OPEN + 20 * SECOND)
        with recording(line, tmp_path) as market:
            eventually(lambda: len(commits(market.folder)) > 60)
    lines = commits(market.folder)
    assert lines[0]["end"] == OPEN + SECOND
    late = [line["end"] for line in lines if line.get("gap") == "the recording began late"]
    assert late == [OPEN + n * SECOND for n in range(1, len(late) + 1)]
    assert 20 <= len(late) < len(lines)


def test_a_feed_that_comes_back_goes_on_where_it_was(
    tape: Tape, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "_ABSENCE", 60.0)
    with ExitStack() as stack:
        with sending(tape, 50.0) as line:
            market = stack.enter_context(recording(line, tmp_path))
            eventually(lambda: len(commits(market.folder)) >= 20)
            eventually(lambda: market.health().status == "Healthy")
        eventually(lambda: market.health().status == "Unhealthy")
        (reason,) = market.health().reasons
        assert reason.startswith(f"the feed at {line.name} is away since 09:30:")
        assert reason.endswith("it is called again")
        assert json.loads(market.snapshot("ABC", None, STRIKE_RANGE))["market_open"]
        stack.enter_context(sending(tape, QUICK, port=int(line.name.split(":")[1])))
        eventually(lambda: is_done(market.folder))
        assert market.health().status == "Healthy"
    assert_same(market.folder, whole)


def test_time_passes_without_the_feed(
    tape: Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was missed comes late, and is there in the end; the time without it is a gap."""
    monkeypatch.setattr(reception, "_ABSENCE", 0.05)
    with ExitStack() as stack:
        with sending(tape, 50.0) as line:
            market = stack.enter_context(recording(line, tmp_path))
            eventually(lambda: len(commits(market.folder)) >= 20)
        eventually(lambda: market.health().status == "Unhealthy")
        kept = len(commits(market.folder))
        eventually(lambda: len(commits(market.folder)) > kept + 20)
        stack.enter_context(sending(tape, QUICK, port=int(line.name.split(":")[1])))
        eventually(lambda: is_done(market.folder))
        market.stop()
    session = replay(open_tape(market.folder))
    (gap,) = [gap for gap in session.gaps(None, session.now) if gap.reason == "the feed was away"]
    assert gap.end - gap.start >= 19 * SECOND
    assert volumes(session) == volumes(replay(tape))


def volumes(session: Session) -> dict[str, float]:
    contracts = session.board.contracts
    return {
        format_osi(contracts.contract(position)): volume
        for position, volume in enumerate(session.board.flow.traded[: len(contracts)].tolist())
    }


def test_a_feed_of_another_day_is_not_recorded_here(tape: Tape, tmp_path: Path) -> None:
    hours = calendar().session(datetime.date(2024, 11, 27))
    assert hours is not None
    write_synthetic_tape(tmp_path / "other", hours)
    with ExitStack() as stack:
        with sending(tape, 50.0) as line:
            market = stack.enter_context(recording(line, tmp_path / "root"))
            eventually(lambda: len(commits(market.folder)) >= 20)
        other = open_tape(tmp_path / "other")
        stack.enter_context(sending(other, port=int(line.name.split(":")[1])))
        eventually(lambda: "it now sends 2024-11-27" in " ".join(market.health().reasons))
    assert [path.name for path in (tmp_path / "root").iterdir()] == [DATE.isoformat()]


def test_without_room_nothing_new_is_shown_until_there_is(
    tape: Tape, whole: Path, tmp_path: Path
) -> None:
    """A limit on files' sizes stands for a disk that is full."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    with sending(tape, 50.0) as line, recording(line, tmp_path) as market:
        eventually(lambda: len(commits(market.folder)) >= 20)
        eventually(lambda: market.health().status == "Healthy")
        size = (market.folder / "opra.pillar.cbbo-1s.dbn.zst").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, most))
        try:
            eventually(lambda: market.health().status == "Unhealthy")
            (reason,) = market.health().reasons
            assert reason.startswith("nothing new is recorded or shown: ")
            assert "File too large; it is tried again" in reason
            last = commits(market.folder)[-1]["end"]
            shown = datetime.datetime.fromisoformat(now(market))
            assert shown.timestamp() * SECOND == last
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        eventually(lambda: market.health().status == "Healthy")
        eventually(lambda: commits(market.folder)[-1]["end"] > OPEN + SPAN * SECOND)
    short, all_of_it = content(market.folder), content(whole)
    assert all(all_of_it[name].startswith(short[name]) for name in all_of_it)


def test_what_cannot_begin_is_a_clear_error(tape: Tape, tmp_path: Path) -> None:
    with sending(tape) as line:
        with recording(line, tmp_path), pytest.raises(TapeError, match="another process"):
            LiveMarket(line, tmp_path)
        (tmp_path / "file").write_text("no folder")
        with pytest.raises(OSError, match="Not a directory"):
            LiveMarket(line, tmp_path / "file")
    with pytest.raises(FeedError, match=f"the feed at {line.name} cannot be reached: .*refused"):
        LiveMarket(line, tmp_path)
