"""`zerodte simulate` as its users meet it: a tape, or a clear line and nothing."""

import itertools
import json
import resource
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pyarrow import parquet

from processes import started
from zerodte.cli import main
from zerodte.records.dbn import OPRA
from zerodte.tape.folder import open_tape

SHORT = ("--symbols", "IWM", "--minutes", "2")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def simulate(out: Path, *options: str) -> Result:
    return run("simulate", "--date", "2025-06-02", "--out", out, *options)


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_a_tape_that_every_command_reads(tmp_path: Path) -> None:
    out = tmp_path / "tapes" / "made"
    said = simulate(out, *SHORT)
    assert said.exit_code == 0, said.output
    assert open_tape(out).notes.source == "simulated"
    for line in (f"zerodte serve {out}", f"zerodte evaluate {out}", "quotes", "trades"):
        assert line in said.output
    answer = json.loads(run("replay", out, "--json").output)
    assert (answer["symbol"], answer["source"]) == ("IWM", "simulated")
    assert answer["as_of"] == "2025-06-02T13:32:00Z"
    assert answer["flow"]["total_volume"] > 0
    assert [path.name for path in out.parent.iterdir()] == ["made"]


def test_the_seed_decides_every_byte(tmp_path: Path) -> None:
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        assert simulate(tmp_path / name, *SHORT, "--seed", seed).exit_code == 0
    first, again, other = (files(tmp_path / name) for name in "abc")
    assert first == again
    assert first != other


@pytest.mark.drill
def test_sessions_follow_one_another(tmp_path: Path) -> None:
    out = tmp_path / "days"
    said = simulate(out, *SHORT, "--date", "2025-06-05", "--sessions", "3")
    assert said.exit_code == 0, said.output
    days = ["2025-06-05", "2025-06-06", "2025-06-09"]
    assert sorted(path.name for path in out.iterdir()) == days
    assert f"3 tapes, {out / days[0]} to {out / days[2]}" in said.output
    draws = [json.loads((out / day / "truth" / "parameters.json").read_text()) for day in days]
    for before, after in itertools.pairwise(days):
        positions, settled = _left(out / before), _settled(out / after)
        living = {symbol for symbol in positions if symbol[6:12] != before[2:].replace("-", "")}
        held = {symbol for symbol in living if positions[symbol] > 0}
        assert len(held) > 300
        assert {symbol: settled[symbol] for symbol in held} == {
            symbol: positions[symbol] for symbol in held
        }
        assert all(settled[symbol] == 0 for symbol in (living - held) & settled.keys())
    for before, after in itertools.pairwise(draws):
        gap = after["prices"]["opening"]["IWM"] / after["prices"]["last"]["IWM"] - 1.0
        assert 0.0 < abs(gap) < 0.04
        drift = after["prices"]["last"]["IWM"] / before["prices"]["opening"]["IWM"] - 1.0
        assert abs(drift) < 0.01, "two minutes after the open"
    again = simulate(out, *SHORT, "--date", "2025-06-06")
    assert (again.exit_code, "exists" in again.output) == (1, True)


def _left(tape: Path) -> dict[str, int]:
    """The open interest after the last minute, by symbol, from the truth."""
    rows = parquet.read_table(tape / "truth" / "contracts.parquet").to_pandas()
    last = rows[rows["minute_end"] == rows["minute_end"].max()]
    symbols = open_tape(tape).symbols[OPRA]
    return {
        symbols[number]: int(interest)
        for number, interest in zip(last["instrument_id"], last["open_interest"], strict=True)
    }


def _settled(tape: Path) -> dict[str, int]:
    """The open interest of the morning, by symbol, from the records."""
    opened = open_tape(tape)
    tick = next(tick for tick in opened.ticks() if tick.statistics)
    rows = tick.statistics[0].records
    symbols = opened.symbols[OPRA]
    return {symbols[int(row["instrument_id"])]: int(row["quantity"]) for row in rows}


def test_the_first_of_several_sessions_is_the_session_of_its_seed(tmp_path: Path) -> None:
    assert simulate(tmp_path / "one", *SHORT).exit_code == 0
    for name in ("two", "again"):
        assert simulate(tmp_path / name, *SHORT, "--sessions", "2").exit_code == 0
    assert files(tmp_path / "two" / "2025-06-02") == files(tmp_path / "one")
    assert files(tmp_path / "two") == files(tmp_path / "again")


