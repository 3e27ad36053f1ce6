"""Folders that a killed process leaves behind: each is locked while it is used, so it is known."""

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

#: What is between prefix and suffix of a name: the process's number, perhaps with a random word.
_MIDDLE = re.compile(r"[0-9]+(-[0-9a-f]+)?")


@contextmanager
def temporary(folder: Path, prefix: str, suffix: str = "") -> Iterator[Path]:
    """A new folder in `folder` that is removed at the end, or by the next one after a kill.

    Args:
        folder: Where; created if needed.
        prefix: The start of its name; the process's number follows.
        suffix: The end of its name.

    Raises:
        OSError: It cannot be created.
    """
    sweep(folder, prefix, suffix)
    path = _name(folder, prefix, suffix)
    lock = _create(path)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def sweep(folder: Path, prefix: str, suffix: str = "") -> None:
    """Remove what processes that are gone have left in `folder`."""
    for path in _left(folder, prefix, suffix):
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def out_of_the_way(path: Path, prefix: str, suffix: str) -> Iterator[None]:
    """Move a folder aside; at the end it is removed if another has its name, else put back.

    After a kill in between, `put_back` does the same.

    Args:
        path: The folder.
        prefix: The start of the name of the folder beside it that it is moved into.
        suffix: The end of that name.

    Raises:
        OSError: It cannot be moved, or not be put back; then it is left aside for `put_back`.
    """
    aside = _name(path.parent, prefix, suffix)
    lock = _create(aside)
    try:
        path.rename(aside / path.name)
        yield
    finally:
        try:
            _settle(aside, path)
        finally:
            if lock is not None:
                os.close(lock)


def put_back(path: Path, prefix: str, suffix: str) -> None:
    """Put back what a process that is gone had moved `out_of_the_way`.

    Where there is a folder by now, that one stays, and what was moved is removed.

    Raises:
        OSError: It cannot be put back, so it is left where it is, which the error names.
    """
    for left in _left(path.parent, prefix, suffix):
        _settle(left, path)


def _settle(aside: Path, path: Path) -> None:
    """Put back what was moved aside, unless there is a folder by now; remove the rest."""
    moved = aside / path.name
    if moved.exists() and not path.is_dir():
        moved.rename(path)
    shutil.rmtree(aside, ignore_errors=True)


def _left(folder: Path, prefix: str, suffix: str) -> Iterator[Path]:
    """What processes that are gone have left in `folder`, each locked meanwhile."""
    for path in folder.glob(f"{escape(prefix)}*{escape(suffix)}"):
        middle = path.name.removeprefix(prefix).removesuffix(suffix)
        if _MIDDLE.fullmatch(middle) and (lock := _lock(path, fcntl.LOCK_NB)) is not None:
            try:
                yield path
            finally:
                os.close(lock)


def _name(folder: Path, prefix: str, suffix: str) -> Path:
    return folder / f"{prefix}{os.getpid()}-{secrets.token_hex(4)}{suffix}"


def _create(path: Path) -> int | None:
    """Create a folder and lock it, even if somebody sweeps it in between.

    Returns:
        The lock's file descriptor; None where the file system has no locks, so nobody sweeps.
    """
    while True:
        path.mkdir(parents=True)
        lock = _lock(path)
        if path.exists():
            return lock
        if lock is not None:
            os.close(lock)


def _lock(path: Path, how: int = 0) -> int | None:
    """Lock a folder of this user; None if it is in use, or no such folder."""
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        if os.fstat(lock).st_uid == os.getuid():
            fcntl.flock(lock, fcntl.LOCK_EX | how)
            return lock
    except OSError:
        pass
    os.close(lock)
    return None
