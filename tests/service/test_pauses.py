"""A sample of many symbols lets others read meanwhile, and answers nothing from half of itself."""

import pytest

from session.cut_tape import SYMBOLS, simulated
from zerodte.constants import SAMPLE_INTERVAL
from zerodte.runtime.replay import begin, replay
from zerodte.service import stage as stage_module
from zerodte.service.local_service import LocalService
from zerodte.service.stage import CurrentSession, Stage
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

    def reading(_: float) -> None:
        """In place of the wait, while the lock is free."""
        read.add(session.now)
        for symbol in SYMBOLS:
            # The sample under way is no past yet, whether the symbol has it or not.
            assert set(outcomes(service, about(symbol, session.now))) == {"invalid_at"}
            # Of instants before the first sample there is nothing to say, in other words then.
            if session.complete >= session.hours.open + SAMPLE_INTERVAL:
                assert outcomes(service, about(symbol, session.complete)) == past[symbol]
            outcomes(service, about(symbol))
        service.answer(LeaderboardQuery())

    monkeypatch.setattr(stage_module, "_HOLD_S", 0.0)
    monkeypatch.setattr("zerodte.service.stage.time.sleep", reading)
    for tick in tape.ticks():
        past = {symbol: outcomes(service, about(symbol, session.complete)) for symbol in SYMBOLS}
        stage.apply(current, tick, lambda _: 0.0)
        assert session.complete == session.now
    # At each sample.
    assert len(read) >= 5
    # What was read has changed nothing.
    alone = served(replay(tape))
    queries = [query for symbol in SYMBOLS for query in about(symbol)]
    assert outcomes(service, queries) == outcomes(alone, queries)


def test_nobody_is_let_in_within_a_short_tick(tape: Tape, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    current = CurrentSession(begin(tape), "simulated")

    def waiting(_: float) -> None:
        raise AssertionError("it let others in")

    monkeypatch.setattr(stage_module, "_HOLD_S", 60.0)
    monkeypatch.setattr("zerodte.service.stage.time.sleep", waiting)
    for tick in tape.ticks():
        stage.apply(current, tick, lambda _: 0.0)
    assert stage.progress.samples
