"""A listening socket that gives every client a thread, up to a number of clients."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from zerodte.feeds.feed import FeedError

_BACKLOG: Final = 16
#: Clients at a time. Each has a thread, its own pass through the tape, and no queue: what it has
#: not taken waits in its socket's buffer.
MOST_CLIENTS: Final = 32


def cannot_listen(host: str, port: int, error: Exception) -> FeedError:
    """Why an address cannot be listened on, and what to do."""
    reason = getattr(error, "strerror", None) or error
    return FeedError(f"cannot listen on {host}:{port}: {reason}; choose another host or port")


class ClientListener:
    """Accepts clients.

    Args:
        host: Address to listen on.
        port: 0 lets the system choose.
        serve: Serves a client in its thread; the socket is closed when it returns.
        refuse: Tells a client why it is turned away.

    Attributes:
        stopped: Set when the listener ends.

    Raises:
        FeedError: If the address is in use, forbidden, or not of this machine.
    """

    def __init__(
        self,
        host: str,
        port: int,
        serve: Callable[[socket.socket], None],
        refuse: Callable[[socket.socket, str], None],
    ) -> None:
        try:
            self._socket = socket.create_server((host, port), backlog=_BACKLOG)
        except (OSError, OverflowError) as error:
            raise cannot_listen(host, port, error) from error
        self._serve = serve
        self._refuse = refuse
        self._places = threading.BoundedSemaphore(MOST_CLIENTS)
        self.stopped = threading.Event()

    @property
    def address(self) -> tuple[str, int]:
        """Its host and port."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    def run(self) -> None:
        """Accept clients until `stop`."""
        while not self.stopped.is_set():
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            if not self._places.acquire(blocking=False):
                client.settimeout(1.0)
                self._refuse(client, f"it serves {MOST_CLIENTS} clients already; connect later")
                client.close()
                continue
            threading.Thread(target=self._serve_one, args=(client,), daemon=True).start()

    def stop(self) -> None:
        """End `run`; whoever serves clients watches `stopped`."""
        self.stopped.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve_one(self, client: socket.socket) -> None:
        try:
            with client:
                self._serve(client)
        finally:
            self._places.release()
