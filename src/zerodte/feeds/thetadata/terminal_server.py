"""Tapes served as ThetaData's terminal would serve its history.

So whoever has no subscription can fetch.
"""

import datetime
import enum
import threading
import urllib.parse
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Final, Protocol

from zerodte.clock import new_york
from zerodte.errors import ZerodteError
from zerodte.feeds.fault_script import drawn_requests
from zerodte.feeds.http_listener import HttpListener, HttpRequestHandler
from zerodte.feeds.thetadata.client import LAST_QUOTES
from zerodte.feeds.thetadata.terminal_host import (
    DISCONNECTED,
    INVALID_PARAMS,
    NO_DATA,
    PERMISSION,
    STARTING,
)
from zerodte.feeds.thetadata.terminal_tapes import HEADERS, TerminalTape, csv_contract
from zerodte.tape.source import FileSource

_OPEN, _CLOSE = "09:30:00", "16:00:00"
_BLOCK: Final = 1 << 16


class TerminalFault(enum.Enum):
    """What goes wrong with a request for history."""

    CUT = "it hangs up in the middle of the body"
    STALL = "it sends half of the body, and then nothing"
    BUSY = "its queue is full: status 429"
    DISCONNECTED = "it has lost the vendor: status 474"
    STARTING = "it is starting: status 571"
    GARBAGE = "it sends a body that is no CSV"


_STATUSES: Final = {
    TerminalFault.BUSY: (429, "Too many requests are queued."),
    TerminalFault.DISCONNECTED: (DISCONNECTED, "Connection lost to MDDS."),
    TerminalFault.STARTING: (STARTING, "The server is starting."),
}


_FREQUENT: Final = (TerminalFault.CUT, *_STATUSES)


def drawn_faults(seed: int, count: int) -> list[TerminalFault | None]:
    """Faults of a seed, that a patient client survives: one of them is garbage, none a stall."""
    return drawn_requests(seed, count, _FREQUENT, TerminalFault.GARBAGE)


class TerminalDay(Protocol):
    """The day of a tape as it stands; see `TerminalEventServer`."""

    @property
    def date(self) -> datetime.date:
        """The tape's."""
        ...

    def quotes(self, root: str, expiry: datetime.date | None) -> Iterator[str]:
        """Rows of the last quotes."""
        ...

    def interest(self, root: str, expiry: datetime.date | None) -> Iterator[str]:
        """Rows of the open interest that has been published."""
        ...


