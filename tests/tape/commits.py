"""The file `ticks` for tapes that no recorder wrote."""

from collections.abc import Iterable
from pathlib import Path

from zerodte.tape.sidecars import TICKS, Commit, encode_commit


def write_commits(folder: Path, commits: Iterable[Commit]) -> None:
    """Write `ticks`."""
    (folder / TICKS).write_bytes(b"".join(map(encode_commit, commits)))
