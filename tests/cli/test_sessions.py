"""`zerodte sessions` and `--history` as their users meet them."""

import datetime
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from history.made_days import made_day
from zerodte.cli import main
from zerodte.feeds.synthetic_tape import SYMBOL, write_synthetic_tape
from zerodte.history.history import History
from zerodte.market.calendar import calendar


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two dates, three symbols on the first."""
    history = History(str(tmp_path / "kept"))
    history.store(made_day(1, 780))
    history.store(made_day(2, 700, symbol="BBB"))
    history.store(made_day(4, 780, symbol="CCC"))
    history.store(made_day(2, 420, date=datetime.date(2025, 7, 3)))
    return tmp_path / "kept"


def test_a_table_for_people(root: Path) -> None:
    first, second = run("sessions", root).output.splitlines()[1:]
    assert first.split()[:8] == ["2025-06-02", "AAA", "BBB", "CCC", "700", "to", "780", "1"]
    assert "(60 s)" in first
    assert second.split()[:4] == ["2025-07-03", "AAA", "420", "0"]


def test_json_for_programs(root: Path) -> None:
    first, second = json.loads(run("sessions", root, "--json").output)
    assert first["date"] == "2025-06-02"
    assert (first["open"], first["close"]) == ("2025-06-02T13:30:00Z", "2025-06-02T20:00:00Z")
    half = ("2025-07-03T13:30:00Z", "2025-07-03T17:00:00Z")  # the day before a holiday
    assert (second["open"], second["close"]) == half
    assert [kept["symbol"] for kept in first["symbols"]] == ["AAA", "BBB", "CCC"]
    assert first["symbols"][0]["gaps"] == [
        {"start": "2025-06-02T13:30:00Z", "end": "2025-06-02T13:31:00Z", "reason": "silence"}
    ]
    file = root / "date=2025-07-03" / "AAA.parquet"
    assert second["symbols"] == [
        {
            "symbol": "AAA",
            "size": file.stat().st_size,
            "samples": 420,
            "gaps": [],
            "problem": None,
        }
    ]


@pytest.mark.parametrize("options", [[], ["--json"], ["--check"]])
def test_a_root_that_is_not_there_is_an_error(tmp_path: Path, options: list[str]) -> None:
    shown = run("sessions", tmp_path / "typo", *options)
    assert shown.exit_code == 1
    assert f"{tmp_path / 'typo'}: there is no such folder" in shown.output
    empty = run("sessions", tmp_path, *options)
    assert empty.exit_code == 0


def test_hours_are_null_where_no_file_of_a_date_can_be_read(root: Path) -> None:
    (root / "date=2025-06-02" / "AAA.parquet").write_bytes(b"damaged")
    (root / "date=2025-07-03" / "AAA.parquet").write_bytes(b"damaged")
    first, second = json.loads(run("sessions", root, "--json").output)
    assert first["close"] == "2025-06-02T20:00:00Z", "by the files that can be read"
    assert (second["open"], second["close"]) == (None, None)


def test_what_cannot_be_read_is_named_and_the_rest_listed(root: Path) -> None:
    (root / "date=2025-06-02" / "BBB.parquet").write_bytes(b"PAR1 and no more")
    shown = run("sessions", root)
    assert shown.exit_code == 0
    assert "2025-06-02 BBB: " in shown.output
    assert "BBB.parquet: damaged" in shown.output
    assert "780" in shown.output
    (damaged,) = [
        kept
        for session in json.loads(run("sessions", root, "--json").output)
        for kept in session["symbols"]
        if kept["problem"]
    ]
    assert damaged["symbol"] == "BBB"
    assert damaged["samples"] is None


def test_check_finds_damage_in_the_middle(root: Path) -> None:
    file = root / "date=2025-06-02" / "AAA.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4] = b"XXXX"
    file.write_bytes(content)
    assert "AAA: " not in run("sessions", root).output
    assert "2025-06-02 AAA: " in run("sessions", root, "--check").output


def test_nothing_there(tmp_path: Path) -> None:
    shown = run("sessions", tmp_path)
    assert shown.exit_code == 0
    assert shown.output == f"no finished sessions in {tmp_path}\n"
    assert json.loads(run("sessions", tmp_path, "--json").output) == []


def test_a_root_that_is_none(tmp_path: Path) -> None:
    for root in ("s3://", "nonsense://x"):
        shown = run("sessions", root)
        assert shown.exit_code == 1
        assert "use a path or a URL such as s3://bucket/folder" in shown.output
        assert "Traceback" not in shown.output
    (tmp_path / "file").write_text("")
    shown = run("sessions", tmp_path / "file")
    assert shown.exit_code == 1
    assert "cannot list" in shown.output


@pytest.mark.drill
def test_a_replay_keeps_what_is_over(recorded: Path, tmp_path: Path) -> None:
    lean, tape, root = recorded / "lean", tmp_path / "tape", tmp_path / "kept"
    assert run("import", "lean", lean, "SPXW", "2021-01-04", "--out", tape).exit_code == 0
    shown = run("replay", tape, "--history", root)
    assert shown.exit_code == 0, shown.output
    assert f"stored 2021-01-04 in {root}: SPX, " in shown.output
    (session,) = json.loads(run("sessions", root, "--json").output)
    assert [(kept["symbol"], kept["samples"]) for kept in session["symbols"]] == [("SPX", 780)]
    again = run("replay", tape, "--history", root, "--until", "12:00")
    assert again.exit_code == 1
    assert "only finished sessions are stored" in again.output


@pytest.mark.drill
def test_a_replay_that_cannot_keep_says_why(recorded: Path, tmp_path: Path) -> None:
    lean, tape = recorded / "lean", tmp_path / "tape"
    run("import", "lean", lean, "SPXW", "2021-01-04", "--out", tape)
    (tmp_path / "file").write_text("")
    shown = run("replay", tape, "--history", tmp_path / "file")
    assert shown.exit_code == 1
    assert "file/date=2021-01-04/SPX.parquet: cannot write: Not a directory" in shown.output


def test_a_tape_that_ends_early_is_not_kept(tmp_path: Path) -> None:
    session = calendar().session(datetime.date(2024, 11, 29))
    assert session is not None
    write_synthetic_tape(tmp_path / "tape", session)
    shown = run("replay", tmp_path / "tape", "--symbol", SYMBOL, "--history", tmp_path / "kept")
    assert shown.exit_code == 1
    assert "only finished sessions are stored" in shown.output
    assert not (tmp_path / "kept").exists()
