"""A market answers for past sessions from its history, with the bytes that memory gave."""

import dataclasses
import datetime
import json
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from history.made_days import made_day
from runtime.feeds_on_ports import eventually
from runtime.local_market import LocalMarket, ready
from session.made_tape import DATE, OPEN, quotes, stock, trades, write
from session.synthetic import synthetic_tape
from zerodte.constants import MINUTE, SECOND
from zerodte.feeds.synthetic_tape import SYMBOL, write_synthetic_tape
from zerodte.history.error import HistoryError
from zerodte.history.history import History
from zerodte.market.calendar import calendar
from zerodte.runtime.quiet_session import last_session
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.service.session_store import SessionStore
from zerodte.service.stage import Stage
from zerodte.tape.folder import Tape, open_tape
from zerodte.wire.errors import ApiError
from zerodte.wire.exposure import ExposureQuery
from zerodte.wire.heatmap import HeatmapQuery
from zerodte.wire.hedge_flow import HedgeFlowQuery
from zerodte.wire.listing import SessionsQuery
from zerodte.wire.query import Query
from zerodte.wire.series import SeriesQuery
from zerodte.wire.snapshot import SnapshotQuery
from zerodte.wire.strike_flow import StrikeFlowQuery

#: Quotes and trades for so long, and one quote after the close, up to which time then passes.
_SPOKEN = 600
_AFTER = 6 * 3600 + 1800 + 60
INSTANTS = [OPEN + seconds * SECOND for seconds in (30, 100, 300, 605, 7_200, 23_400)]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    late = stock(_AFTER)[-1:]
    return write(
        tmp_path_factory.mktemp("tape"),
        ("cbbo-1s", quotes("cbbo-1s", 6_000, _SPOKEN, seed=1)),
        ("tcbbo", trades("tcbbo", 600, _SPOKEN, seed=2)),
        ("bbo-1s", stock(_SPOKEN)),
        ("bbo-1s", late),
    )


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    """Another day, of another symbol."""
    return synthetic_tape(tmp_path_factory.mktemp("today"), datetime.date(2025, 6, 3))


def market_of(tape: Tape, root: Path) -> AbstractContextManager[LocalMarket[ReplayRunner]]:
    """A market with a history, ready at the end of a tape."""
    return ready(ReplayRunner(Stage(SessionStore(History(str(root)))), [tape]))


def answers(market: LocalMarket[ReplayRunner], at: int) -> list[bytes]:
    """To every query that takes `at`, refusals included."""
    queries: list[Query] = [
        SnapshotQuery(symbol="ABC", at=at),
        ExposureQuery(symbol="ABC", at=at),
        SeriesQuery(symbol="ABC", at=at, bar="1m"),
        HedgeFlowQuery(symbol="ABC", at=at, side="calls"),
        HeatmapQuery(symbol="ABC", at=at, mode="delta"),
        HeatmapQuery(symbol="ABC", at=at, metric="signed_flow", bar="5m", minutes=390),
        StrikeFlowQuery(symbol="ABC", at=at),
    ]
    return [answer_or_refusal(market, query) for query in queries]


def answer_or_refusal(market: LocalMarket[ReplayRunner], query: Query) -> bytes:
    try:
        return market.answer(query)
    except ApiError as error:
        return error.body()


def test_the_bytes_are_those_that_memory_gave(tape: Tape, today: Tape, tmp_path: Path) -> None:
    with market_of(tape, tmp_path) as market:
        once = [answers(market, at) for at in INSTANTS]
    with market_of(today, tmp_path) as market:
        assert [answers(market, at) for at in INSTANTS] == once
        assert market.service.status().symbols == (SYMBOL,)
    for early in once[:4]:
        assert len(set(early)) == 7
        assert not any(b'"status":"ERROR"' in answer for answer in early)


@pytest.mark.drill
def test_a_history_alone_is_served(tape: Tape, tmp_path: Path) -> None:
    history = History(str(tmp_path))
    with pytest.raises(HistoryError, match="no finished session is stored here"):
        last_session(history)
    with market_of(tape, tmp_path) as market:
        once = [answers(market, at) for at in INSTANTS]
    alone = ReplayRunner(Stage(SessionStore(history)), [last_session(history)])
    with ready(alone) as market:
        assert [answers(market, at) for at in INSTANTS] == once
        assert market.health.status == "Healthy"
        with pytest.raises(ApiError, match="ask for a past instant with at"):
            market.answer(SnapshotQuery(symbol="ABC"))


