"""Keys and their usage on a NATS server, for servers on several machines.

The keys are the bucket `zerodte-keys`, with one entry for each. Their usage is the stream
`zerodte-usage`, with one counter for each key and UTC day: what is added to a counter is answered
with the sum, so servers that count the same key at the same time never wait for each other.

A message that is answered is stored. What that survives is for the server to say: the end of its
process always, that of its machine with replicas or with `sync_interval: always`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar
from uuid import uuid4

import msgspec
from nats.aio.msg import Msg
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    Header,
    PubAck,
    StorageType,
    StreamConfig,
    StreamInfo,
)
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError
from nats.js.kv import KV_OP

from zerodte.access.error import KeyStoreError
from zerodte.access.key import KeyRecord
from zerodte.access.key_store import Addition, Decide, KeyStore, missing
from zerodte.feeds.feed import FeedError
from zerodte.feeds.nats.link import NatsLink, shown_url

_BUCKET: Final = "zerodte-keys"
#: A bucket is a stream of this name.
_KEYS: Final = f"KV_{_BUCKET}"
_KEY: Final = f"$KV.{_BUCKET}."
_USAGE: Final = "zerodte-usage"
_COUNTER: Final = "zerodte.usage."
#: How long a day's counters are kept after its last answer, seconds.
_RETENTION: Final = 7 * 86_400
#: Seconds between looks at the bucket.
_LOOK_S: Final = 0.4
#: Seconds in which the server has to answer; less than an answer to a client waits.
_ANSWER_S: Final = 3.0
#: Seconds for what is done once, for a whole bucket.
_LOAD_S: Final = 30.0
#: Counters that are added to, and entries that are read, at once.
_BATCH: Final = 1_000
#: How often a change is decided anew because another one came between.
_TRIES: Final = 20
#: What the server says when the last message is not the one that was expected.
_ANOTHER_CAME: Final = (10071, 10164)
#: Seconds between looks whether a connection is lost whose answers are waited for.
_LOST_S: Final = 0.05
_VERSION: Final = 1
_COUNTERS: Final = StreamConfig(
    name=_USAGE,
    subjects=[f"{_COUNTER}>"],
    max_msgs_per_subject=1,
    max_age=float(_RETENTION),
    storage=StorageType.FILE,
    allow_direct=True,
    allow_msg_counter=True,
)

_T = TypeVar("_T")


class _KeyEntry(msgspec.Struct, frozen=True):
    """An entry of the bucket."""

    version: int
    key: KeyRecord


class _Counter(msgspec.Struct, frozen=True):
    """A message of the stream of counters."""

    val: str


class _AnotherChangeError(Exception):
    """A change of the keys came before ours."""


class KeyBucket(KeyStore):
    """The keys of a NATS server, over a connection that is not restored by itself.

    Args:
        url: As for `NatsLink`.
        create: Whether to make bucket and counters if there are none.

    Raises:
        KeyStoreError: The server cannot be reached, is too old, or has no keys.
    """

    def __init__(self, url: str, *, create: bool = False) -> None:
        super().__init__(shown_url(url))
        self._is_lost = False
        self._entries: dict[str, KeyRecord | None] = {}
        self._read_to = 0
        try:
            self._link = NatsLink(url)
        except FeedError as error:
            raise self._error("the NATS server cannot be reached", str(error)) from error
        self._stream = self._link.stream
        try:
            counters, self._info = self._call(lambda: self._prepared(create=create), _LOAD_S)
            if not counters.config.allow_msg_counter:
                raise self._failure(None)
            self._looked = time.monotonic()
        except BaseException:
            self._link.close()
            raise

    def close(self) -> None:
        """Disconnect."""
        self._link.close()

    def is_current(self) -> bool:
        """Whether the connection is still there."""
        return not (self._is_lost or self._link.is_lost)

    def change(self, decide: Decide) -> KeyRecord:
        """Store a record, provided that it follows on those it was decided from."""
        for _ in range(_TRIES):
            record = decide(self.records())
            try:
                self._store(record)
            except _AnotherChangeError:
                continue
            return record
        raise self._error("others change its keys all the time", "try again")

    def records(self) -> dict[bytes, KeyRecord]:
        """All keys by digest, oldest first."""
        self._look()
        if self._read_to < self._info.state.last_seq:
            self._read()
        if len(self._entries) != self._info.state.messages:
            # Somebody has removed entries, which no message tells.
            self._entries, self._read_to = {}, 0
            self._read()
        found = [record for record in self._entries.values() if record is not None]
        return {record.digest: record for record in sorted(found, key=lambda one: one.created)}

    @property
    def revision(self) -> tuple[object, int]:
        """When the bucket was made, and the number of its last message."""
        if time.monotonic() >= self._looked + _LOOK_S:
            self._look()
        return self._info.created, self._info.state.last_seq

    def usage(self, day: str) -> dict[str, int]:
        """Answers of a UTC day, yyyy-MM-dd, by key id."""
        prefix = f"{_COUNTER}{day}."
        found = self._call(lambda: self._messages(_USAGE, f"{prefix}*", 0), _LOAD_S)
        try:
            counters = [msgspec.json.decode(message.data, type=_Counter) for message in found]
            return {
                message.subject.removeprefix(prefix): int(counter.val)
                for message, counter in zip(found, counters, strict=True)
            }
        except ValueError as error:
            raise self._error("its usage is damaged", str(error)) from error

    def add(self, additions: Sequence[Addition]) -> list[int | KeyStoreError]:
        """Add answers, and take back at once those beyond a limit.

        Of a counter that is past its limit every answer up to the limit was granted, so nobody is
        refused for what is not taken back yet, or never is.
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
                sent.append(await self._stream.publish_async(subject, headers=headers))
            due = time.monotonic() + _ANSWER_S
            waiting: set[asyncio.Future[PubAck]] = set(sent)
            while waiting and time.monotonic() < due and not self._link.is_lost:
                _, waiting = await asyncio.wait(waiting, timeout=_LOST_S)
            for unanswered in waiting:
                unanswered.set_exception(TimeoutError("no answer"))
            return await asyncio.gather(*sent, return_exceptions=True)

        if not changes:
            return []
        try:
            answers = self._call(counted, 2.0 * _ANSWER_S)
        except KeyStoreError as error:
            return [error] * len(changes)
        return [self._sum(answer) for answer in answers]

    def _sum(self, answer: PubAck | BaseException) -> int | KeyStoreError:
        if isinstance(answer, PubAck) and answer.val is not None:
            return int(answer.val)
        # Where there is no answer, it may come yet, but nobody waits for it.
        return self._failure(None if isinstance(answer, PubAck) else answer)

    def _store(self, record: KeyRecord) -> None:
        """Store a record as the next message of the bucket.

        Raises:
            _AnotherChangeError: Another message came before it.
        """
        content = msgspec.json.encode(_KeyEntry(_VERSION, record))
        headers = {Header.EXPECTED_LAST_SEQUENCE.value: str(self._read_to)}

        async def stored() -> None:
            try:
                await self._stream.publish(_KEY + record.id, content, headers=headers)
            except APIError as error:
                if error.err_code in _ANOTHER_CAME:
                    raise _AnotherChangeError from None
                raise

        self._call(stored)

    def _look(self) -> None:
        info = self._call(lambda: self._stream.stream_info(_KEYS))
        if info.created != self._info.created:
            self._entries, self._read_to = {}, 0
        self._info, self._looked = info, time.monotonic()

    def _read(self) -> None:
        """Read the entries that have changed since the last time."""
        found = self._call(lambda: self._messages(_KEYS, f"{_KEY}>", self._read_to), _LOAD_S)
        for message in found:
            self._entries[message.subject] = self._record(message)
        last = found[-1].metadata.sequence.stream if found else 0
        self._read_to = max(last, self._info.state.last_seq)

    def _record(self, message: Msg) -> KeyRecord | None:
        """The key in an entry; None if it was removed."""
        if (message.headers or {}).get(KV_OP):
            return None
        try:
            entry = msgspec.json.decode(message.data, type=_KeyEntry)
        except msgspec.MsgspecError as error:
            reason = "an entry of its keys is damaged"
            hint = f"{message.subject.removeprefix(_KEY)} in {_BUCKET}: {error}"
            raise KeyStoreError(self.place, reason, hint=hint, is_unreadable=True) from error
        if entry.version > _VERSION:
            reason = "a newer zerodte has written its keys"
            raise KeyStoreError(self.place, reason, is_unreadable=True)
        return entry.key

    async def _messages(self, name: str, subject: str, after: int) -> list[Msg]:
        """The last message of each subject of a stream, of those after a number."""
        stream = self._stream
        last = (await stream.stream_info(name)).state.last_seq
        config = ConsumerConfig(
            name=f"zerodte-{uuid4().hex[:12]}",
            filter_subject=subject,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=after + 1,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=_LOAD_S,
            mem_storage=True,
        )
        consumer = await stream.add_consumer(name, config)
        found: list[Msg] = []
        if consumer.num_pending:
            reader = await stream.pull_subscribe_bind(config.name, name)
            # Others write meanwhile: what comes after the last is not waited for.
            while not found or (
                found[-1].metadata.num_pending and found[-1].metadata.sequence.stream < last
            ):
                found += await reader.fetch(_BATCH, _ANSWER_S)
            await reader.unsubscribe()
        await stream.delete_consumer(name, config.name or "")
        return found

    async def _prepared(self, *, create: bool) -> tuple[StreamInfo, StreamInfo]:
        """The counters and the bucket, which are made if there are none."""
        stream = self._stream
        try:
            counters = await stream.stream_info(_USAGE)
        except NotFoundError:
            if not create:
                raise
            counters = await stream.add_stream(_COUNTERS)
            if not counters.config.allow_msg_counter:
                # An old server does not know what it was asked for.
                await stream.delete_stream(_USAGE)
                return counters, counters
        try:
            return counters, await stream.stream_info(_KEYS)
        except NotFoundError:
            if not create:
                raise
            await stream.create_key_value(bucket=_BUCKET, storage=StorageType.FILE)
            return counters, await stream.stream_info(_KEYS)

    def _call(self, ask: Callable[[], Awaitable[_T]], timeout: float = _ANSWER_S) -> _T:
        try:
            return self._link.call(ask, timeout)
        except FeedError as error:
            if isinstance(error.__cause__, NotFoundError):
                raise missing(self.place, "it has no keys") from error
            raise self._failure(error.__cause__) from error

    def _failure(self, cause: BaseException | None) -> KeyStoreError:
        """What went wrong; the connection is not used again."""
        self._is_lost = True
        match cause:
            case None:
                reason, hint = "does not count", "NATS 2.12 or newer can"
            case ServiceUnavailableError():
                reason, hint = "has no JetStream, or not yet", "nats-server -js has it"
            case APIError():
                reason, hint = "refuses to store it", cause.description or ""
            case _:
                reason, hint = "does not answer", str(cause)
        return self._error(f"the NATS server {reason}", hint)

    def _error(self, reason: str, hint: str) -> KeyStoreError:
        return KeyStoreError(self.place, reason, hint=hint)
