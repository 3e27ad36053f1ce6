"""Tradier's REST interface: market sessions, chains with their open interest, and quotes."""

import datetime
import http.client
import math
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

import msgspec

import zerodte
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.http_client import account_opener, check_address, clock_offset, read_answer
from zerodte.feeds.patience import VendorBusyError, told_wait
from zerodte.feeds.request_pace import RequestPace
from zerodte.feeds.tradier.chain import (
    ChainAnswer,
    ExpirationsAnswer,
    QuotesAnswer,
    TradierChain,
    TradierQuote,
    chain_of,
    quotes_of,
)
from zerodte.feeds.universe import followed_expiries
from zerodte.feeds.vendor_key import VendorKey, vendor_key

#: The vendor's own hosts.
TRADIER_URL: Final = "https://api.tradier.com"
TRADIER_STREAM: Final = "wss://ws.tradier.com"
_SANDBOX: Final = "sandbox.tradier.com"
#: The environment's name of the key.
TRADIER_TOKEN: Final = "TRADIER_TOKEN"  # noqa: S105  a name
EVENTS_PATH: Final = "/v1/markets/events"
SESSION_PATH: Final = "/v1/markets/events/session"
QUOTES_PATH: Final = "/v1/markets/quotes"
EXPIRATIONS_PATH: Final = "/v1/markets/options/expirations"
CHAINS_PATH: Final = "/v1/markets/options/chains"
#: Symbols of one request for quotes.
_QUOTES_PER_REQUEST: Final = 500
#: Requests for chains in a minute. A token has 120 of all kinds; prices are asked for besides.
_MOST_CHAIN_REQUESTS: Final = 80
_MOST_TEXT: Final = 200  # characters of the vendor's words
#: Bytes of an answer that refuses.
_MOST_REFUSAL: Final = 1 << 16
#: Seconds to wait if the vendor has enough and does not say for how long: it counts by the minute.
_WAIT_S: Final = 60.0
_MILLISECOND_S: Final = 1e-3
#: What its refusals say of too many sessions or requests; under which status is not documented.
_BUSY_WORDS: Final = re.compile(r"too many sessions|quota violation", re.IGNORECASE)

NEEDS_BROKERAGE: Final = (
    "it needs the token of a brokerage account; that of the sandbox has data 15 minutes late, and "
    "no stream"
)
ONE_SESSION: Final = "one program at a time may stream with an account"

_Answer = TypeVar("_Answer", bound=msgspec.Struct)


class _MarketStream(msgspec.Struct):
    sessionid: str
    url: str = ""
    clock: str = ""


class _TicketAnswer(msgspec.Struct):
    stream: _MarketStream


class _GatewayFault(msgspec.Struct):
    faultstring: str = ""


class _ListedErrors(msgspec.Struct):
    error: list[str] | str = ""


class _RefusalAnswer(msgspec.Struct):
    fault: _GatewayFault | None = None
    errors: _ListedErrors | None = None
    error: str = ""
    message: str = ""


class TradierTicket(NamedTuple):
    """The right to one stream; it lasts for five minutes unless it is used.

    Attributes:
        session: What the websocket asks for.
        url: The websocket.
        clock: That of a server of ours, see `greeted_clock`.
    """

    session: VendorKey
    url: str
    clock: str


