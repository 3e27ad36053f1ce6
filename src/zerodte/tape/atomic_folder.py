"""A folder that appears under its name only when it is complete."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from zerodte.tape.error import TapeError


@contextmanager
def atomic_folder(out: Path) -> Iterator[Path]:
    """Fill a hidden folder beside `out`, and rename it to `out` at the end.

    An error or interruption removes the hidden folder and the parent folders created for it.
    After a kill the hidden folder remains, and no reader takes it for a tape.
    An existing folder is filled in place, because files are added to it one by one.

    Args:
        out: The final path of the folder.

    Yields:
        The folder to fill.

    Raises:
        TapeError: If the disk is full or the path is not writable.
    """
    if out.exists():
        yield out
        return
    hidden = out.with_name(f".{out.name}.{os.getpid()}.part")
    # A killed process that had the same number may have left one.
    shutil.rmtree(hidden, ignore_errors=True)
    new_parents = [parent for parent in out.parents if not parent.exists()]
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
        for parent in new_parents:
            # A parent that holds the tape, or anything else by now, stays.
            with suppress(OSError):
                parent.rmdir()
