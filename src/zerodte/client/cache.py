"""Answers kept by their tags, so that an unchanged one is neither sent nor parsed again."""

import threading
from collections import OrderedDict
from typing import Any


class TagCache:
    """The most recently used answers with their ETags; safe to share between threads.

    Args:
        size: Answers kept; 0 keeps none.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, tuple[str, Any]] = OrderedDict()

    def find(self, target: str) -> tuple[str, Any] | None:
        """The tag and the decoded answer of a path and query string."""
        with self._lock:
            entry = self._entries.get(target)
            if entry is not None:
                self._entries.move_to_end(target)
            return entry

    def store(self, target: str, tag: str, answer: Any) -> None:
        """Keep an answer; the one that was used longest ago goes."""
        with self._lock:
            self._entries[target] = tag, answer
            self._entries.move_to_end(target)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)
