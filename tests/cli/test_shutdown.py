"""A server that is told to end: streams end in order, and nobody waits."""

import datetime
import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from session.synthetic import synthetic_tape
from zerodte.feeds.synthetic_tape import SYMBOL

STREAM = f"/v1/flow/zero-dte/stream/{SYMBOL}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    """A server that is ready, its host and its port."""
    tape = synthetic_tape(tmp_path / "tape", datetime.date(2024, 11, 29)).path
    command = [sys.executable, "-m", "zerodte", "serve", str(tape), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as it:
        assert it.stdout is not None
        said = next(line for line in it.stdout if "curl" in line)
        address = urlsplit(said.split()[1])
        assert address.hostname
        assert address.port
        yield it, address.hostname, address.port
        it.kill()


@pytest.mark.drill
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGTERM, id="term"),
        pytest.param(signal.SIGINT, id="int"),
    ],
)
def test_streams_end_in_order_and_at_once(
    server: tuple[subprocess.Popen[str], str, int], number: int
) -> None:
    process, host, port = server
    with ExitStack() as stack:
        answers = []
        for _ in range(20):
            connection = stack.enter_context(closing(http.client.HTTPConnection(host, port, 60)))
            connection.request("GET", STREAM)
            answer = connection.getresponse()
            assert answer.status == 200
            while answer.readline().strip() != b"event: snapshot":
                pass
            answers.append(answer)
        idle = stack.enter_context(closing(http.client.HTTPConnection(host, port, 60)))
        idle.request("GET", "/openapi.json")
        assert idle.getresponse().read()
        started = stack.enter_context(socket.create_connection((host, port), 60))
        started.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")
        process.send_signal(number)
        for answer in answers:
            rest = answer.read()  # IncompleteRead if the last chunk is missing
            assert rest.endswith(b"\n\n"), "no event is cut off"
        began = time.monotonic()
        assert process.wait(60) == (0 if number == signal.SIGINT else 128 + number)
        assert time.monotonic() - began < 30
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, port), 5)
    assert process.stderr is not None
    log = process.stderr.read()
    assert "Traceback" not in log
    assert "can be reached from other machines" not in log
    assert "event=stop" in log.splitlines()[-1]
