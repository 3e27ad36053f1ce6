"""The key file: keys, and answers per key and UTC day, in SQLite.

The journal is write-ahead, so readers never wait for writers. Commits are synchronous: what was
committed survives a kill and a power failure.
"""

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Self

from zerodte.access.error import AccessError, KeyFileError
from zerodte.access.key import KeyRecord, check_name, digest_of, is_like_key, new_id, new_key

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
#: Counts an answer unless the day's limit is reached; then no row changes.
_CHARGE: Final = """
INSERT INTO usage VALUES (:key, :day, 1)
ON CONFLICT (key, day) DO UPDATE SET answers = answers + 1 WHERE answers < :limit
"""
_ADD: Final = """
INSERT INTO usage VALUES (:key, :day, :answers)
ON CONFLICT (key, day) DO UPDATE SET answers = answers + excluded.answers
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


class KeyStore:
    """An open key file. It belongs to the thread that opened it.

    Args:
        path: The file.
        create: Whether to create it, readable by its owner only, if it does not exist.

    Raises:
        KeyFileError: It does not exist, is damaged, or belongs to another program.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        if create:
            self._create_file()
        elif not path.is_file():
            raise _missing(path)
        with self._failing():
            self._inode, self._stamp = _file(path)
            uri = f"{path.absolute().as_uri()}?mode=rw"
            self._database = sqlite3.connect(uri, timeout=_LOCK_S, isolation_level=None, uri=True)
        try:
            self._prepare()
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):
            self._database.close()

    # Keys

    def create(self, plan: str, name: str = "") -> tuple[KeyRecord, str]:
        """Create a key; its text is returned here and stored nowhere.

        Raises:
            AccessError: The name cannot be used, or a valid key has it already.
        """
        name, key = check_name(name), new_key()
        record = KeyRecord(new_id(), name, plan, digest_of(key.encode()), int(time.time()))
        with self.transaction():
            if name and any(r.name == name and not r.revoked for r in self.records().values()):
                raise AccessError(f"there is a key named {name!r} already; choose another name")
            self._database.execute(
                f"INSERT INTO keys ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608
                (record.id, name, plan, record.digest, record.created, None),
            )
            self._revise()
        return record, key

    def rotate(self, which: str) -> tuple[KeyRecord, str]:
        """Replace a key by a new one with the same id, name, plan and usage.

        Raises:
            AccessError: As `revoke` does.
        """
        key = new_key()
        with self.transaction():
            record = self._valid(which)
            self._database.execute(
                "UPDATE keys SET digest = ? WHERE id = ?", (digest_of(key.encode()), record.id)
            )
            self._revise()
        return record, key

    def revoke(self, which: str) -> KeyRecord:
        """Revoke a key for good.

        Args:
            which: Its id, or its name.

        Raises:
            AccessError: No valid key has that id or name.
        """
        with self.transaction():
            record = self._valid(which)
            self._database.execute(
                "UPDATE keys SET revoked = ? WHERE id = ?", (int(time.time()), record.id)
            )
            self._revise()
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

    @property
    def changes(self) -> int:
        """A number that is another once another process or thread has written to the file."""
        with self._failing():
            return int(self._database.execute("PRAGMA data_version").fetchone()[0])

    def is_untouched(self) -> bool:
        """Whether nothing but this connection's journal has changed the file itself.

        Raises:
            KeyFileError: The path leads to no file any more, or to another one.
        """
        with self._failing():
            inode, stamp = _file(self.path)
        if inode != self._inode:
            raise KeyFileError(self.path, "it was replaced", is_unreadable=True)
        return stamp == self._stamp

    # Usage

    def usage(self, day: str) -> dict[str, int]:
        """Answers of a UTC day, yyyy-MM-dd, by key id."""
        with self._failing():
            rows = self._database.execute("SELECT key, answers FROM usage WHERE day = ?", (day,))
            return dict(rows.fetchall())

    def charge(self, key: str, day: str, limit: int) -> int | None:
        """Count an answer within a transaction: the day's answers; None if it has `limit`."""
        values = {"key": key, "day": day, "limit": limit}
        if not self._database.execute(_CHARGE, values).rowcount:
            return None
        (answers,) = self._database.execute(_ANSWERS, values).fetchone()
        return int(answers)

    def add(self, answers: Mapping[tuple[str, str], int]) -> None:
        """Add answers by key id and UTC day, within a transaction."""
        rows = [{"key": k, "day": day, "answers": count} for (k, day), count in answers.items()]
        self._database.executemany(_ADD, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction that is committed at its end, and undone by any error.

        Raises:
            KeyFileError: It cannot be committed; nothing has changed.
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

    def _valid(self, which: str) -> KeyRecord:
        if is_like_key(which):
            raise AccessError(
                "that is a key itself; give its id or name, as `zerodte keys list` shows them, and "
                "rotate the key, because commands are recorded by shells"
            )
        found = [r for r in self.records().values() if which in (r.id, r.name)]
        if valid := [record for record in found if not record.revoked]:
            return valid[0]
        if found:
            raise AccessError(f"the key {which!r} is revoked already")
        raise AccessError(f"there is no key {which!r}; `zerodte keys list` lists ids and names")

    def _revise(self) -> None:
        self._database.execute("UPDATE revision SET number = number + 1")

    def _create_file(self) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives its journal the same permissions.
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            reason, hint = f"cannot create it: {error.strerror}", "choose another place with --keys"
            raise KeyFileError(self.path, reason, hint=hint) from error

    def _prepare(self) -> None:
        with self._failing():
            version = self._pragma("user_version")
            owner, size = self._pragma("application_id"), self._pragma("page_count")
            if size and owner != _APPLICATION:
                raise KeyFileError(
                    self.path, "it is an SQLite file of another program", is_unreadable=True
                )
            if version > _VERSION:
                raise KeyFileError(self.path, "a newer zerodte has written it", is_unreadable=True)
            self._database.execute("PRAGMA synchronous = FULL")
            if size and self._database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise KeyFileError(self.path, _REASONS["SQLITE_CORRUPT"], is_unreadable=True)
            if not size:
                self._database.execute("PRAGMA journal_mode = WAL")
                self._database.executescript(_SCHEMA)

    def _pragma(self, name: str) -> int:
        return int(self._database.execute(f"PRAGMA {name}").fetchone()[0])

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Raise errors of SQLite and the system as KeyFileError."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._error(getattr(error, "sqlite_errorname", ""), str(error)) from error
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _missing(self.path) from error

    def _error(self, name: str, text: str) -> KeyFileError:
        reason = next((said for known, said in _REASONS.items() if name.startswith(known)), text)
        return KeyFileError(self.path, reason, is_unreadable=name.startswith(_UNREADABLE))


def _file(path: Path) -> tuple[tuple[int, int], tuple[int, int]]:
    """Which file a path leads to, and what changes when somebody writes to it."""
    stat = path.stat()
    return (stat.st_dev, stat.st_ino), (stat.st_size, stat.st_mtime_ns)


def _missing(path: Path) -> KeyFileError:
    hint = "`zerodte keys create --plan growth` makes one"
    return KeyFileError(path, "it does not exist", hint=hint, is_unreadable=True)
