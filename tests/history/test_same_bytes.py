"""Every endpoint says of a finished session what it said while the session ran, to the byte."""

import datetime
import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from session.made_tape import quotes, stock, trades, write
from zerodte.constants import SECOND
from zerodte.history.decode import decode
from zerodte.history.encode import encode
from zerodte.history.stored import StoredSession
from zerodte.importers.lean import import_lean
from zerodte.runtime.replay import replay
from zerodte.session.sample import SampleDay
from zerodte.session.session import Session
from zerodte.tape.folder import open_tape
from zerodte.views.frame import Frame
from zerodte.views.series import hedge_flow, series
from zerodte.views.snapshot import snapshot_at
from zerodte.views.strike_bars import heatmap, strike_flow
from zerodte.wire.errors import ApiError
from zerodte.wire.exposure import ExposureQuery
from zerodte.wire.heatmap import HeatmapMetric, HeatmapMode, HeatmapQuery
from zerodte.wire.hedge_flow import HedgeFlowQuery, Side
from zerodte.wire.query import Query
from zerodte.wire.series import SeriesQuery
from zerodte.wire.snapshot import SnapshotQuery
from zerodte.wire.strike_flow import StrikeFlowQuery
from zerodte.wire.window import BarSize, StrikeBarSize

pytestmark = pytest.mark.drill

#: Seconds of quotes and trades on the made tape; its gap and its last hours are silence.
_SPOKEN = 3000


@functools.cache
def made() -> tuple[Session, SampleDay]:
    """A session of one chain, and what history made of it."""
    with tempfile.TemporaryDirectory() as folder:
        tape = write(
            Path(folder),
            ("cbbo-1s", quotes("cbbo-1s", 30_000, _SPOKEN, seed=1)),
            ("tcbbo", trades("tcbbo", 3_000, _SPOKEN, seed=2)),
            ("bbo-1s", stock(_SPOKEN)),
        )
        return kept(replay(tape), "ABC")


@functools.cache
def recording(recorded: Path) -> tuple[Session, SampleDay]:
    """The recorded session of SPXW, likewise."""
    with tempfile.TemporaryDirectory() as folder:
        day, tape = datetime.date(2021, 1, 4), Path(folder, "tape")
        import_lean(recorded / "lean", "SPXW", day, tape, lambda *_: None)
        return kept(replay(open_tape(tape)), "SPX")


def kept(session: Session, symbol: str) -> tuple[Session, SampleDay]:
    session.advance(session.hours.close)
    day = session.samples(symbol)
    assert day is not None
    return session, decode(encode(StoredSession(day, "replay"))).day


instants = st.integers(-2, 391 * 60)
windows = st.integers(1, 390)
bars, by_strike = st.sampled_from(get_args(BarSize)), st.sampled_from(get_args(StrikeBarSize))

symbol = st.just("SPX")
QUERIES = st.one_of(
    st.builds(SeriesQuery, symbol=symbol, bar=bars, minutes=windows),
    st.builds(
        HedgeFlowQuery,
        symbol=symbol,
        side=st.sampled_from(get_args(Side)),
        bar=bars,
        minutes=windows,
    ),
    st.builds(
        HeatmapQuery,
        symbol=symbol,
        metric=st.sampled_from(get_args(HeatmapMetric)),
        mode=st.sampled_from(get_args(HeatmapMode)),
        bar=by_strike,
        minutes=windows,
    ),
    st.builds(StrikeFlowQuery, symbol=symbol, bar=by_strike, minutes=windows),
    *(
        st.builds(query, symbol=symbol, strike_range=st.floats(0.001, 0.1))
        for query in (SnapshotQuery, ExposureQuery)
    ),
)
VIEWS: dict[type[Query], Callable[[Frame, Any], bytes]] = {
    SeriesQuery: series,
    HedgeFlowQuery: hedge_flow,
    HeatmapQuery: heatmap,
    StrikeFlowQuery: strike_flow,
    SnapshotQuery: snapshot_at,
    ExposureQuery: snapshot_at,
}


def answer(query: Query, day: SampleDay | None, symbol: str, at: int) -> bytes:
    """What a view says at an instant, or why it says nothing."""
    try:
        return VIEWS[type(query)](Frame.past(day, "replay", symbol, at), query)
    except ApiError as error:
        return error.body()


@given(query=QUERIES, second=instants)
def test_of_a_made_session(query: Query, second: int) -> None:
    session, past = made()
    at = session.hours.open + second * SECOND
    assert answer(query, past, "ABC", at) == answer(query, session.samples("ABC"), "ABC", at)


@given(query=QUERIES, second=instants)
def test_of_a_recorded_session(recorded: Path, query: Query, second: int) -> None:
    session, past = recording(recorded)
    at = session.hours.open + second * SECOND
    assert answer(query, past, "SPX", at) == answer(query, session.samples("SPX"), "SPX", at)


def test_another_day_gives_other_bytes() -> None:
    session, past = made()
    query = SeriesQuery(symbol="ABC", bar="1m")
    early, late = session.hours.open + 600 * SECOND, session.hours.open + 660 * SECOND
    assert answer(query, past, "ABC", early) != answer(query, past, "ABC", late)


def test_what_is_compared_says_something() -> None:
    session, past = made()
    at = session.hours.open + _SPOKEN * SECOND
    asked: Query = HeatmapQuery(symbol="ABC", metric="signed_flow", bar="5m", minutes=30)
    flows = [bar["values"] for bar in msgspec.json.decode(answer(asked, past, "ABC", at))["bars"]]
    assert len(flows) == 6
    assert all(any(values) for values in flows)
    asked = SnapshotQuery(symbol="ABC", strike_range=0.1)
    strikes = msgspec.json.decode(answer(asked, past, "ABC", at))["strikes"]
    assert any(row["call_iv"] for row in strikes)
