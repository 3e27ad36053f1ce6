"""An audience that remembers what it was told."""

import queue
import threading

from zerodte.runtime.market import Audience
from zerodte.tape.source import TickSource


class Hearing(Audience):
    """Keeps the sessions that began, how far was played at once, and the problems."""

    def __init__(self) -> None:
        self.dates: list[str] = []
        self.is_ready = threading.Event()
        self.at_once = 0
        self.problems: queue.Queue[str] = queue.Queue()

    def begun(self, programme: TickSource) -> None:
        """Keep the session's date."""
        self.dates.append(programme.session.date.isoformat())

    def ready(self) -> None:
        """Let who waits go on; twice would be a defect."""
        assert not self.is_ready.is_set()
        self.is_ready.set()

    def passed(self, now: int) -> None:
        """Keep how far."""
        self.at_once = now

    def failed(self, problem: str) -> None:
        """Keep the problem."""
        self.problems.put(problem)


def join_replay() -> None:
    """Wait until whatever is played has ended."""
    for thread in threading.enumerate():
        if thread.name == "replay":
            thread.join(timeout=60)
            assert not thread.is_alive()
