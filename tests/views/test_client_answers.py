"""Real answers in every state of a day, walked with the types of the published client."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from flashalpha import types

from session.day import ask
from views.states import STATES, Json, absent
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
