"""A folder that appears under its name only when it is complete."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from zerodte.tape.checksums import MANIFEST
from zerodte.tape.error import TapeError
from zerodte.tape.leftovers import sweep, temporary
from zerodte.tape.sidecars import NOTES, write_atomically


@contextmanager
def _undone_on_error(folder: Path) -> Iterator[None]:
    """Leave a tape as it was if adding to it fails."""
    before = set(folder.rglob("*"))
    rewritten = {
        path: path.read_bytes() for path in (folder / NOTES, folder / MANIFEST) if path.is_file()
    }
    try:
        yield
    except BaseException:
        for path in set(folder.rglob("*")) - before:
            with suppress(OSError):
                path.unlink()
        for path, content in rewritten.items():
            with suppress(OSError):
                write_atomically(path, content)
        raise


@contextmanager
def as_if_in(folder: Path, out: Path) -> Iterator[None]:
    """Let errors of what fills a folder of `atomic_folder` speak of the final one."""
    try:
        yield
    except TapeError as error:
        raise TapeError(str(error).replace(str(folder), str(out))) from error


@contextmanager
def atomic_folder(out: Path) -> Iterator[Path]:
    """Fill a hidden folder beside `out`, and rename it to `out` at the end.

    An error or interruption removes the hidden folder and the parent folders created for it.
    After a kill the hidden folder remains, no reader takes it for a tape, and the next attempt at
    the same path removes it.
    An existing folder is filled in place, because files are added to it one by one; an error or
    interruption removes them again, and puts `tape.json` and the manifest back.

    Args:
        out: The final path of the folder.

    Yields:
        The folder to fill.

    Raises:
        TapeError: If the disk is full or the path is not writable.
    """
    prefix, suffix = f".{out.name}.", ".part"
    if out.exists():
        sweep(out.parent, prefix, suffix)
        with _undone_on_error(out):
            yield out
        return
    new_parents = [parent for parent in out.parents if not parent.exists()]
    try:
        with temporary(out.parent, prefix, suffix) as hidden:
            yield hidden
            hidden.rename(out)
    except OSError as error:
        if error.filename is not None and f"/{prefix}" not in Path(error.filename).as_posix():
            raise
        raise TapeError(f"{out}: {error.strerror}; nothing was written there") from error
    finally:
        for parent in new_parents:
            # A parent that holds the tape, or anything else by now, stays.
            with suppress(OSError):
                parent.rmdir()
