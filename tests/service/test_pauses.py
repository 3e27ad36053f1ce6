"""A sample of many symbols lets others read meanwhile, and answers nothing from half of itself."""

import threading

import pytest

from session.cut_tape import SYMBOLS, simulated
from zerodte.constants import SAMPLE_INTERVAL
from zerodte.runtime.replay import begin, replay
from zerodte.service.local_service import LocalService
from zerodte.service.stage import CurrentSession, Stage
from zerodte.service.yielding_lock import YieldingLock
from zerodte.session.session import Session
from zerodte.tape.folder import Tape, open_tape
from zerodte.wire.errors import ApiError
from zerodte.wire.heatmap import HeatmapQuery
from zerodte.wire.leaderboard import LeaderboardQuery
from zerodte.wire.query import Query
from zerodte.wire.series import SeriesQuery
from zerodte.wire.snapshot import SnapshotQuery


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    return open_tape(simulated(tmp_path_factory.mktemp("made") / "tape"))


def about(symbol: str, at: int | None = None) -> list[Query]:
    return [kind(symbol=symbol, at=at) for kind in (SnapshotQuery, SeriesQuery, HeatmapQuery)]


def outcomes(service: LocalService, queries: list[Query]) -> list[bytes | str]:
    return [outcome(service, query) for query in queries]


def outcome(service: LocalService, query: Query) -> bytes | str:
    try:
        return service.answer(query)
    except ApiError as error:
        return error.code


def served(session: Session) -> LocalService:
    stage = Stage()
    stage.show(CurrentSession(session, "simulated"))
    return LocalService(stage)


def test_whoever_reads_between_two_symbols(tape: Tape, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, session = Stage(), begin(tape)
    current = CurrentSession(session, "simulated")
    stage.show(current)
    service = LocalService(stage)
    read: set[int] = set()
    live: dict[str, list[bytes | str]] = {}

    def reading(lock: YieldingLock) -> None:
        """As one who waits would, while the lock is free."""
        lock.release()
        read.add(session.now)
        for symbol in SYMBOLS:
            # The sample under way is no past yet, whether the symbol has it or not.
            assert set(outcomes(service, about(symbol, session.now))) == {"invalid_at"}
            # Of instants before the first sample there is nothing to say, in other words then.
            if session.complete >= session.hours.open + SAMPLE_INTERVAL:
                assert outcomes(service, about(symbol, session.complete)) == past[symbol]
            # What is true now, though, is what will be true once all of them have it.
            live.setdefault(symbol, outcomes(service, about(symbol)))
        service.answer(LeaderboardQuery())
        lock.acquire()

    monkeypatch.setattr(YieldingLock, "let_in", reading)
    for tick in tape.ticks():
        past = {symbol: outcomes(service, about(symbol, session.complete)) for symbol in SYMBOLS}
        stage.apply(current, tick, lambda _: 0.0)
        assert session.complete == session.now
        for symbol, answers in live.items():
            assert outcomes(service, about(symbol)) == answers
        live.clear()
    # At each sample.
    assert len(read) >= 5
    # What was read has changed nothing.
    alone = served(replay(tape))
    queries = [query for symbol in SYMBOLS for query in about(symbol)]
    assert outcomes(service, queries) == outcomes(alone, queries)


def test_who_waits_reads_before_the_lock_is_taken_again() -> None:
    lock, order = YieldingLock(), []

    def read() -> None:
        with lock:
            order.append("reader")

    with lock:
        assert not lock.acquire(blocking=False)
        order.append("before")
        lock.let_in()  # nobody waits
        order.append("between")
        reader = threading.Thread(target=read)
        reader.start()
        while not lock.is_wanted:
            pass
        lock.let_in()
        order.append("after")
    reader.join()
    assert order == ["before", "between", "reader", "after"]
    assert lock.acquire(blocking=False)
