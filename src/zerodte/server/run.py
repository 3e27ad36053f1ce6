"""A listening server: the port, the event loop and a graceful end. The application is given."""

import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import uvicorn

from zerodte.errors import ZerodteError
from zerodte.server.asgi import App
from zerodte.server.connection import Connection

_BACKLOG = 2048
_GRACE_S = 5
#: So long a connection may rest between requests: who asks for every sample keeps it.
_REST_S = 75
#: Bytes that the system holds for a client that does not read; left alone it holds megabytes.
_SEND_BUFFER = 256 * 1024
#: Addresses that mean every one of this machine, and the one that its own clients reach.
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


class ServerError(ZerodteError, OSError):
    """The server cannot listen where it was told to."""


class Listener:
    """A port that is listened on from the moment this is made; requests wait for a `Server`.

    Args:
        host: Address or name of this machine; loopback keeps it private.
        port: 0 lets the system choose.

    Attributes:
        socket: The listening socket.
        url: Where this machine's clients reach it.

    Raises:
        ServerError: The address is in use, not allowed or not this machine's.
    """

    def __init__(self, host: str, port: int) -> None:
        self.socket = _listen(host, port)
        name, bound = self.socket.getsockname()[:2]
        name = _LOOPBACK.get(name, name)
        self.url = f"http://[{name}]:{bound}" if ":" in name else f"http://{name}:{bound}"


class Server:
    """An ASGI application that answers on a listener's port.

    Args:
        app: The application.
        listener: The port.
        stopping: Called on the event loop when the server begins to end, so that the application
            ends what would go on for ever.
        aborted: Told why, when a connection is ended for what its client does.
    """

    def __init__(
        self,
        app: App,
        listener: Listener,
        stopping: Callable[[], None] = lambda: None,
        aborted: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._socket = listener.socket
        config = uvicorn.Config(
            app,
            http=partial(Connection, aborted=aborted),  # type: ignore[arg-type]
            ws="none",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_keep_alive=_REST_S,
            timeout_graceful_shutdown=_GRACE_S,
        )
        self._uvicorn = _Uvicorn(config, stopping)

    def run(self) -> None:
        """Answer until Ctrl-C, SIGTERM or `stop`; requests under way are finished first."""
        if sys.platform != "win32":
            _allow_connections()
        with suppress(KeyboardInterrupt):
            self._uvicorn.run(sockets=[self._socket])

    def stop(self) -> None:
        """End `run`, from any thread."""
        self._uvicorn.should_exit = True


class _Uvicorn(uvicorn.Server):
    """uvicorn, which says when it begins to end."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what goes on, then the server."""
        self._stopping()
        await super().shutdown(sockets)


def _allow_connections() -> None:
    """Have as many open as this user may, where the system sets out with fewer."""
    import resource  # noqa: PLC0415  not on every system

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _listen(host: str, port: int) -> socket.socket:
    try:
        # The resolver takes any port modulo 65536, so the bind is left to judge it.
        family, kind, protocol, _, (address, _, *scope) = socket.getaddrinfo(
            host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            listening.bind((address, port, *scope))
            listening.listen(_BACKLOG)
        except BaseException:
            listening.close()
            raise
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ServerError(
            f"cannot listen on {host}:{port}: {reason}; choose another host or port"
        ) from error
    return listening
