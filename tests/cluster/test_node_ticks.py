"""Ticks of a stream that a node sends, beside those of the server that publishes."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cluster.workers import answers_all, asking, working
from feeds.nats_broker import broker
from runtime.feeds_on_ports import eventually, recording, sending
from server.events import Event, EventReader
from server.ports import served
from session.cut_tape import SYMBOLS, simulated
from zerodte.cli.live import publishing
from zerodte.cluster.worker import WorkerPlan
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings
from zerodte.service.market_service import MarketService
from zerodte.tape.folder import open_tape


def ticks(service: MarketService, count: int) -> dict[tuple[str, str], object]:
    """What so many ticks say of all symbols, by symbol and the market's clock, in their order."""
    path = f"/v1/flow/zero-dte/stream?ticks=1&symbols={','.join(SYMBOLS)}"
    found: dict[tuple[str, str], object] = {}
    with (
        served(create_app(service, ServerSettings())) as url,
        EventReader(url + path) as reader,
    ):
        while count:
            event = reader.next()
            if event is not None and event.kind == "tick":
                found |= {(each["symbol"], each["t"]): each for each in symbols_of(event)}
                count -= 1
    return found


def symbols_of(event: Event) -> list[dict[str, str]]:
    """What a tick says of each symbol."""
    found: list[dict[str, str]] = json.loads(event.data)["symbols"]
    return found


@pytest.mark.drill
def test_a_node_sends_the_ticks_that_a_server_alone_sends(tmp_path: Path) -> None:
    tape = open_tape(simulated(tmp_path / "tape"))
    with (
        broker(tmp_path / "broker") as server,
        sending(tape, 1.0) as feed,
        recording(feed, tmp_path / "recordings") as market,
    ):
        eventually(lambda: market.runner.stage.current is not None)
        with (
            publishing(market.runner, server.url),
            working(server.url, tmp_path / "worker", WorkerPlan()),
            asking(server.url) as service,
        ):
            eventually(lambda: answers_all(service, SYMBOLS))
            with ThreadPoolExecutor(2) as pool:
                both = [pool.submit(ticks, each, 8) for each in (market.service, service)]
                alone, behind = (each.result() for each in both)
    for name in SYMBOLS:
        times = [at for symbol, at in behind if symbol == name]
        assert times == sorted(times)
    assert (common := alone.keys() & behind.keys())
    assert {at: behind[at] for at in common} == {at: alone[at] for at in common}
