"""Usage on a NATS server: the stream `zerodte-usage`, with a counter for each key and UTC day.

What is added to a counter is answered with the sum, so servers that count the same key at the same
time never wait for each other, and the sum alone says which answers are within a limit.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import msgspec
from nats.js.api import Header, PubAck, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from zerodte.access.error import KeyStoreError
from zerodte.access.key_link import ANSWER_S, LOAD_S, KeyLink
from zerodte.access.key_store import Addition

_STREAM: Final = "zerodte-usage"
_COUNTER: Final = "zerodte.usage."
#: How long a day's counters are kept after its last answer, seconds.
_RETENTION: Final = 7 * 86_400
_CONFIG: Final = StreamConfig(
    name=_STREAM,
    subjects=[f"{_COUNTER}>"],
    max_msgs_per_subject=1,
    max_age=float(_RETENTION),
    storage=StorageType.FILE,
    deny_delete=True,
    allow_direct=True,
    allow_msg_counter=True,
)
#: Counters that are added to at once.
_BATCH: Final = 1_000
#: Seconds between looks whether a connection is lost whose answers are waited for.
_LOST_S: Final = 0.05


class _Counter(msgspec.Struct, frozen=True):
    """A message of the stream."""

    val: str


class UsageCounters:
    """The counters of a server.

    Args:
        link: The connection.
        create: Whether to make their stream if there is none.

    Raises:
        KeyStoreError: The server is too old for counters, or has none.
    """

    def __init__(self, link: KeyLink, *, create: bool) -> None:
        self._link = link
        if not link.call(lambda: self._counts(create=create), LOAD_S):
            raise link.failure(None)

    def of_day(self, day: str) -> dict[str, int]:
        """Answers of a UTC day, yyyy-MM-dd, by key id."""
        prefix = f"{_COUNTER}{day}."
        found = self._link.call(lambda: self._link.messages(_STREAM, f"{prefix}*", 0), LOAD_S)
        try:
            counters = [msgspec.json.decode(message.data, type=_Counter) for message in found]
            return {
                message.subject.removeprefix(prefix): int(counter.val)
                for message, counter in zip(found, counters, strict=True)
            }
        except ValueError as error:
            raise self._link.error("its usage is damaged", str(error)) from error

    def add(self, additions: Sequence[Addition]) -> list[int | KeyStoreError]:
        """Add answers, and take back at once those beyond a limit.

        Of a counter that is past its limit every answer up to the limit was granted, so nobody is
        refused for what is not taken back yet, or never is.

        Returns:
            As `KeyStore.add`.
        """
        found: list[int | KeyStoreError] = []
        for at in range(0, len(additions), _BATCH):
            batch = additions[at : at + _BATCH]
            sums = self._count([(one, one.answers) for one in batch])
            beyond = []
            for one, total in zip(batch, sums, strict=True):
                if isinstance(total, KeyStoreError):
                    found.append(total)
                    continue
                found.append(total - one.answers)
                if one.limit is not None and total > one.limit:
                    beyond.append((one, -min(total - one.limit, one.answers)))
            self._count(beyond)
        return found

    def _count(self, changes: Sequence[tuple[Addition, int]]) -> list[int | KeyStoreError]:
        """Change counters: what each is then, or why nobody knows."""

        async def counted() -> list[PubAck | BaseException]:
            sent = []
            for one, change in changes:
                subject = f"{_COUNTER}{one.day}.{one.key}"
                headers = {Header.INCR.value: f"{change:+d}"}
                sent.append(await self._link.stream.publish_async(subject, headers=headers))
            due = time.monotonic() + ANSWER_S
            waiting: set[asyncio.Future[PubAck]] = set(sent)
            while waiting and time.monotonic() < due and not self._link.is_lost:
                _, waiting = await asyncio.wait(waiting, timeout=_LOST_S)
            for unanswered in waiting:
                unanswered.set_exception(TimeoutError("no answer"))
            return await asyncio.gather(*sent, return_exceptions=True)

        if not changes:
            return []
        try:
            answers = self._link.call(counted, 2.0 * ANSWER_S)
        except KeyStoreError as error:
            return [error] * len(changes)
        return [self._sum(answer) for answer in answers]

    def _sum(self, answer: PubAck | BaseException) -> int | KeyStoreError:
        if isinstance(answer, PubAck) and answer.val is not None:
            return int(answer.val)
        # Where there is no answer, it may come yet, but nobody waits for it.
        return self._link.failure(None if isinstance(answer, PubAck) else answer)

    async def _counts(self, *, create: bool) -> bool:
        """Whether the server counts, in a stream that is made if there is none."""
        stream = self._link.stream
        try:
            info = await stream.stream_info(_STREAM)
        except NotFoundError:
            if not create:
                raise
            info = await stream.add_stream(_CONFIG, num_replicas=self._link.replicas)
            if not info.config.allow_msg_counter:
                # An old server does not know what it was asked for.
                await stream.delete_stream(_STREAM)
        return bool(info.config.allow_msg_counter)
