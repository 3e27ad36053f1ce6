"""A feed recorded and answered from: stopped and gone on with, away and back, with no room left."""

import datetime
import json
import resource
import shutil
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import pytest

from runtime.feeds_on_ports import clock, eventually, recording, sending
from runtime.local_market import LocalMarket, running
from session.made_tape import DATE, OPEN, SECOND
from tape.live_day import SPAN, source
from zerodte.clock import new_york_clock
from zerodte.feeds.feed import FeedConnection, FeedError
from zerodte.feeds.synthetic_tape import write_synthetic_tape
from zerodte.feeds.tcp_client import TcpFeed
from zerodte.market.calendar import calendar
from zerodte.market.osi import format_osi
from zerodte.runtime import feed_client, live_runner
from zerodte.runtime.live_runner import LiveRunner
from zerodte.runtime.market_thread import Run, RunListener
from zerodte.runtime.replay import replay
from zerodte.service.stage import Stage
from zerodte.session.session import Session
from zerodte.tape.checksums import MANIFEST
from zerodte.tape.folder import Tape, TapeError, open_tape
from zerodte.tape.tick_assembler import Arrival
from zerodte.views.snapshot import snapshot
from zerodte.wire.errors import ApiError
from zerodte.wire.hedge_flow import HedgeFlowQuery
from zerodte.wire.snapshot import SnapshotQuery

