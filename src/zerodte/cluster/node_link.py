"""A node's connection to the broker: it hears workers, and asks them."""

import datetime
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final

from nats.aio.msg import Msg

from zerodte.cluster.messages import PULSES, decode_pulse
from zerodte.cluster.owner_table import OwnerTable
from zerodte.feeds.feed import FeedError
from zerodte.feeds.nats.link import NatsLink, shown_url
from zerodte.feeds.nats.published import newest_session, published_symbols
from zerodte.logs import log
from zerodte.wire.query import Changes

_LOG = logging.getLogger(__name__)

#: Seconds between looks at the connection; every so many, at what is published.
_LOOK_S: Final = 0.5
_SESSION_EVERY: Final = 20
_RETRY_S: Final = 0.5


class NodeLink:
    """Stays connected to a broker.

    Args:
        url: The broker.
        owners: Told what workers say.
        on_change: Called after a new tick or sample of any symbol, with which of them.

    Attributes:
        symbols: The symbols of the newest session.
        problem: Why workers cannot be asked; None while they can.
    """

    def __init__(self, url: str, owners: OwnerTable, on_change: Callable[[Changes], None]) -> None:
        self.symbols: frozenset[str] = frozenset()
        self.problem: str | None = "the broker has not been reached yet"
        self._on_ready: Callable[[], None] | None = None
        self._url, self._owners, self._on_change = url, owners, on_change
        self._link: NatsLink | None = None
        self._session: datetime.date | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="node", daemon=True)

    def start(self, on_ready: Callable[[], None]) -> None:
        """Connect, and stay connected; `on_ready` is called once when a symbol has an owner."""
        self._on_ready = on_ready
        self._thread.start()

    def stop(self) -> None:
        """Disconnect."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def request(self, subject: str, content: bytes, timeout: float) -> bytes:
        """The answer of whoever listens on a subject; FeedError without one in time (seconds)."""
        return self._connected().request(subject, content, timeout)

    def requests(
        self, subjects: Sequence[str], content: bytes, timeout: float
    ) -> list[bytes | None]:
        """The answers on several subjects, asked at once; None where there is none in time."""
        return self._connected().requests(subjects, content, timeout)

    def _connected(self) -> NatsLink:
        if (link := self._link) is None:
            raise FeedError(self.problem or "the broker is away")
        return link

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._stay()
            except FeedError as error:
                problem = f"the broker is away: {error}"
                if problem != self.problem:
                    log("broker_away", logging.WARNING, problem=str(error))
                self.problem = problem
            except Exception as error:  # An uncaught one would end the thread unnoticed.
                _LOG.exception("a defect: the broker was left")
                self.problem = f"a defect; see the server's log: {error}"
            self._stopped.wait(_RETRY_S)

    def _stay(self) -> None:
        """Listen while the connection stands; FeedError once it does not."""
        link = NatsLink(self._url)
        try:
            self._look(link)
            link.listen(PULSES, self._hear)
            self._link, self.problem = link, None
            log("broker", url=shown_url(self._url))
            looks = 0
            while not self._stopped.wait(_LOOK_S):
                looks += 1
                session = self._owners.session
                if looks % _SESSION_EVERY == 0 or (session and session != self._session):
                    self._look(link)
                link.check()
                self._announce()
        finally:
            self._link = None
            link.close()

    async def _hear(self, message: Msg) -> None:
        try:
            pulse = decode_pulse(message.data)
        except FeedError as error:
            log("unread", logging.WARNING, problem=str(error))
            return
        for changes in self._owners.hear(pulse):
            self._on_change(changes)

    def _announce(self) -> None:
        if self._on_ready is not None and self._owners.symbols:
            call, self._on_ready = self._on_ready, None
            call()

    def _look(self, link: NatsLink) -> None:
        """See which symbols are published; none while no session is."""
        try:
            found = newest_session(link, self._session)
        except FeedError:
            link.check()
            return
        if found is not None:
            self._session = found[0]
            self.symbols = frozenset(published_symbols(found[1].manifest))
