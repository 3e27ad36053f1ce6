"""What every test may lean on."""

import datetime
import fcntl
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from zerodte.importers.lean import import_lean

# The first example of a property may have to wait for the compiler. Continuous integration tries
# the same examples every time: it tells whether a change broke something, people search for more.
settings.register_profile("zerodte", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("zerodte")

# A shell's background job ignores Ctrl-C, one under nohup ignores a hang-up, and so would the
# commands that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

_BESIDE: Final = Path(__file__).parents[2] / "shared" / "data"
_PARTS: Final = ("chains", "lean", "opra_dbn", "pricing")

#: Rooms whose modules share what takes long to start: a server's market, days that were watched.
_SHARING: Final = ("dashboard", "views")

FillOnce: TypeAlias = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def recorded() -> Path:
    """The folder of recorded market data, or a skip that says where it was looked for."""
    folder = Path(os.environ.get("ZERODTE_DATA", _BESIDE))
    if not all((folder / part).is_dir() for part in _PARTS):
        pytest.skip(f"no recorded data at {folder}; point ZERODTE_DATA at a copy")
    return folder


@pytest.fixture(scope="session")
def fill_once(tmp_path_factory: pytest.TempPathFactory) -> FillOnce:
    """Folders by name, each filled by the first worker that asks and read by all."""
    base = tmp_path_factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def filled(name: str, fill: Callable[[Path], object]) -> Path:
        folder = root / name
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                incomplete = Path(tempfile.mkdtemp(dir=root))
                fill(incomplete)
                incomplete.rename(folder)
        return folder

    return filled


@pytest.fixture(scope="session")
def goog_tape(recorded: Path, fill_once: FillOnce) -> Path:
    """The recorded day of GOOG as a tape; not to be written to."""
    day = datetime.date(2015, 12, 24)
    return fill_once("goog", lambda out: import_lean(recorded / "lean", "GOOG", day, out))


@pytest.fixture(scope="session")
def spxw_tape(recorded: Path, fill_once: FillOnce) -> Path:
    """The recorded day of SPXW likewise."""
    day = datetime.date(2021, 1, 4)
    return fill_once("spxw", lambda out: import_lean(recorded / "lean", "SPXW", day, out))


class _ByMarket(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Module by module; those of a room that shares markets together."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        room = module.rpartition("/")[0]
        return room if room.rpartition("/")[2] in _SHARING else module


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Distribute by module where `--dist loadscope` asks for it."""
    return _ByMarket(config, log) if config.option.dist == "loadscope" else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was skipped, and why, a line a reason."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count} skipped: {reason}", yellow=True)
