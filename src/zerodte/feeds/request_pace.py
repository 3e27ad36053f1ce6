"""A pace of requests that a vendor's limit allows."""

import threading
import time
from collections import deque


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

    def wait(self) -> None:
        """Wait until another request may begin."""
        while (rest := self._take()) > 0.0:
            time.sleep(rest)

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
