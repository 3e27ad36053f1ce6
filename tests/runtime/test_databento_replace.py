"""A day on the disk is replaced by a fetched one: through kills and a failing disk."""

import shutil
import signal
import sys
from pathlib import Path
from typing import Final

import pytest

from feeds.gateway import DATE, simulated
from feeds.historical import RECORDS, serving_past
from processes import started
from runtime.databento_fetching import SLICES, command, fetch, files

#: The command, in which something happens before some renames that move a day to or from its name.
AT_RENAMES: Final = """
import errno, os, signal, sys
count = 0
def watch(event, names):
    global count
    if event == "os.rename" and DATE in {os.path.basename(str(name)) for name in names[:2]}:
        count += 1
        if count in NUMBERS:
            WHAT
sys.addaudithook(watch)
from zerodte.cli import main
main()
"""
KILL: Final = "os.kill(os.getpid(), signal.SIGKILL)"
FAIL: Final = 'raise OSError(errno.EIO, "the disk is broken", str(names[0]))'

pytestmark = pytest.mark.usefixtures("databento_key")


def at_renames(what: str, *numbers: int) -> str:
    """The program in which it happens before the renames with these numbers."""
    named = AT_RENAMES.replace("DATE", repr(f"{DATE}")).replace("NUMBERS", repr(numbers))
    return named.replace("WHAT", what)


def ran(program: str, words: list[str]) -> tuple[int, str]:
    """How a program that runs a command ended, and its errors."""
    with started([sys.executable, "-c", program, *words]) as process:
        _, said = process.communicate(timeout=120)
    return process.returncode, said


@pytest.mark.parametrize("number", [pytest.param(1, marks=pytest.mark.drill), 2])
def test_a_kill_while_a_day_is_replaced_leaves_the_old_one(
    tmp_path: Path, unbroken: dict[str, bytes], number: int
) -> None:
    folder = tmp_path / f"{DATE}"
    shutil.copytree(simulated().path, folder)
    before = files(folder)
    program = at_renames(KILL, number)
    with serving_past(simulated()) as server:
        words = command(server, tmp_path, "--replace")
        assert ran(program, words)[0] == -signal.SIGKILL
        assert folder.exists() == (number == 1)
        assert "a tape that is simulated is there; --replace" in fetch(server, tmp_path).output
        assert files(folder) == before
        count = server.requests.count(RECORDS)
        assert fetch(server, tmp_path, "--replace").exit_code == 0
        # What was fetched before the kill is not fetched again.
        assert server.requests.count(RECORDS) == count == SLICES
    assert files(tmp_path) == unbroken
    assert [path.name for path in tmp_path.iterdir()] == [f"{DATE}"]


def test_an_old_day_that_cannot_be_put_back_stays_where_it_is(tmp_path: Path) -> None:
    """A link to nowhere took its name after a kill."""
    folder = tmp_path / f"{DATE}"
    shutil.copytree(simulated().path, folder)
    before = files(folder)
    program = at_renames(KILL, 2)
    with serving_past(simulated()) as server:
        assert ran(program, command(server, tmp_path, "--replace"))[0] == -signal.SIGKILL
        folder.symlink_to(tmp_path / "nowhere")
        for _ in range(2):
            result = fetch(server, tmp_path, "--replace")
            assert result.exit_code == 0
            assert f".replaced/{DATE}, and cannot be put back: Not a directory" in result.output
        folder.unlink()
        assert "a tape that is simulated is there; --replace" in fetch(server, tmp_path).output
    assert files(folder) == before


def test_a_disk_that_fails_while_a_day_is_replaced_leaves_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / f"{DATE}"
    shutil.copytree(simulated().path, folder)
    before = files(folder)
    # The new day's, and that of the old one back.
    program = at_renames(FAIL, 2, 3)
    with serving_past(simulated()) as server:
        code, said = ran(program, command(server, tmp_path, "--replace"))
        assert code == 1
        assert "the disk is broken; its slices are kept" in said
        assert not folder.exists()
        assert "a tape that is simulated is there; --replace" in fetch(server, tmp_path).output
    assert files(folder) == before
