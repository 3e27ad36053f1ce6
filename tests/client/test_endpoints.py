"""Every endpoint as a method, over a real server."""

import asyncio
import datetime
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, assert_type

import httpx
import msgspec
import pytest

from client.faults import FaultyProxy, response
from server.example import ExampleService
from zerodte.client import (
    AsyncClient,
    Client,
    Exposure,
    HeatmapTable,
    NoZeroDte,
    SeriesTable,
    SessionClosed,
    ShapeError,
    Snapshot,
)
from zerodte.client.method import EndpointMethod
from zerodte.wire.endpoints import ENDPOINTS
from zerodte.wire.health import Health
from zerodte.wire.heatmap import HeatmapQuery
from zerodte.wire.query import fields_of
from zerodte.wire.snapshot import SnapshotQuery

METHODS = {
    name: value for name, value in inspect.getmembers(Client) if isinstance(value, EndpointMethod)
}


def arguments(method: Callable[..., Any]) -> tuple[str, ...]:
    """The arguments that a method needs."""
    needed = inspect.signature(method).parameters.values()
    return tuple("SPX" for each in needed if each.default is each.empty)


def test_every_endpoint_of_the_api_has_one_method_with_its_parameters(
    client: Client, service: ExampleService, proxy: FaultyProxy
) -> None:
    paths = {}
    for name in METHODS:
        method = getattr(client, name)
        method(*arguments(method))
        path = proxy.heads[-1].split()[1].decode().replace("SPX", "{symbol}")
        paths[path] = set(inspect.signature(method).parameters)
    asked = [e for e in ENDPOINTS.values() if e.media == "json" and e.answers]
    assert paths == {e.path: {field.name for field in fields_of(e.query)} for e in asked}


@pytest.mark.parametrize("name", sorted(METHODS.keys() - {"stream_ticket"}))
def test_an_answer_is_what_the_server_sent(
    client: Client, proxy: FaultyProxy, service: ExampleService, name: str
) -> None:
    """Every number of the example is another; only `body` says the blocks twice."""
    method = getattr(client, name)
    answer = msgspec.json.decode(msgspec.json.encode(method(*arguments(method))))
    sent = httpx.get(proxy.url + proxy.heads[-1].split()[1].decode()).json()
    sent.pop("body", None)
    assert answer == sent
    assert len(answer) > 2


def test_types_are_those_of_the_wire(client: Client, service: ExampleService) -> None:
    assert_type(client.snapshot("SPX"), Snapshot | NoZeroDte | SessionClosed)
    assert_type(client.exposure("SPX"), Exposure | NoZeroDte)
    assert_type(client.series("SPX", bar="5m"), SeriesTable)
    assert_type(client.heatmap("SPX", strikes=(5500, 5700)), HeatmapTable)
    assert_type(client.health(), Health)


def test_a_chain_that_is_not_there_says_so(client: Client, service: ExampleService) -> None:
    assert type(client.snapshot("SPX")).__name__ == "Snapshot"
    assert isinstance(client.snapshot("TSLA"), NoZeroDte)
    assert isinstance(client.snapshot("QQQ"), SessionClosed)
    assert isinstance(client.exposure("QQQ"), Exposure)
    assert isinstance(client.exposure("TSLA"), NoZeroDte)


def test_parameters_may_be_dates_times_and_pairs(client: Client, service: ExampleService) -> None:
    """15:30 in New York is 19:30 UTC in summer (IANA time zone database)."""
    noon = datetime.datetime(2026, 5, 29, 19, 30, tzinfo=datetime.UTC)
    for at in ("2026-05-29T15:30:00", noon, noon.replace(hour=15, tzinfo=None)):
        client.snapshot("SPX", at=at, expiry=datetime.date(2026, 5, 29), inventory=True)
        (*_, asked) = service.asked
        expected = SnapshotQuery(
            symbol="SPX",
            at=int(noon.timestamp()) * 10**9,
            expiry=datetime.date(2026, 5, 29),
            inventory="1",
        )
        assert asked == expected
        service.forget()
    client.heatmap("SPX", strikes=(5500, 5700.5), metric="oi", at=datetime.date(2026, 5, 29))
    (asked,) = service.asked
    assert isinstance(asked, HeatmapQuery)
    assert (asked.strikes, asked.metric) == ((5500.0, 5700.5), "oi")


@pytest.mark.parametrize("symbol", ["ES=F", "A/B", "..", "a?c#d", "<b>"])
def test_any_symbol_arrives_whole(client: Client, service: ExampleService, symbol: str) -> None:
    assert client.series(symbol).symbol == symbol.upper()


def test_an_unhealthy_server_is_an_answer(client: Client, service: ExampleService) -> None:
    service.reasons = ("the feed is away",)
    assert client.health().reasons == ("the feed is away",)


def test_answers_of_another_server_may_lack_fields_and_have_more(
    client: Client, proxy: FaultyProxy
) -> None:
    proxy.faults = [
        response(
            200,
            '{"symbol":"SPY","underlying_price":590.1,"regime":{"label":"undetermined","x":1},'
            '"flow":{"total_oi":5.0,"call_oi":null},"strikes":[{"strike":590}],"future":[1]}',
        )
    ]
    snapshot = client.snapshot("SPY")
    assert isinstance(snapshot, Snapshot)
    assert (snapshot.underlying_price, snapshot.regime.label) == (590.1, "undetermined")
    assert (snapshot.flow.total_oi, snapshot.strikes[0].strike) == (5, 590)
    missing: list[object] = [snapshot.source, snapshot.levels, snapshot.flow.call_oi]
    assert missing == [None, None, None]


@pytest.mark.parametrize("body", ["<html>", "[]", '{"bars": 5}', '"x"', "", '{"as_of":"noon"}'])
def test_what_is_not_of_the_api_is_an_error_in_one_line(
    client: Client, proxy: FaultyProxy, body: str
) -> None:
    proxy.faults = [response(200, body)]
    with pytest.raises(ShapeError, match=r"the answer is not a .* of this API") as caught:
        client.series("SPX")
    assert "\n" not in str(caught.value)


async def both(client: AsyncClient) -> tuple[SeriesTable, Health]:
    series: Awaitable[SeriesTable] = client.series("SPX", minutes=5)
    return await series, await client.health()


def test_the_asynchronous_client_answers_alike(
    client: Client, proxy: FaultyProxy, service: ExampleService
) -> None:
    async def ask() -> tuple[SeriesTable, Health]:
        async with AsyncClient(proxy.url, timeout=20) as awaiting:
            return await both(awaiting)

    series, health = asyncio.run(ask())
    assert series == client.series("SPX", minutes=5)
    assert health.status == "Healthy"
