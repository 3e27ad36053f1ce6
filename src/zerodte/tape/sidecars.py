"""What DBN cannot hold and therefore lies beside it: notes, sale conditions, cancels, ticks.

Formats only, each with its reader and its writer.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np

from zerodte.arrays import I64, U8
from zerodte.constants import SECOND
from zerodte.records.condition import Condition
from zerodte.tape.error import TapeError

NOTES = "tape.json"
TICKS = "ticks"
CONDITIONS_SUFFIX = ".conditions"
CANCELS_SUFFIX = ".cancels"
#: Bytes of a cancel: two positions.
PAIR = 16


class Notes(msgspec.Struct, frozen=True):
    """What is to be known of a tape beside its records.

    Attributes:
        source: What made it: recorded, simulated, or a name of the maker's own.
        notes: Free text, such as "minute bars".
        cadence_seconds: How often its own source speaks of an instrument, 60 for minute bars, so
            that what it said a minute ago is still fresh; 0 where the schemas say it all.
    """

    source: str = "recorded"
    notes: tuple[str, ...] = ()
    cadence_seconds: Annotated[int, msgspec.Meta(ge=0)] = 0


class Commit(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of `ticks`: a tick that is complete.

    Attributes:
        end: UTC nanoseconds, a whole second.
        counts: File name to how many of its records came up to and in this tick; a recorder also
            counts the pairs in files of cancels. A file that is not named still has as many as
            before.
        gap: Why not all that happened in the tick may have been received; empty where all was.
    """

    end: int
    counts: dict[str, int]
    gap: str = ""


def read_notes(folder: Path) -> Notes:
    """Read `tape.json`; a folder without one is a recorded tape without notes.

    Raises:
        TapeError: If it is not of the form of `Notes`.
    """
    path = folder / NOTES
    if not path.exists():
        return Notes()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Notes)
    except msgspec.DecodeError as error:
        raise TapeError(
            f'{path}: {error}; expected is {{"source": "recorded", "notes": ["..."]}}'
        ) from error


def write_notes(folder: Path, notes: Notes) -> None:
    """Write `tape.json`."""
    text = msgspec.json.format(msgspec.json.encode(notes), indent=2)
    write_whole(folder / NOTES, text + b"\n")


def beside(file: Path, suffix: str) -> Path:
    """The sidecar of a file: its name with a suffix."""
    return file.with_name(file.name + suffix)


def read_conditions(file: Path, committed: int | None = None) -> U8 | None:
    """Read the conditions beside a file of trades: uint8, one each; None without a sidecar.

    Args:
        file: The trades.
        committed: How many of them count; None for all. What a killed recorder wrote after them
            is passed over.
    """
    path = beside(file, CONDITIONS_SUFFIX)
    return np.frombuffer(path.read_bytes(), np.uint8)[:committed] if path.exists() else None


def check_conditions(codes: U8, count: int, name: str) -> None:
    """Hold conditions against the trades they belong to.

    Raises:
        TapeError: If their number is not `count`, or a code is not one of `Condition`.
    """
    if len(codes) != count:
        raise TapeError(f"{name}: {len(codes)} conditions for {count} trades; one byte for each")
    if len(codes) and codes.max() > max(Condition):
        raise TapeError(f"{name}: condition {codes.max()}; known are 0 to {max(Condition):d}")


def read_cancels(file: Path, count: Callable[[], int], committed: int | None = None) -> I64 | None:
    """Read the cancels beside a file of trades; None without a sidecar.

    Args:
        file: The trades.
        count: How many there are; asked for only where there are cancels and all trades count.
        committed: How many of them count; None for all. What a killed recorder wrote of those
            after them, perhaps within a pair, is passed over.

    Returns:
        int64[n, 2]: the positions of the cancel and of the trade that it cancels, by the first.

    Raises:
        TapeError: If it is no whole number of pairs, or a position lies outside the file.
    """
    path = beside(file, CANCELS_SUFFIX)
    if not path.exists():
        return None
    content = path.read_bytes()
    if committed is not None:
        content = content[: len(content) // PAIR * PAIR]
    if len(content) % PAIR:
        raise TapeError(f"{path}: {len(content)} bytes; expected are pairs of two int64")
    pairs = np.frombuffer(content, "<i8").reshape(-1, 2)
    if committed is not None:
        pairs = pairs[pairs[:, 0] < committed]
    check_cancels(pairs, count() if committed is None else committed, str(path))
    return pairs[np.argsort(pairs[:, 0], kind="stable")]


def check_cancels(pairs: I64, count: int, name: str) -> None:
    """Hold cancels against the trades they belong to.

    Raises:
        TapeError: If a pair does not point from a trade to an earlier one of the file.
    """
    cancel, original = pairs[:, 0], pairs[:, 1]
    good = (original >= 0) & (original < cancel) & (cancel < count)
    if not good.all():
        wrong = pairs[int(np.argmin(good))].tolist()
        raise TapeError(
            f"{name}: cancel {wrong[0]} of trade {wrong[1]}, in a file of {count} trades; "
            "a cancel comes after the trade, both within the file"
        )


def read_commits(folder: Path) -> tuple[list[Commit], bool] | None:
    """Read `ticks`; None where there is no such file.

    Returns:
        The commits, and whether the last line was torn, as a killed recorder leaves it.

    Raises:
        TapeError: If a line is not a commit, or does not come after the one before it.
    """
    path = folder / TICKS
    if not path.exists():
        return None
    *lines, last = path.read_bytes().split(b"\n")
    commits: list[Commit] = []
    counts: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        commit = _commit(path, number, line)
        _check_order(path, number, commit, commits[-1] if commits else None, counts)
        counts.update(commit.counts)
        commits.append(commit)
    return commits, bool(last)


def _commit(path: Path, number: int, line: bytes) -> Commit:
    try:
        return msgspec.json.decode(line, type=Commit)
    except msgspec.DecodeError as error:
        raise TapeError(
            f'{path}, line {number}: {error}; expected is {{"end": ns, "counts": {{file: n}}}}'
        ) from error


def _check_order(
    path: Path, number: int, commit: Commit, before: Commit | None, counts: dict[str, int]
) -> None:
    if commit.end % SECOND:
        raise TapeError(
            f"{path}, line {number}: ends at {commit.end}, which is not a whole second; "
            "a tick ends at a multiple of 1000000000 ns"
        )
    if before is not None and commit.end <= before.end:
        raise TapeError(
            f"{path}, line {number}: ends at {commit.end}, not after the line before ({before.end})"
        )
    for name, count in commit.counts.items():
        if count < counts.get(name, 0):
            raise TapeError(
                f"{path}, line {number}: {count} records of {name}, "
                f"fewer than the {counts.get(name, 0)} before"
            )


def write_commits(folder: Path, commits: Sequence[Commit]) -> None:
    """Write `ticks`."""
    write_whole(folder / TICKS, b"".join(msgspec.json.encode(c) + b"\n" for c in commits))


def write_whole(path: Path, *content: bytes) -> None:
    """Write a file under a temporary name and rename it: no half file is taken for a whole one."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as out:
        out.writelines(content)
    part.replace(path)
