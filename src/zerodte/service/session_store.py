"""What becomes of finished sessions while a server runs: written at the close, read when asked."""

import datetime
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final, TypeAlias

from zerodte.history.error import HistoryError
from zerodte.history.history import History
from zerodte.history.stored import StoredSession
from zerodte.session.sample import Gap
from zerodte.session.session import Session
from zerodte.wire.envelope import Source

_Key: TypeAlias = tuple[datetime.date, str]

_LOG = logging.getLogger(__name__)

#: Opened sessions stay in memory up to so many bytes: about a hundred of a hundred contracts.
_ROOM: Final = 256 * 2**20
#: Days that may wait to be written. Older ones are given up: their tapes still have them.
_WAITING: Final = 2
#: Between two attempts to write, seconds.
_PATIENCE: Final = 15.0


def stored_sessions(session: Session, source: Source) -> list[StoredSession]:
    """What is to be kept of a session: nothing before its close."""
    if session.now < session.hours.close:
        return []
    days = (session.kept(symbol) for symbol in session.symbols())
    return [StoredSession(day, source) for day in days if day is not None]


class SessionStore:
    """A history that is written on a thread of its own, and the sessions of it opened lately.

    What cannot be written is answered from all the same, and tried again.

    Args:
        history: Where sessions are kept.
        patience: Between two attempts to write, seconds.
        room: Bytes of opened sessions that stay in memory.
    """

    def __init__(self, history: History, *, patience: float = _PATIENCE, room: int = _ROOM) -> None:
        self._history = history
        self._patience = patience
        self._room = room
        self._opened: OrderedDict[_Key, StoredSession] = OrderedDict()
        self._waiting: dict[_Key, StoredSession] = {}
        self._damaged: set[_Key] = set()
        self._problem: str | None = None
        self._followed: tuple[datetime.date, tuple[Gap, ...]] | None = None
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="session store", daemon=True)

    @property
    def problem(self) -> str | None:
        """Why finished sessions wait to be written; None while none has to."""
        return self._problem

    def start(self) -> None:
        """Begin to write, on another thread."""
        self._thread.start()

    def stop(self) -> None:
        """Try once more to write what waits, and end the thread."""
        self._stopped.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()

    def follow(self, session: Session, source: Source) -> None:
        """Keep a session once it is over, and again if later news change its gaps.

        Called whenever its time has passed, on the thread that moves it.
        """
        if session.now < session.hours.close:
            return
        state = session.hours.date, session.gaps(None, session.now)
        if state != self._followed:
            self._followed = state
            self.keep(stored_sessions(session, source))

    def keep(self, finished: Iterable[StoredSession]) -> None:
        """Have finished sessions written; they are answered from at once."""
        with self._lock:
            self._waiting |= {(one.day.hours.date, one.day.symbol): one for one in finished}
            days = sorted({date for date, _ in self._waiting})
            for key in [key for key in self._waiting if key[0] not in days[-_WAITING:]]:
                del self._waiting[key]
                _LOG.error("%s of %s could not be kept; replay its tape to keep it", *key[::-1])
        self._wake.set()

    def read(self, date: datetime.date, symbol: str) -> StoredSession | None:
        """A finished session; None where there is none.

        Raises:
            HistoryError: If its file cannot be read; logged once for each.
        """
        key = date, symbol
        with self._lock:
            found = self._waiting.get(key) or self._opened.get(key)
            if key in self._opened:
                self._opened.move_to_end(key)
        if found is not None:
            return found
        try:
            found = self._history.read(date, symbol)
        except HistoryError as error:
            if key not in self._damaged:
                self._damaged.add(key)
                _LOG.error("%s", error)
            raise
        self._damaged.discard(key)
        if found is not None:
            self._open(key, found)
        return found

    def _open(self, key: _Key, found: StoredSession) -> None:
        """Keep a session in memory, and let go of those that nobody asked for the longest."""
        with self._lock:
            self._opened[key] = found
            self._opened.move_to_end(key)
            held = sum(one.nbytes for one in self._opened.values())
            while held > self._room and len(self._opened) > 1:
                held -= self._opened.popitem(last=False)[1].nbytes

    # On the thread that writes

    def _run(self) -> None:
        while True:
            stops = self._stopped.is_set()
            self._wake.clear()
            if self._write_all():
                self._problem = None
            if stops:
                return
            if self._problem is None:
                self._wake.wait()
            else:
                self._stopped.wait(self._patience)

    def _write_all(self) -> bool:
        """Try to write all that waits; whether that could be done."""
        with self._lock:
            waiting = list(self._waiting.items())
        failures = 0
        for key, one in waiting:
            try:
                self._history.store(one)
            except HistoryError as error:
                failures += 1
                if failures == 1:
                    self._say(f"finished sessions wait to be kept: {error}")
                if failures > 1 and self._stopped.is_set():
                    break  # A store that does not answer takes its time to fail.
                continue
            except Exception:  # Nobody else hears of what ends this thread.
                _LOG.exception("a defect: %s of %s could not be kept", *key[::-1])
            else:
                self._open(key, one)
            with self._lock:
                if self._waiting.get(key) is one:
                    del self._waiting[key]
        return not failures

    def _say(self, problem: str) -> None:
        if problem != self._problem:
            _LOG.error("%s", problem)
        self._problem = problem
