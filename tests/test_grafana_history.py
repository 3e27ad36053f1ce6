"""The Grafana board of finished sessions: its queries run on a real history, and say what is there.

Grafana itself is not run: its variables and its one macro are put in as its own code writes them.
"""

import datetime
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from session.made_tape import quotes, stock, trades, write
from zerodte.cli import main

ROOT = Path(__file__).parents[1]
GRAFANA = ROOT / "deploy" / "grafana"
BOARD: dict[str, Any] = json.loads((GRAFANA / "history.json").read_text())
PANELS: list[dict[str, Any]] = BOARD["panels"]
DATE = datetime.date(2025, 6, 2)
#: The kind of data source, as the plugin names itself.
PLUGIN = "motherduck-duckdb-datasource"
#: What a line can be drawn of.
NUMBERS = {"DOUBLE", "FLOAT", "BIGINT", "HUGEINT", "INTEGER"}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of one session of ABC, written by `zerodte replay`."""
    folder = tmp_path_factory.mktemp("board")
    write(
        folder / "tape",
        ("cbbo-1s", quotes("cbbo-1s", 20_000, 23_400, seed=1)),
        ("tcbbo", trades("tcbbo", 2_000, 23_400, seed=2)),
        ("bbo-1s", stock(23_400)),
    )
    replay = ["replay", str(folder / "tape"), "--history", str(folder / "history")]
    result = CliRunner().invoke(main, replay)
    assert result.exit_code == 0, result.output
    return folder / "history"


def asked(text: str, history: Path, start: str, end: str) -> duckdb.DuckDBPyRelation:
    """The answer to a query as Grafana sends it.

    Args:
        text: The panel's.
        history: The root.
        start: The beginning of the time range, UTC.
        end: Its end.
    """
    text = re.sub(r"\$__timeFilter\((.*?)\)", rf"\1 >= '{start}' AND \1 <= '{end}'", text)
    text = text.replace("$root", str(history)).replace("$symbol", "ABC")
    assert "$" not in text
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    return connection.sql(text)


def rows(title: str, history: Path, start: str = f"{DATE}T00:00:00Z") -> list[tuple[Any, ...]]:
    """The rows of a panel from a time to the end of the day."""
    (panel,) = (each for each in PANELS if each["title"] == title)
    answer = asked(query_of(panel), history, start, f"{DATE}T23:59:59Z").to_arrow_table()
    return [tuple(row.values()) for row in answer.to_pylist()]


def query_of(panel: dict[str, Any]) -> str:
    """A panel's one query."""
    (target,) = panel["targets"]
    assert target["format"] == 1  # a table, as the plugin's numbers have it
    return str(target["rawSql"])


@pytest.mark.drill
@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: str(panel["title"]))
def test_every_query_runs_and_has_what_its_panel_draws(
    panel: dict[str, Any], history: Path
) -> None:
    answer = asked(query_of(panel), history, f"{DATE}T00:00:00Z", f"{DATE}T23:59:59Z")
    types = [str(kind) for kind in answer.types]
    assert answer.to_arrow_table().num_rows
    match panel["type"]:
        case "timeseries":
            assert (answer.columns[0], types[0]) == ("time", "TIMESTAMP WITH TIME ZONE")
            assert set(types[1:]) <= NUMBERS
        case "state-timeline":
            assert (answer.columns[0], types[0]) == ("time", "TIMESTAMP WITH TIME ZONE")
            assert set(types[1:]) == {"VARCHAR"}
        case "barchart":
            assert answer.columns[0] == panel["options"]["xField"]
            assert types[0] == "VARCHAR"
        case kind:
            assert kind == "table"
    # Fields that the panel treats apart are there.
    for override in panel["fieldConfig"]["overrides"]:
        matcher = override["matcher"]
        assert any(
            name == matcher["options"]
            if matcher["id"] == "byName"
            else re.fullmatch(matcher["options"], name)
            for name in answer.columns
        )


@pytest.mark.drill
def test_a_line_is_the_column_of_the_file(history: Path) -> None:
    table = pq.read_table(history / f"date={DATE}" / "ABC.parquet", partitioning=None).to_pydict()
    found = rows("Spot and levels", history)
    names = ("spot", "gamma_flip", "call_wall", "put_wall", "magnet")
    assert [row[1:] for row in found] == list(zip(*(table[name] for name in names), strict=True))
    assert [row[0].timestamp() for row in found] == [at.timestamp() for at in table["t"]]
    flow = rows("Hedge flow", history)
    assert [row[3] for row in flow] == [
        None if calls is None else calls + puts
        for calls, puts in zip(
            table["hedge_flow_call_cumulative"], table["hedge_flow_put_cumulative"], strict=True
        )
    ]
    busiest = rows("Busiest strikes", history)
    traded = {
        f"{strike}": (calls, puts)
        for strike, calls, puts in zip(
            table["strikes"][-1],
            table["call_contracts"][-1],
            table["put_contracts"][-1],
            strict=True,
        )
    }
    assert {row[0]: row[1:3] for row in busiest}.items() <= traded.items()
    assert (
        min(row[1] + row[2] for row in busiest)
        >= sorted((sum(pair) for pair in traded.values()), reverse=True)[min(19, len(traded) - 1)]
    )


@pytest.mark.drill
def test_the_time_range_is_heeded(history: Path) -> None:
    everything = rows("Spot and levels", history)
    later = rows("Spot and levels", history, f"{DATE}T15:00:00Z")
    assert later == everything[len(everything) - len(later) :]
    assert 0 < len(later) < len(everything)
    assert (
        later[0][0].timestamp()
        == datetime.datetime(2025, 6, 2, 15, tzinfo=datetime.UTC).timestamp()
    )
    (session,) = rows("Sessions", history)
    assert session[:3] == (str(DATE), "ABC", len(everything))
    # What the link of a session goes to is that session.
    assert (session[-2], session[-1]) == tuple(
        1000 * round(row[0].timestamp()) for row in (everything[0], everything[-1])
    )


@pytest.mark.drill
def test_the_symbols_to_choose_from_are_those_of_the_history(history: Path) -> None:
    _, root, symbol = BOARD["templating"]["list"]
    assert root["type"] == "textbox"
    text = symbol["query"].replace("$root", str(history))
    assert duckdb.connect().sql(text).fetchall() == [("ABC",)]


def test_the_board_holds_together() -> None:
    ids = [panel["id"] for panel in PANELS]
    assert len(set(ids)) == len(ids)
    cells = Counter(
        (x, y)
        for place in (panel["gridPos"] for panel in PANELS)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    )
    assert max(cells.values()) == 1
    assert {x for x, _ in cells} == set(range(24))
    source = BOARD["templating"]["list"][0]
    assert source["query"] == PLUGIN
    for panel in PANELS:
        assert panel["title"]
        assert panel["description"]
        for where in (panel, *panel["targets"]):
            assert where["datasource"] == {"type": PLUGIN, "uid": f"${{{source['name']}}}"}


def test_what_is_provisioned_is_what_the_boards_ask_for() -> None:
    provisioning = GRAFANA / "provisioning"
    sources = (provisioning / "datasources" / "zerodte.yaml").read_text()
    types = re.findall(r"^ {4}type: (\S+)$", sources, re.MULTILINE)
    boards = [json.loads(path.read_text()) for path in sorted(GRAFANA.glob("*.json"))]
    assert sorted(types) == sorted(board["templating"]["list"][0]["query"] for board in boards)
    assert len({board["uid"] for board in boards}) == len(boards)
    for path in provisioning.rglob("*.yaml"):
        assert path.read_text().count("apiVersion: 1\n") == 1
