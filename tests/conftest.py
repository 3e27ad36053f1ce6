"""What every test may lean on."""

import datetime
import fcntl
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Generator
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
_SHARING: Final = ("dashboard", "model_context", "views")
#: Modules that wait for clocks of feeds most of the time, in two groups that take about as long.
#: Two of them at once leave processors to what computes, and are not starved by each other.
_FEEDS: Final = (
    ("test_databento_feed.py", "test_hostile_feed.py", "test_nats_stream.py", "test_theta_feed.py"),
    (
        *("test_alpaca_feed.py", "test_cboe_feed.py", "test_combined_feed.py"),
        *("test_massive_feed.py", "test_tastytrade_feed.py", "test_tradier_feed.py"),
    ),
)
#: The longest of the other modules.
_LONG: Final = ("test_kills.py", "test_notebooks.py")

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


def _scope(nodeid: str) -> str:
    """What stays in one process: a module, the modules of a sharing room, a group of feeds."""
    module = nodeid.partition("::")[0]
    room, _, name = module.rpartition("/")
    for number, group in enumerate(_FEEDS):
        if name in group:
            return f"feeds {number}"
    return room if room.rpartition("/")[2] in _SHARING else module


def _turn(item: pytest.Item) -> int:
    """Feeds begin first, then what else is long, so that all processes end together."""
    scope = _scope(item.nodeid)
    if scope.startswith("feeds "):
        return 0
    return 1 if scope.endswith((*_SHARING, *_LONG)) else 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest scopes first; the rest stays in the order of the folders."""
    items.sort(key=_turn)


class _ByMarket(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Module by module; those that share a market, or wait for feeds, together."""

    def _split_scope(self, nodeid: str) -> str:
        return _scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Distribute by module where `--dist loadscope` asks for it."""
    return _ByMarket(config, log) if config.option.dist == "loadscope" else None


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """One process more than processors, since those with feeds mostly wait."""
    return (yield) + 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was skipped, and why, a line a reason."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count} skipped: {reason}", yellow=True)
