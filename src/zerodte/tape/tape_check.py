"""A complete check of a tape: every byte, every frame, every record, and what lies beside them."""

from dataclasses import dataclass
from pathlib import Path

from zerodte.records.dbn import SCHEMAS
from zerodte.tape.checksums import MANIFEST, TapeManifest, file_bytes
from zerodte.tape.compression import read_blocks
from zerodte.tape.dbnfile import read_metadata
from zerodte.tape.error import TapeError
from zerodte.tape.folder import open_tape
from zerodte.tape.manifest import (
    decode_manifest,
    is_dbn,
    name_problems,
    tape_files,
    unchecked_files,
)
from zerodte.tape.sidecars import read_commits


@dataclass(frozen=True, slots=True)
class TapeCheck:
    """The result of a check.

    Attributes:
        files: The number of files that were read.
        size: Their bytes.
        records: Their records.
        unchecked: Sentences on files whose bytes no manifest checks.
        damage: Sentences on what is wrong, each with its file; none if the tape is sound.
    """

    files: int
    size: int
    records: int
    unchecked: tuple[str, ...]
    damage: tuple[str, ...]


def check_tape(folder: Path) -> TapeCheck:
    """Read all of a tape, and name everything that is wrong with it.

    Raises:
        OSError: If a file cannot be read.
    """
    try:
        manifest = decode_manifest(folder)
    except TapeError as error:
        return TapeCheck(0, 0, 0, (), (str(error),))
    problems = {} if manifest is None else name_problems(folder, manifest)
    damage = [str(problem) for problem in problems.values()]
    size = records = 0
    names = sorted(set(tape_files(folder)) - problems.keys())
    for name in names:
        size += (folder / name).stat().st_size
        try:
            records += _check_file(folder, name, manifest)
        except TapeError as error:
            damage.append(str(error))
    if not damage:
        damage += _check_reading(folder)
    unchecked = tuple(unchecked_files(folder, manifest))
    return TapeCheck(len(names), size, records, unchecked, tuple(damage))


def _check_file(folder: Path, name: str, manifest: TapeManifest | None) -> int:
    """Read all of a file; returns the number of its records."""
    path, content = folder / name, file_bytes(folder / name, name, manifest)
    if not is_dbn(name):
        content.read()
        return 0
    file = read_metadata(path, name, manifest)
    cut: list[str] = []
    count = 0
    if file.schema in SCHEMAS:
        count = sum(len(chunk) for chunk in file.chunks(cut.append))
    else:
        for _ in read_blocks(content, cut.append):
            pass
    if content.checksums is None:
        _check_end(folder, name, count, cut)
    elif content.checksums.records not in (None, count):
        raise TapeError(
            f"{path}: {count:,} records, but {content.checksums.records:,} in {MANIFEST}"
        )
    return count


def _check_end(folder: Path, name: str, count: int, cut: list[str]) -> None:
    """Check that a file that is cut off has all records that were committed."""
    if not cut:
        return
    commits, _ = read_commits(folder) or ([], False)
    committed = [commit.counts[name] for commit in commits if name in commit.counts]
    if not commits or count < max(committed, default=0):
        raise TapeError(f"{folder / name}: cut off after {count:,} records: {'; '.join(cut)}")


def _check_reading(folder: Path) -> list[str]:
    """Read the tape as a replay does; returns the error that it would stop with."""
    try:
        for _ in open_tape(folder).ticks():
            pass
    except TapeError as error:
        return [str(error)]
    return []
