"""The cache of kernels: for a package that is edited, and for a user without a home."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import zerodte
from zerodte import compiled

HELPER = "from zerodte.compiled import inline\n\n@inline\ndef scaled(x):\n    return {} * x\n"
KERNEL = """
from zerodte.compiled import kernel
from zerodte.helper import scaled

@kernel
def run(x):
    return scaled(x)
"""
SCRIPT = """
from zerodte.kernel import run
print(run(1.0), sum(run.stats.cache_hits.values()))
"""

#: A user without an entry in the password database.
HOMELESS = """
import os, pwd

def unknown(uid):
    raise KeyError(uid)

pwd.getpwuid = unknown
user = {user}
os.getuid = lambda: user
import zerodte.compiled
print(zerodte.compiled._SETTINGS.CACHE_DIR)
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The package's compiled.py and constants.py, with one helper and one kernel."""
    source, package = Path(zerodte.__file__).parent, tmp_path / "zerodte"
    package.mkdir()
    for name in ("compiled.py", "constants.py"):
        shutil.copy(source / name, package)
    (package / "__init__.py").touch()
    (package / "helper.py").write_text(HELPER.format("2.0"))
    (package / "kernel.py").write_text(KERNEL)
    return package


def run(package: Path) -> tuple[float, int]:
    """The result of the kernel in a new process, and the number of cache hits."""
    command = [sys.executable, "-c", SCRIPT]
    answer = subprocess.run(
        command, cwd=package.parent, check=True, capture_output=True, text=True
    ).stdout.split()
    return float(answer[0]), int(answer[1])


@pytest.mark.drill
def test_a_kernel_follows_its_helpers(package: Path) -> None:
    assert run(package) == (2.0, 0)
    assert run(package) == (2.0, 1)
    (package / "helper.py").write_text(HELPER.format("3.0"))
    assert run(package) == (3.0, 0)
    assert run(package) == (3.0, 1)


@pytest.mark.drill
def test_whoever_waits_at_a_terminal_is_told(package: Path) -> None:
    ours, theirs = os.openpty()
    for _ in range(2):  # the second time from the cache
        command = [sys.executable, "-c", SCRIPT]
        subprocess.run(
            command, cwd=package.parent, check=True, stdout=subprocess.PIPE, stderr=theirs
        )
    os.close(theirs)
    assert os.read(ours, 1000) == b"Compiling, once on this machine; it may take two minutes.\r\n"
    os.close(ours)


def homeless_cache(package: Path, temporary: Path, user: int) -> Path:
    """The cache folder of a user without a home, if the source folder is not writable."""
    (package / "__pycache__").touch()
    temporary.mkdir(exist_ok=True)
    unset = ("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    answer = subprocess.run(
        [sys.executable, "-c", HOMELESS.format(user=user)],
        cwd=package.parent,
        env=environment | {"TMPDIR": str(temporary)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return Path(answer.strip()).parent


@pytest.mark.drill
def test_a_user_without_a_home_has_a_private_cache(package: Path, tmp_path: Path) -> None:
    temporary, user = tmp_path / "temporary", os.getuid()
    folder = homeless_cache(package, temporary, user)
    assert folder == temporary / f"zerodte-{user}"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert homeless_cache(package, temporary, user) == folder


@pytest.mark.drill
@pytest.mark.parametrize("trap", ["open to others", "a link", "of somebody else"])
def test_a_cache_that_others_could_write_is_not_used(
    package: Path, tmp_path: Path, trap: str
) -> None:
    temporary, elsewhere = tmp_path / "temporary", tmp_path / "elsewhere"
    user = os.getuid() + (trap == "of somebody else")
    planted = temporary / f"zerodte-{user}"
    temporary.mkdir()
    elsewhere.mkdir(mode=0o700)
    if trap == "a link":
        planted.symlink_to(elsewhere)
    else:
        planted.mkdir()
        planted.chmod(0o777 if trap == "open to others" else 0o700)
    folder = homeless_cache(package, temporary, user)
    assert folder.parent == temporary
    assert folder != planted


def refusal(cache: Path) -> str:
    """Why a configured cache is refused; empty if it is not."""
    try:
        compiled._check_private(cache)
    except PermissionError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o702])
def test_a_cache_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    cache = tmp_path / "cache"
    assert refusal(cache) == "", "it is made where it is missing"
    cache.mkdir()
    cache.chmod(mode)
    assert "others may write to it, and compiled code from NUMBA_CACHE_DIR" in refusal(cache)
    cache.chmod(0o755)
    assert refusal(cache) == ""


def test_a_file_in_the_cache_that_others_may_write_is_refused(tmp_path: Path) -> None:
    index = tmp_path / "kernels" / "kernel.nbi"
    index.parent.mkdir()
    index.touch(0o644)
    assert refusal(tmp_path) == ""
    index.chmod(0o666)
    assert str(index) in refusal(tmp_path)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_cache_of_somebody_else_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    assert "belongs to another user" in refusal(tmp_path)


@pytest.mark.drill
def test_the_command_line_says_why_in_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    done = subprocess.run(
        [sys.executable, "-m", "zerodte", "rules"],
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Error: {tmp_path}: others may write to it")
