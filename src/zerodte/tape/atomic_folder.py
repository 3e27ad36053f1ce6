"""A tape's folder that appears under its name when it is whole, and not before."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from zerodte.tape.error import TapeError


@contextmanager
def atomic_folder(out: Path) -> Iterator[Path]:
    """A folder to fill, hidden beside `out`, which takes its place at the end.

    Whatever interrupts the filling, short of a kill, takes the hidden folder away, and the
    folders above it that were made for it; after a kill it stays, hidden, and nobody takes it for a
    tape. A folder that is there already is filled in
    place: what is added to it cannot wait for a name.

    Args:
        out: What the folder is to be called.

    Yields:
        The folder to fill.

    Raises:
        TapeError: If the disk is full or may not be written.
    """
    if out.exists():
        yield out
        return
    hidden = out.with_name(f".{out.name}.{os.getpid()}.part")
    # What a process of this number left behind when it was killed.
    shutil.rmtree(hidden, ignore_errors=True)
    made = [parent for parent in out.parents if not parent.exists()]
    try:
        hidden.mkdir(parents=True)
        yield hidden
        hidden.rename(out)
    except OSError as error:
        if error.filename is not None and not Path(error.filename).is_relative_to(hidden):
            raise
        raise TapeError(f"{out}: {error.strerror}; nothing was written there") from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
        for parent in made:
            # Those that hold the tape, or what somebody else put there, stay.
            with suppress(OSError):
                parent.rmdir()
