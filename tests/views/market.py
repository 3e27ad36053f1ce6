"""Sessions behind a service, and recorded ones at an instant."""

import datetime
from pathlib import Path
from typing import Final

from zerodte.clock import new_york
from zerodte.runtime.replay import replay
from zerodte.service.local_service import LocalService
from zerodte.service.stage import CurrentSession, Stage
from zerodte.session.session import Session
from zerodte.tape.folder import open_tape

GOOG_DAY: Final = datetime.date(2015, 12, 24)


def served(session: Session) -> LocalService:
    """The market of a session."""
    stage = Stage()
    stage.show(CurrentSession(session, "replay"))
    return LocalService(stage)


def goog(tape: Path, clock: str) -> Session:
    """The recorded day of GOOG at a time of New York."""
    return replay(open_tape(tape), new_york(GOOG_DAY, datetime.time.fromisoformat(clock)))
