"""`zerodte levels`: what TradingView and a spreadsheet get is what the API says.

TradingView's compiler is not here. What can be checked of Pine's rules by reading is checked: the
version, brackets, wrapped lines, names, lengths.
"""

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from runtime.local_market import ready
from server.keyed import create_key, keyed_server
from server.ports import served
from session.made_tape import DATE, quotes, stock, trades, write
from zerodte.cli import main
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings
from zerodte.service.stage import Stage
from zerodte.tape.folder import open_tape

#: Words of Pine 6 that the script uses, besides its own names.
PINE = {
    *("indicator", "overlay", "true", "float", "int", "bool", "input", "minval", "var", "array"),
    *("from", "na", "while", "times", "size", "get", "time", "time_close", "and", "plot"),
    *("color", "teal", "red", "purple", "orange", "gray", "style", "style_steplinebr"),
}
OWN = {"factor", "offset", "last", "isShown", "levelAt", "levels"}
LINES = {
    "callWall": "call_wall",
    "putWall": "put_wall",
    "magnet": "magnet",
    "gammaFlip": "gamma_flip",
}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tape of a session of ABC, and the history that it makes."""
    folder = tmp_path_factory.mktemp("levels")
    write(
        folder / "tape",
        ("cbbo-1s", quotes("cbbo-1s", 20_000, 23_400, seed=1)),
        ("tcbbo", trades("tcbbo", 2_000, 23_400, seed=2)),
        ("bbo-1s", stock(23_400)),
    )
    replay = ["replay", str(folder / "tape"), "--history", str(folder / "history")]
    result = CliRunner().invoke(main, replay)
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="module")
def url(day: Path) -> Iterator[str]:
    """A server that has read the tape."""
    with (
        ready(ReplayRunner(Stage(), [open_tape(day / "tape")])) as market,
        served(create_app(market.service, ServerSettings())) as url,
    ):
        yield url


def levels(*words: object) -> Result:
    """How the command ends, and what it says."""
    return CliRunner().invoke(main, ["levels", *map(str, words)])


def bars(url: str, bar: str = "5m") -> list[dict[str, Any]]:
    """The series that the API gives."""
    path = f"{url}/v1/flow/zero-dte/series/ABC?bar={bar}&minutes=390"
    answer = httpx.get(path, trust_env=False, timeout=60)
    found: list[dict[str, Any]] = answer.json()["bars"]
    return found


def arrays(script: str) -> dict[str, list[float | None]]:
    """The arrays of a script by name."""
    return {
        name: [None if word == "float(na)" else float(word) for word in re.split(r",\s+", text)]
        for name, text in re.findall(
            r"^var array<\w+> (\w+) = array\.from\(\s*(.*?)\)$", script, re.MULTILINE | re.DOTALL
        )
    }


@pytest.mark.drill
@pytest.mark.parametrize("form", ["--pine", "--csv"])
def test_a_history_and_a_server_say_the_same(day: Path, url: str, form: str) -> None:
    stored, served_now = levels(day / "history", form), levels(url, form)
    assert stored.exit_code == served_now.exit_code == 0, stored.output + served_now.output
    assert stored.output == served_now.output
    assert levels(url, form, "--date", DATE, "--symbol", "abc").output == stored.output


@pytest.mark.drill
@pytest.mark.parametrize("bar", ["1m", "5m", "15m"])
def test_a_script_holds_the_levels_of_the_day(day: Path, url: str, bar: str) -> None:
    result = levels(day / "history", "--pine", "--bar", bar)
    assert result.exit_code == 0, result.output
    found, expected = arrays(result.output), bars(url, bar)
    times = [datetime.fromisoformat(each["t"]).timestamp() * 1000 for each in expected]
    assert found.pop("times") == times
    assert len(times) == 390 // int(bar[:-1])
    for name, field in LINES.items():
        assert found.pop(name) == [each[field] for each in expected]
    upper, lower = found.pop("upperSigma"), found.pop("lowerSigma")
    assert None in upper  # in the last minute there is no sigma
    for up, down, each in zip(upper, lower, expected, strict=True):
        if (sigma := each["remaining_1sd_dollars"]) is None:
            assert (up, down) == (None, None)
        else:
            assert up == pytest.approx(each["spot"] + sigma, rel=1e-6)
            assert down == pytest.approx(each["spot"] - sigma, rel=1e-6)
    assert found == {}
    assert result.output.count("plot(levelAt(") == 6


@pytest.mark.drill
def test_a_script_keeps_the_rules_of_pine(day: Path) -> None:
    script = levels(day / "history", "--pine").output
    lines = script.splitlines()
    assert lines[0] == "//@version=6"
    code = [line for line in lines if not line.startswith("//")]
    assert script.count("indicator(") == 1
    assert code[0].startswith('indicator("ABC levels 2025-06-02", overlay = true)')
    depth = 0
    for line in code:
        assert "\t" not in line
        assert len(line) <= 120
        indent = len(line) - len(line.lstrip(" "))
        # A line that goes on within brackets has no indent of a block, and only a block's has one.
        assert (indent % 4 != 0) == (depth > 0), line
        if depth == 0 and indent:
            assert indent == 4
        bare = re.sub(r'"[^"]*"', "", line)
        depth += bare.count("(") - bare.count(")")
        assert depth >= 0
    assert depth == 0
    text = re.sub(r'"[^"]*"', "", "\n".join(code))
    words = set(re.findall(r"[A-Za-z_]\w*", text))
    assert words - PINE - OWN == {*LINES, "upperSigma", "lowerSigma"}
    declared = re.findall(r"^(?:var )?(?:float|int|bool|array<\w+>) (\w+) =", text, re.MULTILINE)
    assert len(declared) == len(set(declared))
    assert set(declared) | {"levelAt", "levels"} == (words - PINE) | {"times"}
    # It has a hundred thousand tokens at most.
    assert len(re.findall(r"\w+|[^\w\s]", text)) < 100_000
    hours = re.search(r"time >= (\d+) and time < (\d+)$", text, re.MULTILINE)
    assert hours is not None
    assert [datetime.fromtimestamp(int(ms) / 1000, UTC).isoformat() for ms in hours.groups()] == [
        "2025-06-02T13:30:00+00:00",
        "2025-06-02T20:00:00+00:00",
    ]


@pytest.mark.drill
def test_a_csv_holds_the_series(day: Path, url: str, tmp_path: Path) -> None:
    result = levels(day / "history", "--csv", "--out", tmp_path / "csv")
    path = tmp_path / "csv" / f"ABC-{DATE}.csv"
    assert (result.exit_code, result.output) == (0, f"{path}\n")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row, bar in zip(rows, bars(url), strict=True):
        assert row["time"] == bar["t"]
        for name in ("spot", "gamma_flip", "call_wall", "put_wall", "magnet", "net_gex"):
            assert (float(row[name]) if row[name] else None) == bar[name]
        assert (row["regime"], row["gamma_flip_status"]) == (
            bar["regime"] or "",
            bar["gamma_flip_status"] or "",
        )


@pytest.mark.drill
def test_a_csv_is_written_for_each_session(day: Path, tmp_path: Path) -> None:
    other = tmp_path / "history" / "date=2025-06-03"
    other.mkdir(parents=True)
    first = tmp_path / "history" / f"date={DATE}"
    first.mkdir()
    (first / "ABC.parquet").write_bytes(
        (day / "history" / f"date={DATE}" / "ABC.parquet").read_bytes()
    )
    # A file that holds another session is refused; the ones before it are written.
    (other / "ABC.parquet").write_bytes((first / "ABC.parquet").read_bytes())
    result = levels(tmp_path / "history", "--csv", "--out", tmp_path / "csv")
    assert result.exit_code == 1
    assert "it holds ABC of 2025-06-02" in result.output
    assert [path.name for path in (tmp_path / "csv").iterdir()] == [f"ABC-{DATE}.csv"]


def test_a_server_with_keys_is_asked_with_that_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, key = create_key(tmp_path / "keys.db", "growth")
    with keyed_server(tmp_path / "keys.db") as server:
        result = levels(server.url, "--csv", "--symbol", "SPX")
        assert result.exit_code == 1
        assert "Set ZERODTE_KEY to a key." in result.output
        monkeypatch.setenv("ZERODTE_KEY", key)
        result = levels(server.url, "--csv", "--symbol", "SPX")
        assert key not in result.output
        assert result.exit_code == 0, result.output
        assert result.output.startswith("time,spot,")


@pytest.mark.drill
def test_what_is_wrong_is_said_in_one_line(day: Path, tmp_path: Path, url: str) -> None:
    history = day / "history"
    for words, said in (
        ((history,), "choose --pine or --csv"),
        ((tmp_path / "none", "--csv"), "use a root that was given to --history"),
        ((history, "--csv", "--symbol", "XYZ"), "there is no session of XYZ; symbols: ABC"),
        (
            (history, "--csv", "--date", "2025-06-03"),
            "ABC has no session of 2025-06-03; there are 2025-06-02 to 2025-06-02",
        ),
        ((url, "--csv", "--symbol", "XYZ"), "there is no sample of XYZ on 2025-06-02"),
        (("http://127.0.0.1:9", "--csv"), "127.0.0.1:9 cannot be asked: Connection refused"),
        (("http://me:secret@host", "--csv"), "that is no URL of a server; write one such as"),
        (("http://127.0.0.1:0", "--csv"), "that is no URL of a server"),
    ):
        result = levels(*words)
        assert result.exit_code in (1, 2)
        assert said in result.output
        assert "secret" not in result.output
        assert "Traceback" not in result.output


@pytest.mark.drill
def test_the_docs_show_a_script_that_is_written(day: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "tradingview.md").read_text()
    shown = text.partition("```pine\n")[2].partition("```")[0]
    script = levels(day / "history", "--pine").output
    for line in shown.splitlines():
        assert line.strip() == "..." or line in script.splitlines(), line
    columns = re.findall(r"^\| `([^|]*)` \|", text, re.MULTILINE)
    header = levels(day / "history", "--csv").output.splitlines()[0]
    assert [name for each in columns for name in each.split("`, `")] == header.split(",")
