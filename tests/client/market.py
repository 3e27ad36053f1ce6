"""A served market of simulated symbols, half an hour into a session."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from runtime.local_market import ready
from zerodte.feeds.simulator.names import NAMES
from zerodte.feeds.simulator.output import write_tape
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.market.calendar import calendar
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.service.market_service import MarketService
from zerodte.service.stage import Stage
from zerodte.tape.folder import open_tape

#: A Monday, on which SPX and SPY have a chain and TSLA has none.
DATE: Final = datetime.date(2025, 6, 2)
_MINUTES: Final = 20


@contextmanager
def simulated_market(folder: Path) -> Iterator[MarketService]:
    """A market at the end of a short tape, which is written to a folder."""
    session = calendar().session(DATE)
    assert session is not None
    names = (NAMES["SPX"], NAMES["SPY"], NAMES["TSLA"])
    write_tape(Simulation(session, names, 1, minutes=_MINUTES), folder, lambda *_: None)
    with ready(ReplayRunner(Stage(), [open_tape(folder)])) as market:
        yield market.service
