"""The scripts of `examples/` run, and answer as plain loops over the same files do."""

import datetime
import math
import runpy
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from session.made_tape import quotes, stock, trades, write
from zerodte.cli import main

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
DUCKDB = EXAMPLES / "history_duckdb.py"
POLARS = EXAMPLES / "history_polars.py"

FIRST, SECOND, THIRD = (datetime.date(2025, 6, day) for day in (2, 3, 4))
REGIMES = ["positive_gamma", "negative_gamma", "unknown", None]

Sample: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[datetime.date, str]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history: a session of ABC, and its like on later days with random figures, as XYZ too."""
    folder = tmp_path_factory.mktemp("examples")
    day = 23_400
    write(
        folder / "tape",
        ("cbbo-1s", quotes("cbbo-1s", 20_000, day, seed=1)),
        ("tcbbo", trades("tcbbo", 2_000, day, seed=2)),
        ("bbo-1s", stock(day)),
    )
    history = folder / "history"
    replay = ["replay", str(folder / "tape"), "--history", str(history)]
    shown = CliRunner().invoke(main, replay)
    assert shown.exit_code == 0, shown.output
    table = pq.read_table(history / f"date={FIRST}" / "ABC.parquet", partitioning=None)
    later = (("ABC", SECOND), ("XYZ", SECOND), ("XYZ", THIRD))
    for seed, (symbol, date) in enumerate(later, start=4):
        path = history / f"date={date}" / f"{symbol}.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(redrawn(table, symbol, date, seed), path)
    return history


def redrawn(table: pa.Table, symbol: str, date: datetime.date, seed: int) -> pa.Table:
    """The same session on a later date, its figures drawn anew; some are unknown."""
    random = np.random.default_rng(seed)
    count, later = len(table), (date - FIRST).days * 86_400 * 10**9
    spot = 100.0 * np.exp(np.cumsum(random.normal(0.0, 1e-3, count)))
    figures = {
        "symbol": [symbol] * count,
        "t": [at + later for at in table["t"].cast(pa.int64()).to_pylist()],
        "spot": spot,
        "gamma_flip": spot + random.normal(0.0, 0.1, count),
        "regime": [REGIMES[n] for n in random.integers(0, len(REGIMES), count)],
        "atm_iv": random.uniform(0.1, 0.5, count),
    }
    for name, values in figures.items():
        kind = table.schema.field(name).type
        unknown = np.zeros(count, bool)
        if name in ("gamma_flip", "atm_iv"):
            unknown = random.random(count) < 0.2
        column = pa.array(values, mask=unknown)
        column = column.cast(pa.int64()).cast(kind) if name == "t" else column.cast(kind)
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table


@pytest.fixture(scope="module")
def sessions(root: Path) -> dict[Key, list[Sample]]:
    """Every file's rows, as pyarrow alone reads them; `t` as nanoseconds."""
    out = {}
    for path in sorted(root.glob("*/*.parquet")):
        table = pq.read_table(path, partitioning=None)
        times = table["t"].cast(pa.int64()).to_pylist()
        rows = [
            row | {"t": at} for row, at in zip(table.drop(["t"]).to_pylist(), times, strict=True)
        ]
        date = datetime.date.fromisoformat(path.parent.name.removeprefix("date="))
        out[date, path.stem] = rows
    assert list(out) == [(FIRST, "ABC"), (SECOND, "ABC"), (SECOND, "XYZ"), (THIRD, "XYZ")]
    assert {len(rows) for rows in out.values()} == {780}
    return out


def answer(root: Path, query: str, symbol: str = "*") -> list[tuple[Any, ...]]:
    """What DuckDB says to a query of the example."""
    example = runpy.run_path(str(DUCKDB))
    rows: list[tuple[Any, ...]] = example["ask"](example[query], str(root), symbol).fetchall()
    return rows


@pytest.mark.drill
def test_sessions(root: Path, sessions: dict[Key, list[Sample]]) -> None:
    expected = []
    for (date, symbol), rows in sessions.items():
        spots = [row["spot"] for row in rows]
        sides = [
            None if row["gamma_flip"] is None else np.sign(row["spot"] - row["gamma_flip"])
            for row in rows
        ]
        crossings = sum(None not in pair and pair[0] != pair[1] for pair in pairwise(sides))
        regimes = [row["regime"] for row in rows if row["regime"]]
        expected.append(
            (
                *(date, symbol, 780, spots[0], spots[-1]),
                pytest.approx(100 * (max(spots) - min(spots)) / spots[0], abs=0.0051),
                pytest.approx(100 * regimes.count("positive_gamma") / len(regimes), abs=0.051),
                crossings,
            )
        )
    assert answer(root, "SESSIONS") == expected
    assert answer(root, "SESSIONS", "XYZ") == expected[2:]
    assert len({row[-1] for row in expected}) == 4
    ends = [sessions[SECOND, "XYZ"][-1], sessions[THIRD, "XYZ"][0]]
    assert {np.sign(row["spot"] - row["gamma_flip"]) for row in ends} == {-1, 1}, "no crossing"


