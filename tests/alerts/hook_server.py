"""A target of alerts on a port of this machine, that can be killed and comes back there."""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class HookRequest:
    """A request that came."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        """The event of a webhook."""
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass(frozen=True)
class HookAnswer:
    """What to answer.

    Attributes:
        status: The status; 0 to hang up without an answer.
        headers: Headers.
        after: Seconds to think before.
    """

    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    after: float = 0.0


class HookServer:
    """Records requests, and answers them as it is told.

    Args:
        answer: Gives the answer to the request of a number, from 0 on.
    """

    def __init__(self, answer: Callable[[int], HookAnswer] = lambda _: HookAnswer()) -> None:
        self.requests: list[HookRequest] = []
        self._answer = answer
        self._changed = threading.Condition()
        self._server: ThreadingHTTPServer | None = None
        self._killed = threading.Event()
        self.start()

    def start(self) -> None:
        """Listen, on the same port as before."""
        port = self.port if self._server else 0
        self._killed.clear()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = hook._take(HookRequest(self.path, headers, body, time.monotonic()))
                hook._killed.wait(answer.after)
                if not answer.status:
                    return
                self.send_response(answer.status)
                for name, value in answer.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def kill(self) -> None:
        """Listen no more; who connects is refused."""
        assert self._server is not None
        self._killed.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def port(self) -> int:
        """The port, also while it is dead."""
        assert self._server is not None
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/hook"

    def wait(self, is_enough: Callable[[list[HookRequest]], bool], within: float = 60.0) -> None:
        """Wait until what came is enough."""
        with self._changed:
            assert self._changed.wait_for(lambda: is_enough(self.requests), within), (
                f"{len(self.requests)} requests came"
            )

    def wait_for(self, count: int, within: float = 60.0) -> list[HookRequest]:
        """The requests, once so many have come."""
        self.wait(lambda found: len(found) >= count, within)
        return list(self.requests)

    def _take(self, request: HookRequest) -> HookAnswer:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
            return self._answer(len(self.requests) - 1)
