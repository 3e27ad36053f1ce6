"""The thread that runs a market, and the listener that observes it."""

import logging
import threading
from dataclasses import dataclass, field
from typing import Protocol

from zerodte.errors import ZerodteError
from zerodte.service.stage import Stage
from zerodte.tape.source import TickSource

_LOG = logging.getLogger(__name__)


class RunListener:
    """Observes a run, on the runner's thread. This base class does nothing."""

    def on_session(self, source: TickSource) -> None:
        """A session starts."""

    def on_ready(self) -> None:
        """Answers can be given without delay; called once."""

    def on_progress(self, now: int) -> None:
        """Everything up to `now` (UTC ns) was played without waiting."""

    def on_live(self) -> None:
        """From now on, ticks wait for the clock."""

    def on_failure(self, problem: str) -> None:
        """The run ended early; what was played is still served."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run in progress: its listener, and the event that stops it."""

    listener: RunListener
    stopped: threading.Event = field(default_factory=threading.Event)


class Runner(Protocol):
    """Advances the session of a stage."""

    @property
    def stage(self) -> Stage:
        """The stage."""
        ...

    def run(self, run: Run) -> None:
        """Run to the end or until stopped; called on the thread of the market."""
        ...

    def interrupt(self) -> None:
        """End a wait for the next tick; called from any thread."""
        ...

    def close(self) -> None:
        """Release resources; called after `run` has ended, or if it was never called."""
        ...


class MarketThread:
    """Owns a runner's thread, and runs the store of its stage.

    Args:
        runner: The runner.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._run = Run(RunListener())
        self._thread = threading.Thread(target=self._work, name="market", daemon=True)

    def start(self, listener: RunListener | None = None) -> None:
        """Start the thread; `listener` observes the run."""
        self._run = Run(listener or RunListener(), self._run.stopped)
        if store := self._runner.stage.store:
            store.start()
        self._thread.start()

    def interrupt(self) -> None:
        """Tell the run to stop, without waiting for that."""
        self._run.stopped.set()
        self._runner.interrupt()

    def stop(self) -> None:
        """Stop the run and wait for the thread to end."""
        self.interrupt()
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
        except Exception as error:  # An uncaught one would end the thread unnoticed.
            _LOG.exception("a defect ended the replay")
            self._fail(f"a defect ended the replay: {type(error).__name__}: {error}")

    def _fail(self, problem: str) -> None:
        if not self._run.stopped.is_set():
            self._runner.stage.fail(problem)
            self._run.listener.on_failure(problem)
