"""`zerodte evaluate` as its users meet it."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from evaluate.small_tape import make
from session.made_tape import DATE
from zerodte.cli import main
from zerodte.evaluate.tables import TABLES
from zerodte.feeds.synthetic_tape import write_synthetic_tape
from zerodte.market.calendar import calendar

pytestmark = pytest.mark.drill


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["evaluate", *(str(argument) for argument in arguments)])


@pytest.fixture(scope="module")
def tapes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("tapes")
    return [make(folder / str(seed), seed).path for seed in (1, 2)]


def test_tables_of_several_seeds(tapes: list[Path]) -> None:
    result = run(*tapes)
    assert result.exit_code == 0, result.output
    said = result.stdout
    assert "means over 2 seeds, ± half of the 95% interval" in said
    for table in TABLES:
        assert table.title in said
    first = said[: said.index(TABLES[0].title)]
    assert re.search(r"^  dealers' gamma: inventory's sign right +\d+\.\d", first, re.MULTILINE)
    assert re.search(r"^rule +at ask .* 73\.0 *$", said, re.MULTILINE)
    told = re.findall(r"in (\d+) of (\d+), farther in (\d+), undecided in (\d+)", said)
    assert len(told) == 6
    for nearer, of, farther, unknown in told:
        assert int(nearer) + int(farther) + int(unknown) == int(of)


def test_one_seed_says_what_it_cannot_know(tapes: list[Path]) -> None:
    said = run(tapes[0]).stdout
    assert "one seed, so there are no intervals" in said
    assert "±" not in said


def test_json_and_a_figure(tapes: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "figure.html"
    result = run(*tapes, "--json", "--figure", out)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["tables"].keys() == {table.name for table in TABLES}
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")
    again = run(*tapes, "--figure", out)
    assert again.exit_code == 1
    assert "exists and is not overwritten; choose another file" in again.output


def test_mistakes_end_in_a_clear_line(tapes: list[Path], tmp_path: Path) -> None:
    write_synthetic_tape(tmp_path / "sample", calendar().previous(DATE))
    for arguments, said in (
        ((), "Missing argument 'DIR...'"),
        ((tmp_path / "nowhere",), "no such folder"),
        ((tmp_path / "sample",), "has no folder truth; only simulated tapes can be scored"),
        ((tapes[0], tapes[0]), "hold the same records; give each seed once"),
        ((tapes[0], "--figure", tmp_path / "no" / "figure.html"), "no: no such folder"),
    ):
        result = run(*arguments)
        assert result.exit_code in {1, 2}
        assert said in result.output
        assert isinstance(result.exception, SystemExit), "a traceback would have reached the user"