#: The tape's minutes in a third of a second.
QUICK = 500.0
SNAPSHOT = SnapshotQuery(symbol="ABC")
HEDGE_FLOW = HedgeFlowQuery(symbol="ABC")
Lines = list[dict[str, Any]]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    return source(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="module")
def whole(tape: Tape, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording of an uninterrupted morning."""
    root = tmp_path_factory.mktemp("whole")
    with sending(tape, QUICK) as feed, recording(feed, root) as market:
        eventually(lambda: is_done(market.runner.folder))
    return market.runner.folder


def commits(folder: Path) -> Lines:
    """The lines of `ticks`; what a recorder is writing just now left out."""
    return [json.loads(line) for line in (folder / "ticks").read_text().split("\n")[:-1]]


def commit_count(folder: Path) -> int:
    """How many ticks are recorded."""
    return (folder / "ticks").read_bytes().count(b"\n")


def last_commit(folder: Path) -> dict[str, Any]:
    """The last of `commits`; empty while there is none."""
    lines = (folder / "ticks").read_text().rpartition("\n")[0]
    found: dict[str, Any] = json.loads(lines.rpartition("\n")[2] or "{}")
    return found


def is_done(folder: Path) -> bool:
    """Whether all that was sent has been recorded, and some silence."""
    end: int = last_commit(folder).get("end", 0)
    return end >= OPEN + (SPAN + 10) * SECOND


def has_no_gap_now(folder: Path) -> bool:
    """Whether what was recorded last is complete."""
    last = last_commit(folder)
    return bool(last) and "gap" not in last


def now(market: LocalMarket[LiveRunner]) -> str:
    answer: str = json.loads(market.answer(SNAPSHOT))["as_of"]
    return answer


def has_reason(market: LocalMarket[LiveRunner], text: str) -> bool:
    """Whether health gives a reason with a text."""
    return any(text in reason for reason in market.health.reasons)


def has_snapshot(market: LocalMarket[LiveRunner]) -> bool:
    """Whether a quote of the chain could be used already."""
    try:
        now(market)
    except ApiError:
        return False
    return True


def last_clock(market: LocalMarket[LiveRunner]) -> str:
    """When the last tick that was recorded ended."""
    return f"{new_york_clock(last_commit(market.runner.folder)['end']):%H:%M:%S} New York"


def content(folder: Path) -> dict[str, bytes]:
    """Every file, except for what only a stop leaves."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != MANIFEST}


def assert_same(folder: Path, whole: Path) -> None:
    """Two recordings have the same bytes, as far as both go."""
    mine, theirs = content(folder), content(whole)
    assert mine.keys() == theirs.keys()
    for name in mine.keys() - {"ticks"}:
        assert mine[name] == theirs[name], name
    size = min(len(mine["ticks"]), len(theirs["ticks"]))
    assert mine["ticks"][:size] == theirs["ticks"][:size]


def test_live_answers_are_those_of_a_replay(tape: Tape, tmp_path: Path) -> None:
    with sending(tape) as feed, recording(feed, tmp_path) as market:
        assert market.runner.folder == tmp_path / "2025-06-02"
        eventually(lambda: market.runner.is_over)
        assert now(market) >= "2025-06-02T20:00:00Z"
        live = market.answer(SNAPSHOT)
        assert market.health.status == "Healthy"
    again = replay(open_tape(market.runner.folder))
    assert live == snapshot(again, "live", SNAPSHOT)
    assert json.loads(live)["source"] == "live"
    sent = replay(tape)
    assert again.digest == sent.digest
    assert again.market.flow.records.tolist() == sent.market.flow.records.tolist()


@pytest.mark.drill
@pytest.mark.parametrize("ticks", [0, 1, 10_000, 10_900])
def test_stopped_anywhere_and_gone_on_with(
    tape: Tape, whole: Path, tmp_path: Path, ticks: int
) -> None:
    """Every file has the same bytes as without the stop."""
    with sending(tape, QUICK) as feed:
        with recording(feed, tmp_path) as market:
            eventually(lambda: commit_count(market.runner.folder) >= ticks)
        assert commit_count(market.runner.folder) >= ticks
        with recording(feed, tmp_path) as market:
            eventually(lambda: is_done(market.runner.folder))
    assert_same(market.runner.folder, whole)


def test_a_recording_is_answered_from_at_once(tape: Tape, whole: Path, tmp_path: Path) -> None:
    """A killed one, while the feed has not come so far."""
    folder = tmp_path / whole.name
    shutil.copytree(whole, folder, ignore=shutil.ignore_patterns(MANIFEST))
    lines = [line for line in commits(whole) if line["end"] <= OPEN + 100 * SECOND]
    (folder / "ticks").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with sending(tape, 1e-3) as feed, recording(feed, tmp_path) as market:
        eventually(lambda: market.health.status == "Healthy")
        assert now(market) == "2025-06-02T13:31:40Z"


@pytest.mark.drill
def test_the_down_time_is_a_gap_where_a_feed_does_not_go_on(
    tape: Tape, whole: Path, tmp_path: Path
) -> None:
    with sending(tape, 40.0, is_resumable=False) as feed:
        with recording(feed, tmp_path) as market:
            eventually(lambda: commit_count(market.runner.folder) >= 20)
        kept = commits(market.runner.folder)
        down = kept[-1]["end"]
        eventually(lambda: clock(feed) > down + 20 * SECOND)
        with recording(feed, tmp_path) as market:
            eventually(market.log.is_ready.is_set)
            eventually(lambda: last_commit(market.runner.folder)["end"] > OPEN + SPAN * SECOND)
    lines = commits(market.runner.folder)
    late = [line["end"] for line in lines if line.get("gap") == "the recording began late"]
    missed = [line["end"] for line in lines if line.get("gap") == "the server was down"]
    assert missed == list(range(down + SECOND, missed[-1] + 1, SECOND))
    assert len(missed) >= 20
    assert records(market.runner.folder, missed) == 0
    mine, theirs = by_second(market.runner.folder), by_second(whole)
    assert mine == {end: theirs[end] for end in theirs if end not in (*late, *missed)}
    session = replay(open_tape(market.runner.folder))
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
    with sending(tape, 100.0, is_resumable=False) as feed:
        eventually(lambda: clock(feed) > OPEN + 20 * SECOND)
        with recording(feed, tmp_path) as market:
            eventually(lambda: has_no_gap_now(market.runner.folder))
    lines = commits(market.runner.folder)
    assert lines[0]["end"] == OPEN + SECOND
    late = [line["end"] for line in lines if line.get("gap") == "the recording began late"]
    assert late == [OPEN + n * SECOND for n in range(1, len(late) + 1)]
    assert 20 <= len(late) < len(lines)


def test_a_feed_that_comes_back_goes_on_where_it_was(
    tape: Tape, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_client, "_ABSENCE", 60.0)
    with ExitStack() as stack:
        with sending(tape, 50.0) as feed:
            market = stack.enter_context(recording(feed, tmp_path))
            eventually(lambda: commit_count(market.runner.folder) >= 20)
            eventually(market.log.is_ready.is_set)
            # The first sample makes the first bar, half a minute after the open.
            eventually(lambda: json.loads(market.answer(HEDGE_FLOW))["bars"])
        away = f"the feed at {feed.name} is away since"
        eventually(lambda: has_reason(market, f"{away} {last_clock(market)}: "))
        (reason,) = market.health.reasons
        assert reason.endswith("reconnecting")
        assert json.loads(market.answer(HEDGE_FLOW))["bars"]
        stack.enter_context(sending(tape, QUICK, port=int(feed.name.split(":")[1])))
        eventually(lambda: is_done(market.runner.folder) and not has_reason(market, "away"))
    assert_same(market.runner.folder, whole)


@pytest.mark.drill
def test_time_passes_without_the_feed(
    tape: Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was missed comes late, and is there in the end; the time without it is a gap."""
    monkeypatch.setattr(feed_client, "_ABSENCE", 0.05)
    with ExitStack() as feeds, ExitStack() as markets:
        with sending(tape, 50.0) as feed:
            market = markets.enter_context(recording(feed, tmp_path))
            eventually(lambda: commit_count(market.runner.folder) >= 20)
        # The first seconds without it may still be of what it had sent.
        eventually(lambda: seconds_away(market.runner.folder) > 20)
        feeds.enter_context(sending(tape, QUICK, port=int(feed.name.split(":")[1])))
        # Time alone gets as far; without a gap it is the feed that did.
        eventually(lambda: is_done(market.runner.folder) and has_no_gap_now(market.runner.folder))
    session = replay(open_tape(market.runner.folder))
    (gap,) = [gap for gap in session.gaps(None, session.now) if gap.reason == "the feed was away"]
    assert gap.end - gap.start >= 19 * SECOND
    assert volumes(session) == volumes(replay(tape))


def seconds_away(folder: Path) -> int:
    return sum(line.get("gap") == "the feed was away" for line in commits(folder))


def volumes(session: Session) -> dict[str, float]:
    contracts = session.market.contracts
    return {
        format_osi(contracts.contract(position)): volume
        for position, volume in enumerate(session.market.flow.traded[: len(contracts)].tolist())
    }


def test_a_feed_of_another_day_is_not_recorded_here(tape: Tape, tmp_path: Path) -> None:
    hours = calendar().session(datetime.date(2024, 11, 27))
    assert hours is not None
    write_synthetic_tape(tmp_path / "other", hours)
    with ExitStack() as stack:
        with sending(tape, 50.0) as feed:
            market = stack.enter_context(recording(feed, tmp_path / "root"))
            eventually(lambda: commit_count(market.runner.folder) >= 20)
        other = open_tape(tmp_path / "other")
        stack.enter_context(sending(other, port=int(feed.name.split(":")[1])))
        refusal = "its session of 2024-11-27 has another date"
        eventually(lambda: refusal in " ".join(market.health.reasons))
    assert [path.name for path in (tmp_path / "root").iterdir()] == [DATE.isoformat()]


def test_without_room_nothing_new_is_shown_until_there_is(
    tape: Tape, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit on files' sizes stands for a disk that is full."""
    monkeypatch.setattr(feed_client, "_ABSENCE", 60.0)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    with ExitStack() as stack:
        # However busy the machine is, quotes come for long enough.
        with sending(tape, 5.0) as feed:
            market = stack.enter_context(recording(feed, tmp_path))
            eventually(lambda: commit_count(market.runner.folder) >= 20)
            eventually(lambda: has_snapshot(market))
            size = (market.runner.folder / "opra.pillar.cbbo-1s.dbn.zst").stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, most))
            try:
                eventually(lambda: has_reason(market, "nothing new is recorded or shown: "))
                (reason,) = market.health.reasons
                assert "File too large; writing is retried" in reason
                last = last_commit(market.runner.folder)["end"]
                shown = datetime.datetime.fromisoformat(now(market))
                assert shown.timestamp() * SECOND == last
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
            eventually(lambda: not has_reason(market, "nothing new"))
        stack.enter_context(sending(tape, QUICK, port=int(feed.name.split(":")[1])))
        eventually(lambda: is_done(market.runner.folder))
    assert_same(market.runner.folder, whole)


