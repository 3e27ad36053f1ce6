"""Finished answers, each computed once and shared by everybody who asks, while it is true.

An answer is cached for its query at one version, in every content coding that somebody asked for.
The cache is bounded by count and by bytes; least recently used entries are evicted first.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from zerodte.server import asgi
from zerodte.server.content_coding import ENCODERS, IDENTITY
from zerodte.server.etag import digest, entity_tag
from zerodte.server.route import Response

Lookup: TypeAlias = Literal["hit", "miss", "shared"]
Handler: TypeAlias = Callable[[], Awaitable[Response]]

#: What a 304 repeats of its 200 (RFC 9110, section 15.4.5).
_REPEATED_BY_304 = {b"etag", b"vary", b"cache-control"}

_MOST_RESPONSES = 4096
_MOST_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Representation:
    """An answer in one coding, as the messages that are sent."""

    tag: bytes
    size: int
    start: asgi.Message
    body: asgi.Message
    unchanged: asgi.Message


@dataclass(slots=True, eq=False)
class CachedResponse:
    """A 200 that is true at one version.

    Attributes:
        key: What was asked.
        version: See `Source.version`.
        headers: Those that say nothing of the body's coding.
        content: The body before it is coded.
        digested: Of `content`.
        forms: By content coding, filled as they are asked for.
        coming: Those that are being made.
    """

    key: Hashable
    version: int
    headers: asgi.Headers
    content: bytes
    digested: str
    forms: dict[str, Representation] = field(default_factory=dict)
    coming: dict[str, asyncio.Task[Representation]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of the body in all its forms."""
        return sum(form.size for form in self.forms.values())


class ResponseCache:
    """The answers that are cached.

    Attributes:
        size: Bytes of all that is cached.
    """

    def __init__(self, most: int = _MOST_RESPONSES, most_bytes: int = _MOST_BYTES) -> None:
        """Keep at most `most` answers of `most_bytes` together."""
        self.size = 0
        self._most, self._most_bytes = most, most_bytes
        self._cached: OrderedDict[Hashable, CachedResponse] = OrderedDict()
        self._pending: dict[tuple[Hashable, int], asyncio.Task[CachedResponse | Response]] = {}

    def __len__(self) -> int:
        """How many are cached."""
        return len(self._cached)

    def find(self, key: Hashable, version: int) -> CachedResponse | None:
        """The answer to `key` that is true at `version`, if it is cached."""
        cached = self._cached.get(key)
        if cached is None or cached.version != version:
            return None
        self._cached.move_to_end(key)
        return cached

    async def make(
        self, key: Hashable, version: int, headers: asgi.Headers, handler: Handler
    ) -> tuple[CachedResponse | Response, Lookup]:
        """Make an answer, or wait for the one that is being made.

        The handler is not called off when the client that asked first goes away. What it answers
        other than 200, or raises, is shared by those who wait, and not cached.
        """
        lookup: Lookup = "shared"
        if (task := self._pending.get((key, version))) is None:
            task = asyncio.create_task(self._made(key, version, headers, handler))
            self._pending[key, version], lookup = task, "miss"
        return await asyncio.shield(task), lookup

    async def form(self, cached: CachedResponse, coding: str) -> Representation:
        """An answer in a content coding, coded on another thread the first time."""
        if (form := cached.forms.get(coding)) is not None:
            return form
        if (task := cached.coming.get(coding)) is None:
            task = cached.coming[coding] = asyncio.create_task(self._coded(cached, coding))
        return await asyncio.shield(task)

    async def _made(
        self, key: Hashable, version: int, headers: asgi.Headers, handler: Handler
    ) -> CachedResponse | Response:
        try:
            answer = await handler()
        finally:
            del self._pending[key, version]
        if answer.status != 200:
            return answer
        cached = CachedResponse(key, version, headers, answer.body, digest(answer.body))
        cached.forms[IDENTITY] = _form(cached, IDENTITY, answer.body)
        before = self._cached.get(key)
        if before is None or before.version < version:
            self._drop(before)
            self._cached[key] = cached
            self._grow(cached.size)
        return cached

    async def _coded(self, cached: CachedResponse, coding: str) -> Representation:
        try:
            content = await asyncio.to_thread(ENCODERS[coding], cached.content)
        finally:
            del cached.coming[coding]
        form = cached.forms[coding] = _form(cached, coding, content)
        if self._cached.get(cached.key) is cached:
            self._grow(form.size)
        return form

    def _grow(self, size: int) -> None:
        self.size += size
        while len(self._cached) > self._most or self.size > self._most_bytes:
            self._drop(next(iter(self._cached.values())))

    def _drop(self, cached: CachedResponse | None) -> None:
        if cached is not None:
            del self._cached[cached.key]
            self.size -= cached.size


def _form(cached: CachedResponse, coding: str, content: bytes) -> Representation:
    tag = entity_tag(cached.digested, coding)
    headers = [*cached.headers, (b"etag", tag), (b"vary", b"accept-encoding")]
    coded = [] if coding == IDENTITY else [(b"content-encoding", coding.encode())]
    length = (b"content-length", b"%d" % len(content))
    return Representation(
        tag,
        len(content),
        start=asgi.begin(200, [*headers, *coded, length]),
        body=asgi.body(content),
        unchanged=asgi.begin(304, [header for header in headers if header[0] in _REPEATED_BY_304]),
    )
