"""The recorded chains, imported and replayed as a user would, once for all tests."""

import datetime
import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.cboe_files import Listed, read_chain, read_eod
from zerodte.importers.cboe_chain import import_chain
from zerodte.importers.cboe_eod import import_eod
from zerodte.runtime.replay import replay
from zerodte.session.session import Session
from zerodte.tape.folder import open_tape

SPX: Final = "chains/spx_2022-03-23_1011_intraday.csv"
SPX_DAY: Final = datetime.date(2022, 3, 23)
#: Minutes into the session.
SPX_ELAPSED: Final = 41.0
SPXW: Final = "chains/spxw_2019-06-26_1545_cboe_eod.csv"
SPXW_DAY: Final = datetime.date(2019, 6, 26)
SPXW_ELAPSED: Final = 375.0

SPY_DAY: Final = datetime.date(2025, 5, 1)
EVENING: Final = ("chains/spy_2025-04-30_2035.csv", "2025-04-30T20:35")
MORNING: Final = ("chains/spy_2025-05-01_0828.csv", "2025-05-01T08:28")
CLOSE: Final = ("chains/spy_2025-05-01_1649.csv", "2025-05-01T16:49")


@functools.cache
def spx_file(recorded: Path) -> Listed:
    """The SPX chain as the twin reads it."""
    return read_chain(recorded / SPX)


@functools.cache
def spx_session(recorded: Path) -> Session:
    """The SPX chain as we import and replay it."""
    with tempfile.TemporaryDirectory() as folder:
        import_chain(recorded / SPX, "2022-03-23T10:11", Path(folder, "tape"))
        return replay(open_tape(Path(folder, "tape")))


@functools.cache
def spxw_file(recorded: Path) -> Listed:
    """The end-of-day file as the twin reads it."""
    return read_eod(recorded / SPXW, "SPXW")


@functools.cache
def spxw_session(recorded: Path) -> Session:
    """The end-of-day file as we import and replay it."""
    with tempfile.TemporaryDirectory() as folder:
        import_eod(recorded / SPXW, Path(folder, "tape"))
        return replay(open_tape(Path(folder, "tape")))


def spy_session(recorded: Path, out: Path, downloads: Sequence[tuple[str, str]]) -> Session:
    """Downloads of one SPY day on one tape, replayed."""
    for file, at in downloads:
        import_chain(recorded / file, at, out)
    return replay(open_tape(out))
