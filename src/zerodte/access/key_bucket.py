"""Keys and their usage on a NATS server, for servers on several machines.

The keys are the bucket `zerodte-keys`, with one entry for each. A change follows on the bucket's
last message, or is decided anew.

A message that is answered is stored. What that survives is for the server to say: the end of its
process always, that of its machine with replicas or with `sync_interval: always`.
"""

import time
from collections.abc import Sequence
from typing import Final

import msgspec
from nats.aio.msg import Msg
from nats.js.api import Header, StorageType, StreamInfo
from nats.js.errors import APIError, NotFoundError
from nats.js.kv import KV_OP

from zerodte.access.error import KeyStoreError
from zerodte.access.key import KeyRecord
from zerodte.access.key_link import LOAD_S, KeyLink
from zerodte.access.key_store import Addition, Decide, KeyStore
from zerodte.access.usage_counters import UsageCounters

_BUCKET: Final = "zerodte-keys"
#: A bucket is a stream of this name.
_STREAM: Final = f"KV_{_BUCKET}"
_KEY: Final = f"$KV.{_BUCKET}."
_VERSION: Final = 1
#: Seconds between looks at the bucket.
_LOOK_S: Final = 0.4
#: How often a change is decided anew because another one came between.
_TRIES: Final = 20
#: What the server says when the last message is not the one that was expected.
_ANOTHER_CAME: Final = (10071, 10164)


class _KeyEntry(msgspec.Struct, frozen=True):
    """An entry of the bucket."""

    version: int
    key: KeyRecord


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
        self._link = link = KeyLink(url)
        super().__init__(link.place)
        self._entries: dict[str, KeyRecord | None] = {}
        self._read_to = 0
        try:
            self._usage = UsageCounters(link, create=create)
            self._info = link.call(lambda: self._prepared(create=create), LOAD_S)
        except BaseException:
            link.close()
            raise
        self._looked = time.monotonic()

    def close(self) -> None:
        """Disconnect."""
        self._link.close()

    def is_current(self) -> bool:
        """Whether the connection is still there."""
        return not self._link.is_lost

    def change(self, decide: Decide) -> KeyRecord:
        """Store a record, provided that it follows on those it was decided from."""
        for _ in range(_TRIES):
            record = decide(self.records())
            try:
                self._store(record)
            except _AnotherChangeError:
                continue
            return record
        raise self._link.error("others change its keys all the time", "try again")

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
        return self._usage.of_day(day)

    def add(self, additions: Sequence[Addition]) -> list[int | KeyStoreError]:
        """Add answers to the counters."""
        return self._usage.add(additions)

    def _store(self, record: KeyRecord) -> None:
        """Store a record as the next message of the bucket.

        Raises:
            _AnotherChangeError: Another message came before it.
        """
        content = msgspec.json.encode(_KeyEntry(_VERSION, record))
        headers = {Header.EXPECTED_LAST_SEQUENCE.value: str(self._read_to)}

        async def stored() -> None:
            try:
                await self._link.stream.publish(_KEY + record.id, content, headers=headers)
            except APIError as error:
                if error.err_code in _ANOTHER_CAME:
                    raise _AnotherChangeError from None
                raise

        self._link.call(stored)

    def _look(self) -> None:
        info = self._link.call(lambda: self._link.stream.stream_info(_STREAM))
        if info.created != self._info.created:
            self._entries, self._read_to = {}, 0
        self._info, self._looked = info, time.monotonic()

    def _read(self) -> None:
        """Read the entries that have changed since the last time."""
        found = self._link.call(
            lambda: self._link.messages(_STREAM, f"{_KEY}>", self._read_to), LOAD_S
        )
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
            raise self._link.error(reason, hint, is_unreadable=True) from error
        if entry.version > _VERSION:
            reason = "a newer zerodte has written its keys"
            raise self._link.error(reason, is_unreadable=True)
        return entry.key

    async def _prepared(self, *, create: bool) -> StreamInfo:
        """What is known of the bucket, which is made if there is none."""
        stream = self._link.stream
        try:
            return await stream.stream_info(_STREAM)
        except NotFoundError:
            if not create:
                raise
            await stream.create_key_value(
                bucket=_BUCKET, storage=StorageType.FILE, replicas=self._link.replicas
            )
            return await stream.stream_info(_STREAM)
