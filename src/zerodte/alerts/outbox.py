"""The outbox: events that wait for their targets, and what was sent, in SQLite.

An event is committed before anybody is sent it, and marked once its target has taken it. So what a
kill interrupts is sent again, under the same key. What was sent is remembered for as long as the
file holds it, so a session that is read again after a restart alerts nobody twice.
"""

import fcntl
import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zerodte.alerts.error import OutboxError
from zerodte.alerts.event import AlertEvent
from zerodte.alerts.target import AlertTarget

#: Marks the file as ours (`PRAGMA application_id`): "zdal" in ASCII.
_APPLICATION: Final = 2_053_398_892
_VERSION: Final = 1
_LOCK_S: Final = 2.0
#: Events that a target has had, or that were dropped, and are still remembered.
_MOST_REMEMBERED: Final = 100_000
_SCHEMA: Final = """
BEGIN IMMEDIATE;
CREATE TABLE deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    target TEXT NOT NULL,
    key TEXT NOT NULL,
    event BLOB,
    UNIQUE (target, key)
);
CREATE INDEX waiting ON deliveries (target, number) WHERE event IS NOT NULL;
PRAGMA application_id = 2053398892;
PRAGMA user_version = 1;
COMMIT;
"""
# The event is there while it waits; of what is settled, only the key stays.
_ADD: Final = """
INSERT INTO deliveries (target, key, event) VALUES (?, ?, ?)
ON CONFLICT (target, key) DO NOTHING
"""
_NEXT: Final = """
SELECT number, event FROM deliveries WHERE target = ? AND event IS NOT NULL ORDER BY number LIMIT 1
"""
_WAITING: Final = """
SELECT target, count(*) FROM deliveries WHERE event IS NOT NULL GROUP BY target
"""
_SETTLE: Final = "UPDATE deliveries SET event = NULL WHERE number = ? AND event IS NOT NULL"
_DROP: Final = """
UPDATE deliveries SET event = NULL WHERE number IN (
    SELECT number FROM deliveries WHERE target = ? AND event IS NOT NULL AND number != ?
    ORDER BY number LIMIT ?
)
"""
_FORGET: Final = """
DELETE FROM deliveries WHERE event IS NULL AND number <= (
    SELECT number FROM deliveries WHERE target = ? ORDER BY number DESC LIMIT 1 OFFSET ?
) AND target = ?
"""


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """An event that waits for a target.

    Attributes:
        number: Its number in the outbox; earlier ones are smaller.
        event: The event's JSON.
    """

    number: int
    event: bytes


class Outbox:
    """An open outbox; its methods may be called on any thread. One process at a time has it.

    Args:
        path: The file, which is made, readable by its owner only, if it does not exist.
        most_waiting: Events that may wait for one target; beyond that the oldest are dropped.

    Raises:
        OutboxError: It cannot be used, or another server has it open.
    """

    def __init__(self, path: Path, most_waiting: int) -> None:
        self.path = path
        self._most = most_waiting
        self._lock = threading.Lock()
        self._under_way: dict[str, int] = {}
        self._descriptor = self._open_file()
        try:
            with self._failing():
                self._database = sqlite3.connect(
                    path, timeout=_LOCK_S, isolation_level=None, check_same_thread=False
                )
                self._prepare()
                self._waiting = Counter(dict(self._database.execute(_WAITING).fetchall()))
        except BaseException:
            self.close()
            raise

    @property
    def waiting(self) -> Counter[str]:
        """Events that wait, by target; it waits for no disk."""
        return self._waiting.copy()

    def add(self, targets: Sequence[AlertTarget], events: Sequence[AlertEvent]) -> Counter[str]:
        """Add events for the targets that want them, in order, all or none.

        Args:
            targets: The targets.
            events: Events; one that a target has or had already is not added again.

        Returns:
            The older events that were dropped, by target.

        Raises:
            OutboxError: Nothing was added.
        """
        added: Counter[str] = Counter()
        dropped: Counter[str] = Counter()
        with self._changing() as waiting:
            for event in events:
                body = event.encode()
                for target in targets:
                    if target.wants(event):
                        row = (target.name, event.id, body)
                        added[target.name] += self._database.execute(_ADD, row).rowcount
            for name in +added:
                waiting[name] += added[name]
                if (excess := waiting[name] - self._most) > 0:
                    which = name, self._under_way.get(name, 0), excess
                    dropped[name] = self._database.execute(_DROP, which).rowcount
                    waiting[name] -= dropped[name]
                self._database.execute(_FORGET, (name, _MOST_REMEMBERED, name))
        return dropped

    def next(self, target: str) -> OutboxItem | None:
        """The oldest event that waits for a target.

        Raises:
            OutboxError: It cannot be read.
        """
        with self._lock, self._failing():
            # What is being sent is not dropped meanwhile.
            row = self._database.execute(_NEXT, (target,)).fetchone()
            if row is None:
                return None
            item = OutboxItem(*row)
            self._under_way[target] = item.number
            return item

    def settle(self, target: str, item: OutboxItem) -> None:
        """Let an event wait no longer: its target has taken or refused it.

        Raises:
            OutboxError: It still waits.
        """
        with self._changing() as waiting:
            waiting[target] -= self._database.execute(_SETTLE, (item.number,)).rowcount

    def close(self) -> None:
        """Close the file."""
        with self._lock, suppress(sqlite3.Error, AttributeError):
            self._database.close()
        os.close(self._descriptor)

    def _open_file(self) -> int:
        """Make the file if there is none, and keep other servers out of it."""
        lock = self.path.with_name(f"{self.path.name}.lock")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives its journal the same permissions.
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise OutboxError(self.path, error.strerror or "it cannot be made") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise OutboxError(
                self.path,
                "another server delivers from it; choose another file with --alerts-state",
            ) from None
        return descriptor

    def _prepare(self) -> None:
        version, owner, size = (
            int(self._database.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("user_version", "application_id", "page_count")
        )
        if size and owner != _APPLICATION:
            raise OutboxError(self.path, "it is an SQLite file of another program")
        if version > _VERSION:
            raise OutboxError(self.path, "a newer zerodte has written it")
        self._database.execute("PRAGMA synchronous = FULL")
        if not size:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.executescript(_SCHEMA)

    @contextmanager
    def _changing(self) -> Iterator[Counter[str]]:
        """A transaction, and the counts of what waits, which hold once it is committed."""
        with self._lock, self._failing():
            waiting = self._waiting.copy()
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield waiting
                self._database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._database.execute("ROLLBACK")
                raise
            self._waiting = waiting

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Raise errors of SQLite as OutboxError."""
        try:
            yield
        except sqlite3.Error as error:
            raise OutboxError(self.path, str(error)) from error