class TradierAccount:
    """A user's access to the vendor; calls may come from any thread.

    Args:
        token: The user's.
        url: The address of everything, http for this machine only; None for the vendor's own.

    Attributes:
        name: The host, and its port if it has one.
        is_loopback: Whether it is this machine.
        offset: Seconds that the host's clock is ahead of this machine's, about; NaN until it tells.

    Raises:
        FeedRefusalError: If it is the vendor's sandbox.
        FeedError: If the address is of another kind.
    """

    def __init__(self, token: VendorKey, url: str | None = None) -> None:
        self._token = token
        self._url = (url or TRADIER_URL).rstrip("/")
        self.name, self.is_loopback = check_address(self._url, TRADIER_URL)
        if self.name.partition(":")[0].endswith(_SANDBOX):
            raise FeedRefusalError(f"{self.name} is no source of a live market: {NEEDS_BROKERAGE}")
        self.offset = math.nan
        self._stream = TRADIER_STREAM if url is None else f"ws{self._url.removeprefix('http')}"
        self._pace = RequestPace(_MOST_CHAIN_REQUESTS)
        self._busy_until = -math.inf
        self._busy_words = ""
        self._opener = account_opener(is_loopback=self.is_loopback)

    def interrupt(self) -> None:
        """End all waits for the pace of requests, for good; they raise `FeedError`."""
        self._pace.interrupt()

    def ticket(self) -> TradierTicket:
        """Begin a market session.

        Raises:
            FeedRefusalError: If the token is refused; likewise for all methods.
            VendorBusyError: If there are too many sessions or requests; likewise.
            FeedError: If the vendor cannot be reached; likewise.
        """
        stream = self._ask(SESSION_PATH, _TicketAnswer, form={}).stream
        url = f"{self._stream}{EVENTS_PATH}"
        if self.is_loopback and stream.url.startswith("http"):
            # A server of ours has the websocket on another port.
            check_address(stream.url, TRADIER_URL)
            url = f"ws{stream.url.removeprefix('http')}"
        return TradierTicket(VendorKey(stream.sessionid), url, stream.clock)

    def chain(self, symbol: str, date: datetime.date) -> TradierChain:
        """The contracts of an underlying, of the expiries that are followed on a date.

        It waits where more chains are asked for within a minute than the vendor's limit allows.
        """
        query = {"symbol": symbol, "includeAllRoots": "true"}
        self._pace.wait()
        found = self._ask(EXPIRATIONS_PATH, ExpirationsAnswer, query=query)
        entries = []
        for day in followed_expiries(_days(found.dates()), date):
            query = {"symbol": symbol, "expiration": day.isoformat(), "greeks": "false"}
            self._pace.wait()
            entries += self._ask(CHAINS_PATH, ChainAnswer, query=query).entries()
        return chain_of(entries)

    def quotes(self, names: Sequence[str]) -> list[TradierQuote]:
        """The last quotes of contracts and underlyings; what the vendor does not know is absent."""
        found = []
        for first in range(0, len(names), _QUOTES_PER_REQUEST):
            part = ",".join(names[first : first + _QUOTES_PER_REQUEST])
            form = {"symbols": part, "greeks": "false"}
            found += quotes_of(self._ask(QUOTES_PATH, QuotesAnswer, form=form).entries())
        return found

    def _ask(
        self,
        path: str,
        kind: type[_Answer],
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> _Answer:
        """The answer to a GET with a query, or to a POST with a form."""
        if (rest := self._busy_until - time.monotonic()) > 0.0:
            raise VendorBusyError(f"{self._busy_words}; {rest:.0f} seconds are left", rest)
        tail = f"?{urllib.parse.urlencode(query)}" if query else ""
        request = urllib.request.Request(  # noqa: S310  the address was checked
            f"{self._url}{path}{tail}",
            None if form is None else urllib.parse.urlencode(form).encode(),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "Authorization": f"Bearer {self._token.reveal()}",
                "User-Agent": f"zerodte/{zerodte.__version__}",
            },
        )
        body, headers = read_answer(
            self._opener, request, self.name, lambda error: self._refusal(error, path)
        )
        if (offset := clock_offset(headers)) is not None:
            self.offset = offset
        try:
            return msgspec.json.decode(body, type=kind, strict=False)
        except ValueError as error:
            raise FeedError(f"{self.name} answered no such JSON to {path}: {error}") from None

    def _refusal(self, error: urllib.error.HTTPError, path: str) -> FeedError:
        try:
            words = _words(error.read(_MOST_REFUSAL)).replace(self._token.reveal(), "...")
        except (OSError, http.client.HTTPException):
            words = ""
        text = f"{self.name} answered {error.code} {error.reason} to {path}".rstrip()
        text = f"{text}: {words[:_MOST_TEXT]}" if words else text
        if error.code == http.client.TOO_MANY_REQUESTS or _BUSY_WORDS.search(words):
            wait = told_wait(error.headers, "X-Ratelimit-Expiry", unit=_MILLISECOND_S)
            if "sessions" in words.lower():
                return VendorBusyError(f"{text}; {ONE_SESSION}", wait or 0.0)
            wait = _WAIT_S if wait is None else wait
            # Whoever asks next, in whichever thread, obeys too.
            self._busy_until, self._busy_words = time.monotonic() + wait, text
            return VendorBusyError(text, wait)
        if error.code in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
            return FeedRefusalError(f"{text}; {NEEDS_BROKERAGE}")
        return FeedError(text)


def tradier_token() -> VendorKey:
    """The user's token, from the environment or the key file.

    Raises:
        FeedRefusalError: If it is missing, or others may read the file.
    """
    return vendor_key("tradier", TRADIER_TOKEN, "token")


def _words(body: bytes) -> str:
    """What a refusal says: as JSON of one of several forms, or as plain text."""
    try:
        answer = msgspec.json.decode(body, type=_RefusalAnswer)
    except ValueError:
        text = body.decode("utf-8", "replace").strip()
        return text if text.isprintable() and not text.startswith("<") else ""
    errors = answer.errors.error if answer.errors else ""
    listed = errors if isinstance(errors, str) else "; ".join(errors)
    fault = answer.fault.faultstring if answer.fault else ""
    return next((one for one in (fault, listed, answer.error, answer.message) if one), "")


def _days(dates: Sequence[str]) -> Iterator[datetime.date]:
    for one in dates:
        try:
            yield datetime.date.fromisoformat(one)
        except ValueError:
            continue
