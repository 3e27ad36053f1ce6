"""The small generated tape of a date."""

import datetime
from pathlib import Path

from zerodte.feeds.synthetic_tape import write_synthetic_tape
from zerodte.market.calendar import calendar
from zerodte.tape.folder import Tape, open_tape


def synthetic_tape(folder: Path, date: datetime.date) -> Tape:
    """The tape of a session, written to a folder."""
    session = calendar().session(date)
    assert session is not None
    write_synthetic_tape(folder, session)
    return open_tape(folder)
