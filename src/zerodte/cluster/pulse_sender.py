"""What a worker owns, said to all nodes."""

import time
from collections.abc import Sequence
from typing import Final

from zerodte.cluster.messages import Pulse, encode_pulse, pulse_subject
from zerodte.cluster.symbol_group import SymbolGroup
from zerodte.feeds.nats.link import NatsLink

#: Seconds between looks for news, between pulses with news, and until one without any.
STEP_S: Final = 0.01
_LEAST_S: Final = 0.05
_PULSE_S: Final = 1.0


class PulseSender:
    """Says what a worker owns, each second and whenever it changes.

    Args:
        link: The broker.
        worker: The worker's name.
    """

    def __init__(self, link: NatsLink, worker: str) -> None:
        self._link, self._worker = link, worker
        self._subject = pulse_subject(worker)
        self._sent = self._told = float("-inf")
        self._said: list[object] = []

    def send(self, groups: Sequence[SymbolGroup]) -> None:
        """Send a pulse if there is news, or none was sent for a while.

        Raises:
            FeedError: If the broker is gone; `leave` too.
        """
        state: list[object] = [(group.versions(), group.held()) for group in groups]
        now = time.monotonic()
        if state != self._said:
            if now < self._told + _LEAST_S:
                return
            self._said, self._told = state, now
        elif now < self._sent + _PULSE_S:
            return
        self._sent = now
        pulse = Pulse(self._worker, [group.pulse() for group in groups])
        self._link.publish(self._subject, encode_pulse(pulse))

    def leave(self) -> None:
        """Say that nothing is owned any more."""
        self._link.publish(self._subject, encode_pulse(Pulse(self._worker, [])))
