"""Finished sessions of a running server: written after the close, read on request."""

import datetime
import itertools
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from zerodte.history.error import HistoryError, StoreError
from zerodte.history.history import History
from zerodte.history.stored import StoredSession
from zerodte.service.history_reader import HistoryReader, Key
from zerodte.session.sample import Gap
from zerodte.session.session import Session
from zerodte.wire.envelope import Source

_LOG = logging.getLogger(__name__)

#: Bytes of sessions cached in memory: about a hundred sessions of a hundred contracts.
_MAX_BYTES: Final = 256 * 2**20
#: Dates that may wait to be written. Older ones are dropped: their tapes still have them.
_MAX_PENDING_DATES: Final = 2
#: Seconds between two attempts to write.
_RETRY_S: Final = 15.0
#: Seconds for a last attempt to write when the server stops.
_LAST_WRITE_S: Final = 30.0


def stored_sessions(session: Session, source: Source) -> list[StoredSession]:
    """The sessions to store, one per symbol with samples; none before the close."""
    if session.now < session.hours.close:
        return []
    days = (session.samples(symbol) for symbol in session.symbols())
    return [StoredSession(day, source) for day in days if day is not None]


class SessionStore:
    """Writes finished sessions to a history on its own thread, and caches sessions that were read.

    A session that cannot be written is still served from memory, and the write is retried.

    Args:
        history: The history to write to and read from.
        retry_seconds: Seconds between two attempts to write.
        max_bytes: Bytes of sessions cached in memory.
        read_seconds: Seconds to wait for a session that is read; None for the reader's own.
    """

    def __init__(
        self,
        history: History,
        *,
        retry_seconds: float = _RETRY_S,
        max_bytes: int = _MAX_BYTES,
        read_seconds: float | None = None,
    ) -> None:
        self._history = history
        timeout = {} if read_seconds is None else {"timeout": read_seconds}
        self._reader = HistoryReader(self._load, history.display_root, **timeout)
        self._retry_seconds = retry_seconds
        self._max_bytes = max_bytes
        self._cache: OrderedDict[Key, StoredSession] = OrderedDict()
        self._pending: dict[Key, StoredSession] = {}
        self._unreadable: set[Key] = set()
        self._listed: set[Key] | None = None
        self._written: set[Key] = set()
        self._problem: str | None = None
        self._last_state: tuple[datetime.date, tuple[Gap, ...]] | None = None
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="session store", daemon=True)

    @property
    def history(self) -> History:
        """What it writes to and reads from."""
        return self._history

    @property
    def problem(self) -> str | None:
        """Why finished sessions cannot be written; None while they can."""
        return self._problem

    @property
    def problems(self) -> list[str]:
        """Why finished sessions cannot be written or read now; empty while they can."""
        return [problem for problem in (self._problem, self._reader.problem) if problem]

    @property
    def stored(self) -> dict[datetime.date, list[str]] | None:
        """The symbols of each stored session, ascending; None until the history is listed."""
        with self._lock:
            if self._listed is None:
                return None
            keys = sorted(self._listed | self._written | self._pending.keys())
        return {
            date: [symbol for _, symbol in group]
            for date, group in itertools.groupby(keys, key=lambda key: key[0])
        }

    def start(self) -> None:
        """Start the threads that list and write."""
        # A store that hangs must not hold up what is written, nor the end.
        threading.Thread(target=self._list, name="session list", daemon=True).start()
        self._thread.start()

    def stop(self) -> None:
        """Try once more to write pending sessions, and end the thread."""
        self.stop_reading()
        self._stopped.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(_LAST_WRITE_S)
            if self._thread.is_alive():
                _LOG.error("finished sessions were not stored: the store does not respond")

    def stop_reading(self) -> None:
        """Let nobody wait for the store any longer; sessions in memory can still be read."""
        self._reader.close()

    def store_if_over(self, session: Session, source: Source) -> None:
        """Store a session once it is over, and again whenever its gaps change.

        To be called each time the session advances, on the thread that advances it.
        """
        if session.now < session.hours.close:
            return
        state = session.hours.date, session.gaps(None, session.now)
        if state != self._last_state:
            self._last_state = state
            self.store(stored_sessions(session, source))

    def store(self, sessions: Iterable[StoredSession]) -> None:
        """Queue finished sessions for writing; they can be read at once."""
        with self._lock:
            self._pending |= {(each.day.hours.date, each.day.symbol): each for each in sessions}
            dates = sorted({date for date, _ in self._pending})[-_MAX_PENDING_DATES:]
            for key in [key for key in self._pending if key[0] not in dates]:
                del self._pending[key]
                _LOG.error("%s of %s was not stored; replay its tape to store it", *key[::-1])
        self._wake.set()

    def read(self, date: datetime.date, symbol: str) -> StoredSession | None:
        """A finished session; None if there is none.

        Raises:
            StoreError: The store does not respond in time.
            HistoryError: Its file cannot be read.
        """
        session = self._in_memory((date, symbol))
        return session or self._reader.read(date, symbol)

    def is_in_memory(self, date: datetime.date, symbol: str) -> bool:
        """Whether a finished session can be had without waiting for the store."""
        return self._in_memory((date, symbol)) is not None

    def _in_memory(self, key: Key) -> StoredSession | None:
        with self._lock:
            session = self._pending.get(key) or self._cache.get(key)
            if key in self._cache:
                self._cache.move_to_end(key)
        return session

    # On the threads that read

    def _load(self, date: datetime.date, symbol: str) -> StoredSession | None:
        """Read a session into the cache; an unreadable one is logged once per file."""
        key = date, symbol
        try:
            session = self._history.read(date, symbol)
        except StoreError as error:
            if self._reader.problem is None:
                _LOG.error("%s", error)
            raise
        except HistoryError as error:
            if key not in self._unreadable:
                self._unreadable.add(key)
                _LOG.error("%s", error)
            raise
        self._unreadable.discard(key)
        if session is not None:
            self._add_to_cache(key, session)
        return session

    def _add_to_cache(self, key: Key, session: StoredSession) -> None:
        """Cache a session in memory, and evict the least recently used ones beyond the limit."""
        with self._lock:
            self._cache[key] = session
            self._cache.move_to_end(key)
            size = sum(each.nbytes for each in self._cache.values())
            while size > self._max_bytes and len(self._cache) > 1:
                size -= self._cache.popitem(last=False)[1].nbytes

    # On the thread that lists

    def _list(self) -> None:
        said = ""
        while True:
            try:
                sizes = self._history.sizes()
            except HistoryError as error:
                if str(error) != said:
                    _LOG.warning("the history cannot be listed yet: %s", error)
                said = str(error)
            else:
                with self._lock:
                    self._listed = {
                        (date, symbol) for date, symbols in sizes.items() for symbol in symbols
                    }
                return
            if self._stopped.wait(self._retry_seconds):
                return

    # On the thread that writes

    def _run(self) -> None:
        while True:
            is_last = self._stopped.is_set()
            self._wake.clear()
            if self._write_all():
                self._problem = None
            if is_last:
                return
            if self._problem is None:
                self._wake.wait()
            else:
                self._stopped.wait(self._retry_seconds)

    def _write_all(self) -> bool:
        """Try to write all pending sessions; whether none failed."""
        with self._lock:
            pending = list(self._pending.items())
        failures = 0
        for key, session in pending:
            try:
                self._history.store(session)
            except HistoryError as error:
                failures += 1
                if failures == 1:
                    self._report(f"finished sessions cannot be stored yet: {error}")
                if failures > 1 and self._stopped.is_set():
                    break  # An object store that is down takes long to fail.
                continue
            except Exception:  # An uncaught one would end the thread unnoticed.
                _LOG.exception("a defect: %s of %s was not stored", *key[::-1])
            else:
                self._add_to_cache(key, session)
                with self._lock:
                    self._written.add(key)
            with self._lock:
                if self._pending.get(key) is session:
                    del self._pending[key]
        return not failures

    def _report(self, problem: str) -> None:
        if problem != self._problem:
            _LOG.error("%s", problem)
        self._problem = problem
