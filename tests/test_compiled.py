"""The kernels' cache, tried on a package that is being edited."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import zerodte

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


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The house's own compiled.py and config.py, with one helper and one kernel."""
    source, package = Path(zerodte.__file__).parent, tmp_path / "zerodte"
    package.mkdir()
    for name in ("compiled.py", "config.py"):
        shutil.copy(source / name, package)
    (package / "__init__.py").touch()
    (package / "helper.py").write_text(HELPER.format("2.0"))
    (package / "kernel.py").write_text(KERNEL)
    return package


def run(package: Path) -> tuple[float, int]:
    """What the kernel answers in a new process, and how often the cache served it."""
    command = [sys.executable, "-c", SCRIPT]
    answer = subprocess.run(
        command, cwd=package.parent, check=True, capture_output=True, text=True
    ).stdout.split()
    return float(answer[0]), int(answer[1])


def test_a_kernel_follows_its_helpers(package: Path) -> None:
    assert run(package) == (2.0, 0)
    assert run(package) == (2.0, 1)
    (package / "helper.py").write_text(HELPER.format("3.0"))
    assert run(package) == (3.0, 0)
    assert run(package) == (3.0, 1)
