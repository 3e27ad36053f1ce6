"""The account after a replay: what it prints adds up, and silences of the tape are shown."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from importers.lean_twin import files
from session.made_tape import OPEN, SECOND, quotes, stock, trades, write
from zerodte.cli import main
from zerodte.engine.aggressor import SideRule

TRADES = "lean/option/usa/minute/goog/20151224_trade_american.zip"


def shown(folder: Path, *options: str) -> str:
    result = CliRunner().invoke(main, ["replay", str(folder), *options])
    assert result.exit_code == 0, result.output
    return result.output


def table(output: str, title: str) -> list[list[str]]:
    """The rows under a title, cells apart by two spaces, up to the next title or text."""
    lines = output[output.index(title) :].splitlines()[1:]
    rows = [re.split(r"\s{2,}", line.strip()) for line in lines]
    width = len(rows[0])
    ends = next((n for n, row in enumerate(rows) if len(row) != width), len(rows))
    return rows[:ends]


def count(cell: str) -> int:
    return int(cell.replace(",", ""))


@pytest.fixture(scope="module")
def goog(goog_tape: Path) -> str:
    return shown(goog_tape)


@pytest.mark.drill
def test_volume_by_side_and_by_rule_add_up(goog: str, recorded: Path) -> None:
    bars = [row for rows in files(recorded / TRADES).values() for row in rows]
    sides = re.search(r"contracts: ([\d,]+) bought, ([\d,]+) sold, ([\d,]+) without a side", goog)
    assert sides is not None
    bought, sold, unsigned = map(count, sides.groups())
    names = {rule.name.lower().replace("_", " ") for rule in SideRule}
    rules = [row for row in table(goog, "decided by") if row[0] in names]
    assert sum(count(row[1]) for row in rules) == len(bars) == 958
    assert (
        sum(count(row[2]) for row in rules)
        == bought + sold + unsigned
        == sum(int(row[5]) for row in bars)
    )
    signing = {rule.name.lower().replace("_", " ") for rule in SideRule if 1 <= rule <= 7}
    assert sum(count(row[2]) for row in rules if row[0] in signing) == bought + sold


@pytest.mark.drill
def test_the_busiest_strikes_come_first(goog: str) -> None:
    rows = [row for row in table(goog, "busiest today") if row[0] == "GOOG"]
    volumes = [sum(map(count, row[2:])) for row in rows]
    assert len(volumes) == 10
    assert volumes == sorted(volumes, reverse=True)


@pytest.mark.drill
def test_minutes_of_a_tape_of_minutes_are_no_gaps(goog: str) -> None:
    assert "gap:" not in goog


def test_silences_are_shown(tmp_path: Path) -> None:
    span = 180
    parts = []
    for schema, rows in (
        ("cbbo-1s", quotes("cbbo-1s", 4_000, span, seed=1)),
        ("tcbbo", trades("tcbbo", 300, span, seed=2)),
        ("bbo-1s", stock(span)),
    ):
        after = rows["ts_recv"] - OPEN
        parts.append((schema, rows[(after <= 60 * SECOND) | (after > 90 * SECOND)]))
    write(tmp_path, *parts)
    gaps = [line for line in shown(tmp_path).splitlines() if line.startswith("gap:")]
    assert gaps == [
        "gap: 09:31:00 to 09:31:31 New York, 31 s: silence",
        "gap: 09:33:00 to 16:00:00 New York, 23220 s: silence",
    ]
