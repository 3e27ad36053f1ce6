"""What clients of vendors' HTTP share: addresses, openers, bodies of a bounded size."""

import http.client
import time
import urllib.request
import zlib
from typing import Final
from urllib.parse import urlsplit

from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_checks import LOOPBACK_HOSTS

_LONGEST: Final = 120.0  # seconds for a body
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


def http_opener(*, is_loopback: bool, follows: bool) -> urllib.request.OpenerDirector:
    """An opener of http and https alone: nothing leads to a file.

    Args:
        is_loopback: Whether the host is this machine, which no proxy stands before.
        follows: Whether redirects are followed; never with a key, which stays with its host.
    """
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler({} if is_loopback else None),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        *((urllib.request.HTTPRedirectHandler(),) if follows else ()),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def read_body(answer: http.client.HTTPResponse) -> bytes:
    """A whole body, without its compression.

    Raises:
        FeedError: If it is too long, takes too long, is incomplete, or is compressed otherwise
            than by gzip.
        OSError: If the connection breaks.
    """
    blocks, total, deadline = [], 0, time.monotonic() + _LONGEST
    expected = answer.length
    while block := answer.read(_BLOCK):
        blocks.append(block)
        total += len(block)
        if total > LARGEST_BODY:
            raise FeedError(f"a body of more than {LARGEST_BODY:,} bytes; it is not read")
        if time.monotonic() > deadline:
            raise FeedError(f"{total:,} bytes in {_LONGEST:g} seconds; given up")
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
