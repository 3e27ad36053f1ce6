"""A market of this process: every query answered by its view, whatever a symbol is called."""

import datetime
import json

import pytest

from session.usual import heard
from zerodte.constants import SECOND
from zerodte.service.local_service import LocalService
from zerodte.service.stage import CurrentSession, Stage
from zerodte.wire.calibration import CalibrationQuery
from zerodte.wire.errors import ApiError
from zerodte.wire.leaderboard import LeaderboardQuery
from zerodte.wire.query import Query
from zerodte.wire.series import SeriesQuery
from zerodte.wire.snapshot import SnapshotQuery
from zerodte.wire.stream import StreamQuery


@pytest.fixture
def stage() -> Stage:
    """SPX at noon."""
    stage = Stage()
    stage.show(CurrentSession(heard().session, "live"))
    return stage


def test_a_root_is_answered_as_its_symbol(stage: Stage) -> None:
    service = LocalService(stage)
    for query in (SnapshotQuery, SeriesQuery, CalibrationQuery):
        root, symbol = query(symbol="SPXW"), query(symbol="SPX")
        assert json.loads(service.answer(root))["symbol"] == "SPX"
        assert service.answer(root) == service.answer(symbol)
    assert service.events(StreamQuery(symbol="SPXW"), None)


@pytest.mark.parametrize(
    "query",
    [
        *(SnapshotQuery(symbol="SPX"), SeriesQuery(symbol="SPX"), LeaderboardQuery()),
        CalibrationQuery(symbol="SPX"),
    ],
)
def test_there_is_no_answer_before_there_is_a_session(query: Query) -> None:
    service = LocalService(Stage())
    with pytest.raises(ApiError, match="nothing has been read yet") as refused:
        service.answer(query)
    assert refused.value.code == "warming_up"
    assert service.status().symbols == ()
    assert service.status().health.status == "Unhealthy"


def test_the_future_has_no_answer(stage: Stage) -> None:
    assert stage.current is not None
    now = stage.current.session.now
    service = LocalService(stage)
    assert json.loads(service.answer(SnapshotQuery(symbol="SPX", at=now)))["as_of"]
    for ahead in (SECOND, int(datetime.timedelta(days=3).total_seconds()) * SECOND):
        with pytest.raises(ApiError, match="the market clock is at 2022-03-23T12:00:00") as refused:
            service.answer(SnapshotQuery(symbol="SPX", at=now + ahead))
        assert refused.value.code == "invalid_at"


def test_a_stream_is_of_symbols_that_are_tracked(stage: Stage) -> None:
    with pytest.raises(ApiError, match="XYZ is not tracked"):
        LocalService(stage).events(StreamQuery(symbol="XYZ"), None)
