"""The snapshot of each symbol's newest sample in a session, as streams send it."""

import threading

from zerodte.views.frame import Frame
from zerodte.views.stream import sample_summary


class NewestSummaries:
    """Computes each snapshot once, for every node and reader that asks for it.

    Its methods are called on any thread.
    """

    def __init__(self) -> None:
        self._locks: dict[str, threading.Lock] = {}
        self._found: dict[str, tuple[tuple[int, bool], bytes | None]] = {}

    def of(self, frame: Frame) -> bytes | None:
        """The snapshot of a symbol's last sample; None while the chain warms up."""
        sample = frame.row, frame.market_open
        # All nodes ask at once, right after the sample; one thread computes, the others wait.
        with self._locks.setdefault(frame.symbol, threading.Lock()):
            known = self._found.get(frame.symbol)
            if known is None or known[0] != sample:
                known = sample, sample_summary(frame)
                self._found[frame.symbol] = known
        return known[1]
