"""The first minutes of a simulated day of two symbols, which the tests of alerts read."""

from pathlib import Path

import pytest

from alerts.watched import DATE, MINUTES, SYMBOLS
from conftest import FillOnce
from zerodte.feeds.simulator.names import NAMES
from zerodte.feeds.simulator.output import write_tape
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.market.calendar import calendar
from zerodte.tape.folder import Tape, open_tape


@pytest.fixture(scope="session")
def short_day(fill_once: FillOnce) -> Tape:
    """The tape; not to be written to."""

    def write(out: Path) -> None:
        session = calendar().session(DATE)
        assert session is not None
        names = tuple(NAMES[symbol] for symbol in SYMBOLS)
        write_tape(Simulation(session, names, 3, minutes=MINUTES), out / "tape", lambda *_: None)

    return open_tape(fill_once("alerts", write) / "tape")
