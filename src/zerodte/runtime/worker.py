"""The thread that moves a market, and who is told of it."""

import logging
import threading
from dataclasses import dataclass, field
from typing import Protocol

from zerodte.errors import ZerodteError
from zerodte.service.stage import Stage
from zerodte.tape.source import TickSource

_LOG = logging.getLogger(__name__)


class RunListener:
    """Told, on the thread that moves a market, what becomes of it. This one does nothing."""

    def begun(self, source: TickSource) -> None:
        """A session has begun."""

    def ready(self) -> None:
        """Answers can be given without delay; told once."""

    def passed(self, now: int) -> None:
        """What came up to `now` (UTC ns) was played without waiting."""

    def live(self) -> None:
        """From now on the clock is waited for."""

    def failed(self, problem: str) -> None:
        """The run has ended early; what was played stays answered."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run under way: who is told of it, and whether it is to end."""

    listener: RunListener
    stopped: threading.Event = field(default_factory=threading.Event)


class Runner(Protocol):
    """Moves the session on a stage."""

    @property
    def stage(self) -> Stage:
        """What it moves."""
        ...

    def run(self, run: Run) -> None:
        """Move it to the end, or until stopped; on a thread of its own."""
        ...

    def interrupt(self) -> None:
        """End a wait for the next tick, from any thread."""
        ...

    def close(self) -> None:
        """Release what is held; called when `run` has ended, or was never begun."""
        ...


class Worker:
    """Owns the thread of a runner, and the store of its stage while it runs.

    Args:
        runner: What to run.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._run = Run(RunListener())
        self._thread = threading.Thread(target=self._work, name="market", daemon=True)

    def start(self, listener: RunListener | None = None) -> None:
        """Begin to run, on another thread, and tell a listener of it."""
        self._run = Run(listener or RunListener(), self._run.stopped)
        if store := self._runner.stage.store:
            store.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop and wait for the thread to end."""
        self._run.stopped.set()
        self._runner.interrupt()
        if self._thread.ident is not None:
            self._thread.join()
        self._runner.close()
        if store := self._runner.stage.store:
            store.stop()

    def _work(self) -> None:
        try:
            self._runner.run(self._run)
        except ZerodteError as error:
            self._fail(str(error))
        except Exception as error:  # Nobody else hears of what ends this thread.
            _LOG.exception("a defect ended the replay")
            self._fail(f"a defect ended the replay: {type(error).__name__}: {error}")

    def _fail(self, problem: str) -> None:
        if not self._run.stopped.is_set():
            self._runner.stage.fail(problem)
            self._run.listener.failed(problem)