@pytest.mark.drill
def test_deleted_files_of_the_recording_are_noticed(
    tape: Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_runner, "_LOOK_EVERY", 0.0)
    with sending(tape, 50.0) as feed, recording(feed, tmp_path) as market:
        eventually(lambda: commit_count(market.runner.folder) >= 20)
        eventually(market.log.is_ready.is_set)
        shutil.rmtree(market.runner.folder)
        # Files go one by one, and the folder is looked at meanwhile.
        first = "opra.pillar.cbbo-1s.dbn.zst, "
        eventually(lambda: has_reason(market, first) and has_reason(market, "deleted or moved"))
        (reason,) = market.health.reasons
        assert "is not recorded" in reason
        before = now(market)
        eventually(lambda: now(market) > before)


def test_a_replaced_file_of_the_recording_is_noticed(
    tape: Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_runner, "_LOOK_EVERY", 0.0)
    with sending(tape, 50.0) as feed, recording(feed, tmp_path) as market:
        ticks = market.runner.folder / "ticks"
        eventually(lambda: commit_count(market.runner.folder) >= 20)
        shutil.copy(ticks, tmp_path / "copy")
        (tmp_path / "copy").rename(ticks)
        eventually(lambda: has_reason(market, "ticks deleted or moved"))


class FreezingConnection:
    """A connection to a feed that, once it is frozen, stays open and sends nothing."""

    def __init__(self, connection: FeedConnection, frozen: threading.Event) -> None:
        self._connection, self._frozen = connection, frozen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def receive(self, timeout: float) -> list[Arrival]:
        """What has come, or nothing after the time."""
        if self._frozen.is_set():
            self._frozen.wait(timeout)
            return []
        return self._connection.receive(timeout)


