"""The key file: keys, and answers per key and UTC day, in SQLite.

The journal is write-ahead, so readers never wait for writers. Commits are synchronous: what was
committed survives a kill and a power failure.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from zerodte.access.error import KeyStoreError
from zerodte.access.key import KeyRecord
from zerodte.access.key_store import Addition, Decide, KeyStore, missing

#: Marks the file as ours (`PRAGMA application_id`): "zdte" in ASCII.
_APPLICATION: Final = 2_053_403_749
_VERSION: Final = 1
#: Seconds to wait for another writer, such as another server on a slow disk.
_LOCK_S: Final = 2.0
_SCHEMA: Final = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    plan TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    revoked INTEGER
);
CREATE TABLE IF NOT EXISTS usage (
    key TEXT NOT NULL,
    day TEXT NOT NULL,
    answers INTEGER NOT NULL,
    PRIMARY KEY (key, day)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS revision (number INTEGER NOT NULL);
INSERT INTO revision SELECT 0 WHERE NOT EXISTS (SELECT * FROM revision);
PRAGMA application_id = 2053403749;
PRAGMA user_version = 1;
COMMIT;
"""
_COLUMNS: Final = "id, name, plan, digest, created, revoked"
_ADD: Final = """
INSERT INTO usage VALUES (:key, :day, :answers)
ON CONFLICT (key, day) DO UPDATE SET answers = answers + excluded.answers
"""
_STORE: Final = """
INSERT INTO keys VALUES (:id, :name, :plan, :digest, :created, :revoked)
ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, revoked = excluded.revoked
"""
_ANSWERS: Final = "SELECT answers FROM usage WHERE key = :key AND day = :day"
_REASONS: Final = {
    "SQLITE_BUSY": "it is locked by another program",
    "SQLITE_LOCKED": "it is locked by another program",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "it is read-only",
    "SQLITE_PERM": "it may not be read",
    "SQLITE_CANTOPEN": "it cannot be opened",
    "SQLITE_CORRUPT": "it is damaged",
    "SQLITE_NOTADB": "it is not a key file, or is damaged",
    "SQLITE_IOERR": "the system cannot read or write it",
}
#: These leave nothing to look keys up in.
_UNREADABLE: Final = ("SQLITE_PERM", "SQLITE_CANTOPEN", "SQLITE_CORRUPT", "SQLITE_NOTADB")


class KeyFile(KeyStore):
    """An open key file. It belongs to the thread that opened it.

    Args:
        path: The file.
        create: Whether to create it, readable by its owner only, if it does not exist.

    Raises:
        KeyStoreError: It does not exist, is damaged, or belongs to another program.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        super().__init__(path)
        self.path = path
        if create:
            self._create_file()
        elif not path.is_file():
            raise missing(path)
        with self._failing():
            self._inode, self._stamp = _file(path)
            uri = f"{path.absolute().as_uri()}?mode=rw"
            self._database = sqlite3.connect(uri, timeout=_LOCK_S, isolation_level=None, uri=True)
        try:
            self._prepare()
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):
            self._database.close()

    def change(self, decide: Decide) -> KeyRecord:
        """Store a record within one transaction."""
        with self.transaction():
            record = decide(self.records())
            self._database.execute(_STORE, asdict(record))
            self._database.execute("UPDATE revision SET number = number + 1")
        return record

    def copy_to(self, other: sqlite3.Connection) -> None:
        """Copy the whole file into another database, a backup for instance."""
        with self._failing():
            self._database.backup(other)

    def records(self) -> dict[bytes, KeyRecord]:
        """All keys by digest, oldest first."""
        with self._failing():
            rows = self._database.execute(
                f"SELECT {_COLUMNS} FROM keys ORDER BY created, rowid"  # noqa: S608
            )
            return {record.digest: record for record in (KeyRecord(*row) for row in rows)}

    @property
    def revision(self) -> int:
        """A number that grows with every change of the keys."""
        with self._failing():
            (number,) = self._database.execute("SELECT number FROM revision").fetchone()
            return int(number)

    def is_current(self) -> bool:
        """Whether nothing but this connection's journal has changed the file itself.

        A checkpoint has, or somebody who should not: pages in memory may be out of date.

        Raises:
            KeyStoreError: The path leads to no file any more, or to another one.
        """
        with self._failing():
            inode, stamp = _file(self.path)
        if inode != self._inode:
            raise KeyStoreError(self.path, "it was replaced", is_unreadable=True)
        return stamp == self._stamp

    def usage(self, day: str) -> dict[str, int]:
        """Answers of a UTC day, yyyy-MM-dd, by key id."""
        with self._failing():
            rows = self._database.execute("SELECT key, answers FROM usage WHERE day = ?", (day,))
            return dict(rows.fetchall())

    def add(self, additions: Sequence[Addition]) -> list[int | KeyStoreError]:
        """Add answers in one transaction, all or none."""
        with self.transaction():
            return [self._add(addition) for addition in additions]

    def _add(self, addition: Addition) -> int:
        values = {"key": addition.key, "day": addition.day}
        found = self._database.execute(_ANSWERS, values).fetchone()
        before = int(found[0]) if found else 0
        added = addition.answers
        if addition.limit is not None:
            added = min(added, addition.limit - before)
        if added > 0:
            self._database.execute(_ADD, {**values, "answers": added})
        return before

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction that is committed at its end, and undone by any error.

        Raises:
            KeyStoreError: It cannot be committed; nothing has changed.
        """
        with self._failing():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._database.execute("ROLLBACK")
                raise

    def _create_file(self) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives its journal the same permissions.
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            reason, hint = f"cannot create it: {error.strerror}", "choose another place with --keys"
            raise KeyStoreError(self.path, reason, hint=hint) from error

    def _prepare(self) -> None:
        with self._failing():
            version = self._pragma("user_version")
            owner, size = self._pragma("application_id"), self._pragma("page_count")
            if size and owner != _APPLICATION:
                raise KeyStoreError(
                    self.path, "it is an SQLite file of another program", is_unreadable=True
                )
            if version > _VERSION:
                raise KeyStoreError(self.path, "a newer zerodte has written it", is_unreadable=True)
            self._database.execute("PRAGMA synchronous = FULL")
            if size and self._database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise KeyStoreError(self.path, _REASONS["SQLITE_CORRUPT"], is_unreadable=True)
            if not size:
                self._database.execute("PRAGMA journal_mode = WAL")
                self._database.executescript(_SCHEMA)

    def _pragma(self, name: str) -> int:
        return int(self._database.execute(f"PRAGMA {name}").fetchone()[0])

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Raise errors of SQLite and the system as KeyStoreError."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._error(getattr(error, "sqlite_errorname", ""), str(error)) from error
        except (FileNotFoundError, NotADirectoryError) as error:
            raise missing(self.path) from error

    def _error(self, name: str, text: str) -> KeyStoreError:
        reason = next((said for known, said in _REASONS.items() if name.startswith(known)), text)
        return KeyStoreError(self.path, reason, is_unreadable=name.startswith(_UNREADABLE))


def _file(path: Path) -> tuple[tuple[int, int], tuple[int, int]]:
    """Which file a path leads to, and what changes when somebody writes to it."""
    stat = path.stat()
    return (stat.st_dev, stat.st_ino), (stat.st_size, stat.st_mtime_ns)
