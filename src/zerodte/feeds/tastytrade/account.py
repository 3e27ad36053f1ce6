"""tastytrade's REST session: tokens that are renewed before they end, and chains of options.

The user's refresh token gives an access token for a quarter of an hour; that one gives a token for
quotes, with the address of the websocket that sends them.
"""

import http.client
import math
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

import zerodte
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.followed_contracts import OptionListing
from zerodte.feeds.http_client import account_opener, check_address, clock_offset, read_answer
from zerodte.feeds.tastytrade.chain import listings
from zerodte.feeds.vendor_key import VendorKey, vendor_key

#: The vendor's own host.
TASTYTRADE_URL: Final = "https://api.tastyworks.com"
#: The environment's names of the keys, which are the vendor's own.
CLIENT_SECRET: Final = "TASTYTRADE_CLIENT_SECRET"  # noqa: S105  a name
REFRESH_TOKEN: Final = "TASTYTRADE_REFRESH_TOKEN"  # noqa: S105  a name

#: Seconds before its end at which an access token is renewed, and how long it lasts if the vendor
#: does not say.
_RENEWED_BEFORE: Final = 60.0
_ACCESS_S: Final = 900.0
#: Seconds for which a token of quotes is used again; the vendor's lasts a day.
_QUOTE_S: Final = 20.0 * 3600.0
_MOST_TEXT: Final = 200  # characters of the vendor's words
#: Bytes of an answer that refuses.
_MOST_REFUSAL: Final = 1 << 16

_Answer = TypeVar("_Answer", bound=msgspec.Struct)


class _AccessAnswer(msgspec.Struct):
    access_token: str
    expires_in: float = _ACCESS_S


class _QuoteTokenData(msgspec.Struct, rename="kebab"):
    token: str
    dxlink_url: str
    level: str = ""


class _QuoteTokenAnswer(msgspec.Struct):
    data: _QuoteTokenData


class _ErrorDetail(msgspec.Struct):
    message: str = ""


class _ErrorAnswer(msgspec.Struct):
    error: _ErrorDetail | str | None = None
    error_description: str = ""


@dataclass(frozen=True, slots=True)
class TastytradeKeys:
    """What a user has of tastytrade.

    Attributes:
        client_secret: Of the user's own OAuth application.
        refresh_token: Of a grant to it.
    """

    client_secret: VendorKey
    refresh_token: VendorKey


@dataclass(frozen=True, slots=True)
class QuoteToken:
    """The right to quotes.

    Attributes:
        token: What the websocket asks for.
        url: The websocket.
        level: As the vendor calls it: "api" is real time, "demo" delayed.
    """

    token: VendorKey
    url: str
    level: str

    @property
    def is_delayed(self) -> bool:
        """Whether what it gives is delayed."""
        return "demo" in self.level.lower() or "delay" in self.level.lower()


def tastytrade_keys() -> TastytradeKeys:
    """The user's keys, from the environment or the key file.

    Raises:
        FeedRefusalError: If one is missing, or others may read the file.
    """
    return TastytradeKeys(
        vendor_key("tastytrade", CLIENT_SECRET, "client_secret"),
        vendor_key("tastytrade", REFRESH_TOKEN, "refresh_token"),
    )


