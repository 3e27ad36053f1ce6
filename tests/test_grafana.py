"""The Grafana board of `deploy/` shows the metrics of docs/metrics.md, and holds together."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BOARD = ROOT / "deploy" / "grafana" / "zerodte.json"
METRIC = r"\b(?:zerodte|process)_\w+"


def panels() -> list[dict[str, Any]]:
    """The panels that show something; a row only parts them."""
    return [panel for panel in json.loads(BOARD.read_text())["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    """Every query of the board."""
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def documented() -> dict[str, set[str]]:
    """The series of docs/metrics.md with their labels; a histogram is three."""
    row = re.compile(r"^\| `(\w+)` \| (counter|gauge|histogram) \|([^|]*)\|", re.MULTILINE)
    series: dict[str, set[str]] = {}
    for name, kind, labels in row.findall((ROOT / "docs" / "metrics.md").read_text()):
        known = set(re.findall(r"`(\w+)`", labels))
        if kind == "histogram":
            series |= {f"{name}_sum": known, f"{name}_count": known}
            series[f"{name}_bucket"] = known | {"le"}
        else:
            series[name] = known
    assert "zerodte_http_request_seconds_bucket" in series
    return series


def test_every_metric_of_the_board_is_documented() -> None:
    used = {name for text in expressions() for name in re.findall(METRIC, text)}
    assert len(used) > 15
    assert used - documented().keys() == set()


def test_every_label_of_the_board_is_documented() -> None:
    series = documented()
    for text in expressions():
        names = re.findall(METRIC, text)
        known = set().union(*(series.get(name, set()) for name in names)) | {"job", "instance"}
        grouped = re.findall(r"\bby \(([^)]*)\)", text)
        selected = re.findall(r"(\w+) *(?:=~|!~|!=|=)\s*\"", text)
        labels = {*selected, *(label.strip() for part in grouped for label in part.split(","))}
        assert labels <= known, text


def test_counters_are_rates_and_gauges_are_not() -> None:
    for text in expressions():
        for name, ranged in re.findall(rf"({METRIC})(?:\{{[^}}]*\}})?(\[)?", text):
            is_counter = name.endswith(("_total", "_bucket", "_count", "_sum"))
            assert bool(ranged) == is_counter, text


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    market = json.loads(BOARD.read_text())
    ids = [panel["id"] for panel in market["panels"]]
    assert len(set(ids)) == len(ids)
    cells = Counter(
        (x, y)
        for place in (panel["gridPos"] for panel in market["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    )
    assert max(cells.values()) == 1
    assert {x for x, _ in cells} == set(range(24))


def test_the_board_fits_any_source_and_any_servers() -> None:
    market = json.loads(BOARD.read_text())
    source, server = market["templating"]["list"]
    assert (source["type"], source["query"]) == ("datasource", "prometheus")
    assert server["query"]["query"] == "label_values(zerodte_build_info, instance)"
    for panel in panels():
        assert panel["title"]
        assert panel["description"]
        for asked in (panel, *panel["targets"]):
            assert asked["datasource"] == {"type": "prometheus", "uid": f"${{{source['name']}}}"}
    for text in expressions():
        names = re.findall(METRIC, text)
        assert text.count(f'instance=~"${server["name"]}"') == len(names), text
