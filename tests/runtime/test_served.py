"""A market behind a port: what its stream says is what its endpoints say."""

import datetime
import json
import math
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
        httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
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


NUMBERS = {
    "heatmap": ("values",),
    "strike-flow": ("signed_delta_dollars", "signed_gamma_dollars", "contracts"),
}


@pytest.mark.parametrize("path", ["heatmap", "heatmap?metric=signed_flow", "strike-flow"])
@pytest.mark.parametrize("digits", [3, 4, 6])
def test_fewer_digits_are_the_same_figures_rounded(
    market: httpx.Client, path: str, digits: int
) -> None:
    name, _, asked = path.partition("?")
    url = f"{FLOW}/{name}/{SYMBOL}?minutes=60&{asked}"
    full, short = market.get(url).json(), market.get(f"{url}&digits={digits}").json()
    assert short.keys() == full.keys()
    assert {key: short[key] for key in short if key != "bars"} == {
        key: full[key] for key in full if key != "bars"
    }
    seen = 0
    for one, other in zip(full["bars"], short["bars"], strict=True):
        assert (one["t"], one["spot"]) == (other["t"], other["spot"])
        for field in NUMBERS[name]:
            for value, rounded in zip(one[field], other[field], strict=True):
                if value is None or field == "contracts":
                    assert rounded == value
                    continue
                assert type(rounded) is type(value)
                assert float(f"{rounded:.{digits}g}") == rounded
                # What is asked is rounded once, what is compared twice: half a digit of seven more.
                unit = 10.0 ** (math.floor(math.log10(abs(value))) + 1) if value else 0.0
                assert abs(rounded - value) <= unit * (0.5 * 10.0**-digits + 0.5e-7)
                seen += rounded != value
    assert seen > 20 or asked or name != "heatmap", "something was rounded"


def test_digits_out_of_range_are_clamped(market: httpx.Client) -> None:
    url = f"{FLOW}/strike-flow/{SYMBOL}?minutes=60&digits="
    assert market.get(url + "1").content == market.get(url + "3").content
    assert market.get(url + "99").content == market.get(url + "7").content


@pytest.mark.parametrize("path", ["heatmap", "heatmap?metric=oi&mode=delta", "strike-flow"])
@pytest.mark.parametrize("inner", [(3, 7), (0, 0), (2, -1)])
def test_a_window_of_strikes_is_a_part_of_the_whole(
    market: httpx.Client, path: str, inner: tuple[int, int]
) -> None:
    name, _, asked = path.partition("?")
    url = f"{FLOW}/{name}/{SYMBOL}?minutes=60&{asked}"
    full = market.get(url).json()
    grid = full["strikes_grid"]
    low, high = grid[inner[0]], grid[inner[1]]
    part = market.get(f"{url}&strikes={low:g}-{high:.4f}").json()
    places = [place for place, strike in enumerate(grid) if low <= strike <= high]
    assert part["strikes_grid"] == [grid[place] for place in places]
    for one, other in zip(full["bars"], part["bars"], strict=True):
        for field in NUMBERS[name]:
            assert other[field] == [one[field][place] for place in places]


@pytest.mark.parametrize("path", ["heatmap", "strike-flow"])
def test_a_window_without_strikes_has_bars_without_any(market: httpx.Client, path: str) -> None:
    full = market.get(f"{FLOW}/{path}/{SYMBOL}").json()
    part = market.get(f"{FLOW}/{path}/{SYMBOL}?strikes=0.5-0.75").json()
    assert part["strikes_grid"] == []
    assert [bar["t"] for bar in part["bars"]] == [bar["t"] for bar in full["bars"]]
    assert all(bar[field] == [] for bar in part["bars"] for field in NUMBERS[path])
