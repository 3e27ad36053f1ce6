"""A host of Cboe's delayed quotes on loopback, with a clock of its own and faults on demand."""

import contextlib
import datetime
import email.utils
import gzip
import http.server
import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

#: 10:00 New York; quotes are of a quarter of an hour before.
BEGIN: Final = datetime.datetime(2022, 3, 23, 14, 0, tzinfo=datetime.UTC)


class CboeHost:
    """What the host says.

    Attributes:
        faults: What the next requests get instead of a body; "" for a body.
        asked: The headers of every request, by time.
        speed: Seconds of its clock per second.
        standing: A fault that stays until it is taken away.
        ailing: The symbol that alone has it; "" for all.
    """

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self.faults: deque[str] = deque()
        self.standing = ""
        self.ailing = ""
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.url = ""
        self._start = time.monotonic()

    def now(self) -> datetime.datetime:
        """Its clock."""
        seconds = (time.monotonic() - self._start) * self.speed
        return BEGIN + datetime.timedelta(seconds=seconds)

    def jump(self, hours: float) -> None:
        """Let its clock jump ahead, as it does for a machine that has slept."""
        self._start -= hours * 3600 / self.speed

    def body(self, fault: str) -> bytes:
        """SPY at a minute of the host's clock: volume counts minutes since the beginning."""
        now = self.now()
        published = now.replace(second=0, microsecond=0)
        minute = (published - BEGIN).seconds // 60
        if fault == "yesterday":
            published -= datetime.timedelta(days=1)
        elif fault == "zone":
            published += datetime.timedelta(hours=9)
        strikes = range(420, 481, 5)
        options = [option(day, right, strike, minute) for day in (
            "220322", "220323", "220325", "220328", "220330", "220414", "220617",
        ) for right in "CP" for strike in strikes]  # fmt: skip
        if fault == "odd":
            near = next(one for one in options if one["option"] == "SPY220323C00450000")
            near["bid"] = "n/a"
            del near["volume"]
        data = {
            "options": options,
            "current_price": 450.0,
            "bid": 449.99,
            "ask": 450.01,
            "last_trade_time": "2022-03-23T09:45:00" if fault != "yesterday" else None,
        }
        stamp = f"{published:%Y-%m-%d %H:%M:%S}"
        symbol = "QQQ" if fault == "other" else "SPY"
        return json.dumps({"timestamp": stamp, "symbol": symbol, "data": data}).encode()


def option(day: str, right: str, strike: int, minute: int) -> dict[str, Any]:
    worth = max(0.0, (450.0 - strike) * (1 if right == "C" else -1)) + 2.0
    return {
        "option": f"SPY{day}{right}{strike * 1000:08d}",
        "bid": worth - 0.05,
        "ask": worth + 0.05,
        "bid_size": 5.0,
        "ask_size": 6.0,
        "open_interest": 100.0,
        "volume": 10.0 + minute,
        "iv": 0.1,
    }


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host: CboeHost

    def do_GET(self) -> None:
        host = self.host
        host.asked.append((self.path, {key.lower(): text for key, text in self.headers.items()}))
        standing = host.standing if host.ailing in self.path else ""
        fault = host.faults.popleft() if host.faults else standing
        content, etag = host.body(fault), f'"{host.now():%H%M}"'
        if fault.isdecimal():
            self._answer(int(fault), b"" if fault == "304" else b"no")
        elif fault == "redirect":
            self._answer(307, b"", Location=host.url.replace("quotes", "moved") + "/SPY.json")
        elif self.headers.get("If-None-Match") == etag and not fault:
            self._answer(304, b"", ETag=etag)
        elif fault in _DRIPS:
            self.wfile.write(_DRIPS[fault])
            self._drip()
        elif fault == "half":
            packed = gzip.compress(content)
            self._answer(
                200, packed[: len(packed) // 2], Content_Length=str(len(packed)), **_PACKED
            )
            self.close_connection = True
        elif fault == "cut":
            self._answer(200, content[:900])
        else:
            self._answer(200, gzip.compress(content), ETag=etag, **_PACKED)

    def _drip(self) -> None:
        """Send a byte now and then for as long as the client listens."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"1")
                time.sleep(0.02)

    def _answer(self, status: int, body: bytes, **more: str) -> None:
        self.send_response_only(status)
        self.send_header("Date", email.utils.format_datetime(self.host.now(), usegmt=True))
        self.send_header("Zerodte-Speed", f"{self.host.speed:g}")
        if status != 304:
            more = {"Content_Length": str(len(body))} | more
        for name, text in more.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


#: How an answer begins that goes on byte by byte and never ends: in its status line, its headers,
#: its body, the size of a chunk.
_DRIPS: Final = {
    "drip status": b"HTTP/1.",
    "drip header": b"HTTP/1.1 200 OK\r\nServer: ",
    "drip body": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{",
    "drip chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
}
_PACKED: Final = {"Content_Encoding": "gzip"}


@contextlib.contextmanager
def hosting(speed: float = 600.0) -> Iterator[CboeHost]:
    """A host for as long as the context lasts; a minute of its clock is a tenth of a second."""
    host = CboeHost(speed)
    handler = type("Handler", (_Handler,), {"host": host})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        host.url = f"http://127.0.0.1:{server.server_address[1]}/quotes"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield host
        finally:
            server.shutdown()
            thread.join(10)
