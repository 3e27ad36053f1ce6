"""A pace of requests that a vendor's limit allows."""

import threading
import time
from collections import deque

from zerodte.feeds.feed import FeedError


class RequestPace:
    """Lets at most so many requests begin within a span of time; calls may come from any thread.

    Args:
        most: Requests.
        seconds: The span.
    """

    def __init__(self, most: int, seconds: float = 60.0) -> None:
        self._most = most
        self._seconds = seconds
        self._begun: deque[float] = deque()
        self._lock = threading.Lock()
        self._interrupted = threading.Event()

    def wait(self) -> None:
        """Wait until another request may begin.

        Raises:
            FeedError: If `interrupt` is called meanwhile, or was.
        """
        while (rest := self._take()) > 0.0:
            if self._interrupted.wait(rest):
                raise FeedError("no request is begun any more: the feed is ended")

    def interrupt(self) -> None:
        """End all waits, for good."""
        self._interrupted.set()

    def _take(self) -> float:
        """Begin a request; seconds until one may begin, 0 if it has."""
        with self._lock:
            now = time.monotonic()
            while self._begun and self._begun[0] <= now - self._seconds:
                self._begun.popleft()
            if len(self._begun) >= self._most:
                return self._begun[0] + self._seconds - now
            self._begun.append(now)
            return 0.0
