"""A server with keys as a process of its own, which can be killed or run out of disk.

    python -m server.keyed_process PLACE

It prints its URL, and ends with its standard input. Where PLACE is a file, the lines that it reads
fill its disk (`fill`) and make room again (`empty`).
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final

import zerodte
from server.keyed import keyed_server
from zerodte.access.key_place import KeyPlace
from zerodte.cli.options import is_stream
from zerodte.logs import log_to_stderr

_TESTS: Final = Path(__file__).parents[1]
_PATHS: Final = f"{_TESTS}:{Path(zerodte.__file__).parents[1]}"
_CHUNK: Final = b"x" * 512
#: A server whose store is only just begun may end; a supervisor would begin it again so often.
_STARTS: Final = 5


def main() -> None:
    """Serve until the standard input ends."""
    place = sys.argv[1]
    path = Path(place)
    log_to_stderr()
    with keyed_server(place if is_stream(place) else path) as server:
        print(server.url, flush=True)
        for line in sys.stdin:
            _obey(line.strip(), path.with_name("ballast"))
            print("done", flush=True)


def _obey(word: str, ballast: Path) -> None:
    if word == "empty":
        ballast.unlink()
        return
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(_CHUNK)
        except OSError:
            pass


class KeyedProcess:
    """A server in a process of its own: its URL, and words for it."""

    def __init__(self, running: "subprocess.Popen[str]") -> None:
        self.running = running
        self.url = self._line()

    def tell(self, word: str) -> None:
        """Have it do something, and wait until it is done."""
        assert self.running.stdin is not None
        self.running.stdin.write(word + "\n")
        self.running.stdin.flush()
        assert self._line() == "done"

    def _line(self) -> str:
        assert self.running.stdout is not None
        return self.running.stdout.readline().strip()


@contextmanager
def keyed_process(
    place: KeyPlace, *before: str, stderr: IO[str] | None = None
) -> Iterator[KeyedProcess]:
    """A process that serves with the keys of a store, after the words of another command."""
    command = [*before, sys.executable, "-m", "server.keyed_process", str(place)]
    with ExitStack() as stack:
        for _ in range(_STARTS):
            running = stack.enter_context(
                subprocess.Popen(
                    command,
                    env={"PYTHONPATH": _PATHS, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    text=True,
                )
            )
            stack.callback(running.kill)
            process = KeyedProcess(running)
            if process.url:
                break
        assert process.url, "it does not begin"
        yield process


if __name__ == "__main__":
    main()
