"""Delivery to one target, on a thread of its own: in order, until it has taken each event."""

import logging
import threading
from typing import Final

from zerodte.alerts.attempt import Outcome, attempt
from zerodte.alerts.error import OutboxError
from zerodte.alerts.outbox import Outbox, OutboxItem
from zerodte.alerts.target import AlertTarget
from zerodte.logs import log

_LONGEST_WAIT: Final = 300.0
#: Seconds to wait for an attempt in progress when delivery ends; its event is sent again.
_END_S: Final = 2.0


class Delivery:
    """Gives one target what waits for it.

    Args:
        target: The target.
        outbox: Where it waits.
        first_wait: Seconds before an attempt is repeated for the first time; each wait is twice
            the one before, up to 300.

    Attributes:
        target: The target.
        sent: Events that it has taken.
        failed: Attempts that failed.
        dropped: Events that it will not get.
        problem: Why it gets none now; None while all is well.
    """

    def __init__(self, target: AlertTarget, outbox: Outbox, first_wait: float = 1.0) -> None:
        self.target = target
        self.sent = self.failed = self.dropped = 0
        self.problem: str | None = None
        self._is_full = False
        self._outbox = outbox
        self._first_wait = first_wait
        self._stopped = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(
            target=self._work, name=f"alerts to {target.name}", daemon=True
        )

    def start(self) -> None:
        """Start the thread."""
        self._woken.set()
        self._thread.start()

    def wake(self) -> None:
        """Look into the outbox."""
        self._woken.set()

    def stop(self) -> None:
        """Send no more."""
        self._stopped.set()
        self._woken.set()

    def join(self) -> None:
        """Wait for the attempt in progress, but not for long."""
        if self._thread.ident is not None:
            self._thread.join(_END_S)

    def drop(self, count: int) -> None:
        """Count events for which the outbox had no room; the first since it took any is logged."""
        self.dropped += count
        if not self._is_full:
            log("alerts_dropped", logging.WARNING, target=self.target.name)
        self._is_full = True

    def _work(self) -> None:
        wait = self._first_wait
        while not self._stopped.is_set():
            self._woken.wait()
            self._woken.clear()
            while not self._stopped.is_set():
                try:
                    item = self._outbox.next(self.target.name)
                    if item is None:
                        break
                    outcome = self._attempt(item)
                except OutboxError as error:
                    outcome = self._failure(Outcome("retry", f"the outbox: {error.reason}"))
                if outcome.result != "retry":
                    wait = self._first_wait
                    continue
                self._stopped.wait(max(wait, outcome.wait))
                wait = min(2.0 * wait, _LONGEST_WAIT)

    def _attempt(self, item: OutboxItem) -> Outcome:
        """Give the target an event once, and settle it unless that is to be repeated."""
        try:
            outcome = attempt(self.target, item.event)
        except Exception:  # A defect would end the thread, and all later alerts, unnoticed.
            logging.getLogger(__name__).exception("a defect in delivery")
            outcome = Outcome("refused", "a defect; see the server's log")
        if outcome.result == "retry":
            return self._failure(outcome)
        self._outbox.settle(self.target.name, item)
        if outcome.result == "refused":
            self.dropped += 1
            return self._failure(outcome)
        self.sent += 1
        if self.problem is not None:
            log("alerts_delivered", target=self.target.name)
        self.problem, self._is_full = None, False
        return outcome

    def _failure(self, outcome: Outcome) -> Outcome:
        """Count a failure, and log it if it is another one than before."""
        self.failed += 1
        if self.problem != outcome.text:
            log("alerts_failed", logging.WARNING, target=self.target.name, problem=outcome.text)
        self.problem = outcome.text
        return outcome
