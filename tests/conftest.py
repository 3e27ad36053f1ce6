"""What every test may lean on."""

import os
import signal
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

# The first example of a property may have to wait for the compiler. Continuous integration tries
# the same examples every time: it tells whether a change broke something, people search for more.
settings.register_profile("zerodte", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("zerodte")

# A shell's background job ignores Ctrl-C, and so would the commands that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

_BESIDE: Final = Path(__file__).parents[2] / "shared" / "data"
_NO_DATA: Final = "no recorded data at"


@pytest.fixture(scope="session")
def recorded() -> Path:
    """The folder of recorded market data, or a skip that says where it was looked for."""
    folder = Path(os.environ.get("ZERODTE_DATA", _BESIDE))
    if not folder.is_dir():
        pytest.skip(f"{_NO_DATA} {folder}; point ZERODTE_DATA at a copy")
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out for want of recorded data."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = [str(report.longrepr[2]) for report in skipped]
    missing = [reason for reason in reasons if _NO_DATA in reason]
    if missing:
        terminalreporter.write_line(f"{len(missing)} tests skipped: {missing[0]}")
