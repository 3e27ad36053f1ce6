"""Requests for Cboe's delayed quotes: one body, bounded, or what is wrong in words."""

import email.message
import email.utils
import http.client
import math
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import zerodte
from zerodte.constants import SECOND
from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_checks import LOOPBACK_HOSTS
from zerodte.feeds.http_client import failure, http_opener, read_body
from zerodte.market.roots import root_info

#: Where Cboe serves delayed quotes.
CBOE_URL: Final = "https://cdn.cboe.com/api/global/delayed_quotes/options"
#: Tells the speed of a simulated clock; believed on loopback only.
CBOE_SPEED_HEADER: Final = "Zerodte-Speed"

_TIMEOUT: Final = 20.0  # seconds without a byte
#: Seconds for an answer: less than a minute, in which the other symbols are to be asked for too.
_LONGEST: Final = 45.0
_FASTEST: Final = 1e5


class CboeRefusalError(FeedError):
    """An answer that asks for patience: 403 or 429.

    Args:
        text: What was answered.
        wait: Seconds that it asks for; 0 if it does not say.
    """

    def __init__(self, text: str, wait: float) -> None:
        super().__init__(text)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class CboeAnswer:
    """An answer.

    Attributes:
        body: JSON; None if it has not changed.
        etag: The tag to ask with next time.
        now: The clock of the host, UTC ns; 0 if it does not tell.
        speed: Seconds of that clock per second of the wall clock.
    """

    body: bytes | None
    etag: str
    now: int
    speed: float


def cboe_name(symbol: str) -> str:
    """The name of a symbol in addresses: _SPX for an index, SPY otherwise."""
    return f"_{symbol}" if root_info(symbol).is_index else symbol


class CboeClient:
    """Asks a host for delayed quotes.

    Args:
        url: The folder of bodies, http or https.
        longest: Seconds for an answer.

    Raises:
        FeedError: If the address is of another kind.
    """

    def __init__(self, url: str = CBOE_URL, longest: float = _LONGEST) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise FeedError(f"{url!r} is no address; expected: one such as {CBOE_URL}")
        self.url = url.rstrip("/")
        self.host = parts.netloc.rpartition("@")[2]
        self._is_loopback = parts.hostname in LOOPBACK_HOSTS
        self._opener = http_opener(is_loopback=self._is_loopback, follows=True, longest=longest)

    def get(self, symbol: str, etag: str = "") -> CboeAnswer:
        """Ask for a symbol's chain.

        Args:
            symbol: The underlying.
            etag: The tag of the body that is known already; empty without one.

        Raises:
            CboeRefusalError: If the host refuses to answer for now.
            FeedError: If it cannot be reached, or its answer is an error, incomplete, too long or
                too slow.
        """
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": f"zerodte/{zerodte.__version__}",
        }
        if etag:
            headers["If-None-Match"] = etag
        url = f"{self.url}/{cboe_name(symbol)}.json"
        # The address was checked, and the opener has handlers of http and https only.
        request = urllib.request.Request(url, headers=headers)  # noqa: S310
        try:
            with self._opener.open(request, timeout=_TIMEOUT) as answer:
                body = read_body(answer)
                return self._answer(answer.headers, body, etag)
        except urllib.error.HTTPError as error:
            with error:
                if error.code == http.client.NOT_MODIFIED:
                    return self._answer(error.headers, None, etag)
                raise _refusal(error, symbol) from error
        except (OSError, http.client.HTTPException) as error:
            raise failure(self.host, error) from error

    def _answer(self, headers: email.message.Message, body: bytes | None, etag: str) -> CboeAnswer:
        now, speed = 0, 1.0
        try:
            date = email.utils.parsedate_to_datetime(headers.get("Date", ""))
            now = int(date.timestamp()) * SECOND
            speed = float(headers.get(CBOE_SPEED_HEADER, "1"))
        except (ValueError, OverflowError):
            speed = 1.0
        is_believed = self._is_loopback and math.isfinite(speed) and 1.0 <= speed <= _FASTEST
        new = headers.get("ETag", "") if body is not None else etag
        return CboeAnswer(body, new, now, speed if is_believed else 1.0)


def _refusal(error: urllib.error.HTTPError, symbol: str) -> FeedError:
    text = f"{symbol}: the host answered {error.code} {error.reason}".rstrip()
    if error.code in (http.client.FORBIDDEN, http.client.TOO_MANY_REQUESTS):
        asked = error.headers.get("Retry-After", "")
        wait = float(asked) if asked.isascii() and asked.isdecimal() else 0.0
        return CboeRefusalError(f"{text}; its protection against robots turns us away", wait)
    if error.code == http.client.NOT_FOUND:
        return FeedError(f"{text}; it has no such symbol")
    return FeedError(text)
