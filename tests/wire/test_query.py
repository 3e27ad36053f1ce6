"""Queries are values: read once, equal by what they ask, and the only place where it is spelled."""

import ast
import pickle
from pathlib import Path

import msgspec
import pytest

import zerodte
from zerodte.server.app import ROUTES
from zerodte.service.local_service import VIEWS
from zerodte.wire.account import AccountQuery
from zerodte.wire.heatmap import HeatmapQuery
from zerodte.wire.query import Query, fields_of
from zerodte.wire.series import SeriesQuery
from zerodte.wire.stream import StreamQuery, StreamsQuery
from zerodte.wire.stream_ticket import TicketQuery

PACKAGE = Path(zerodte.__file__).parent
QUERIES = sorted({route.query for route in ROUTES}, key=lambda query: query.__name__)
#: Where a question is handled whatever it asks: no field of one is spelled here by hand.
HANDLED = ("server", "service", "runtime")
#: Words that say something else there, too: `symbol` of a market, `n` of anything.
ORDINARY = {"symbol", "at", "n", "symbols", "ticks"}
#: A column's head, and how long a simulation lasts.
OTHERWISE = {("overview.py", "expiry"), ("warmup.py", "minutes")}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_says_of_each_field_what_it_is(query: type[Query]) -> None:
    for field in fields_of(query):
        assert field.meaning, field.name
        assert field.schema["type"] in ("string", "integer", "number")
        assert field.code.startswith("invalid_") or field.code == "bar_unavailable" or field.in_path


def test_equal_questions_are_equal_values_and_keys() -> None:
    spelled = {"symbol": " spx", "bar": "5m", "minutes": "9999", "metric": "oi", "x": "ignored"}
    query = HeatmapQuery.parse(spelled)
    assert query == HeatmapQuery(symbol="SPX", metric="oi", bar="5m", minutes=390)
    assert {query: 1}[HeatmapQuery(symbol="SPX", metric="oi", bar="5m", minutes=390)] == 1
    assert len({SeriesQuery(symbol="SPX"), StreamQuery(symbol="SPX")}) == 2


def test_a_query_can_be_sent_to_a_worker() -> None:
    query = HeatmapQuery(symbol="SPX", at=1_779_890_400 * 10**9)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(query), type=HeatmapQuery) == query
    assert pickle.loads(pickle.dumps(query)) == query  # noqa: S301


def test_a_past_instant_is_answered_from_samples() -> None:
    (snapshot,) = (query for query in QUERIES if query.__name__ == "SnapshotQuery")
    now = snapshot.parse({"symbol": "SPX"})
    past = snapshot.parse({"symbol": "SPX", "at": "2026-05-27T10:00:00"})
    assert (now.varies_with, past.varies_with) == ("tick", "sample")


def test_every_question_of_the_market_has_one_view() -> None:
    """Those about the caller are answered by access."""
    asked = {route.query for route in ROUTES if route.plan != "open"}
    assert asked - {StreamQuery, StreamsQuery, AccountQuery, TicketQuery} == set(VIEWS)


def test_no_field_of_a_query_is_spelled_by_hand_elsewhere() -> None:
    """As an argument, a keyword or a text: a new field is one line of its query."""
    names = {field.name for query in QUERIES for field in fields_of(query)} - ORDINARY
    assert {"strike_range", "minutes", "metric", "mode", "side", "expiry", "bar"} <= names
    spelled = []
    for room in HANDLED:
        for path in sorted((PACKAGE / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.arg(arg=name) | ast.keyword(arg=name) | ast.Constant(value=name):
                        pass
                    case _:
                        continue
                if isinstance(name, str) and name in names:
                    spelled.append((path.name, name))
    assert set(spelled) == OTHERWISE
