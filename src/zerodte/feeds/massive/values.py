"""Values of indices, which come on a connection of their own, if the account may have them."""

import threading
import time
from collections.abc import Mapping
from typing import Final

from zerodte.feeds.contract_records import MessageBlock
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.massive.account import MassiveAccount
from zerodte.feeds.massive.protocol import INDEX_PREFIX, MassiveMessage
from zerodte.feeds.massive.session import MassiveSession

#: Seconds until a connection that was lost is tried again.
_AGAIN_S: Final = 30.0


class MassiveValues:
    """Listens to values; without them spot is the parity of each chain.

    It connects in a thread, so that a host that is mute holds nothing up. It outlasts the
    connections to the stream of options: what one of them was refused, the next does not ask for.

    Args:
        account: Whose they are.
        numbers: Ids of the indices; nothing is listened to if there are none.

    Attributes:
        numbers: As above.
        problem: Why there are no values, in words; empty if there are.
    """

    def __init__(self, account: MassiveAccount, numbers: Mapping[str, int]) -> None:
        self.numbers = numbers
        self.problem = ""
        self._account = account
        self._lock = threading.Lock()
        self._session: MassiveSession | None = None
        self._thread: threading.Thread | None = None
        self._waiting: list[MessageBlock[MassiveMessage]] = []
        self._due = 0.0
        self._is_open = False
        # For good: refused, or without an index.
        self._is_over = not numbers

    def open(self) -> None:
        """Listen from now on."""
        with self._lock:
            self._is_open = True

    def take(self, until: int) -> list[MessageBlock[MassiveMessage]]:
        """The values that have come by a time, UTC ns; if it is due, a connection is begun."""
        session = self._session
        if session is None:
            self._begin()
        else:
            try:
                self._waiting += session.take(0.0)
            except FeedError as error:
                session.close()
                self._session = None
                self._fail(error)
        parts = [block.split(until) for block in self._waiting]
        self._waiting = [late for _, late in parts if late.messages]
        return [ready for ready, _ in parts if ready.messages]

    def close(self) -> None:
        """End the connection, until the next `open`."""
        with self._lock:
            self._is_open = False
            session, self._session = self._session, None
        self._waiting = []
        if session is not None:
            # It worked: there is no need to wait before the next one.
            self._due = 0.0
            session.close()

    def _begin(self) -> None:
        # Of two connections the later one ends the other: one that is under way is waited for.
        is_busy = self._thread is not None and self._thread.is_alive()
        if self._is_over or not self._is_open or is_busy or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + _AGAIN_S
        self._thread = threading.Thread(target=self._connect, name="values", daemon=True)
        self._thread.start()

    def _connect(self) -> None:
        session = None
        try:
            session = MassiveSession(self._account, "indices")
            session.subscribe_values([f"{INDEX_PREFIX}{name}" for name in self.numbers])
        except FeedError as error:
            if session is not None:
                session.close()
            self._fail(error)
            return
        with self._lock:
            is_late = not self._is_open
            self._session, self.problem = (None if is_late else session), ""
        if is_late:
            session.close()

    def _fail(self, error: FeedError) -> None:
        """Note why there are no values; what is refused is not asked for again."""
        self._is_over |= isinstance(error, FeedRefusalError)
        names = ", ".join(self.numbers)
        self.problem = f"values of {names} do not come, and spot is parity: {error}"