class FreezingFeed:
    """A feed whose connections a test can freeze."""

    def __init__(self, feed: TcpFeed) -> None:
        self.name = feed.name
        self.frozen = threading.Event()
        self._feed = feed

    def connect(self) -> FeedConnection:
        """Connect."""
        return cast("FeedConnection", FreezingConnection(self._feed.connect(), self.frozen))

    def interrupt(self) -> None:
        """Its wait is that of the feed."""
        self._feed.interrupt()


def test_a_frozen_feed_is_not_healthy(
    tape: Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is connected and sends nothing: time passes, and answers become impossible."""
    monkeypatch.setattr(feed_client, "_SILENCE", 0.2)
    with sending(tape, 20.0) as feed:
        freezing = FreezingFeed(feed)
        with running(LiveRunner(Stage(), freezing, tmp_path)) as market:
            eventually(market.log.is_ready.is_set)
            assert not has_reason(market, "sent nothing")
            freezing.frozen.set()
            eventually(lambda: has_reason(market, "connected, but has sent nothing for"))
            assert market.health.status == "Unhealthy"
            freezing.frozen.clear()
            eventually(lambda: not has_reason(market, "sent nothing"))


class HalvingConnection:
    """A connection to a feed that has ended: first the half of what it sent, then the rest."""

    def __init__(self, connection: FeedConnection) -> None:
        self._connection = connection
        self._later: list[Arrival] | None = None
        self.is_over = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def receive(self, timeout: float) -> list[Arrival]:
        """The next half."""
        if self._later is not None:
            self.is_over = True
            return self._later
        arrivals: list[Arrival] = []
        while not self._connection.is_over:
            arrivals += self._connection.receive(timeout)
        half = len(arrivals) // 2
        self._later = arrivals[half:]
        return arrivals[:half]


class HalvingFeed:
    """A feed that has ended; see `HalvingConnection`."""

    def __init__(self, feed: TcpFeed) -> None:
        self.name = feed.name
        self._feed = feed

    def connect(self) -> FeedConnection:
        """Connect."""
        return cast("FeedConnection", HalvingConnection(self._feed.connect()))

    def interrupt(self) -> None:
        """It never waits long."""


class StopAtCommit(RunListener):
    """Stops a run when the last tick that is committed was applied."""

    def __init__(self, folder: Path) -> None:
        self.stopped = threading.Event()
        self._folder = folder

    def on_progress(self, now: int) -> None:
        """Stop, if that was the last one."""
        if now == last_commit(self._folder)["end"]:
            self.stopped.set()


def test_a_session_that_is_stopped_before_its_end_is_not_over(tape: Tape, tmp_path: Path) -> None:
    """The rest has been received by then, but neither recorded nor shown."""
    hours = calendar().session(DATE)
    assert hours is not None
    with sending(tape) as feed:
        eventually(lambda: clock(feed) > hours.late_close + 60 * SECOND)
        runner = LiveRunner(Stage(), HalvingFeed(feed), tmp_path)
        listener = StopAtCommit(runner.folder)
        runner.run(Run(listener, listener.stopped))
        assert listener.stopped.is_set()
        assert last_commit(runner.folder)["end"] < hours.close
        assert not runner.is_over
        with recording(feed, tmp_path) as market:
            eventually(lambda: market.runner.is_over)
    assert last_commit(runner.folder)["end"] >= hours.close


def test_what_cannot_begin_is_a_clear_error(tape: Tape, tmp_path: Path) -> None:
    with sending(tape) as feed:
        with recording(feed, tmp_path), pytest.raises(TapeError, match="another process"):
            LiveRunner(Stage(), feed, tmp_path)
        (tmp_path / "file").write_text("no folder")
        with pytest.raises(OSError, match="Not a directory"):
            LiveRunner(Stage(), feed, tmp_path / "file")
    with pytest.raises(FeedError, match=f"the feed at {feed.name} cannot be reached: .*refused"):
        LiveRunner(Stage(), feed, tmp_path)
