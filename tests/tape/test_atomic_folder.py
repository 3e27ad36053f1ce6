"""A new folder appears complete or not at all; an existing one is filled in place."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from zerodte.tape.atomic_folder import atomic_folder
from zerodte.tape.error import TapeError
from zerodte.tape.leftovers import sweep

KILLED = """
import os, signal, sys
from pathlib import Path
from zerodte.tape.atomic_folder import atomic_folder

with atomic_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("a")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def fill(out: Path, *names: str) -> None:
    with atomic_folder(out) as folder:
        for name in names:
            assert not (out / name).exists() or folder == out
            (folder / name).write_text(name)


def test_a_new_folder_appears_at_the_end(tmp_path: Path) -> None:
    out = tmp_path / "above" / "out"
    fill(out, "a", "b")
    assert sorted(path.name for path in out.iterdir()) == ["a", "b"]
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_a_folder_that_another_process_sweeps_at_once_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it is locked, nobody can tell it from what a killed process left."""
    mkdir = Path.mkdir
    swept: list[Path] = []

    def make_and_sweep(path: Path, mode: int = 0o777, *, parents: bool = False) -> None:
        mkdir(path, mode, parents=parents)
        if path.suffix == ".part" and not swept:
            swept.append(path)
            sweep(tmp_path, ".out.", ".part")
            assert not path.exists()

    monkeypatch.setattr(Path, "mkdir", make_and_sweep)
    fill(tmp_path / "out", "a")
    assert len(swept) == 1
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "a"]


def test_a_folder_that_exists_is_added_to(tmp_path: Path) -> None:
    fill(tmp_path, "a")
    fill(tmp_path, "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_interruption_takes_it_away(tmp_path: Path, error: type[BaseException]) -> None:
    def fill_half() -> None:
        with atomic_folder(tmp_path / "out") as folder:
            (folder / "half").write_text("a")
            raise error

    with pytest.raises(error):
        fill_half()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [TapeError, KeyboardInterrupt])
def test_a_failed_addition_leaves_a_tape_as_it_was(
    tmp_path: Path, error: type[BaseException]
) -> None:
    def add_half() -> None:
        with atomic_folder(tmp_path) as folder:
            (folder / "half").write_text("a")
            (folder / "tape.json").write_text("changed")
            (folder / "checksums.json").unlink()
            raise error

    before = {"whole": "a", "tape.json": "{}", "checksums.json": "sums"}
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(error):
        add_half()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


def test_a_failure_takes_away_the_folders_made_above_it_while_they_are_empty(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine").mkdir()

    def fill_half(out: Path, beside: str) -> None:
        with atomic_folder(out):
            (out.parents[1] / beside).mkdir(exist_ok=True)
            raise KeyError

    with pytest.raises(KeyError):
        fill_half(tmp_path / "mine" / "a" / "b" / "out", "b")
    assert list((tmp_path / "mine").iterdir()) == []
    with pytest.raises(KeyError):
        fill_half(tmp_path / "mine" / "a" / "b" / "out", "theirs")
    assert [path.name for path in (tmp_path / "mine" / "a").iterdir()] == ["theirs"]


def test_errors_of_other_files_keep_their_names(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="elsewhere"), atomic_folder(tmp_path / "out"):
        (tmp_path / "elsewhere").read_bytes()


def test_where_it_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(TapeError, match="Not a directory; nothing was written there"):
        fill(tmp_path / "file" / "out", "a")


def test_somebody_else_was_faster(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def fill_slowly() -> None:
        with atomic_folder(out):
            out.mkdir()
            (out / "theirs").write_text("a")

    with pytest.raises(TapeError, match="nothing was written there"):
        fill_slowly()
    assert [path.name for path in out.iterdir()] == ["theirs"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_kill_leaves_nothing_under_its_name(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "out")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    assert all(path.name.startswith(".out.") for path in tmp_path.iterdir())
    fill(tmp_path / "out", "a")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]


def test_the_next_attempt_sweeps_what_a_kill_left(tmp_path: Path) -> None:
    """Only what is nobody's: folders of other names and of attempts under way stay."""
    out = tmp_path / "out"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", KILLED, str(out)], check=False)
    left = [path for path in tmp_path.iterdir() if path.name.startswith(".out.")]
    assert len(left) == 1, "the second swept what the first left"
    (tmp_path / ".out.notes.part").mkdir()
    (tmp_path / ".other.1.part").mkdir()
    with atomic_folder(out) as under_way:
        (under_way / "a").write_text("a")
        fill(tmp_path / "out2", "b")
        with pytest.raises(KeyError), atomic_folder(out):
            raise KeyError
        assert (under_way / "a").exists()
    assert not left[0].exists()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"out", "out2", ".out.notes.part", ".other.1.part"}


def test_an_existing_folder_is_swept_beside_too(tmp_path: Path) -> None:
    out = tmp_path / "out"
    subprocess.run([sys.executable, "-c", KILLED, str(out)], check=False)
    out.mkdir()
    fill(out, "a")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