class TerminalError(ZerodteError):
    """A request that is not answered.

    Args:
        status: Of the answer.
        text: Its body.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class ThetaTerminalServer(HttpListener):
    """Serves tapes.

    Args:
        tapes: The tapes, of different sessions.
        host: Address to listen on.
        port: 0 lets the system choose.
        refused: Requests that the subscription does not have, such as "index/history/price".
        faults: What goes wrong with the first requests for history that have an answer, one each;
            None is nothing.

    Attributes:
        requests: The path of every request, in order.
        faults: Those that are still to come.
        events: The day that its websocket sends; None for history alone.

    Raises:
        FeedError: If the address is in use, forbidden, or not of this machine.
    """

    def __init__(
        self,
        tapes: Sequence[FileSource],
        *,
        host: str,
        port: int,
        refused: Sequence[str] = (),
        faults: Sequence[TerminalFault | None] = (),
    ) -> None:
        self.requests: list[str] = []
        self.events: TerminalDay | None = None
        self.stopped = threading.Event()
        self.refused = frozenset(refused)
        self._tapes = {tape.session.date: tape for tape in tapes}
        self._read: dict[datetime.date, TerminalTape] = {}
        self._lock = threading.Lock()
        self.faults = deque(faults)
        handler = type("TerminalRequestHandler", (_TerminalRequestHandler,), {"server_of": self})
        super().__init__(host, port, handler)

    def stop(self) -> None:
        """End `run`."""
        self.stopped.set()
        super().stop()

    def tape(self, date: datetime.date) -> TerminalTape:
        """The tape of a date.

        Raises:
            TerminalError: If there is none.
        """
        with self._lock:
            if date not in self._tapes:
                raise TerminalError(NO_DATA, "No data found for your request.")
            if date not in self._read:
                self._read[date] = TerminalTape(self._tapes[date])
            return self._read[date]

    def fault(self) -> TerminalFault | None:
        """What goes wrong with the next request for history."""
        with self._lock:
            return self.faults.popleft() if self.faults else None


def _contracts(tape: TerminalTape, fields: Mapping[str, str]) -> Iterator[str]:
    root = _required(fields, "symbol")
    yield from (csv_contract(one) for one in tape.contracts if one.root == root)


def _trade_quotes(tape: TerminalTape, fields: Mapping[str, str]) -> Iterator[str]:
    return tape.trades(_required(fields, "symbol"), _expiry(fields), _span(tape, fields))


def _quotes(tape: TerminalTape, fields: Mapping[str, str]) -> Iterator[str]:
    _check_interval(fields, "1m")
    return tape.quotes(_required(fields, "symbol"), _expiry(fields), _span(tape, fields))


def _interest(tape: TerminalTape, fields: Mapping[str, str]) -> Iterator[str]:
    return tape.interest(_required(fields, "symbol"), _expiry(fields))


def _values(tape: TerminalTape, fields: Mapping[str, str]) -> Iterator[str]:
    _check_interval(fields, "1s")
    return tape.values(_required(fields, "symbol"), _span(tape, fields))


_ANSWERS: Final[
    dict[str, tuple[str, Callable[[TerminalTape, Mapping[str, str]], Iterator[str]]]]
] = {
    "option/list/contracts/quote": ("contracts", _contracts),
    "option/history/trade_quote": ("trade_quote", _trade_quotes),
    "option/history/quote": ("quote", _quotes),
    "option/history/open_interest": ("open_interest", _interest),
    "index/history/price": ("price", _values),
}


def _required(fields: Mapping[str, str], name: str) -> str:
    if not fields.get(name):
        raise TerminalError(INVALID_PARAMS, f"Missing parameter: {name}")
    return fields[name]


def _date(fields: Mapping[str, str], name: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(_required(fields, name))
    except ValueError:
        raise TerminalError(INVALID_PARAMS, f"Invalid date: {name}") from None


def _expiry(fields: Mapping[str, str]) -> datetime.date | None:
    return None if _required(fields, "expiration") == "*" else _date(fields, "expiration")


def _check_interval(fields: Mapping[str, str], served: str) -> None:
    if fields.get("interval") != served:
        raise TerminalError(INVALID_PARAMS, f"Only interval={served} is served here.")


def _span(tape: TerminalTape, fields: Mapping[str, str]) -> tuple[int, int]:
    try:
        first, last = (
            new_york(tape.date, datetime.time.fromisoformat(fields.get(name, default)))
            for name, default in (("start_time", _OPEN), ("end_time", _CLOSE))
        )
    except ValueError:
        raise TerminalError(INVALID_PARAMS, "Invalid start_time or end_time") from None
    # A time has milliseconds, and what is within the last one is of it.
    return first, last + 999_999


class _TerminalRequestHandler(HttpRequestHandler):
    server_of: ThetaTerminalServer

    def do_GET(self) -> None:  # noqa: N802
        with self.hanging_up():
            parts = urllib.parse.urlsplit(self.path)
            path = parts.path.removeprefix("/v3/")
            self.server_of.requests.append(path)
            try:
                self._do(path, dict(urllib.parse.parse_qsl(parts.query)))
            except TerminalError as error:
                body = f"{error}\n".encode()
                self.close_connection = True
                self.send_response_only(error.status, "Error")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

    def _do(self, path: str, fields: Mapping[str, str]) -> None:
        if path not in (*_ANSWERS, LAST_QUOTES):
            raise TerminalError(HTTPStatus.NOT_FOUND, "There is no such request.")
        if path in self.server_of.refused:
            raise TerminalError(PERMISSION, "Your subscription does not include this data.")
        if fields.get("format", "csv") != "csv":
            raise TerminalError(INVALID_PARAMS, "Only format=csv is served here.")
        kind, rows = self._rows(path, fields)
        if not rows:
            raise TerminalError(NO_DATA, "No data found for your request.")
        fault = None if kind == "contracts" else self.server_of.fault()
        if fault in _STATUSES:
            raise TerminalError(*_STATUSES[fault])
        body = "".join(f"{line}\r\n" for line in (HEADERS[kind], *rows)).encode()
        if fault is TerminalFault.GARBAGE:
            body = b"<html>\n"
        self._send(body, fault)

    def _rows(self, path: str, fields: Mapping[str, str]) -> tuple[str, list[str]]:
        """What is asked for, and its rows: of the served day as it stands, or of history."""
        day = self.server_of.events
        if path == LAST_QUOTES:
            if day is None:
                return "quote", []
            return "quote", list(day.quotes(_required(fields, "symbol"), _expiry(fields)))
        date = _date(fields, "date")
        kind, answer = _ANSWERS[path]
        if day is not None and kind == "open_interest" and date == day.date:
            return kind, list(day.interest(_required(fields, "symbol"), _expiry(fields)))
        return kind, list(answer(self.server_of.tape(date), fields))

    def _send(self, body: bytes, fault: TerminalFault | None) -> None:
        self.send_response_only(HTTPStatus.OK)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(body), _BLOCK):
            block = body[start : start + _BLOCK]
            if fault in (TerminalFault.CUT, TerminalFault.STALL):
                self.wfile.write(b"%x\r\n" % len(block) + block[: len(block) // 2])
                if fault is TerminalFault.STALL:
                    self.server_of.stopped.wait()
                self.close_connection = True
                return
            self.wfile.write(b"%x\r\n" % len(block) + block + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")
