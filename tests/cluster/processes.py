"""A deployment of processes: a feed, its publisher, workers, nodes; each may be killed."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import httpx

from feeds.nats_broker import free_port
from runtime.feeds_on_ports import eventually

_COMMAND = (sys.executable, "-c", "from zerodte.cli import main; main()")


class Process:
    """A command that can be started, killed, paused and started again.

    Args:
        log: Where its output goes.
        arguments: Of the command line.
        within: What its command begins with, to run elsewhere.
    """

    def __init__(self, log: Path, *arguments: str, within: Sequence[str] = ()) -> None:
        self._log = log
        self._words = [*within, *_COMMAND, *arguments]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._words, stdout=log, stderr=log)

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def terminate(self, seconds: float = 60.0) -> int:
        """Ask it to end, and wait; its exit status."""
        assert self._process is not None
        self._process.terminate()
        status = self._process.wait(seconds)
        self._process = None
        return status

    def pause(self) -> None:
        """Let it stand still."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._send(signal.SIGCONT)

    @property
    def output(self) -> str:
        """All that it has printed."""
        return self._log.read_text()

    def _send(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)


class Deployment:
    """Processes around a broker.

    Args:
        url: The broker.
        tape: What is fed.
        folder: Where everything is kept.
        speed: Of the feed.
    """

    def __init__(self, url: str, tape: Path, folder: Path, speed: float) -> None:
        self._url, self._folder = url, folder
        feed, live = free_port(), free_port()
        self.feed = self._process(
            "feed", "feed", str(tape), "--port", str(feed), "--speed", str(speed)
        )
        self.publisher = self._process(
            "publisher", "live", f"127.0.0.1:{feed}", "--record", str(folder / "recordings"),
            "--publish", url, "--port", str(live),
        )  # fmt: skip
        self.embedded = f"http://127.0.0.1:{live}"

    def worker(self, name: str, *options: str, within: Sequence[str] = ()) -> Process:
        """A worker, not started."""
        return self._process(name, "work", "--nats", self._url, *options, within=within)

    def node(
        self, name: str, *options: str, host: str = "127.0.0.1", within: Sequence[str] = ()
    ) -> tuple[Process, str]:
        """A node, not started, and its URL."""
        port = free_port()
        address = ("--host", host, "--port", str(port))
        words = ("serve", "--nats", self._url, *address, *options)
        return self._process(name, *words, within=within), f"http://{host}:{port}"

    def _process(self, name: str, *arguments: str, within: Sequence[str] = ()) -> Process:
        return Process(self._folder / f"{name}.log", *arguments, within=within)


@contextlib.contextmanager
def begun(processes: Sequence[Process], *later: Process) -> Iterator[None]:
    """Start processes, each once the one before has said something, and end them at last.

    Args:
        processes: They.
        later: Others that a test starts by itself, to be ended too.
    """
    try:
        for process in processes:
            process.start()
            eventually(partial(_has_begun, process))
        yield
    finally:
        for process in (*processes, *later):
            process.kill()


def _has_begun(process: Process) -> bool:
    return bool(process.output)


def get(url: str, path: str) -> tuple[int, bytes]:
    """The status and body of an answer; 0 without one."""
    try:
        response = httpx.get(url + path, timeout=30.0, trust_env=False)
    except httpx.TransportError:
        return 0, b""
    return response.status_code, response.content
