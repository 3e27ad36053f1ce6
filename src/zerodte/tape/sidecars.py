"""The formats of the files beside DBN files: notes, sale conditions, cancels, ticks.

Each has a reader and a writer.
"""

import codecs
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np

from zerodte.arrays import I64, U8
from zerodte.constants import SECOND
from zerodte.records.condition import Condition
from zerodte.tape.checksums import FileBytes, TapeManifest, file_bytes
from zerodte.tape.error import TapeError

NOTES = "tape.json"
TICKS = "ticks"
CONDITIONS_SUFFIX = ".conditions"
CANCELS_SUFFIX = ".cancels"
#: Bytes of a cancel: two positions.
CANCEL_SIZE = 16


class ImportLoss(msgspec.Struct, frozen=True):
    """What an import could not read of one fact.

    Attributes:
        unknown: How many are unknown.
        seen: How many the input had, unknown ones included.
        example: The first unknown one and its place.
    """

    unknown: Annotated[int, msgspec.Meta(ge=0)]
    seen: Annotated[int, msgspec.Meta(ge=0)]
    example: str = ""

    def __add__(self, other: "ImportLoss") -> "ImportLoss":
        """The losses of two inputs."""
        return ImportLoss(
            self.unknown + other.unknown, self.seen + other.seen, self.example or other.example
        )


def join_losses(
    first: Mapping[str, Mapping[str, ImportLoss]], second: Mapping[str, Mapping[str, ImportLoss]]
) -> dict[str, dict[str, ImportLoss]]:
    """The losses of several imports into a tape, by symbol and fact."""
    joined = {symbol: dict(losses) for symbol, losses in first.items()}
    for symbol, losses in second.items():
        known = joined.setdefault(symbol, {}) if losses else {}
        for fact, loss in losses.items():
            known[fact] = known[fact] + loss if fact in known else loss
    return joined


class Notes(msgspec.Struct, frozen=True):
    """Facts about a tape as a whole.

    Attributes:
        source: Its origin: recorded, simulated, or another word.
        notes: Free text, such as "minute bars".
        cadence_seconds: The source's update interval per instrument, such as 60 for minute bars,
            whose prices stay fresh for as long; 0 where the schemas tell it.
        import_losses: What imports could not read, by symbol and fact ("bids", "open interest").
        warnings: What every answer of a symbol has to say, by symbol, such as that it is delayed.
        delay_seconds: How late the records of a dataset are, where they are late as a whole beside
            others that are not: they stay fresh for as much longer, and end no silence.
    """

    source: str = "recorded"
    notes: tuple[str, ...] = ()
    cadence_seconds: Annotated[int, msgspec.Meta(ge=0)] = 0
    import_losses: dict[str, dict[str, ImportLoss]] = {}
    warnings: dict[str, tuple[str, ...]] = {}
    delay_seconds: dict[str, Annotated[int, msgspec.Meta(ge=0, le=86_400)]] = {}

    def import_warnings(self) -> dict[str, tuple[str, ...]]:
        """Its warnings, and a sentence for each fact that is partly unknown, by symbol."""
        losses = self._loss_warnings()
        return {
            symbol: (*self.warnings.get(symbol, ()), *losses.get(symbol, ()))
            for symbol in dict.fromkeys((*self.warnings, *losses))
        }

    def _loss_warnings(self) -> dict[str, tuple[str, ...]]:
        return {
            symbol: tuple(
                f"{fact} unknown for {loss.unknown:,} of {loss.seen:,} "
                f"({100 * loss.unknown / max(loss.seen, 1):.3g}%) in the imported file"
                + (f", such as {loss.example}" if loss.example else "")
                for fact, loss in losses.items()
            )
            for symbol, losses in self.import_losses.items()
        }


