"""Compiles every kernel before the first request needs it."""

import datetime
import functools
import tempfile
from pathlib import Path

from zerodte.constants import SECOND
from zerodte.feeds.simulator.block_stream import BlockStream
from zerodte.feeds.simulator.names import NAMES
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.feeds.synthetic_tape import SYMBOL, write_synthetic_tape
from zerodte.market.calendar import TradingSession, calendar
from zerodte.runtime.demo import SimulatedSession
from zerodte.runtime.replay import replay
from zerodte.tape.folder import open_tape
from zerodte.tape.leftovers import temporary
from zerodte.views.snapshot import snapshot
from zerodte.wire.snapshot import SnapshotQuery


@functools.cache
def warm_up(hours: TradingSession) -> None:
    """Replay short synthetic tapes of a session, and take snapshots on and off a sample.

    Once a process: what is compiled stays so.
    """
    query = SnapshotQuery(symbol=SYMBOL)
    # Kernels of prices take the columns of one underlying and of several in different forms.
    for with_rare_records in (False, True):
        with temporary(Path(tempfile.gettempdir()), "zerodte-warmup-") as folder:
            write_synthetic_tape(folder, hours, with_rare_records=with_rare_records)
            session = replay(open_tape(folder))
        snapshot(session, "simulated", query)
        session.advance(session.now + SECOND)
        snapshot(session, "simulated", query)


def fill_cache() -> None:
    """Compile and cache all kernels of a demo, including the simulator's in a child process.

    Set-up ends with this, so the first demo starts as fast as any other.
    """
    hours = calendar().previous(datetime.datetime.now(tz=datetime.UTC).date())
    names = (NAMES["SPX"], NAMES["NVDA"])
    stream = BlockStream(functools.partial(Simulation, hours, names, 1, impact=1.0, minutes=2))
    warm_up(hours)
    replay(SimulatedSession(hours, stream))
    stream.close()


if __name__ == "__main__":
    fill_cache()
