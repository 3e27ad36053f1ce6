"""Streams that are cut anywhere go on with nothing lost and nothing twice."""

import asyncio
import datetime
from collections.abc import Iterator

import msgspec
import pytest

from client.faults import FaultyProxy, address_of, response
from server.example import START, ExampleService, filled
from server.ports import served
from zerodte.client import (
    AbsenceError,
    AsyncClient,
    BarEvent,
    Client,
    ServerSideError,
    ShapeError,
    SnapshotEvent,
    StreamEvent,
    TickEvent,
)
from zerodte.constants import SECOND
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings
from zerodte.wire.base import timestamp
from zerodte.wire.exposure import Head
from zerodte.wire.series import SeriesBar
from zerodte.wire.stream import SampleEvent


def take_samples(service: ExampleService, count: int) -> list[datetime.datetime]:
    """Take samples; only the newest has its snapshot, as in a service. All their times so far."""
    service.samples = [msgspec.structs.replace(event, snapshot=None) for event in service.samples]
    begun = len(service.samples)
    for number in range(begun, begun + count):
        time = START + number * 30 * SECOND
        bar = msgspec.structs.replace(filled(SeriesBar), t=timestamp(time), spot=float(number))
        head = filled(Head, symbol="SPX", as_of=timestamp(time), underlying_price=4.25)
        snapshot = msgspec.json.encode(head) if number == begun + count - 1 else None
        bar_text = msgspec.json.encode(bar)
        service.samples.append(SampleEvent(time=time, bar=bar_text, snapshot=snapshot))
    for call in service.callers:
        call()
    return [timestamp(event.time) for event in service.samples]


def bars(events: list[StreamEvent]) -> list[datetime.datetime]:
    return [event.bar.t for event in events if isinstance(event, BarEvent)]


def until(events: Iterator[StreamEvent], time: datetime.datetime) -> list[StreamEvent]:
    """Events up to the snapshot of a time."""
    out = []
    for event in events:
        out.append(event)
        if isinstance(event, SnapshotEvent) and event.snapshot.as_of == time:
            return out
    raise AssertionError("the stream has ended")


def test_a_sample_comes_as_a_bar_and_a_snapshot(client: Client, service: ExampleService) -> None:
    (time,) = take_samples(service, 1)
    bar, snapshot = until(client.stream("spx"), time)
    assert isinstance(bar, BarEvent)
    assert isinstance(snapshot, SnapshotEvent)
    assert (bar.symbol, bar.bar.t, bar.bar.spot) == ("SPX", time, 0.0)
    assert (snapshot.symbol, snapshot.snapshot.underlying_price) == ("SPX", 4.25)
    assert snapshot.snapshot.strikes is None


@pytest.mark.drill
@pytest.mark.parametrize("cut", [250, 400, 700, 1_300])
def test_a_cut_stream_loses_nothing_and_says_nothing_twice(
    client: Client, proxy: FaultyProxy, service: ExampleService, cut: int
) -> None:
    """The first connection ends after so many bytes, amid a head, a bar or a snapshot."""
    take_samples(service, 1)
    proxy.faults = [cut, cut + 700]
    events = client.stream("SPX")
    first = next(events)
    times = take_samples(service, 5)
    received = [first, *until(events, times[-1])]
    assert len(proxy.heads) == 3
    # What was the newest when the stream began, and all from there on.
    assert bars(received) == times[times.index(bars(received)[0]) :]
    assert len(bars(received)) >= 5
    snapshots = [e.snapshot.as_of for e in received if isinstance(e, SnapshotEvent)]
    assert snapshots == sorted(set(snapshots))


@pytest.mark.drill
def test_samples_during_an_absence_come_later(
    client: Client, proxy: FaultyProxy, service: ExampleService
) -> None:
    (first,) = take_samples(service, 1)
    events = client.stream("SPX")
    received = until(events, first)
    # Whoever reads on finds the connection at its end.
    proxy.faults = [response(503, "{}", retry_after="0"), b""]
    proxy.cut()
    times = take_samples(service, 4)
    received += until(events, times[-1])
    assert bars(received) == times


@pytest.mark.drill
def test_a_server_that_begins_an_earlier_session_is_followed(
    client: Client, proxy: FaultyProxy, service: ExampleService
) -> None:
    """Its times come again, and are news."""
    times = take_samples(service, 3)
    events = client.stream("SPX")
    assert bars(until(events, times[-1])) == times[-1:]
    other = ExampleService()
    take_samples(other, 2)
    with served(create_app(other, ServerSettings())) as url:
        proxy.upstream = address_of(url)
        proxy.cut()
        assert bars(until(events, times[1])) == [times[1]]
        take_samples(other, 2)
        last = timestamp(START + 3 * 30 * SECOND)
        assert bars(until(events, last)) == [times[2], last]


@pytest.mark.drill
def test_streams_of_several_symbols_are_resumed_alike(
    client: Client, proxy: FaultyProxy, service: ExampleService
) -> None:
    take_samples(service, 1)
    proxy.faults = [1_500, 2_500]
    events = client.stream(["SPX", "QQQ"])
    received = [next(events)]
    times = take_samples(service, 4)
    for event in events:
        received.append(event)
        ends = [e.symbol for e in received if isinstance(e, BarEvent) and e.bar.t == times[-1]]
        if sorted(ends) == ["QQQ", "SPX"]:
            break
    assert len(proxy.heads) == 3
    for symbol in ("SPX", "QQQ"):
        own = bars([e for e in received if isinstance(e, BarEvent) and e.symbol == symbol])
        assert own == times[times.index(own[0]) :]


def test_a_refused_stream_is_an_error(
    client: Client, proxy: FaultyProxy, service: ExampleService
) -> None:
    with pytest.raises(AbsenceError, match="XYZ is not tracked"):
        next(client.stream("XYZ"))
    assert len(proxy.heads) == 1


def test_an_absence_that_lasts_is_an_error(proxy: FaultyProxy) -> None:
    proxy.faults = [response(503, "{}", retry_after="0")] * 9
    with Client(proxy.url, retries=2) as client, pytest.raises(ServerSideError):
        next(client.stream("SPX"))
    assert len(proxy.heads) == 3


def test_what_is_no_stream_is_an_error(client: Client, proxy: FaultyProxy) -> None:
    proxy.faults = [response(200, "event: bar\ndata: <html>\n\n")]
    with pytest.raises(ShapeError):
        next(client.stream("SPX"))


def test_the_asynchronous_stream_is_resumed_too(
    proxy: FaultyProxy, service: ExampleService
) -> None:
    take_samples(service, 1)
    proxy.faults = [500]

    async def read() -> list[StreamEvent]:
        received = []
        async with AsyncClient(proxy.url) as client:
            async for event in client.stream("SPX"):
                received.append(event)
                if len(received) == 1:
                    times = take_samples(service, 3)
                if isinstance(event, BarEvent) and event.bar.t == times[-1]:
                    break
        return received

    received = asyncio.run(read())
    times = [timestamp(event.time) for event in service.samples]
    assert bars(received) == times[times.index(bars(received)[0]) :]
    assert len(proxy.heads) == 2


def test_ticks_come_between(client: Client, service: ExampleService) -> None:
    take_samples(service, 1)
    stream = client.stream("SPX", ticks=True)
    ticks = (event for event in stream if isinstance(event, TickEvent))
    assert [tick.symbol for tick in next(ticks).symbols] == ["SPX"]
