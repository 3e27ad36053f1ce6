"""Where a client asks, with which key, and how long it waits."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlsplit

import httpx

from zerodte.client.errors import SettingError

URL_VARIABLE: Final = "ZERODTE_URL"
KEY_VARIABLE: Final = "ZERODTE_KEY"
#: Where `zerodte serve` and `zerodte demo` listen.
DEFAULT_URL: Final = "http://127.0.0.1:8017"
_LONGEST_TIMEOUT_S: Final = 300.0
_MOST_RETRIES: Final = 10


@dataclass(frozen=True)
class ClientSettings:
    """What a client is made from.

    Attributes:
        url: The server's base URL, without a slash at its end.
        key: Sent as `X-Api-Key`; None sends none.
        timeout: Seconds without a byte after which a request has failed.
        retries: How often a request that failed is tried again.
        cache_size: How many answers are kept, to be asked for again by their tag.
    """

    url: str
    key: str | None = field(repr=False)
    timeout: float
    retries: int
    cache_size: int

    @classmethod
    def of(
        cls,
        url: str | None,
        key: str | None,
        timeout: float,
        retries: int,
        cache_size: int,
        environment: Mapping[str, str] = os.environ,
    ) -> Self:
        """The settings given, or else those of the environment.

        Raises:
            SettingError: One of them cannot be used; it never repeats a key.
        """
        url = url or environment.get(URL_VARIABLE) or DEFAULT_URL
        # An empty key sends none, whatever the environment has.
        key = (environment.get(KEY_VARIABLE) if key is None else key) or None
        if key is not None and not (key.isascii() and key.isprintable() and key.strip() == key):
            raise SettingError(
                "the key has characters that no header can hold; copy it without spaces or quotes"
            )
        if not (math.isfinite(timeout) and 0.0 < timeout <= _LONGEST_TIMEOUT_S):
            raise SettingError(
                f"timeout is {timeout:g}; give seconds above 0, at most {_LONGEST_TIMEOUT_S:g}"
            )
        if not 0 <= retries <= _MOST_RETRIES:
            raise SettingError(f"retries is {retries}; give 0 to {_MOST_RETRIES}")
        if cache_size < 0:
            raise SettingError(f"cache_size is {cache_size}; give 0 or more")
        return cls(_base(url), key, timeout, retries, cache_size)


def _base(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_usable = is_usable and parts.port != 0 and not (parts.query or parts.fragment)
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        is_usable = False
    if not is_usable:
        raise SettingError(
            f"{url!r} is not the address of a server; write such as {DEFAULT_URL} or "
            "https://flow.example"
        )
    if parts.username is not None:
        raise SettingError(f"the address must not hold a user; give the key as {KEY_VARIABLE}")
    return url.rstrip("/")