class TastytradeAccount:
    """A user's REST session; calls may come from any thread.

    Args:
        keys: The user's.
        url: The host; http for this machine only.

    Attributes:
        name: The host, and its port if it has one.
        is_loopback: Whether it is this machine.
        offset: Seconds that the host's clock is ahead of this machine's, about; NaN until it tells.

    Raises:
        FeedError: If the address is of another kind.
    """

    def __init__(self, keys: TastytradeKeys, url: str = TASTYTRADE_URL) -> None:
        self.name, self.is_loopback = check_address(url, TASTYTRADE_URL)
        self.offset = math.nan
        self._keys = keys
        self._url = url.rstrip("/")
        self._opener = account_opener(is_loopback=self.is_loopback)
        self._lock = threading.Lock()
        self._access, self._access_end = VendorKey(""), 0.0
        self._quote: QuoteToken | None = None
        self._quote_end = 0.0

    def quote_token(self) -> QuoteToken:
        """The right to quotes; asked for anew when the last one is old or forgotten.

        Raises:
            FeedRefusalError: If the vendor refuses.
            FeedError: If it cannot be reached, or names a websocket that is not encrypted.
        """
        with self._lock:
            if self._quote is None or time.monotonic() > self._quote_end:
                data = self._get("/api-quote-tokens", _QuoteTokenAnswer).data
                self._check_socket(data.dxlink_url)
                self._quote = QuoteToken(VendorKey(data.token), data.dxlink_url, data.level)
                self._quote_end = time.monotonic() + _QUOTE_S
            return self._quote

    def forget_tokens(self) -> None:
        """Ask for new tokens next time: one was not accepted."""
        with self._lock:
            self._quote = None
            self._access_end = 0.0

    def chain(self, symbol: str) -> list[OptionListing]:
        """The listed contracts of an underlying, all expiries.

        Raises:
            FeedRefusalError: If the vendor refuses.
            FeedError: If it cannot be reached, or has no such symbol.
        """
        path = f"/option-chains/{urllib.parse.quote(symbol, safe='')}/nested"
        with self._lock:
            return listings(self._read(path))

    def _get(self, path: str, kind: type[_Answer]) -> _Answer:
        try:
            return msgspec.json.decode(self._read(path), type=kind)
        except ValueError as error:
            raise FeedError(f"{self.name} answered no such JSON to {path}: {error}") from None

    def _read(self, path: str) -> bytes:
        """The body of a GET, with an access token that lasts; one that is refused is renewed."""
        if time.monotonic() > self._access_end - _RENEWED_BEFORE:
            self._renew()
        try:
            return self._ask(path, None, self._access)
        except FeedRefusalError:
            self._renew()
            return self._ask(path, None, self._access)

    def _renew(self) -> None:
        body = msgspec.json.encode(
            {
                "grant_type": "refresh_token",
                "client_secret": self._keys.client_secret.reveal(),
                "refresh_token": self._keys.refresh_token.reveal(),
            }
        )
        begin = time.monotonic()
        try:
            answer = msgspec.json.decode(self._ask("/oauth/token", body, None), type=_AccessAnswer)
        except ValueError:
            raise FeedError(f"{self.name} answered no access token to /oauth/token") from None
        # It goes into a header, which must not hold what ends one.
        if not answer.access_token.isascii() or not answer.access_token.isprintable():
            raise FeedError(f"{self.name} answered a garbled access token to /oauth/token")
        self._access = VendorKey(answer.access_token)
        self._access_end = begin + answer.expires_in

    def _ask(self, path: str, body: bytes | None, access: VendorKey | None) -> bytes:
        fields = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            # The vendor turns away clients without one of this form.
            "User-Agent": f"zerodte/{zerodte.__version__}",
        }
        if body is not None:
            fields["Content-Type"] = "application/json"
        if access is not None:
            fields["Authorization"] = f"Bearer {access.reveal()}"
        # The address was checked, and the opener has handlers of http and https only.
        request = urllib.request.Request(f"{self._url}{path}", body, fields)  # noqa: S310
        body, headers = read_answer(
            self._opener, request, self.name, lambda error: self._refusal(error, path)
        )
        if (offset := clock_offset(headers)) is not None:
            self.offset = offset
        return body

    def _refusal(self, error: urllib.error.HTTPError, path: str) -> FeedError:
        words = ""
        try:
            answer = msgspec.json.decode(error.read(_MOST_REFUSAL), type=_ErrorAnswer)
            said = answer.error.message if isinstance(answer.error, _ErrorDetail) else answer.error
            words = self._without_secrets(answer.error_description or said or "")
        except (ValueError, OSError, http.client.HTTPException):
            words = ""
        text = f"{self.name} answered {error.code} {error.reason} to {path}".rstrip()
        text = f"{text}: {words}" if words else text
        is_login = path == "/oauth/token" and error.code == http.client.BAD_REQUEST
        if is_login or error.code in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
            return FeedRefusalError(text)
        if error.code == http.client.NOT_FOUND:
            return FeedError(f"{text}; it has no such symbol")
        return FeedError(text)

    def _without_secrets(self, text: str) -> str:
        secrets = (self._keys.client_secret, self._keys.refresh_token, self._access)
        for secret in secrets:
            if secret.reveal():
                text = text.replace(secret.reveal(), "...")
        return text[:_MOST_TEXT]

    def _check_socket(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        is_plain = parts.scheme == "ws" and self.is_loopback
        if not (parts.scheme == "wss" or is_plain) or not parts.hostname:
            raise FeedError(f"{self.name} names {url[:80]!r}; expected: a websocket, wss://...")
        if is_plain:
            check_address(f"http{url.removeprefix('ws')}", "wss://...")
