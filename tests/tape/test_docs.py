"""The page about tapes: its examples run, its tables are those of the code."""

import re
from pathlib import Path

import msgspec
import pytest

from zerodte.records.condition import Condition
from zerodte.records.dbn import SCHEMAS
from zerodte.tape.file_selection import QUOTE_ORDER, TRADE_ORDER
from zerodte.tape.sidecars import Commit

PAGE = (Path(__file__).parents[2] / "docs" / "tape.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


# The client leaves the files that it reads open.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_examples_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    ours, theirs = blocks("python")
    exec(ours, {})  # noqa: S102
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[0:3] for line in printed] == [
        ["1648042201000000000", "OPRA.PILLAR", "cbbo-1s"],
        ["1648042202000000000", "OPRA.PILLAR", "tcbbo"],
    ]
    exec(theirs, {})  # noqa: S102
    assert "21.7" in capsys.readouterr().out


def test_example_of_ticks_is_read() -> None:
    (example,) = blocks("json")
    commits = [msgspec.json.decode(line, type=Commit) for line in example.splitlines()]
    assert [len(commit.counts) for commit in commits] == [2, 1, 0]


def test_tables_are_those_of_the_code() -> None:
    codes = re.findall(r"^\| (\d) \| ([a-z-]+) \|$", PAGE, re.MULTILINE)
    assert codes == [(str(int(c)), c.name.lower().replace("_", "-")) for c in Condition]
    schemas = PAGE[PAGE.index("| schema |") : PAGE.index("Every other file")]
    named = re.findall(r"`([a-z0-9-]+)`", schemas)
    assert tuple(named) == ("definition", "statistics", *QUOTE_ORDER, *TRADE_ORDER)
    assert set(named) == SCHEMAS.keys()