@pytest.mark.drill
def test_a_stored_session_later_than_the_one_that_plays_is_past_too(
    tape: Tape, tmp_path: Path
) -> None:
    """A tape of June beside sessions of November: the history has happened."""
    with market_of(tape, tmp_path / "history") as market:
        once = [answers(market, at) for at in INSTANTS]
    write_synthetic_tape(tmp_path / "earlier", calendar().previous(DATE))
    with market_of(open_tape(tmp_path / "earlier"), tmp_path / "history") as market:
        assert [answers(market, at) for at in INSTANTS] == once
        with pytest.raises(ApiError, match="at is in the future") as raised:
            market.answer(SeriesQuery(symbol="ABC", at=OPEN + 24 * 60 * MINUTE))
        assert raised.value.code == "invalid_at"


@pytest.mark.drill
def test_a_damaged_session_is_named_and_the_rest_answered(
    tape: Tape, today: Tape, tmp_path: Path
) -> None:
    with market_of(tape, tmp_path):
        pass
    (file,) = tmp_path.rglob("*.parquet")
    file.write_bytes(file.read_bytes()[:-100])
    with market_of(today, tmp_path) as market:
        with pytest.raises(
            ApiError, match=f"the stored session of ABC on {DATE} cannot be read"
        ) as raised:
            market.answer(SeriesQuery(symbol="ABC", at=OPEN + MINUTE))
        assert raised.value.code == "session_unreadable"
        assert str(tmp_path) not in raised.value.message
        assert b'"bars":[]' in market.answer(SeriesQuery(symbol="XYZ", at=OPEN + MINUTE))
        assert market.health.status == "Healthy"
        assert SYMBOL.encode() in market.answer(SnapshotQuery(symbol=SYMBOL))


def listed(market: LocalMarket[ReplayRunner]) -> list[tuple[str, str, str, list[str]]]:
    """The sessions that can be asked about."""
    body = json.loads(market.answer(SessionsQuery()))
    assert body["count"] == len(body["sessions"])
    return [
        (one["date"], one["open"][-9:-4], one["close"][-9:-4], one["symbols"])
        for one in body["sessions"]
    ]


def test_sessions_are_listed_with_their_hours(today: Tape, tmp_path: Path) -> None:
    half = synthetic_tape(tmp_path / "half", datetime.date(2024, 11, 29))
    root = tmp_path / "history"
    with market_of(today, root) as market:
        session = ("2025-06-03", "13:30", "20:00", [SYMBOL])
        assert listed(market) == [session]
        # A tape that ends before the close is no finished session; this one is made one.
        made = made_day(1, 40)
        day = dataclasses.replace(made.day, hours=half.session)
        History(str(root)).store(dataclasses.replace(made, day=day))
    with market_of(today, root) as market:
        eventually(lambda: len(listed(market)) == 2)
        assert listed(market) == [session, ("2024-11-29", "14:30", "18:00", [day.symbol])]
        assert json.loads(market.answer(SessionsQuery()))["note"] is None
    # What is stored of the tape's own day can be asked about, too.
    History(str(root)).store(
        dataclasses.replace(made, day=dataclasses.replace(made.day, hours=today.session))
    )
    with market_of(today, root) as market:
        eventually(lambda: listed(market)[0] == (*session[:3], sorted([SYMBOL, day.symbol])))


def test_without_a_history_there_is_no_past(today: Tape) -> None:
    with ready(ReplayRunner(Stage(), [today])) as market:
        pass
    assert b'"bars":[]' in market.answer(SeriesQuery(symbol="ABC", at=OPEN + MINUTE))
    with pytest.raises(
        ApiError, match="no samples of a same-day chain of ABC are stored"
    ) as raised:
        market.answer(SnapshotQuery(symbol="ABC", at=OPEN + MINUTE))
    assert raised.value.code == "no_data"
