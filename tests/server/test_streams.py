"""A stream of several symbols: whose each event is, where a reader goes on, and its ticks."""

import json
import time
from collections.abc import Iterator

import httpx
import pytest

from server.events import Event, EventReader
from server.example import START, ExampleService
from zerodte.constants import SECOND
from zerodte.server.sse import read_id

PATH = "/v1/flow/zero-dte/stream?symbols=SPX,TSLA"


def events(reader: EventReader, count: int) -> list[Event]:
    found = [reader.next() for _ in range(count)]
    return [event for event in found if event is not None]


def of(event: Event) -> tuple[str, str]:
    """Whose an event is and what it says; the example's snapshots do not name their symbol."""
    data = json.loads(event.data)
    return data.get("symbol", ""), data.get("said", "")


@pytest.fixture(autouse=True)
def _gone(client: httpx.Client) -> Iterator[None]:
    yield
    for _ in range(2_000):
        if "zerodte_stream_readers 0.0" in client.get("/metrics").text:
            return
        time.sleep(0.005)
    pytest.fail("a stream is left open")


def test_every_symbol_is_sent_and_named(service: ExampleService, url: str) -> None:
    service.sample("0")
    with EventReader(url + PATH) as reader:
        for number in range(3):
            if number:
                service.sample(str(number))
            found = events(reader, 4)
            assert [event.kind for event in found] == ["bar", "snapshot"] * 2
            assert {of(event) for event in found if event.kind == "bar"} == {
                ("SPX", str(number)),
                ("TSLA", str(number)),
            }
            assert read_id(found[-1].id.encode()) == START + 30 * SECOND * number


def test_two_names_of_a_symbol_are_one(service: ExampleService, url: str) -> None:
    service.sample("0")
    path = "/v1/flow/zero-dte/stream?symbols=spxw,SPX,TSLA"
    with EventReader(url + path) as reader:
        found = events(reader, 4)
        service.sample("1")
        found += events(reader, 4)
    bars = [of(event) for event in found if event.kind == "bar"]
    assert sorted(bars) == [("SPX", "0"), ("SPX", "1"), ("TSLA", "0"), ("TSLA", "1")]


def test_who_comes_back_misses_nothing_of_any_symbol(service: ExampleService, url: str) -> None:
    service.sample("0")
    with EventReader(url + PATH) as reader:
        events(reader, 4)
        last = reader.last_id
    for number in range(1, 4):
        service.sample(str(number))
    with EventReader(url + PATH, last) as reader:
        found = events(reader, 8)
        bars = [of(event) for event in found if event.kind == "bar"]
        assert sorted(bars) == [(name, said) for name in ("SPX", "TSLA") for said in "123"]
        assert read_id(reader.last_id.encode()) == START + 90 * SECOND
        service.sample("4")
        assert {of(event) for event in events(reader, 4)} >= {("SPX", "4"), ("TSLA", "4")}


def test_an_id_never_claims_what_was_not_sent(service: ExampleService, url: str) -> None:
    """Wherever a reader is cut off, it comes back to every bar that it has not had."""
    for number in range(3):
        service.sample(str(number))
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START // SECOND))
    for cut in range(1, 6):
        with EventReader(url + PATH, start) as reader:
            seen = {of(event) for event in events(reader, cut) if event.kind == "bar"}
            last = reader.last_id
        with EventReader(url + PATH, last) as reader:
            if last == start:
                seen |= {of(event) for event in events(reader, 6) if event.kind == "bar"}
        assert seen >= {(name, said) for name in ("SPX", "TSLA") for said in "12"}


def ticked(event: Event) -> int:
    """The number of the tick that an event brings, of both symbols."""
    assert (event.kind, event.id) == ("tick", "")
    symbols = json.loads(event.data)["symbols"]
    assert [each["symbol"] for each in symbols] == ["SPX", "TSLA"]
    (number,) = {each["spot"] for each in symbols}
    return int(number)


def test_ticks_come_as_the_market_moves_and_only_then(service: ExampleService, url: str) -> None:
    with EventReader(url + PATH + "&ticks=1") as reader:
        for _ in range(3):
            (event,) = events(reader, 1)
            assert ticked(event) == service.ticks
            service.advance()
        (last,) = events(reader, 1)
        assert ticked(last) == service.ticks
        service.sample("0")
        assert {event.kind for event in events(reader, 4)} == {"bar", "snapshot"}


def test_a_market_that_runs_is_told_twice_a_second(service: ExampleService, url: str) -> None:
    with EventReader(url + PATH + "&ticks=1") as reader:
        begun = time.monotonic()
        (event,) = events(reader, 1)
        for _ in range(1_000):
            service.advance()
        numbers = [ticked(event)]
        while numbers[-1] < service.ticks:
            numbers += map(ticked, events(reader, 1))
        assert numbers == sorted(set(numbers))
        # The first one at once, then one each half a second.
        assert len(numbers) <= 2 + 2.0 * (time.monotonic() - begun)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "invalid_symbols"),
        ("?symbols=", 400, "invalid_symbols"),
        ("?symbols=" + ",".join(f"S{k}" for k in range(33)), 400, "invalid_symbols"),
        ("?symbols=SPX,XYZ", 404, "symbol_not_found"),
        ("?symbols=SPX&ticks=2", 400, "invalid_ticks"),
    ],
)
def test_what_cannot_be_streamed_is_said(
    client: httpx.Client, query: str, status: int, code: str
) -> None:
    answer = client.get("/v1/flow/zero-dte/stream" + query)
    assert (answer.status_code, answer.json()["error"]) == (status, code)


def test_a_stream_of_one_symbol_has_ticks_if_asked(service: ExampleService, url: str) -> None:
    """Beside a reader of the same symbol without them; both get the samples."""
    path = "/v1/flow/zero-dte/stream/SPX"
    with EventReader(url + path + "?ticks=1") as ticking, EventReader(url + path) as plain:
        (event,) = events(ticking, 1)
        assert (event.kind, event.id) == ("tick", "")
        assert [each["symbol"] for each in json.loads(event.data)["symbols"]] == ["SPX"]
        service.sample("0")
        assert [event.kind for event in events(ticking, 2)] == ["bar", "snapshot"]
        assert [event.kind for event in events(plain, 2)] == ["bar", "snapshot"]


def test_ticks_of_one_symbol_are_asked_for_with_0_or_1(client: httpx.Client) -> None:
    answer = client.get("/v1/flow/zero-dte/stream/SPX?ticks=2")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_ticks")
