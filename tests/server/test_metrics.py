"""What `/metrics` exposes is what docs/metrics.md says, and it counts what happened."""

import math
import re
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

import zerodte
from server.example import ExampleService
from zerodte.alerts.stats import AlertStats
from zerodte.service.market_service import MarketStats

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"
SPX = "/v1/flow/zero-dte/snapshot/{symbol}"
STATE = MarketStats(
    records={"quotes": 7, "trades": 2},
    ticks=5,
    samples=3,
    tick_lag=0.25,
    sample_lag=0.5,
    queues={"recorder": 4},
    gaps=1,
    left_out={"trades that came twice": 6},
)
ALERTS = AlertStats(
    sent={"desk": 11}, failed={"desk": 3}, dropped={"desk": 2}, waiting={"desk": 5, "phone": 0}
)
Key = tuple[str, tuple[tuple[str, str], ...]]


def read(client: httpx.Client) -> dict[Key, float]:
    """Every sample by its name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
    }


def grown(before: dict[Key, float], after: dict[Key, float], name: str, **labels: str) -> float:
    key = (name, tuple(sorted(labels.items())))
    return after[key] - before.get(key, 0.0)


def test_what_is_exposed_is_documented_and_no_more(
    client: httpx.Client, service: ExampleService
) -> None:
    service.state, service.alerts = STATE, ALERTS
    client.get(SPX.format(symbol="SPX"))
    client.get("/metrics")
    exposed = {}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        total = "_total" if family.type == "counter" else ""
        labels = {name for sample in family.samples for name in sample.labels} - {"le"}
        if family.samples:
            exposed[family.name + total] = (family.type, labels)
    # Nothing may have been cut off yet; then the family is there, and without samples.
    exposed["zerodte_connections_aborted_total"] = ("counter", {"reason"})
    row = re.compile(r"^\| `(\w+)` \| (\w+) \|([^|]*)\| [^|]+ \|$", re.MULTILINE)
    documented = {
        name: (kind, set(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels in row.findall(DOCS.read_text())
    }
    assert exposed == documented


def test_alerts_are_counted_by_target(client: httpx.Client, service: ExampleService) -> None:
    service.alerts = ALERTS
    said = read(client)
    assert {
        (name.removeprefix("zerodte_alerts_"), dict(labels)["target"]): value
        for (name, labels), value in said.items()
        if name.startswith("zerodte_alerts_")
    } == {
        ("sent_total", "desk"): 11,
        ("failed_total", "desk"): 3,
        ("dropped_total", "desk"): 2,
        ("waiting", "desk"): 5,
        ("waiting", "phone"): 0,
    }


def test_the_market_speaks_for_itself(client: httpx.Client, service: ExampleService) -> None:
    service.state = STATE
    said = read(client)
    assert said["zerodte_records_total", (("kind", "quotes"),)] == 7
    assert said["zerodte_records_left_out_total", (("reason", "trades that came twice"),)] == 6
    assert said["zerodte_ticks_total", ()] == 5
    assert said["zerodte_samples_total", ()] == 3
    assert said["zerodte_tick_lag_seconds", ()] == 0.25
    assert said["zerodte_sample_lag_seconds", ()] == 0.5
    assert said["zerodte_queue_depth", (("queue", "recorder"),)] == 4
    assert said["zerodte_gaps_total", ()] == 1
    assert said["zerodte_build_info", (("version", zerodte.__version__),)] == 1
    service.state = MarketStats()
    assert math.isnan(read(client)["zerodte_tick_lag_seconds", ()])


def test_answers_are_counted_by_route_and_status(
    client: httpx.Client, service: ExampleService
) -> None:
    before = read(client)
    sizes = [len(client.get(SPX.format(symbol="TSLA")).content) for _ in range(3)]
    client.get(SPX.format(symbol="XYZ"))
    client.get("/nowhere/at/all")
    client.head(SPX.format(symbol="TSLA"))
    after = read(client)
    seconds = "zerodte_http_request_seconds_count"
    assert grown(before, after, seconds, route=SPX, status="200") == 4
    assert grown(before, after, seconds, route=SPX, status="404") == 1
    assert grown(before, after, seconds, route="none", status="404") == 1
    error = len(client.get(SPX.format(symbol="XYZ")).content)
    sent = grown(before, after, "zerodte_http_answer_bytes_total", route=SPX)
    assert sent == sum(sizes) + error, "HEAD has no body"
    looked_up = "zerodte_cache_lookups_total"
    assert grown(before, after, looked_up, result="miss") == 1
    assert grown(before, after, looked_up, result="hit") == 3
    assert after["zerodte_cache_entries", ()] >= 1
    assert after["zerodte_cache_bytes", ()] >= sizes[0]


def test_asking_for_symbols_makes_no_new_lines(
    client: httpx.Client, service: ExampleService
) -> None:
    client.get(SPX.format(symbol="A0"))
    client.get("/nowhere/a")
    client.get("/metrics")
    before = read(client).keys()
    for number in range(20):
        client.get(SPX.format(symbol=f"A{number}"))
        client.get(f"/nowhere/{number}")
    assert read(client).keys() == before


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_metrics_are_not_kept(client: httpx.Client, method: str) -> None:
    assert client.request(method, "/metrics").headers["cache-control"] == "no-store"
