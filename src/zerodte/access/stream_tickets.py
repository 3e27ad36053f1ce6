"""Tickets for streams: a browser's EventSource cannot send a key, so it sends a ticket instead.

A ticket is fetched with a key, opens one stream within half a minute, and is worth nothing
afterwards, so an address that ends up in a log or a history does no harm.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex
from typing import Final

from zerodte.access.key import digest_of

#: Seconds in which a ticket has to be used.
TICKET_S: Final = 30
_TICKET_BYTES: Final = 24
#: Unused tickets of one key, and of all; older ones give way.
_MAX_PER_KEY, _MAX_TICKETS = 32, 10_000


@dataclass(frozen=True, slots=True)
class StreamTicket:
    """A ticket that was handed out.

    Attributes:
        text: What the stream's address carries.
        expires: Until when it can be used, unix seconds.
    """

    text: str
    expires: int


class StreamTickets:
    """The unused tickets of a server, in memory only. It belongs to one event loop.

    Args:
        now: Tells the time in unix seconds.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        # All live equally long, so the oldest, which come first, expire first.
        self._tickets: dict[bytes, tuple[bytes, int]] = {}
        self._of_key: dict[bytes, dict[bytes, None]] = {}

    def __len__(self) -> int:
        """How many are unused and not expired."""
        self._drop_expired()
        return len(self._tickets)

    def issue(self, key: bytes) -> StreamTicket:
        """A new ticket for the key of a digest: what takes its place has another one."""
        self._drop_expired()
        own = self._of_key.get(key, {})
        if len(own) >= _MAX_PER_KEY:
            self._drop(next(iter(own)))
        elif len(self._tickets) >= _MAX_TICKETS:
            self._drop(next(iter(self._tickets)))
        text, expires = token_hex(_TICKET_BYTES), int(self._now()) + TICKET_S
        digest = digest_of(text.encode())
        self._tickets[digest] = key, expires
        self._of_key.setdefault(key, {})[digest] = None
        return StreamTicket(text, expires)

    def redeem(self, text: str) -> bytes | None:
        """The digest of the key that it was issued for, once; None if it is worth nothing."""
        self._drop_expired()
        digest = digest_of(text.encode(errors="replace"))
        return self._drop(digest) if digest in self._tickets else None

    def _drop_expired(self) -> None:
        now = self._now()
        while self._tickets:
            oldest = next(iter(self._tickets))
            if self._tickets[oldest][1] > now:
                return
            self._drop(oldest)

    def _drop(self, digest: bytes) -> bytes:
        key, _ = self._tickets.pop(digest)
        own = self._of_key[key]
        del own[digest]
        if not own:
            del self._of_key[key]
        return key
