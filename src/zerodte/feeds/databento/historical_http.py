"""Requests to Databento's historical HTTP API: bodies, or what is wrong in the vendor's words."""

import base64
import contextlib
import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

import msgspec

import zerodte
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.http_client import LARGEST_BODY, check_address, http_opener
from zerodte.feeds.vendor_key import VendorKey

#: The vendor's own host.
HISTORICAL_URL: Final = "https://hist.databento.com"

_TIMEOUT: Final = 100.0  # seconds without a byte
_BLOCK: Final = 1 << 18
#: Requests of one kind until it is given up, the first wait between them doubling each time.
_MOST_REQUESTS: Final = 7
_LONGEST_WAIT: Final = 120.0  # seconds
_MOST_TEXT: Final = 300  # characters of the vendor's words
_BUSY: Final = (http.client.REQUEST_TIMEOUT, http.client.TOO_MANY_REQUESTS)

_Found = TypeVar("_Found")


class HistoricalBusyError(FeedError):
    """An answer, or none, after which it is worth asking again.

    Args:
        text: What happened.
        wait: Seconds that the vendor asks to wait; 0 if it does not say.
    """

    def __init__(self, text: str, wait: float = 0.0) -> None:
        super().__init__(text)
        self.wait = wait


class HistoricalHost:
    """The host of the API. Redirects are not followed: a key stays with its host.

    Args:
        key: The user's.
        url: The host; http for this machine only.
        first_wait: Seconds before a request is made again for the first time.

    Raises:
        FeedError: If the address is of another kind.
    """

    def __init__(
        self, key: VendorKey, url: str = HISTORICAL_URL, *, first_wait: float = 1.0
    ) -> None:
        self.name, is_loopback = check_address(url, HISTORICAL_URL)
        self._url = url.rstrip("/")
        self._key = key
        self._first_wait = first_wait
        self._opener = http_opener(is_loopback=is_loopback, follows=False)

    def json(self, method: str, fields: Mapping[str, str]) -> object:
        """An answer in JSON, decoded.

        Raises:
            FeedRefusalError: If the vendor refuses.
            FeedError: If it cannot be reached, or answers something else.
        """

        def attempt() -> object:
            body = b""
            for block in self.blocks(method, fields):
                body += block
                if len(body) > LARGEST_BODY:
                    raise FeedError(f"{self.name} answered more than {LARGEST_BODY:,} bytes")
            try:
                return msgspec.json.decode(body)
            except ValueError as error:
                raise FeedError(f"{self.name} answered no JSON to {method}") from error

        return self.patiently(attempt)

    def blocks(self, method: str, fields: Mapping[str, str]) -> Iterator[bytes]:
        """An answer of any size, in blocks of bytes.

        Raises:
            FeedRefusalError: If the vendor refuses.
            HistoricalBusyError: If it asks for patience, or the connection breaks.
        """
        with self._open(method, fields) as answer:
            yield from self._blocks(answer)

    def patiently(self, attempt: Callable[[], _Found]) -> _Found:
        """Make a request, again and again while the vendor is busy or the connection breaks.

        Raises:
            FeedError: If that does not help.
        """
        wait = self._first_wait
        for _ in range(_MOST_REQUESTS - 1):
            try:
                return attempt()
            except HistoricalBusyError as error:
                time.sleep(min(max(wait, error.wait), _LONGEST_WAIT))
            wait *= 2.0
        try:
            return attempt()
        except HistoricalBusyError as error:
            raise FeedError(f"{error}; given up after {_MOST_REQUESTS} requests") from error

    @contextlib.contextmanager
    def _open(self, method: str, fields: Mapping[str, str]) -> Iterator[http.client.HTTPResponse]:
        url = f"{self._url}/v0/{method}"
        text = urllib.parse.urlencode(fields)
        body: bytes | None = text.encode()
        if method.startswith("metadata.get_dataset"):
            url, body = f"{url}?{text}", None
        secret = base64.b64encode(f"{self._key.reveal()}:".encode()).decode()
        headers = {
            "Accept": "application/json",
            "Authorization": f"Basic {secret}",
            "User-Agent": f"zerodte/{zerodte.__version__}",
        }
        # The address was checked, and the opener has handlers of http and https only.
        request = urllib.request.Request(url, body, headers)  # noqa: S310
        try:
            answer = self._opener.open(request, timeout=_TIMEOUT)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error) from None
        except urllib.error.URLError as error:
            raise self._broken(error.reason) from error
        except (OSError, http.client.HTTPException) as error:
            raise self._broken(error) from error
        with answer:
            yield answer

    def _blocks(self, answer: http.client.HTTPResponse) -> Iterator[bytes]:
        while True:
            try:
                block = answer.read1(_BLOCK)
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise self._broken(error) from error
            if not block:
                break
            yield block
        if answer.length:
            raise self._broken(f"half a body, {answer.length:,} bytes are missing")

    def _broken(self, reason: object) -> HistoricalBusyError:
        text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        return HistoricalBusyError(f"the connection to {self.name} broke: {text}")

    def _refusal(self, error: urllib.error.HTTPError) -> FeedError:
        text = f"{self.name} answered {error.code} {error.reason}".rstrip()
        with contextlib.suppress(OSError, http.client.HTTPException):
            if words := _words(error.read(_BLOCK)):
                text = f"{text}: {words}"
        text = text.replace(self._key.reveal(), "...")
        if error.code in _BUSY or error.code >= http.client.INTERNAL_SERVER_ERROR:
            asked = error.headers.get("Retry-After", "")
            is_told = asked.isascii() and asked.isdecimal() and len(asked) < 6
            return HistoricalBusyError(text, float(asked) if is_told else 0.0)
        return FeedRefusalError(text)


def _words(body: bytes) -> str:
    """What an error's body says: its `detail`, or the message in that."""
    try:
        detail = msgspec.json.decode(body, type=dict[str, object]).get("detail", "")
    except ValueError:
        return ""
    message = detail.get("message", "") if isinstance(detail, dict) else detail
    return str(message)[:_MOST_TEXT]
