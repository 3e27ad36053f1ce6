"""Tapes served as Massive would serve its history: files of trades, and REST.

So whoever has no subscription can fetch.
"""

import datetime
import enum
import re
import threading
import urllib.parse
from collections import deque
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

import msgspec

from zerodte.feeds.fault_script import drawn_requests
from zerodte.feeds.http_listener import HttpListener, HttpRequestHandler
from zerodte.feeds.massive.history_day import HistoryDay
from zerodte.feeds.massive.pages import CONTRACTS_PATH, INTEREST_PATH
from zerodte.feeds.massive.rows import contract_row, interest_row, is_within, page_of
from zerodte.feeds.message_board import Fields
from zerodte.feeds.vendor_key import VendorKey
from zerodte.market.calendar import calendar
from zerodte.market.roots import root_info
from zerodte.tape.source import FileSource

_FILE: Final = re.compile(
    r"/flatfiles/us_options_opra/trades_v1/[0-9]{4}/[0-9]{2}/([0-9]{4}-[0-9]{2}-[0-9]{2})\.csv\.gz"
)
_RANGE: Final = re.compile(r"bytes=([0-9]+)-([0-9]+)")


class HistoryFault(enum.Enum):
    """What goes wrong with a request for history."""

    CUT = "it hangs up in the middle of the body"
    BUSY = "it has enough: status 429, of a file 503"
    BROKEN = "it is broken: status 500"
    GARBAGE = "it sends a body that is something else"


_FREQUENT: Final = (HistoryFault.CUT, HistoryFault.BUSY, HistoryFault.BROKEN)


def drawn_history_faults(seed: int, count: int) -> list[HistoryFault | None]:
    """Faults of a seed for as many requests, that a patient client survives."""
    return drawn_requests(seed, count, _FREQUENT, HistoryFault.GARBAGE)


class MassiveHistoryServer(HttpListener):
    """Serves tapes.

    Args:
        tapes: The tapes, of different sessions.
        host: Address to listen on.
        port: 0 lets the system choose.
        key: The one that REST needs; None accepts any.
        access_key: The one that files need; None accepts any.
        faults: What goes wrong with the first requests for trades and open interest that have an
            answer, one each; None is nothing.

    Attributes:
        requests: The method and path of every request, in order.
        faults: Those that are still to come.

    Raises:
        FeedError: If the address is in use, forbidden, or not of this machine.
    """

    def __init__(
        self,
        tapes: Sequence[FileSource],
        *,
        host: str,
        port: int,
        key: VendorKey | None = None,
        access_key: VendorKey | None = None,
        faults: Sequence[HistoryFault | None] = (),
    ) -> None:
        self.requests: list[str] = []
        self.faults = deque(faults)
        self.key = key
        self.access_key = access_key
        self._tapes = {tape.session.date: tape for tape in tapes}
        self._read: dict[datetime.date, HistoryDay] = {}
        self._lock = threading.Lock()
        handler = type("MassiveHistoryHandler", (_MassiveHistoryHandler,), {"server_of": self})
        super().__init__(host, port, handler)

    def day(self, date: datetime.date) -> HistoryDay | None:
        """The tape of a date; None if there is none."""
        with self._lock:
            if date in self._tapes and date not in self._read:
                self._read[date] = HistoryDay(self._tapes[date])
            return self._read.get(date)

    def fault(self) -> HistoryFault | None:
        """What goes wrong with the next request for history."""
        with self._lock:
            return self.faults.popleft() if self.faults else None


