"""What a market tells of itself: versions, samples, counts."""

import dataclasses
import datetime
import math
import threading

import pytest

from session.synthetic import synthetic_tape
from zerodte.constants import SAMPLE_INTERVAL, SECOND
from zerodte.runtime.market_thread import Run, RunListener
from zerodte.runtime.replay import begin
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.service.local_service import LocalService
from zerodte.service.stage import Progress, Stage
from zerodte.session.session import Session
from zerodte.tape.folder import Tape
from zerodte.wire.pages import DocsQuery
from zerodte.wire.query import Query
from zerodte.wire.series import SeriesQuery
from zerodte.wire.snapshot import SnapshotQuery

SNAPSHOT = SnapshotQuery(symbol="ABC")
#: Answered from the last tick, from samples, and from neither.
QUERIES: list[Query] = [SNAPSHOT, SeriesQuery(symbol="ABC"), DocsQuery()]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    return synthetic_tape(tmp_path_factory.mktemp("tape"), datetime.date(2024, 11, 27))


@pytest.fixture
def session(tape: Tape) -> Session:
    return begin(tape)


def test_a_sample_is_said_once_when_its_time_has_passed(session: Session) -> None:
    progress, heard = Progress(), list[int]()
    leave = progress.subscribe(lambda: heard.append(session.now - session.hours.open))
    for seconds in (-60, 0, 1, 29, 30, 31, 45, 60, 150, 151):
        session.advance(session.hours.open + seconds * SECOND)
        progress.advance(session, 0.5)
    assert heard == [30 * SECOND, 60 * SECOND, 150 * SECOND]
    assert (progress.samples, progress.ticks) == (5, 10), "the silence until 150 held three"
    stats = progress.stats(session.left_out())
    assert (stats.tick_lag, stats.sample_lag) == (0.5, 0.5)
    leave()
    session.advance(session.hours.close + SAMPLE_INTERVAL)
    progress.advance(session, 0.5)
    assert len(heard) == 3
    total = progress.samples
    assert total == (session.hours.close - session.hours.open) // SAMPLE_INTERVAL
    session.advance(session.hours.close + 10 * SAMPLE_INTERVAL)
    progress.advance(session, 0.5)
    assert progress.samples == total, "none after the close"


def test_another_session_has_samples_of_its_own(tape: Tape) -> None:
    progress = Progress()
    for number in (1, 2):
        session = begin(tape)
        session.advance(session.hours.open + SAMPLE_INTERVAL)
        progress.advance(session, 0.0)
        assert progress.samples == number


def test_versions_grow_with_what_changes_an_answer(session: Session) -> None:
    progress = Progress()

    def grown(seconds: int) -> list[bool]:
        before = [progress.version(query) for query in QUERIES]
        session.advance(session.hours.open + seconds * SECOND)
        progress.advance(session, math.nan)
        return [progress.version(query) > was for query, was in zip(QUERIES, before, strict=True)]

    assert grown(-1) == [True, False, False]
    assert grown(0) == [True, True, True], "it opens"
    assert grown(1) == [True, False, False]
    assert grown(30) == [True, True, False]
    before = [progress.version(query) for query in QUERIES]
    progress.bump()
    assert [progress.version(query) for query in QUERIES] == [version + 1 for version in before]


def test_records_and_gaps_are_counted(tape: Tape) -> None:
    ticks = list(tape.ticks())
    reasons = ["", "the feed was away", "the feed was away", "", "the server was down"]
    progress, session = Progress(), begin(tape)
    for tick, reason in zip(ticks * 3, reasons, strict=False):
        progress.tick(dataclasses.replace(tick, gap=reason), session, math.nan)
    assert progress.gaps == 2
    counted = progress.stats({}).records
    assert counted["quotes"] == sum(
        len(batch.records) for tick in (ticks * 3)[: len(reasons)] for batch in tick.quotes
    )


def test_a_service_passes_on_what_the_progress_of_its_stage_says(tape: Tape) -> None:
    runner, heard = ReplayRunner(Stage(), [tape]), threading.Event()
    service = LocalService(runner.stage)
    service.subscribe(heard.set)
    before = service.version(SNAPSHOT)
    runner.run(Run(RunListener()))
    assert heard.is_set()
    assert service.version(SNAPSHOT) > before
    stats = service.stats()
    assert stats.ticks == len(list(tape.ticks()))
    assert stats.records.keys() == {
        "definitions",
        "statistics",
        "underlying",
        "quotes",
        "trades",
    }
    assert math.isnan(stats.tick_lag), "nothing was waited for"
