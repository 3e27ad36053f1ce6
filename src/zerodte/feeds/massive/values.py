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

    It connects in a thread, so that a host that is mute holds nothing up.

    Args:
        account: Whose they are.
        numbers: Ids of the indices; nothing is listened to if there are none.

    Attributes:
        problem: Why there are no values, in words; empty if there are.
    """

    def __init__(self, account: MassiveAccount, numbers: Mapping[str, int]) -> None:
        self.problem = ""
        self._account = account
        self._numbers = numbers
        self._lock = threading.Lock()
        self._session: MassiveSession | None = None
        self._thread: threading.Thread | None = None
        self._due = 0.0
        # For good: closed, refused, or without an index.
        self._is_over = not numbers

    def take(self) -> list[MessageBlock[MassiveMessage]]:
        """The values that have come; if it is due, a connection is begun."""
        session = self._session
        if session is None:
            self._begin()
            return []
        try:
            return session.take(0.0)
        except FeedError as error:
            session.close()
            self._session = None
            self._fail(error)
            return []

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._is_over = True
            session, self._session = self._session, None
        if session is not None:
            session.close()

    def _begin(self) -> None:
        is_busy = self._thread is not None and self._thread.is_alive()
        if self._is_over or is_busy or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + _AGAIN_S
        self._thread = threading.Thread(target=self._connect, name="values", daemon=True)
        self._thread.start()

    def _connect(self) -> None:
        session = None
        try:
            session = MassiveSession(self._account, "indices")
            session.subscribe_values([f"{INDEX_PREFIX}{name}" for name in self._numbers])
        except FeedError as error:
            if session is not None:
                session.close()
            self._fail(error)
            return
        with self._lock:
            is_late = self._is_over
            self._session, self.problem = (None if is_late else session), ""
        if is_late:
            session.close()

    def _fail(self, error: FeedError) -> None:
        """Note why there are no values; what is refused is not asked for again."""
        self._is_over |= isinstance(error, FeedRefusalError)
        names = ", ".join(self._numbers)
        self.problem = f"values of {names} do not come, and spot is parity: {error}"
