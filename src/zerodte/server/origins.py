"""Pages of other origins that may read answers (CORS; the Fetch standard, section 3.2).

None by default. Keys are sent in a header or a parameter, never as cookies, so no answer allows
credentials.
"""

import re
from collections.abc import Iterable
from typing import Final

from zerodte.errors import ZerodteError
from zerodte.server.asgi import Headers, header

_ORIGIN: Final = re.compile(
    r"[a-z][a-z0-9+.-]*://(?:\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?)(?::[0-9]{1,5})?"
)
#: Ports that browsers leave out of an origin.
_USUAL: Final = {"http": ":80", "https": ":443"}
_EVERY: Final = "*"
#: What a page may send.
_SENT: Final = (
    b"x-api-key, accept, content-type, if-none-match, cache-control, last-event-id, "
    b"mcp-protocol-version"
)
#: What a page may read besides the usual headers.
_READ: Final = b"etag, retry-after, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset"
#: Seconds for which a browser remembers a permission.
_MAX_AGE: Final = b"600"


class OriginError(ZerodteError, ValueError):
    """A text that is not the origin of a page."""


class AllowedOrigins:
    """Decides which pages may read answers.

    Args:
        origins: Origins such as `https://desk.example`, or `*` for every page.

    Raises:
        OriginError: A text is not an origin.
    """

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins: set[bytes] = set()
        self._has_every_origin = False
        for origin in origins:
            self._add(origin)

    def allows(self, origin: bytes) -> bool:
        """Whether the pages of an origin, as a request names it, may read answers."""
        return self._has_every_origin or origin in self._origins

    def headers(self, request: Headers) -> Headers:
        """The headers with which an answer allows, or does not allow, a page to read it."""
        if self._has_every_origin:
            return [(b"access-control-allow-origin", b"*"), _EXPOSE]
        if not self._origins:
            return []
        origin = header(request, b"origin")
        if origin not in self._origins:
            return [_VARY]
        return [(b"access-control-allow-origin", origin), _EXPOSE, _VARY]

    def preflight(self, request: Headers, methods: bytes) -> Headers:
        """What an answer to OPTIONS adds, if a page asks what it may send.

        Args:
            request: The request's headers.
            methods: Those of the path, separated by commas.
        """
        is_asked = header(request, b"access-control-request-method") is not None
        is_allowed = self._has_every_origin or header(request, b"origin") in self._origins
        if not (is_asked and is_allowed):
            return []
        return [
            (b"access-control-allow-methods", methods),
            (b"access-control-allow-headers", _SENT),
            (b"access-control-max-age", _MAX_AGE),
        ]

    def _add(self, origin: str) -> None:
        spelling = origin.strip().rstrip("/").lower()
        if spelling == _EVERY:
            self._has_every_origin = True
            return
        if not _ORIGIN.fullmatch(spelling):
            raise OriginError(
                f"{origin!r} is not the origin of a page; write its scheme, host and port without "
                "a path, such as https://desk.example or http://localhost:3000, or * for every page"
            )
        usual = _USUAL.get(spelling.partition(":")[0], "")
        self._origins.add(spelling.removesuffix(usual).encode())


_EXPOSE: Final = (b"access-control-expose-headers", _READ)
_VARY: Final = (b"vary", b"origin")
