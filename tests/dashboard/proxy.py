"""A server between the page and its market, which can be told to answer badly."""

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

#: Belong to one connection, or are written anew.
_OWN: Final = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}
STREAM: Final = "/v1/flow/zero-dte/stream"


@dataclass(frozen=True)
class Reply:
    """An answer: made up, or the market's own before it is passed on."""

    status: int
    body: bytes
    headers: dict[str, str]

    def json(self) -> Any:
        """Its body."""
        return json.loads(self.body)


Ask: TypeAlias = Callable[[], Reply]
#: Makes the answer to a request, of the market's answer if it asks for it.
Rule: TypeAlias = Callable[[Ask], Reply]


def said(status: int, error: str, message: str, **more: object) -> Rule:
    """An error in the API's own shape."""
    body = {"status": "ERROR", "error": error, "message": message, **more}
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return lambda _: Reply(status, json.dumps(body).encode(), headers)


def changed(change: Callable[[Any], Any]) -> Rule:
    """The market's answer with another body."""

    def rule(ask: Ask) -> Reply:
        reply = ask()
        headers = {name: value for name, value in reply.headers.items() if name != "etag"}
        return Reply(reply.status, json.dumps(change(reply.json())).encode(), headers)

    return rule


@dataclass
class Proxy:
    """What stands between.

    Attributes:
        target: The market's URL.
        url: Its own URL.
        rules: How requests whose path contains a text are answered; others pass.
        relay: What becomes of an event of a stream; empty to keep it back.
        asked: Path and headers of each request, in the order of their arrival.
    """

    target: str
    url: str = ""
    rules: dict[str, Rule] = field(default_factory=dict)
    relay: Callable[[str], str] = str
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    _streams: list[socket.socket] = field(default_factory=list)

    def cut(self) -> None:
        """End all streams that are open."""
        while self._streams:
            open_stream = self._streams.pop()
            # The reader may have been faster.
            with contextlib.suppress(OSError):
                open_stream.shutdown(socket.SHUT_RDWR)

    def count(self, text: str) -> int:
        """How many requests had a text in their path."""
        return sum(text in path for path, _ in self.asked)

    def connect(self) -> http.client.HTTPConnection:
        """A connection to the market."""
        parts = urlsplit(self.target)
        return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            proxy.asked.append((self.path, headers))
            passed = {name: value for name, value in headers.items() if name not in _OWN}
            passed["accept-encoding"] = "identity"
            market = proxy.connect()

            def ask() -> Reply:
                market.request("GET", self.path, headers=passed)
                answer = market.getresponse()
                found = {name.lower(): value for name, value in answer.getheaders()}
                body = b"" if "event-stream" in found.get("content-type", "") else answer.read()
                if not body:
                    self.answer = answer
                return Reply(answer.status, body, found)

            rule = next((rule for text, rule in proxy.rules.items() if text in self.path), None)
            try:
                reply = rule(ask) if rule else ask()
                self.begin(reply)
                if "event-stream" in reply.headers.get("content-type", ""):
                    self.stream()
                else:
                    self.wfile.write(reply.body)
            except (OSError, http.client.HTTPException):
                self.close_connection = True
            finally:
                market.close()

        def begin(self, reply: Reply) -> None:
            self.send_response_only(reply.status)
            for name, value in reply.headers.items():
                if name not in _OWN:
                    self.send_header(name, value)
            self.send_header("connection", "close")
            self.end_headers()

        def stream(self) -> None:
            proxy._streams.append(self.connection)
            event: list[str] = []
            while line := self.answer.readline().decode():
                event.append(line)
                if line == "\n":
                    self.wfile.write(proxy.relay("".join(event)).encode())
                    self.wfile.flush()
                    event = []

    return Handler


@contextmanager
def proxied(target: str) -> Iterator[Proxy]:
    """A proxy before a market, as long as the context lasts."""
    proxy = Proxy(target)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(proxy))
    server.daemon_threads = True
    server.block_on_close = False
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    running.start()
    try:
        yield proxy
    finally:
        proxy.cut()
        server.shutdown()
        running.join()
        server.server_close()
