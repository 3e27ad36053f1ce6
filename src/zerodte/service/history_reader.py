"""Reads of a history on threads of their own, because a store may hang."""

import datetime
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from zerodte.history.error import HistoryError, StoreError
from zerodte.history.stored import StoredSession

Key: TypeAlias = tuple[datetime.date, str]
Read: TypeAlias = Callable[[datetime.date, str], StoredSession | None]

#: Sessions read at the same time; a store that hangs holds up no more threads.
_THREADS: Final = 4
#: Seconds that a reader waits for a session, and after which a read counts as hung.
_TIMEOUT_S: Final = 10.0


@dataclass(slots=True, eq=False)
class _Pending:
    """A read under way, for everybody who waits for it.

    Attributes:
        begun: When it began, `time.monotonic`; infinity while it is queued.
    """

    key: Key
    begun: float = float("inf")
    done: threading.Event = field(default_factory=threading.Event)
    result: StoredSession | None = None
    error: Exception | None = None


class HistoryReader:
    """Reads sessions, each once for all who wait; nobody waits longer than the time-out.

    The threads are daemons: a read that hangs can only be abandoned, and does not hold up exit.

    Args:
        read: Reads a session; called on these threads.
        name: The history's name in messages.
        timeout: Seconds to wait for a session.
    """

    def __init__(self, read: Read, name: str, timeout: float = _TIMEOUT_S) -> None:
        self._read = read
        self._name = name
        self._timeout = timeout
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[_Pending] = queue.SimpleQueue()
        self._pending: dict[Key, _Pending] = {}
        self._threads = 0
        self._failure: str | None = None
        self._answered = float("-inf")  # When the latest read that the store answered began.
        self._is_closed = False

    @property
    def problem(self) -> str | None:
        """Why the store cannot be read: a read hangs, or the last one failed; else None.

        A read that hangs counts until a later one succeeds.
        """
        with self._lock:
            begun = (each.begun for each in self._pending.values())
            oldest = min((start for start in begun if start > self._answered), default=float("inf"))
            failure = self._failure
        seconds = time.monotonic() - oldest
        return self._hung(seconds) if seconds > self._timeout else failure

    def read(self, date: datetime.date, symbol: str) -> StoredSession | None:
        """A session; None if there is none.

        Raises:
            StoreError: The store does not respond.
            HistoryError: The session's file cannot be read.
        """
        pending = self._submit((date, symbol))
        begun = min(pending.begun, time.monotonic())
        if not pending.done.wait(max(begun + self._timeout - time.monotonic(), 0.0)):
            raise StoreError(self._hung(time.monotonic() - begun))
        if pending.error is not None:
            raise pending.error
        return pending.result

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._lock:
            self._is_closed = True
            for pending in self._pending.values():
                pending.error = StoreError(f"{self._name}: the server stops")
                pending.done.set()

    def _submit(self, key: Key) -> _Pending:
        """A read of a session that is under way, or a new one."""
        with self._lock:
            if self._is_closed:
                raise StoreError(f"{self._name}: the server stops")
            if (pending := self._pending.get(key)) is not None:
                return pending
            late = time.monotonic() - self._timeout
            hung = [each.begun for each in self._pending.values() if each.begun <= late]
            if len(hung) >= _THREADS:  # Another one would only wait in vain.
                raise StoreError(self._hung(time.monotonic() - min(hung)))
            pending = self._pending[key] = _Pending(key)
            if self._threads < min(_THREADS, len(self._pending)):
                self._threads += 1
                threading.Thread(target=self._run, name="history", daemon=True).start()
        self._queue.put(pending)
        return pending

    def _run(self) -> None:
        while True:
            pending = self._queue.get()
            pending.begun = time.monotonic()
            failure: str | None = None
            try:
                pending.result = self._read(*pending.key)
            except StoreError as error:
                pending.error, failure = error, str(error)
            except HistoryError as error:
                pending.error = error
            except Exception as error:  # A defect: whoever waits reports it.
                pending.error = error
            with self._lock:
                self._failure = failure
                if failure is None:
                    self._answered = max(self._answered, pending.begun)
                del self._pending[pending.key]
            pending.done.set()

    def _hung(self, seconds: float) -> str:
        return f"{self._name}: the store does not respond, for {seconds:.0f} seconds now"
