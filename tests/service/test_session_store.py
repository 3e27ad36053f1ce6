"""Finished sessions are written behind the server's back, answered from at once, and never lost."""

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from history.made_days import DATE, made_day, same
from runtime.local_market import ready
from session.made_tape import quotes, stock, trades, write
from zerodte.constants import MINUTE, SECOND
from zerodte.history.error import HistoryError
from zerodte.history.history import History
from zerodte.history.stored import StoredSession
from zerodte.runtime.replay import replay
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.service.session_store import SessionStore, stored_sessions
from zerodte.service.stage import Stage
from zerodte.tape.folder import Tape, open_tape
from zerodte.wire.snapshot import SnapshotQuery

DAYS = [date(2025, 6, day) for day in (2, 3, 4, 5)]
LONG = 30.0


class WatchedHistory(History):
    """A history that says when something was tried, for tests that wait for it."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.tried = threading.Semaphore(0)

    def store(self, finished: StoredSession) -> int:
        """Try, and say so."""
        try:
            return super().store(finished)
        finally:
            self.tried.release()


@contextmanager
def writing(store: SessionStore) -> Iterator[SessionStore]:
    store.start()
    try:
        yield store
    finally:
        store.stop()


def test_what_is_finished_is_answered_at_once_and_written_by_the_end(tmp_path: Path) -> None:
    store = SessionStore(History(str(tmp_path)))
    store.store([made_day(1, 40), made_day(2, 40, symbol="BBB")])
    assert same(store.read(DATE, "BBB"), made_day(2, 40, symbol="BBB"))
    assert not list(tmp_path.iterdir())
    with writing(store):
        pass
    assert store.problem is None
    assert same(History(str(tmp_path)).read(DATE, "AAA"), made_day(1, 40))
    assert same(History(str(tmp_path)).read(DATE, "BBB"), made_day(2, 40, symbol="BBB"))


def test_past_sessions_are_read_and_unknown_ones_are_none(tmp_path: Path) -> None:
    History(str(tmp_path)).store(made_day(1, 40))
    store = SessionStore(History(str(tmp_path)))
    assert same(store.read(DATE, "AAA"), made_day(1, 40))
    assert store.read(DATE, "BBB") is None
    assert store.read(DAYS[1], "AAA") is None


def test_opened_sessions_stay_as_long_as_there_is_room(tmp_path: Path) -> None:
    history = History(str(tmp_path))
    for symbol in ("AAA", "BBB", "CCC"):
        history.store(made_day(1, 40, symbol=symbol))
    store = SessionStore(history, max_bytes=2 * made_day(1, 40).nbytes)
    first = store.read(DATE, "AAA")
    store.read(DATE, "BBB")
    assert store.read(DATE, "AAA") is first
    store.read(DATE, "CCC")
    assert store.read(DATE, "AAA") is first
    (tmp_path / f"date={DATE}" / "BBB.parquet").unlink()
    assert store.read(DATE, "BBB") is None


def test_a_root_that_cannot_be_written_is_tried_until_it_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = tmp_path / "root"
    root.write_text("in the way")
    history = WatchedHistory(str(root))
    with writing(SessionStore(history, retry_seconds=0.01)) as store:
        store.store([made_day(1, 40)])
        for _ in range(3):
            assert history.tried.acquire(timeout=LONG)
        problem = str(store.problem)
        assert problem.startswith("finished sessions cannot be stored yet: ")
        assert problem.endswith("Not a directory")
        assert same(store.read(DATE, "AAA"), made_day(1, 40))
        root.unlink()
    assert store.problem is None
    assert same(History(str(root)).read(DATE, "AAA"), made_day(1, 40))
    # Said once, however often it is tried; that it cannot be listed likewise.
    said = Counter(record.levelname for record in caplog.records)
    assert said["ERROR"] == 1
    assert said["WARNING"] <= 1


def test_one_that_cannot_be_written_holds_no_other_up(tmp_path: Path) -> None:
    (tmp_path / f"date={DATE}" / "AAA.parquet" / "in the way").mkdir(parents=True)
    store = SessionStore(History(str(tmp_path)))
    with writing(store):
        store.store([made_day(1, 40), made_day(2, 40, symbol="BBB")])
    assert store.problem is not None
    assert same(History(str(tmp_path)).read(DATE, "BBB"), made_day(2, 40, symbol="BBB"))


def test_of_many_that_wait_the_newest_days_are_held(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = SessionStore(History(str(tmp_path)))
    for day in DAYS:
        store.store([made_day(1, 4, date=day), made_day(1, 4, symbol="BBB", date=day)])
    with writing(store):
        pass
    assert list(History(str(tmp_path)).sizes()) == DAYS[-2:]
    assert [record.getMessage() for record in caplog.records][:1] == [
        "AAA of 2025-06-02 was not stored; replay its tape to store it"
    ]
    assert len(caplog.records) == 4


def test_a_damaged_session_is_logged_once_and_read_when_it_is_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    history = History(str(tmp_path))
    history.store(made_day(1, 40))
    (file,) = tmp_path.rglob("*.parquet")
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    store = SessionStore(history)
    for _ in range(3):
        with pytest.raises(HistoryError, match="damaged"):
            store.read(DATE, "AAA")
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    file.write_bytes(content)
    assert same(store.read(DATE, "AAA"), made_day(1, 40))


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    """Ten seconds of one chain; the day after them is silence."""
    return write(
        tmp_path_factory.mktemp("tape"),
        ("cbbo-1s", quotes("cbbo-1s", 200, 10, seed=1)),
        ("tcbbo", trades("tcbbo", 20, 10, seed=2)),
        ("bbo-1s", stock(10)),
    )


@pytest.mark.drill
def test_a_session_is_kept_at_its_close_and_not_before(tape: Tape, tmp_path: Path) -> None:
    session, store = replay(tape), SessionStore(History(str(tmp_path)))
    session.advance(tape.session.close - SECOND)
    store.store_if_over(session, "replay")
    assert stored_sessions(session, "replay") == []
    assert store.read(tape.session.date, "ABC") is None
    session.advance(tape.session.close)
    store.store_if_over(session, "replay")
    found = store.read(tape.session.date, "ABC")
    assert found is not None
    assert found.source == "replay"
    assert same(found.day, session.samples("ABC"))
    assert len(found.day) == 780


def test_a_session_is_kept_again_when_its_gaps_change(tape: Tape, tmp_path: Path) -> None:
    session, history = replay(tape), WatchedHistory(str(tmp_path))
    session.advance(tape.session.close)
    with writing(SessionStore(history)) as store:
        store.store_if_over(session, "live")
        assert history.tried.acquire(timeout=LONG)
        store.store_if_over(session, "live")
        session.note_gap(tape.session.open + MINUTE, tape.session.close, "the feed was down")
        store.store_if_over(session, "live")
    assert history.tried.acquire(blocking=False), "once more for the gap"
    assert not history.tried.acquire(blocking=False), "and not for nothing"
    kept = History(str(tmp_path)).header(tape.session.date, "ABC")
    assert kept is not None
    assert [gap.reason for gap in kept.gaps] == ["silence", "the feed was down"]


@pytest.mark.drill
def test_a_market_keeps_its_session(spxw_tape: Path, tmp_path: Path) -> None:
    opened = open_tape(spxw_tape)
    stage = Stage(SessionStore(History(str(tmp_path / "kept"))))
    with ready(ReplayRunner(stage, [opened])) as market:
        pass
    assert (market.health.status, market.health.warnings) == ("Healthy", ())
    kept = History(str(tmp_path / "kept")).read(date(2021, 1, 4), "SPX")
    assert kept is not None
    assert same(kept.day, replay(opened).samples("SPX"))


@pytest.mark.drill
def test_a_market_that_cannot_keep_its_session_answers_and_says_so(
    spxw_tape: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    history = WatchedHistory(str(tmp_path / "file"))
    stage = Stage(SessionStore(history, retry_seconds=0.01))
    with ready(ReplayRunner(stage, [open_tape(spxw_tape)])) as market:
        for _ in range(2):
            assert history.tried.acquire(timeout=LONG)
        health = market.health
        assert health.status == "Healthy"
        assert "Not a directory" in health.warnings[0]
        assert b'"SPX"' in market.answer(SnapshotQuery(symbol="SPX"))