@pytest.mark.drill
def test_straddles(root: Path, sessions: dict[Key, list[Sample]]) -> None:
    expected = []
    for (date, symbol), rows in sessions.items():
        early = next(row for row in rows if row["t"] == rows[0]["t"] + 1_800 * 10**9)
        _, strike, straddle = min(
            (abs(strike - early["forward"]), strike, call + put)
            for strike, call, put in zip(
                early["strikes"], early["call_mid"], early["put_mid"], strict=True
            )
            if call is not None and put is not None
        )
        moved = abs(rows[-1]["spot"] - early["spot"])
        ratio = pytest.approx(moved / straddle, abs=0.0051)
        row = (date, symbol, strike, straddle, pytest.approx(moved, abs=0.000051), ratio)
        expected.append(row)
    assert answer(root, "STRADDLES") == expected


@pytest.mark.drill
def test_busiest_strikes(root: Path, sessions: dict[Key, list[Sample]]) -> None:
    expected: list[tuple[Any, ...]] = []
    for symbol, date in (("ABC", SECOND), ("XYZ", THIRD)):
        rows = sessions[date, symbol]
        call, put = (
            [row[f"{side}_official_open_interest"] for row in rows] for side in ("call", "put")
        )
        assert call[-1] is None, "the venue says it once, in the morning"
        calls, puts = ([said for said in side if said][-1] for side in (call, put))
        last = rows[-1]
        strikes = [
            (symbol, strike, bought + sold, of_calls + of_puts, dollars)
            for strike, bought, sold, of_calls, of_puts, dollars in zip(
                *(last[name] for name in ("strikes", "call_contracts", "put_contracts")),
                *(calls, puts, last["delta_dollars"]),
                strict=True,
            )
        ]
        expected += sorted(strikes, key=lambda row: -abs(row[-1]))[:5]
    assert answer(root, "BUSIEST_STRIKES") == expected
    assert all(row[-1] for row in expected)


@pytest.mark.drill
def test_volatility_by_regime(root: Path, sessions: dict[Key, list[Sample]]) -> None:
    example = runpy.run_path(str(POLARS))
    found = example["volatility_by_regime"](example["read"](str(root), "ABC")).rows()
    expected = []
    for date in (FIRST, SECOND):
        minutes = [row for row in sessions[date, "ABC"] if row["t"] // 10**9 % 60 == 0]
        assert len(minutes) == 390
        for regime in sorted({row["regime"] for row in minutes}, key=lambda name: name or ""):
            pairs = [
                (one, following) for one, following in pairwise(minutes) if one["regime"] == regime
            ]
            squares = [math.log(b["spot"] / a["spot"]) ** 2 for a, b in pairs]
            implied = [row["atm_iv"] for row, _ in pairs if row["atm_iv"] is not None]
            expected.append(
                (
                    *(date, regime, len(pairs)),
                    pytest.approx(math.sqrt(sum(squares) / len(squares) * 252 * 390)),
                    pytest.approx(sum(implied) / len(implied)),
                )
            )
    assert Counter(row[0] for row in found) == {FIRST: 2, SECOND: 4}
    assert sorted(found, key=lambda row: (row[0], row[1] or "")) == expected


@pytest.mark.drill
def test_flow_heatmap(root: Path, sessions: dict[Key, list[Sample]]) -> None:
    example = runpy.run_path(str(POLARS))
    found = example["flow_heatmap"](example["read"](str(root), "ABC"), strikes=4)
    rows = sessions[SECOND, "ABC"]
    ends = [row for row in rows if row["t"] // 10**9 % 1_800 == 0]
    hours = [f"{hour:02d}:{minute:02d}" for hour in range(10, 17) for minute in (0, 30)][:13]
    assert found.columns == ["strike", *hours]
    flows = {}
    for place, strike in enumerate(rows[0]["strikes"]):
        totals = [0, *(row["delta_dollars"][place] for row in ends)]
        flows[strike] = [b - a for a, b in pairwise(totals)]
    largest = sorted(flows, key=lambda strike: -sum(map(abs, flows[strike])))[:4]
    assert found.rows() == [(strike, *flows[strike]) for strike in sorted(largest)]
    assert any(flows[largest[0]])


@pytest.mark.drill
@pytest.mark.parametrize(("script", "tables"), [(DUCKDB, 3), (POLARS, 2)])
def test_the_scripts_run(root: Path, script: Path, tables: int) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", script, root, "ABC"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("┌") == tables
    assert str(FIRST) in done.stdout
    assert "XYZ" not in done.stdout


@pytest.mark.parametrize("script", [DUCKDB, POLARS])
def test_the_scripts_say_what_they_need(script: Path) -> None:
    done = subprocess.run([sys.executable, script], check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith(f"usage: python examples/{script.name} ROOT ")


def test_the_readme_names_every_example() -> None:
    text = (EXAMPLES / "README.md").read_text()
    files = [path for path in EXAMPLES.rglob("*") if path.suffix in (".py", ".json")]
    assert len(files) >= 3
    for path in files:
        assert f"]({path.relative_to(EXAMPLES)})" in text
