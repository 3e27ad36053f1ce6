"""A market behind a port: what its stream says is what its endpoints say."""

import datetime
import json
from collections.abc import Iterator

import httpx
import pytest

from runtime.local_market import ready
from server.events import EventReader
from server.ports import served
from session.synthetic import synthetic_tape
from zerodte.feeds.synthetic_tape import SYMBOL
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings
from zerodte.service.stage import Stage

FLOW = "/v1/flow/zero-dte"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A market at rest at :00, so that its last sample is what it shows."""
    tape = synthetic_tape(tmp_path_factory.mktemp("tape"), datetime.date(2024, 11, 27))
    with (
        ready(ReplayRunner(Stage(), [tape])) as market,
        served(create_app(market.service, ServerSettings())) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        yield client


def test_a_stream_says_what_is_answered(market: httpx.Client) -> None:
    with EventReader(f"{market.base_url}{FLOW}/stream/{SYMBOL}") as reader:
        bar, snapshot = reader.next(), reader.next()
    assert bar is not None
    assert snapshot is not None
    assert (bar.kind, snapshot.kind) == ("bar", "snapshot")
    assert json.loads(bar.data) == market.get(f"{FLOW}/series/{SYMBOL}").json()["bars"][-1]
    whole = market.get(f"{FLOW}/snapshot/{SYMBOL}").json()
    assert bar.id == snapshot.id == whole["as_of"]
    assert json.loads(snapshot.data) == {
        name: value for name, value in whole.items() if name not in ("body", "strikes")
    }


def test_who_comes_back_is_told_the_bars_of_the_series(market: httpx.Client) -> None:
    bars = market.get(f"{FLOW}/series/{SYMBOL}?minutes=60").json()["bars"]
    with EventReader(f"{market.base_url}{FLOW}/stream/{SYMBOL}", bars[-9]["t"]) as reader:
        told = [reader.next() for _ in range(9)]
    assert [json.loads(event.data) for event in told[:8] if event] == bars[-8:]
    assert told[8] is not None
    assert told[8].kind == "snapshot"


@pytest.mark.parametrize("symbol", ["XYZ", "..."])
def test_a_stream_of_what_is_not_tracked_is_refused(market: httpx.Client, symbol: str) -> None:
    answer = market.get(f"{FLOW}/stream/{symbol}")
    assert (answer.status_code, answer.json()["error"]) == (404, "symbol_not_found")


def test_what_rests_is_not_sent_again(market: httpx.Client) -> None:
    for path in ("snapshot", "series", "heatmap", "strike-flow", "hedge-flow"):
        first = market.get(f"{FLOW}/{path}/{SYMBOL}")
        assert first.status_code == 200, first.text
        tag = {"if-none-match": first.headers["etag"]}
        assert market.get(f"{FLOW}/{path}/{SYMBOL}", headers=tag).status_code == 304
