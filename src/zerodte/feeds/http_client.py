"""What clients of vendors' HTTP share: addresses, openers, bodies of a bounded size."""

import email.message
import email.utils
import http.client
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_checks import LOOPBACK_HOSTS
from zerodte.feeds.http_deadline import SlowAnswerError, deadline_handlers

_TIMEOUT: Final = 10.0  # seconds without a byte
#: Seconds for an answer to an account, chains of many megabytes among them.
_LONGEST: Final = 120.0
#: Bytes of a body; Cboe's of SPX has 14 million, 2 million of them compressed.
LARGEST_BODY: Final = 64 << 20
_BLOCK: Final = 1 << 16


def check_address(url: str, example: str) -> tuple[str, bool]:
    """The host and port of an address to which a key is sent, and whether it is this machine.

    Args:
        url: https; http for this machine only.
        example: What would be right.

    Raises:
        FeedError: If the address is of another kind.
    """
    try:
        parts = urlsplit(url)
        is_loopback = parts.hostname in LOOPBACK_HOSTS
        is_right = parts.scheme == "https" or (parts.scheme == "http" and is_loopback)
        is_right = is_right and bool(parts.hostname) and "@" not in parts.netloc
        is_right = is_right and parts.port != 0
    except ValueError:
        is_right = is_loopback = False
    if not is_right:
        raise FeedError(
            f"{url.rpartition('@')[2]!r} is no address; expected: one such as {example}, or "
            "http:// on this machine"
        )
    return parts.netloc, is_loopback


def account_opener(*, is_loopback: bool) -> urllib.request.OpenerDirector:
    """The `http_opener` of a vendor's account, whose key stays with its host."""
    return http_opener(is_loopback=is_loopback, follows=False, longest=_LONGEST)


def http_opener(
    *, is_loopback: bool, follows: bool, longest: float | None = None
) -> urllib.request.OpenerDirector:
    """An opener of http and https alone: nothing leads to a file.

    Args:
        is_loopback: Whether the host is this machine, which no proxy stands before.
        follows: Whether redirects are followed; never with a key, which stays with its host.
        longest: Seconds for a whole answer; None for a stream, which may last.
    """
    opener = urllib.request.OpenerDirector()
    plain = urllib.request.HTTPHandler(), urllib.request.HTTPSHandler()
    for handler in (
        urllib.request.ProxyHandler({} if is_loopback else None),
        *(plain if longest is None else deadline_handlers(longest)),
        urllib.request.HTTPDefaultErrorHandler(),
        *((urllib.request.HTTPRedirectHandler(),) if follows else ()),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def read_answer(
    opener: urllib.request.OpenerDirector,
    request: urllib.request.Request,
    host: str,
    refusal: Callable[[urllib.error.HTTPError], FeedError],
) -> tuple[bytes, email.message.Message]:
    """The body of an answer, and its headers.

    Args:
        opener: Of `http_opener`.
        request: To an address that was checked.
        host: Its name in messages.
        refusal: What an answer other than 200 means.

    Raises:
        FeedError: If the host cannot be reached or refuses, or the connection breaks.
    """
    try:
        with opener.open(request, timeout=_TIMEOUT) as answer:
            return read_body(answer), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            raise refusal(error) from None
    except (OSError, http.client.HTTPException) as error:
        raise failure(host, error) from None


def failure(host: str, error: OSError | http.client.HTTPException) -> FeedError:
    """What an error of a request means, in words.

    Args:
        host: Its name in messages.
        error: Of the request or its body, but for a status.
    """
    if isinstance(error, FeedError):
        return error
    if isinstance(error, urllib.error.URLError):
        text = getattr(error.reason, "strerror", None) or str(error.reason)
        return FeedError(f"{host} cannot be reached: {text}")
    if isinstance(error, SlowAnswerError):
        return FeedError(f"{host} is too slow: {error}")
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return FeedError(f"the connection to {host} broke: {text}")


def clock_offset(headers: email.message.Message) -> float | None:
    """Seconds that a host's clock is ahead of this machine's, about; None if it does not tell."""
    try:
        told = email.utils.parsedate_to_datetime(headers.get("Date", "")).timestamp()
    except (ValueError, OverflowError):
        return None
    # HTTP tells whole seconds, of which half has passed on average.
    return told + 0.5 - time.time()


def read_body(answer: http.client.HTTPResponse) -> bytes:
    """A whole body, without its compression.

    Raises:
        FeedError: If it is too long, is incomplete, or is compressed otherwise than by gzip.
        OSError: If the connection breaks, or the opener's time for an answer is over.
    """
    blocks, total = [], 0
    expected = answer.length
    while block := answer.read(_BLOCK):
        blocks.append(block)
        total += len(block)
        if total > LARGEST_BODY:
            raise FeedError(f"a body of more than {LARGEST_BODY:,} bytes; it is not read")
    if expected is not None and total < expected:
        raise FeedError(f"half a body: {total:,} of {expected:,} bytes")
    return _plain(b"".join(blocks), answer.headers.get("Content-Encoding", ""))


def _plain(body: bytes, encoding: str) -> bytes:
    """A body without its compression."""
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise FeedError(f"a body encoded as {encoding[:20]!r}; expected: gzip or none")
    reader = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        plain = reader.decompress(body, LARGEST_BODY + 1)
    except zlib.error as error:
        raise FeedError(f"a body that is not gzip: {error}") from error
    if len(plain) > LARGEST_BODY:
        raise FeedError(f"a body of more than {LARGEST_BODY:,} bytes; it is not read")
    if not reader.eof:
        raise FeedError(f"half a body: its gzip ends after {len(body):,} bytes")
    return plain