class _MassiveHistoryHandler(HttpRequestHandler):
    server_of: MassiveHistoryServer

    def do_HEAD(self) -> None:  # noqa: N802
        with self.hanging_up():
            self._do()

    def do_GET(self) -> None:  # noqa: N802
        with self.hanging_up():
            self._do()

    def _do(self) -> None:
        parts = urllib.parse.urlsplit(self.path)
        self.server_of.requests.append(f"{self.command} {parts.path}")
        if found := _FILE.fullmatch(parts.path):
            self._send_file(datetime.date.fromisoformat(found[1]))
            return
        key = self.server_of.key
        if key is not None and self.headers["Authorization"] != f"Bearer {key.reveal()}":
            self._refuse(HTTPStatus.UNAUTHORIZED, "Unknown API Key")
            return
        query = dict(urllib.parse.parse_qsl(parts.query))
        rows = self._rows(parts.path, query)
        if rows is None:
            self._refuse(HTTPStatus.NOT_FOUND, "Not Found")
            return
        fault = self.server_of.fault() if parts.path == INTEREST_PATH else None
        if fault in (HistoryFault.BUSY, HistoryFault.BROKEN):
            statuses = HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INTERNAL_SERVER_ERROR
            self._refuse(statuses[fault is HistoryFault.BROKEN], "try again")
            return
        base = f"{self.server_of.url}{parts.path}"
        body = msgspec.json.encode(page_of(base, query, rows))
        self._send(HTTPStatus.OK, b"<html>" if fault is HistoryFault.GARBAGE else body, fault)

    def _rows(self, path: str, query: Mapping[str, str]) -> list[Fields] | None:
        """The rows of a request; None if there is no such request."""
        if path == CONTRACTS_PATH:
            day = self._day(query.get("as_of", ""))
            symbol = query.get("underlying_ticker", "")
            return [
                contract_row(ticker, one)
                for ticker, one in sorted((day.contracts if day else {}).items())
                if root_info(one.root).symbol == symbol
                and is_within(one.expiry.isoformat(), "expiration_date", query)
            ]
        if path != INTEREST_PATH:
            return None
        before = self._date(query.get("date", ""))
        day = None if before is None else self.server_of.day(calendar().next(before).date)
        if day is None:
            return []
        return [
            interest_row(ticker, day.contracts[ticker], *figure)
            for ticker, figure in sorted(day.interest.items())
            if is_within(ticker, "ticker", query)
            and is_within(figure[0].isoformat(), "date", query)
        ]

    def _send_file(self, date: datetime.date) -> None:
        access = self.server_of.access_key
        signed = self.headers["Authorization"] or ""
        if access is not None and f"Credential={access.reveal()}/" not in signed:
            self._send(HTTPStatus.FORBIDDEN, _error("AccessDenied"))
            return
        day = self.server_of.day(date)
        if day is None:
            self._send(HTTPStatus.NOT_FOUND, _error("NoSuchKey"))
            return
        if self.command == "HEAD":
            self._send(HTTPStatus.OK, day.file)
            return
        fault = self.server_of.fault()
        if fault in (HistoryFault.BUSY, HistoryFault.BROKEN):
            statuses = HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INTERNAL_SERVER_ERROR
            self._send(statuses[fault is HistoryFault.BROKEN], _error("SlowDown"))
            return
        body, status, extra = day.file, HTTPStatus.OK, {}
        if fault is HistoryFault.GARBAGE:
            body = b"<html>".ljust(len(body), b" ")
        if found := _RANGE.fullmatch(self.headers.get("Range", "")):
            first, last = int(found[1]), min(int(found[2]), len(body) - 1)
            extra = {"Content-Range": f"bytes {first}-{last}/{len(body)}"}
            body, status = body[first : last + 1], HTTPStatus.PARTIAL_CONTENT
        self._send(status, body, fault, extra)

    def _send(
        self,
        status: HTTPStatus,
        body: bytes,
        fault: HistoryFault | None = None,
        extra: Mapping[str, str] = {},
    ) -> None:
        is_cut = fault is HistoryFault.CUT
        self.close_connection |= is_cut
        sent = b"" if self.command == "HEAD" else body[: len(body) // 2] if is_cut else body
        # An object without a time is no object.
        headers = {"Last-Modified": "Sat, 07 Jun 2025 15:00:00 GMT", **extra}
        self.answer(status, sent, {"Content-Length": str(len(body)), **headers})

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        self._send(status, msgspec.json.encode({"status": "ERROR", "error": text}))

    def _day(self, text: str) -> HistoryDay | None:
        date = self._date(text)
        return None if date is None else self.server_of.day(date)

    def _date(self, text: str) -> datetime.date | None:
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            return None


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
