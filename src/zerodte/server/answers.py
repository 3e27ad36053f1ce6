"""Finished answers, kept for as long as they are true: each is made once and shared by all who ask.

An answer is kept for its key at one version, in every content coding that somebody asked for. What
is kept is bounded by count and by bytes; what was asked for longest ago goes first.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from zerodte.server import asgi
from zerodte.server.coding import ENCODERS, IDENTITY
from zerodte.server.etag import digest, entity_tag
from zerodte.server.route import Answer

Lookup: TypeAlias = Literal["hit", "miss", "shared"]
Handler: TypeAlias = Callable[[], Awaitable[Answer]]

#: What a 304 repeats of its 200 (RFC 9110, section 15.4.5).
_SAID_UNCHANGED = {b"etag", b"vary", b"cache-control"}

_KEPT_COUNT = 4096
_KEPT_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Form:
    """An answer in one coding, as the messages that are sent."""

    tag: bytes
    size: int
    start: asgi.Message
    body: asgi.Message
    unchanged: asgi.Message


@dataclass(slots=True, eq=False)
class Kept:
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
    forms: dict[str, Form] = field(default_factory=dict)
    coming: dict[str, asyncio.Task[Form]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of the body in all its forms."""
        return sum(form.size for form in self.forms.values())


class Answers:
    """The answers that are kept.

    Attributes:
        size: Bytes of all that is kept.
    """

    def __init__(self, most: int = _KEPT_COUNT, most_bytes: int = _KEPT_BYTES) -> None:
        """Keep at most `most` answers of `most_bytes` together."""
        self.size = 0
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._making: dict[tuple[Hashable, int], asyncio.Task[Kept | Answer]] = {}

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def find(self, key: Hashable, version: int) -> Kept | None:
        """The answer to `key` that is true at `version`, if it is kept."""
        kept = self._kept.get(key)
        if kept is None or kept.version != version:
            return None
        self._kept.move_to_end(key)
        return kept

    async def make(
        self, key: Hashable, version: int, headers: asgi.Headers, handler: Handler
    ) -> tuple[Kept | Answer, Lookup]:
        """Make an answer, or wait for the one that is being made.

        The handler is not called off when the client that asked first goes away. What it answers
        other than 200, or raises, is shared by those who wait, and not kept.
        """
        lookup: Lookup = "shared"
        if (task := self._making.get((key, version))) is None:
            task = asyncio.create_task(self._made(key, version, headers, handler))
            self._making[key, version], lookup = task, "miss"
        return await asyncio.shield(task), lookup

    async def form(self, kept: Kept, coding: str) -> Form:
        """An answer in a content coding, coded on another thread the first time."""
        if (form := kept.forms.get(coding)) is not None:
            return form
        if (task := kept.coming.get(coding)) is None:
            task = kept.coming[coding] = asyncio.create_task(self._coded(kept, coding))
        return await asyncio.shield(task)

    async def _made(
        self, key: Hashable, version: int, headers: asgi.Headers, handler: Handler
    ) -> Kept | Answer:
        try:
            answer = await handler()
        finally:
            del self._making[key, version]
        if answer.status != 200:
            return answer
        kept = Kept(key, version, headers, answer.body, digest(answer.body))
        kept.forms[IDENTITY] = _form(kept, IDENTITY, answer.body)
        before = self._kept.get(key)
        if before is None or before.version < version:
            self._drop(before)
            self._kept[key] = kept
            self._grow(kept.size)
        return kept

    async def _coded(self, kept: Kept, coding: str) -> Form:
        try:
            content = await asyncio.to_thread(ENCODERS[coding], kept.content)
        finally:
            del kept.coming[coding]
        form = kept.forms[coding] = _form(kept, coding, content)
        if self._kept.get(kept.key) is kept:
            self._grow(form.size)
        return form

    def _grow(self, size: int) -> None:
        self.size += size
        while len(self._kept) > self._most or self.size > self._most_bytes:
            self._drop(next(iter(self._kept.values())))

    def _drop(self, kept: Kept | None) -> None:
        if kept is not None:
            del self._kept[kept.key]
            self.size -= kept.size


def _form(kept: Kept, coding: str, content: bytes) -> Form:
    tag = entity_tag(kept.digested, coding)
    headers = [*kept.headers, (b"etag", tag), (b"vary", b"accept-encoding")]
    coded = [] if coding == IDENTITY else [(b"content-encoding", coding.encode())]
    length = (b"content-length", b"%d" % len(content))
    return Form(
        tag,
        len(content),
        start=asgi.begin(200, [*headers, *coded, length]),
        body=asgi.body(content),
        unchanged=asgi.begin(304, [header for header in headers if header[0] in _SAID_UNCHANGED]),
    )
