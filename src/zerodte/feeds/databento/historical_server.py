"""Tapes served as Databento's historical HTTP API would serve them.

So whoever has no subscription can fetch, with the vendor's own client too. Nothing is paid here;
costs are those of one dollar a gigabyte.
"""

import base64
import datetime
import enum
import hmac
import json
import threading
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Final

import zstandard

from zerodte.feeds.databento.historical_requests import ANSWERS, tape_query
from zerodte.feeds.databento.historical_tapes import HistoricalTapes, RequestError
from zerodte.feeds.http_listener import HttpListener, HttpRequestHandler
from zerodte.feeds.vendor_key import VendorKey
from zerodte.tape.source import FileSource

_LARGEST: Final = 1 << 20  # bytes of a request
_BLOCK: Final = 1 << 20
_RECORDS: Final = "timeseries.get_range"


class HistoricalFault(enum.Enum):
    """What goes wrong with a request for records."""

    CUT = "it hangs up in the middle of the body"
    STALL = "it sends half of the body, and then nothing"
    BUSY = "it asks for patience, with status 429"
    ERROR = "it fails, with status 500"


#: What goes wrong with many requests.
FREQUENT_FAULTS: Final = (HistoricalFault.CUT, HistoricalFault.BUSY, HistoricalFault.ERROR)


class HistoricalServer:
    """Serves tapes.

    Args:
        tapes: The tapes, of different sessions.
        key: The key that clients need; None accepts any.
        host: Address to listen on.
        port: 0 lets the system choose.
        conditions: What is said of the data of a date, if not that they are available.
        faults: What goes wrong with the first requests for records, one each; None is nothing.

    Attributes:
        requests: The method of every request that was let in, in order.

    Raises:
        FeedError: If the address is in use, forbidden, or not of this machine.
    """

    def __init__(
        self,
        tapes: Sequence[FileSource],
        *,
        key: VendorKey | None,
        host: str,
        port: int,
        conditions: Mapping[datetime.date, str] | None = None,
        faults: Sequence[HistoricalFault | None] = (),
    ) -> None:
        self.tapes = HistoricalTapes(tapes, conditions)
        self.requests: list[str] = []
        self.stopped = threading.Event()
        self._key = key
        self._faults = iter(faults)
        handler = type("RequestHandler", (_RequestHandler,), {"server_of": self})
        self._listener = HttpListener(host, port, handler)

    @property
    def address(self) -> tuple[str, int]:
        """Its host and port."""
        return self._listener.address

    @property
    def url(self) -> str:
        """Where clients find it."""
        return self._listener.url

    def run(self) -> None:
        """Answer until `stop`."""
        self._listener.run()

    def stop(self) -> None:
        """End `run`."""
        self.stopped.set()
        self._listener.stop()
        self.tapes.close()

    def accepts(self, header: str) -> bool:
        """Whether a header of basic authentication has the right key, and no password."""
        scheme, _, text = header.partition(" ")
        try:
            user, colon, password = base64.b64decode(text, validate=True).partition(b":")
        except ValueError:
            return False
        if scheme.lower() != "basic" or not user or not colon or password:
            return False
        return self._key is None or hmac.compare_digest(user, self._key.reveal().encode())

    def fault(self) -> HistoricalFault | None:
        """What goes wrong with the next request for records."""
        return next(self._faults, None)


class _RequestHandler(HttpRequestHandler):
    server_of: HistoricalServer

    def do_GET(self) -> None:  # noqa: N802
        with self.hanging_up():
            self._do(urllib.parse.urlsplit(self.path).query)

    def do_POST(self) -> None:  # noqa: N802
        text = self.headers.get("Content-Length", "")
        length = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1
        if not 0 <= length <= _LARGEST:
            self.close_connection = True
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", "The body is too large.")
            return
        with self.hanging_up():
            self._do(self.rfile.read(length).decode("utf-8", "replace"))

    def _do(self, query: str) -> None:
        method = urllib.parse.urlsplit(self.path).path.removeprefix("/v0/")
        fields = dict(urllib.parse.parse_qsl(query))
        answer = ANSWERS.get(method)
        try:
            if not self.server_of.accepts(self.headers.get("Authorization", "")):
                self._refuse(
                    HTTPStatus.UNAUTHORIZED, "auth_authentication_failed", "Authentication failed."
                )
                return
            self.server_of.requests.append(method)
            if method == _RECORDS:
                self._send_records(fields)
            elif answer is None:
                self._refuse(HTTPStatus.NOT_FOUND, "not_found", "There is no such method.")
            else:
                self._answer(HTTPStatus.OK, answer(self.server_of.tapes, fields))
        except RequestError as error:
            self._refuse(HTTPStatus.UNPROCESSABLE_ENTITY, error.case, str(error))

    def _send_records(self, fields: Mapping[str, str]) -> None:
        query = tape_query(self.server_of.tapes, fields)
        if fields.get("encoding", "dbn") != "dbn":
            raise RequestError("encoding", "Only encoding=dbn is served here.")
        compression = fields.get("compression", "none")
        if compression not in ("none", "zstd"):
            raise RequestError("compression", "The compression is none or zstd.")
        fault = self.server_of.fault()
        if fault is HistoricalFault.BUSY:
            self._refuse(
                HTTPStatus.TOO_MANY_REQUESTS, "rate_limit", "Slow down.", {"Retry-After": "0"}
            )
            return
        if fault is HistoricalFault.ERROR:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "Something failed.")
            return
        body = self.server_of.tapes.body(query)
        if compression == "zstd":
            body = _compressed(body)
        self.send_response_only(HTTPStatus.OK)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for block in body:
            if fault is not None:
                self.wfile.write(b"%x\r\n" % len(block) + block[: len(block) // 2])
                if fault is HistoricalFault.STALL:
                    self.server_of.stopped.wait()
                self.close_connection = True
                return
            self.wfile.write(b"%x\r\n" % len(block) + block + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def _refuse(
        self, status: HTTPStatus, case: str, message: str, headers: Mapping[str, str] = {}
    ) -> None:
        detail = {"case": case, "message": message, "status_code": int(status), "payload": {}}
        self._answer(status, {"detail": detail}, headers)

    def _answer(
        self, status: HTTPStatus, document: object, headers: Mapping[str, str] = {}
    ) -> None:
        body = json.dumps(document).encode()
        own = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        self.answer(status, body, own | dict(headers))


def _compressed(blocks: Iterator[bytes]) -> Iterator[bytes]:
    compressor = zstandard.ZstdCompressor(write_checksum=True).compressobj()
    for block in blocks:
        if content := compressor.compress(block):
            yield content
    yield compressor.flush()
