"""Finished answers: each is computed once per version and shared by everybody who asks for it.

An answer is cached under its query, at one version, in every content coding that was asked for.
The cache is bounded by count and by bytes; least recently used entries are evicted first.

Entity tags (RFC 9110, section 8.8.3) are strong: each coding of a body has its own. They are
digests of the body, so they survive a restart.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal, TypeAlias

from zerodte.server import asgi
from zerodte.server.content_coding import ENCODERS, IDENTITY
from zerodte.server.route import Response

Lookup: TypeAlias = Literal["hit", "miss", "shared"]
Handler: TypeAlias = Callable[[], Awaitable[Response]]

#: What a 304 repeats of its 200 (RFC 9110, section 15.4.5).
_REPEATED_BY_304 = {b"etag", b"vary", b"cache-control"}
_DIGEST_BYTES = 12
_TAG = rb'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")'
_ONE_TAG = re.compile(_TAG)
_TAG_LIST = re.compile(rb"[ \t,]*" + _TAG + rb"(?:[ \t]*,[ \t,]*" + _TAG + rb")*[ \t,]*")

_MAX_RESPONSES = 4096
_MAX_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """The head of an answer, and the lines that it is sent as."""

    status: int
    headers: asgi.Headers
    lines: bytes


@dataclass(frozen=True, slots=True)
class Representation:
    """An answer in one content coding.

    Attributes:
        tag: Its entity tag.
        content: Its body.
        fresh: The head of a 200.
        unchanged: The head of a 304.
    """

    tag: bytes
    content: bytes
    fresh: AnswerHead
    unchanged: AnswerHead

    def matches(self, if_none_match: bytes) -> bool:
        """Whether an If-None-Match header names this tag, weak or strong.

        A malformed header matches nothing (RFC 9110, section 13.1.2).
        """
        condition = if_none_match.strip(b" \t")
        if condition == b"*":
            return True
        return (
            self.tag in condition
            and _TAG_LIST.fullmatch(condition) is not None
            and self.tag in _ONE_TAG.findall(condition)
        )


@dataclass(slots=True, eq=False)
class CachedResponse:
    """A 200 that holds at one version.

    Attributes:
        key: What was asked.
        version: See `MarketService.version`.
        headers: Those that do not depend on the content coding.
        content: The body before coding.
        digest: Digest of `content`.
        forms: Representations by content coding, filled on first use.
        pending: Tasks that are producing a representation.
    """

    key: Hashable
    version: int
    headers: asgi.Headers
    content: bytes
    digest: str
    forms: dict[str, Representation] = field(default_factory=dict)
    pending: dict[str, asyncio.Task[Representation]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of the body in all its representations."""
        return sum(len(form.content) for form in self.forms.values())


class ResponseCache:
    """The cached answers of a server.

    Args:
        max_responses: How many to hold at most.
        max_bytes: How many bytes to hold at most.

    Attributes:
        size: Bytes of all cached answers.
    """

    def __init__(self, max_responses: int = _MAX_RESPONSES, max_bytes: int = _MAX_BYTES) -> None:
        self.size = 0
        self._max_responses, self._max_bytes = max_responses, max_bytes
        self._cached: OrderedDict[Hashable, CachedResponse] = OrderedDict()
        self._pending: dict[tuple[Hashable, int], asyncio.Task[CachedResponse | Response]] = {}

    def __len__(self) -> int:
        """How many answers are cached."""
        return len(self._cached)

    def find(self, key: Hashable, version: int) -> CachedResponse | None:
        """The cached answer to `key` if it holds at `version`."""
        cached = self._cached.get(key)
        if cached is None or cached.version != version:
            return None
        self._cached.move_to_end(key)
        return cached

    async def compute(
        self, key: Hashable, version: int, headers: asgi.Headers, handler: Handler
    ) -> tuple[CachedResponse | Response, Lookup]:
        """Compute an answer, or wait for the same computation if it is already running.

        The handler keeps running when the client that asked first disconnects. A response other
        than 200, or an exception, goes to everybody who waits and is not cached.
        """
        lookup: Lookup = "shared"
        if (task := self._pending.get((key, version))) is None:
            task = asyncio.create_task(self._compute(key, version, headers, handler))
            self._pending[key, version], lookup = task, "miss"
        return await asyncio.shield(task), lookup

    async def form(self, cached: CachedResponse, coding: str) -> Representation:
        """An answer in a content coding; compressed in a thread on first use."""
        if (form := cached.forms.get(coding)) is not None:
            return form
        if (task := cached.pending.get(coding)) is None:
            task = cached.pending[coding] = asyncio.create_task(self._encode(cached, coding))
        return await asyncio.shield(task)

    async def _compute(
        self, key: Hashable, version: int, headers: asgi.Headers, handler: Handler
    ) -> CachedResponse | Response:
        try:
            response = await handler()
        finally:
            del self._pending[key, version]
        if response.status != 200:
            return response
        cached = CachedResponse(key, version, headers, response.body, _digest(response.body))
        cached.forms[IDENTITY] = _form(cached, IDENTITY, response.body)
        before = self._cached.get(key)
        if before is None or before.version < version:
            self._drop(before)
            self._cached[key] = cached
            self._grow(cached.size)
        return cached

    async def _encode(self, cached: CachedResponse, coding: str) -> Representation:
        try:
            content = await asyncio.to_thread(ENCODERS[coding], cached.content)
        finally:
            del cached.pending[coding]
        form = cached.forms[coding] = _form(cached, coding, content)
        if self._cached.get(cached.key) is cached:
            self._grow(len(form.content))
        return form

    def _grow(self, size: int) -> None:
        self.size += size
        while len(self._cached) > self._max_responses or self.size > self._max_bytes:
            self._drop(next(iter(self._cached.values())))

    def _drop(self, cached: CachedResponse | None) -> None:
        if cached is not None:
            del self._cached[cached.key]
            self.size -= cached.size


def _form(cached: CachedResponse, coding: str, content: bytes) -> Representation:
    tag = f'"{cached.digest}-{coding}"'.encode()
    headers = [*cached.headers, (b"etag", tag), (b"vary", b"accept-encoding")]
    encoding = [] if coding == IDENTITY else [(b"content-encoding", coding.encode())]
    length = (b"content-length", b"%d" % len(content))
    repeated = [header for header in headers if header[0] in _REPEATED_BY_304]
    fresh, unchanged = _head(200, [*headers, *encoding, length]), _head(304, repeated)
    return Representation(tag, content, fresh, unchanged)


def _head(status: int, headers: asgi.Headers) -> AnswerHead:
    return AnswerHead(status, headers, asgi.lines(headers))


def _digest(body: bytes) -> str:
    return blake2b(body, digest_size=_DIGEST_BYTES).hexdigest()