class Commit(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of `ticks`: a complete tick.

    Attributes:
        end: UTC nanoseconds, a whole second.
        counts: The number of each file's records up to and including this tick, by file name. A
            recorder also counts the pairs in files of cancels. A file without an entry keeps its
            previous number.
        gap: Why records of the tick may be missing; empty if none is.
    """

    end: int
    counts: dict[str, int]
    gap: str = ""


def read_notes(folder: Path, manifest: TapeManifest | None = None) -> Notes:
    """Read `tape.json`; a folder without one is a recorded tape without notes.

    Raises:
        TapeError: If the file does not have the form of `Notes`, or is not that of the manifest.
    """
    path = folder / NOTES
    if not path.exists():
        return Notes()
    try:
        return msgspec.json.decode(
            file_bytes(path, NOTES, manifest).read().removeprefix(codecs.BOM_UTF8), type=Notes
        )
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TapeError(
            f'{path}: {error}; expected: {{"source": "recorded", "notes": ["..."]}}'
        ) from error


def write_notes(folder: Path, notes: Notes) -> None:
    """Write `tape.json`."""
    text = msgspec.json.format(msgspec.json.encode(notes), indent=2)
    write_atomically(folder / NOTES, text + b"\n")


def sidecar_path(file: Path, suffix: str) -> Path:
    """The path of a file's sidecar: its own with a suffix."""
    return file.with_name(file.name + suffix)


def read_conditions(sidecar: FileBytes, committed: int | None = None) -> U8 | None:
    """Read the conditions of a file of trades: uint8[n]; None without a sidecar.

    Args:
        sidecar: The file of conditions.
        committed: The number of committed trades; None if all are. Conditions after them, left by
            a killed recorder, are ignored.
    """
    return np.frombuffer(sidecar.read(), np.uint8)[:committed] if sidecar.path.exists() else None


def check_conditions(codes: U8, count: int, name: str) -> None:
    """Check the conditions of trades.

    Raises:
        TapeError: If their number is not `count`, or a code is not one of `Condition`.
    """
    if len(codes) != count:
        raise TapeError(
            f"{name}: {len(codes)} conditions for {count} trades; expected: one byte per trade"
        )
    if len(codes) and codes.max() > max(Condition):
        raise TapeError(f"{name}: condition {codes.max()}; expected: 0 to {max(Condition):d}")


def read_cancels(
    sidecar: FileBytes, count: Callable[[], int], committed: int | None = None
) -> I64 | None:
    """Read the cancels of a file of trades; None without a sidecar.

    Args:
        sidecar: The file of cancels.
        count: Counts the trades; called only if there are cancels and all trades are committed.
        committed: The number of committed trades; None if all are. Cancels after them, left by a
            killed recorder, are ignored, and so is an incomplete pair.

    Returns:
        int64[n, 2]: positions of cancels, ascending, and of the trades that they cancel.

    Raises:
        TapeError: If a pair is incomplete, or does not point from a trade to an earlier one.
    """
    path = sidecar.path
    if not path.exists():
        return None
    content = sidecar.read()
    if committed is not None:
        content = content[: len(content) // CANCEL_SIZE * CANCEL_SIZE]
    if len(content) % CANCEL_SIZE:
        raise TapeError(
            f"{path}: {len(content)} bytes; expected: two int64 per cancel, {CANCEL_SIZE} bytes"
        )
    pairs = np.frombuffer(content, "<i8").reshape(-1, 2)
    if committed is not None:
        pairs = pairs[pairs[:, 0] < committed]
    check_cancels(pairs, count() if committed is None else committed, str(path))
    return pairs[np.argsort(pairs[:, 0], kind="stable")]


def check_cancels(pairs: I64, count: int, name: str) -> None:
    """Check the cancels of trades.

    Raises:
        TapeError: If a pair does not point from a trade to an earlier one of the file.
    """
    cancel, original = pairs[:, 0], pairs[:, 1]
    is_valid = (original >= 0) & (original < cancel) & (cancel < count)
    if not is_valid.all():
        wrong = pairs[int(np.argmin(is_valid))].tolist()
        raise TapeError(
            f"{name}: record {wrong[0]} cancels trade {wrong[1]} in a file of {count} trades; "
            "expected: a cancel after its trade, both within the file"
        )


def read_commits(
    folder: Path, manifest: TapeManifest | None = None
) -> tuple[list[Commit], bool] | None:
    """Read `ticks`; None if there is no such file.

    Returns:
        The commits, and whether the last line is incomplete, as a killed recorder leaves it.

    Raises:
        TapeError: If a line is not a commit, or does not continue the previous one; or the file is
            not that of the manifest.
    """
    path = folder / TICKS
    if not path.exists():
        return None
    *lines, last = file_bytes(path, TICKS, manifest).read().split(b"\n")
    commits: list[Commit] = []
    counts: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        commit = _commit(path, number, line)
        _check_order(path, number, commit, commits[-1] if commits else None, counts)
        counts.update(commit.counts)
        commits.append(commit)
    return commits, bool(last)


def read_first_commit(folder: Path) -> Commit | None:
    """The first commit of `ticks`; None without one that can be read."""
    path = folder / TICKS
    if not path.exists():
        return None
    with path.open("rb") as lines, suppress(TapeError):
        return _commit(path, 1, lines.readline())
    return None


def _commit(path: Path, number: int, line: bytes) -> Commit:
    try:
        return msgspec.json.decode(line, type=Commit)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TapeError(
            f'{path}, line {number}: {error}; expected: {{"end": ns, "counts": {{file: n}}}}'
        ) from error


def _check_order(
    path: Path, number: int, commit: Commit, previous: Commit | None, counts: dict[str, int]
) -> None:
    if commit.end % SECOND:
        raise TapeError(
            f"{path}, line {number}: ends at {commit.end}, which is not a whole second; "
            "a tick ends at a multiple of 1000000000 ns"
        )
    if previous is not None and commit.end <= previous.end:
        raise TapeError(
            f"{path}, line {number}: ends at {commit.end}, "
            f"not after the previous line ({previous.end})"
        )
    for name, count in commit.counts.items():
        if count < counts.get(name, 0):
            raise TapeError(
                f"{path}, line {number}: {count} records of {name}, "
                f"fewer than the previous {counts.get(name, 0)}"
            )


def encode_commit(commit: Commit) -> bytes:
    """A commit as a line of `ticks`."""
    return msgspec.json.encode(commit) + b"\n"


def write_atomically(path: Path, *content: bytes) -> None:
    """Write a file under a temporary name and rename it, so that it is never seen incomplete."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as out:
        out.writelines(content)
    part.replace(path)
