"""`zerodte verify` as its users meet it, and what `replay` says of files that nothing checks."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from session.made_tape import quotes, stock, trades, write
from zerodte.cli import main


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished tape of a simulated minute, with its truth."""
    out = tmp_path_factory.mktemp("verify") / "simulated"
    options = ("--date", "2025-06-02", "--symbols", "SPY", "--minutes", "1", "--seed", "3")
    assert run("simulate", *options, "--out", out).exit_code == 0
    return out


@pytest.fixture
def copy(simulated: Path, tmp_path: Path) -> Path:
    return shutil.copytree(simulated, tmp_path / "copy")


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder of files as a download leaves them."""
    files = ("cbbo-1s", quotes("cbbo-1s", 500, 60, seed=1)), ("bbo-1s", stock(60))
    tape = write(tmp_path / "foreign", *files, ("tcbbo", trades("tcbbo", 50, 60, seed=2)))
    return tape.path


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_each_tape_of_a_folder_is_checked(simulated: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        shutil.copytree(simulated, tmp_path / "tapes" / name)
    found = run("verify", tmp_path / "tapes")
    assert (found.exit_code, found.output.count("; sound")) == (0, 2)
    refused = run("replay", tmp_path / "tapes")
    assert "a folder of 2 tapes; name one" in refused.output


def test_a_folder_of_one_tape_is_checked_by_the_tapes_manifest(
    simulated: Path, tmp_path: Path
) -> None:
    shutil.copytree(simulated, tmp_path / "tapes" / "only")
    lost = next((tmp_path / "tapes" / "only").rglob("*statistics*"))
    lost.unlink()
    found = run("verify", tmp_path / "tapes")
    assert found.exit_code == 1
    assert lost.name in found.output


def test_a_sound_tape_has_a_line(simulated: Path) -> None:
    shown = run("verify", simulated)
    assert (shown.exit_code, shown.stderr) == (0, "")
    files = json.loads((simulated / "checksums.json").read_bytes())["files"]
    assert {"truth/trades.parquet", "truth/parameters.json", "tape.json"} < files.keys()
    size = sum(entry["size"] for entry in files.values())
    records = sum(entry.get("records", 0) for entry in files.values())
    assert shown.stdout == (
        f"{simulated}: {len(files)} files, {size:,} bytes, {records:,} records; sound\n"
    )


def test_every_damage_is_named_and_the_other_tapes_are_read(
    copy: Path, simulated: Path, tmp_path: Path
) -> None:
    (conditions,) = copy.glob("*.conditions")
    (definitions,) = copy.glob("opra.*.definition.*")
    flip(conditions, 0)
    os.truncate(definitions, 100)
    (copy / "truth" / "contracts.parquet").unlink()
    shown = run("verify", copy, simulated, tmp_path / "none")
    assert shown.exit_code == 1
    bad, good = shown.stdout.splitlines()
    assert bad.startswith(f"{copy}: ")
    assert bad.endswith("; damaged")
    assert good.endswith("; sound")
    said = sorted(shown.stderr.splitlines())
    patterns = (
        rf"{conditions}: damaged: bytes 0 to [\d,]+ are not those of which checksums\.json",
        rf"{definitions}: 100 bytes; checksums\.json says .*bytes 100 to [\d,]+ are missing",
        rf"{copy / 'truth' / 'contracts.parquet'}: missing; checksums\.json has it with",
        rf"{tmp_path / 'none'}: no such folder",
    )
    assert len(said) == len(patterns)
    for pattern in patterns:
        assert any(re.match(pattern, line) for line in said), pattern


def test_a_manifest_that_counts_otherwise_is_named(copy: Path) -> None:
    manifest = json.loads((copy / "checksums.json").read_bytes())
    name = next(name for name in manifest["files"] if ".definition." in name)
    manifest["files"][name]["records"] += 1
    (copy / "checksums.json").write_text(json.dumps(manifest))
    shown = run("verify", copy)
    assert shown.exit_code == 1
    assert re.match(rf"{copy / name}: (\S+) records, but \S+ in checksums\.json\n", shown.stderr)


def test_a_foreign_folder_is_checked_as_far_as_that_goes(foreign: Path) -> None:
    shown = run("verify", foreign)
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout.endswith("; no checksums.json: sizes and frames only are checked; sound\n")
    (trades_file,) = foreign.glob("*.tcbbo.dbn")
    os.truncate(trades_file, trades_file.stat().st_size - 3)
    cut = run("verify", foreign)
    assert cut.exit_code == 1
    assert f"{trades_file}: cut off after 49 records" in cut.stderr
    flip(trades_file, -80)
    assert run("verify", foreign).exit_code == 1


def test_a_replay_says_once_what_nothing_checks(foreign: Path, copy: Path) -> None:
    sentence = "no checksums.json: sizes and frames only are checked"
    shown = run("replay", foreign)
    assert shown.exit_code == 0, shown.output
    assert shown.output.splitlines()[-1] == sentence
    assert shown.output.count("checksums") == 1
    assert "checksums" not in run("replay", copy).output
    answer = run("replay", foreign, "--json")
    assert "checksums" not in answer.output


def test_damage_stops_a_replay_with_its_place(copy: Path) -> None:
    (quotes_file,) = copy.glob("opra*.cbbo-1s.*")
    flip(quotes_file, 2000)
    shown = run("replay", copy)
    assert shown.exit_code == 1
    assert f"Error: {quotes_file}: damaged: bytes 0 to" in shown.output
    assert "Traceback" not in shown.output


def test_damaged_truth_is_not_scored(copy: Path) -> None:
    flip(copy / "truth" / "trades.parquet", 500)
    shown = run("evaluate", copy)
    assert shown.exit_code == 1
    assert "trades.parquet: damaged: bytes 0 to" in shown.output