REFUSED = [
    (("--sessions", "2", "--news", "09:31"), 2, "--news is the news of one session"),
    (("--sessions", "0"), 2, "is not in the range"),
    (
        ("--date", "2024-11-27", "--sessions", "2", "--minutes", "211"),
        1,
        "minutes is 211; 2024-11-29 has 1 to 210",
    ),
    (("--date", "2099-08-31", "--sessions", "2"), 1, "2099-09-01 cannot be simulated"),
    (("--symbols", "SPY,XYZ"), 2, "unknown symbol 'XYZ'; known symbols: SPX, SPY"),
    (("--symbols", "SPY,spy"), 2, "SPY is given twice"),
    (("--symbols", ","), 2, "no symbol to simulate"),
    (("--universe", "20"), 2, "--universe chooses the symbols; leave out --symbols."),
    (("--universe", "0"), 2, "0 is not in the range 1<=x<=500"),
    (("--universe", "501"), 2, "501 is not in the range 1<=x<=500"),
    (("--universe", "many"), 2, "'many' is not a whole number; write one from 1 to 500"),
    (
        ("--date", "2025-07-04"),
        1,
        "2025-07-04 is a Friday without a session; the next is 2025-07-07",
    ),
    (("--date", "2025-06-01"), 1, "a Sunday without a session; the next is 2025-06-02"),
    (("--date", "1950-06-01"), 1, "1950-06-01 cannot be simulated; dates are from 2000-01-01"),
    (("--date", "1999-12-31"), 1, "1999-12-31 cannot be simulated"),
    (("--date", "2099-09-01"), 1, "dates are from 2000-01-01 to 2099-08-31"),
    (("--date", "June"), 2, "write yyyy-MM-dd"),
    (("--impact", "-1"), 2, "-1.0 is not in the range 0.0<=x<=10.0"),
    (("--impact", "1e6"), 2, "1000000.0 is not in the range 0.0<=x<=10.0"),
    (("--impact", "nan"), 2, "'nan' is not a finite number"),
    (("--seed", "-1"), 2, "is not in the range"),
    (("--minutes", "0"), 2, "is not in the range"),
    (("--minutes", "391"), 1, "minutes is 391; 2025-06-02 has 1 to 390"),
    (("--date", "2024-11-29", "--minutes", "211"), 1, "2024-11-29 has 1 to 210"),
    (("--news", "09:00"), 1, "news at 09:00: the session of 2025-06-02 is from 09:30 to 16:00"),
    (("--news", "16:30"), 1, "news at 16:30: the session of 2025-06-02 is from 09:30 to 16:00"),
    (("--news", "14:00"), 1, "news at 14:00: the first 2 minutes end at 09:32 New York"),
    (("--news", "half past"), 2, "write HH:MM"),
]


@pytest.mark.parametrize(("options", "status", "said"), REFUSED, ids=lambda value: str(value)[:40])
def test_mistakes_end_in_a_clear_line_and_leave_nothing(
    tmp_path: Path, options: tuple[str, ...], status: int, said: str
) -> None:
    result = simulate(tmp_path / "out", *SHORT, *options)
    assert result.exit_code == status, result.output
    assert said in " ".join(result.output.split())
    assert isinstance(result.exception, SystemExit), "a traceback would have reached the user"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("date", ["2000-01-03", "2099-08-31"])
def test_the_first_and_the_last_dates_work(tmp_path: Path, date: str) -> None:
    options = ("--symbols", "SPX", "--minutes", "1", "--impact", "10")
    result = simulate(tmp_path / "out", "--date", date, *options)
    assert result.exit_code == 0, result.output


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    result = simulate(tmp_path)
    assert result.exit_code == 1
    assert "exists; a simulated tape needs a folder of its own" in result.output
    assert files(tmp_path) == {"mine": b"kept"}


@pytest.fixture
def _small_files() -> Iterator[None]:
    """A system that takes no file over 50 kB, as a full disk takes no more."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("_small_files")
def test_a_full_disk_ends_in_a_clear_line_and_leaves_nothing(tmp_path: Path) -> None:
    result = simulate(tmp_path / "out", *SHORT)
    assert result.exit_code == 1
    assert f"{tmp_path / 'out'}: File too large; nothing was written there" in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.drill
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, id="int"),
        pytest.param(signal.SIGTERM, id="term"),
        pytest.param(signal.SIGHUP, id="hup"),
    ],
)
def test_an_interruption_leaves_nothing(tmp_path: Path, number: int) -> None:
    command = [sys.executable, "-c", "from zerodte.cli import main; main()", "simulate"]
    options = ["--date", "2025-06-02", "--out", str(tmp_path / "out")]
    with started([*command, *options]) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(".out.*/*")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 128 + number
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []
