"""Real answers in every state of a day, walked with the types of the published client."""

import datetime
import json
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

import msgspec
import pytest
from flashalpha import types

from session.day import Day, ask
from session.generated import priced, send
from session.usual import INTEREST, STRIKES, usual
from zerodte.session.session import Session
from zerodte.views.frame import Frame
from zerodte.views.leaderboard import leaderboard
from zerodte.views.series import hedge_flow, series
from zerodte.views.strike_bars import heatmap, strike_flow
from zerodte.wire.heatmap import HeatmapQuery
from zerodte.wire.hedge_flow import HedgeFlowQuery
from zerodte.wire.leaderboard import LeaderboardQuery
from zerodte.wire.series import SeriesQuery
from zerodte.wire.strike_flow import StrikeFlowQuery

Json = dict[str, Any]
#: Monday after a weekend, and after Good Friday.
MONDAY, EASTER_MONDAY = datetime.date(2022, 3, 28), datetime.date(2022, 4, 18)


def in_session() -> Session:
    day = send(Day(), usual(), "12:00", 500.0)
    return send(day, usual(elapsed=151), "12:01", 500.1).session


def before_the_first_sample() -> Session:
    return send(Day(), priced(STRIKES, 500.0, 0, oi=INTEREST), "09:30:05", 500.0).session


def after_the_close() -> Session:
    day = send(Day(), usual(elapsed=389), "15:59", 500.0)
    day.session.advance(day.time("16:20"))
    return day.session


def before_the_open() -> Session:
    return send(Day(), priced(STRIKES, 500.0, 0, oi=INTEREST), "09:00", 500.0).session


def days_before(session: datetime.date, days: int) -> Session:
    """The chain of a session on a day without one before it."""
    day = Day(session)
    day.date = session - datetime.timedelta(days=days)
    return send(day, priced(STRIKES, 500.0, 0, oi=INTEREST), "11:00", 500.0, session).session


STATES: dict[str, Callable[[], Session]] = {
    "in session": in_session,
    "before the first sample": before_the_first_sample,
    "after the close": after_the_close,
    "before the open": before_the_open,
    "weekend": lambda: days_before(MONDAY, 1),
    "holiday": lambda: days_before(EASTER_MONDAY, 3),
}
#: In which of them each answer has figures.
WHOLE = {
    types.FlowZeroDteSnapshotResponse: {"in session", "before the first sample"},
    types.ZeroDteResponse: {
        "in session",
        "before the first sample",
        "after the close",
        "before the open",
    },
}
#: Fields that stand in for the figures of a whole answer, and are not in it.
DEGRADED = {"no_zero_dte", "session_closed", "message", "next_zero_dte_expiry", "last_session"}


def answers(session: Session) -> Iterator[tuple[type, Json]]:
    """Every answer, with the type that the client gives it."""
    frame = Frame.live(session, "simulated", "SPX")
    yield types.FlowZeroDteSnapshotResponse, ask(session)
    yield types.ZeroDteResponse, ask(session, settled=True)
    yield types.FlowZeroDteSeriesResponse, read(series(frame, SeriesQuery(symbol="SPX")))
    yield types.FlowZeroDteHedgeFlowResponse, read(hedge_flow(frame, HedgeFlowQuery(symbol="SPX")))
    yield types.FlowZeroDteHeatmapResponse, read(heatmap(frame, HeatmapQuery(symbol="SPX")))
    yield (
        types.FlowZeroDteStrikeFlowResponse,
        read(strike_flow(frame, StrikeFlowQuery(symbol="SPX"))),
    )
    yield (
        types.FlowZeroDteLeaderboardResponse,
        read(leaderboard(session, "simulated", LeaderboardQuery())),
    )


def read(text: bytes) -> Json:
    answer: Json = json.loads(text)
    return answer


@pytest.mark.parametrize("state", STATES)
def test_every_answer_is_of_its_promised_type(state: str) -> None:
    for promised, answer in answers(STATES[state]()):
        msgspec.convert(without_unknown(answer), promised)
        is_whole = state in WHOLE.get(promised, STATES)
        missing = set(absent(promised, answer))
        if is_whole:
            assert missing <= DEGRADED, promised
        else:
            assert answer["body"] is None
            assert "message" not in missing


def without_unknown(value: Any) -> Any:
    """An answer without the nulls that the client's types have no word for.

    They are the side of a withheld flip, and strikes of which nothing is known.
    """
    if isinstance(value, list):
        return [without_unknown(item) for item in value if item is not None]
    if not isinstance(value, dict):
        return value
    return {
        name: without_unknown(inner)
        for name, inner in value.items()
        if (name, inner) != ("spot_vs_flip", None)
    }


def absent(promised: type, value: Json, at: str = "") -> Iterator[str]:
    """Dotted paths of promised fields that an answer lacks, at any depth."""
    for name, hint in get_type_hints(promised).items():
        inner = [choice for choice in (hint, *get_args(hint)) if is_typeddict(choice)]
        if name not in value:
            yield f"{at}{name}"
        elif get_origin(hint) is list and inner:
            for item in value[name]:
                yield from absent(inner[0], item, f"{at}{name}[].")
        elif inner and value[name] is not None:
            yield from absent(inner[0], value[name], f"{at}{name}.")
