"""Every kernel compiled before anybody waits for one."""

import tempfile
from pathlib import Path

from zerodte.config import STRIKE_RANGE
from zerodte.feeds.sample import SYMBOL, write_sample
from zerodte.market.calendar import TradingSession
from zerodte.runtime.replay import replay
from zerodte.tape.folder import open_tape
from zerodte.views.snapshot import snapshot


def warm_up(hours: TradingSession) -> None:
    """Replay the generated sample of a session and take a snapshot of it."""
    with tempfile.TemporaryDirectory(prefix="zerodte-") as folder:
        write_sample(Path(folder), hours)
        snapshot(replay(open_tape(folder)), "simulated", SYMBOL, None, STRIKE_RANGE)
