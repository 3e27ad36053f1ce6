"""A listening server: the port, the event loop and a graceful shutdown."""

import ipaddress
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

import uvicorn

from zerodte.errors import ZerodteError
from zerodte.server.asgi import App
from zerodte.server.connection import Connection

_BACKLOG = 2048
_GRACE_S = 5
#: Keep-alive timeout, longer than the sample interval so that polling clients keep their
#: connection.
_KEEP_ALIVE_S = 75
#: Bytes that the system buffers for a client that does not read; its default is megabytes.
_SEND_BUFFER = 256 * 1024
_HANGUP = getattr(signal, "SIGHUP", None)
#: Wildcard addresses, and the address at which local clients reach each.
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


class ServerError(ZerodteError, OSError):
    """The server cannot listen on the requested address."""


class Listener:
    """A listening port. It listens from construction on; requests wait for a `Server`.

    Args:
        host: An address or name of this machine; a loopback address keeps it private.
        port: 0 lets the system choose.

    Attributes:
        socket: The listening socket.
        host: `host` as given.
        url: Base URL for clients on this machine.

    Raises:
        ServerError: The address is in use, not permitted, or belongs to another machine.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.socket = _listen(host, port)
        name, bound = self.socket.getsockname()[:2]
        name = _LOOPBACK.get(name, name)
        self.url = f"http://[{name}]:{bound}" if ":" in name else f"http://{name}:{bound}"

    @property
    def is_private(self) -> bool:
        """Whether only this machine reaches it."""
        return ipaddress.ip_address(self.socket.getsockname()[0].partition("%")[0]).is_loopback


class Server:
    """Serves an ASGI application on a listener's port.

    Args:
        app: The application.
        listener: The port.
        on_shutdown: Called on the event loop when shutdown starts, so that the application can end
            its streams.
        on_abort: Called with the reason when a connection is ended because of its client.
        on_hangup: Called on a thread of its own at SIGHUP, which ends the server without it.
    """

    def __init__(
        self,
        app: App,
        listener: Listener,
        on_shutdown: Callable[[], None] = lambda: None,
        on_abort: Callable[[str], None] = lambda _: None,
        on_hangup: Callable[[], None] | None = None,
    ) -> None:
        self._on_hangup = on_hangup
        self._socket = listener.socket
        config = uvicorn.Config(
            app,
            http=partial(Connection, on_abort=on_abort),  # type: ignore[arg-type]
            ws="none",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_GRACE_S,
        )
        self._uvicorn = _Uvicorn(config, on_shutdown)

    def run(self) -> None:
        """Serve until Ctrl-C, a signal or `stop`; requests in progress are finished first.

        The handler of a SIGHUP or SIGTERM that ended it is called afterwards.
        """
        if sys.platform != "win32":
            _allow_connections()
        with suppress(KeyboardInterrupt), self._heeding_hangup():
            self._uvicorn.run(sockets=[self._socket])

    @contextmanager
    def _heeding_hangup(self) -> Iterator[None]:
        """Call what SIGHUP is for, or end, unless it is ignored as under nohup."""
        is_main = threading.current_thread() is threading.main_thread()
        before = signal.getsignal(_HANGUP) if _HANGUP and is_main else signal.SIG_IGN
        if before is signal.SIG_IGN or _HANGUP is None:
            yield
            return
        heard: list[int] = []

        def hear(number: int, _: object) -> None:
            if self._on_hangup is not None:
                # A handler interrupts whatever runs, perhaps in the middle of a line of log.
                threading.Thread(target=self._on_hangup, name="hangup").start()
                return
            heard.append(number)
            self.stop()

        signal.signal(_HANGUP, hear)
        try:
            yield
        finally:
            signal.signal(_HANGUP, before)
            if heard:
                signal.raise_signal(_HANGUP)

    def stop(self) -> None:
        """Make `run` return; callable from any thread."""
        self._uvicorn.should_exit = True


class _Uvicorn(uvicorn.Server):
    """A uvicorn server that reports when its shutdown starts."""

    def __init__(self, config: uvicorn.Config, on_shutdown: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_shutdown = on_shutdown

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the application's streams, then the server."""
        self._on_shutdown()
        await super().shutdown(sockets)


def forbid_core_dumps() -> None:
    """Leave no image of the memory, where clients' keys are, should the process crash."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415  not on every system

        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def _allow_connections() -> None:
    """Raise the limit of open files to this user's maximum."""
    import resource  # noqa: PLC0415  not on every system

    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _listen(host: str, port: int) -> socket.socket:
    try:
        # The resolver takes any port modulo 65536, so `bind` has to check it.
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
