"""The manifest of a finished tape: written when it is finished, checked when it is opened.

A tape that is being written has none. Opening checks names and sizes; the checksums are checked as
bytes are read.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import msgspec

from zerodte.errors import printable
from zerodte.tape.append_file import sync_folder, write_synced
from zerodte.tape.checksums import (
    BLOCK_SIZE,
    MANIFEST,
    TapeManifest,
    checksums_of,
    file_bytes,
    wrong_size,
)
from zerodte.tape.compression import is_dbn_name
from zerodte.tape.error import TapeError
from zerodte.tape.sidecars import CANCELS_SUFFIX, CONDITIONS_SUFFIX, NOTES, TICKS

#: The folder in which a simulator writes what no market shows.
TRUTH_FOLDER = "truth"

_SIDECARS = (CONDITIONS_SUFFIX, CANCELS_SUFFIX)


def tape_files(folder: Path) -> Iterator[str]:
    """The paths within a folder of all files that a tape's readers may open, with slashes.

    These are DBN files, their sidecars, `ticks`, `tape.json`, and everything in `truth/`.
    """
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        if any(part.startswith(".") for part in inside.parts) or not path.is_file():
            continue
        name = inside.as_posix()
        is_truth = inside.parts[0] == TRUTH_FOLDER and not name.endswith(".part")
        if is_truth or is_dbn(name) or name in (NOTES, TICKS) or is_dbn(sidecar_owner(name)):
            yield name


def is_dbn(name: str) -> bool:
    """Whether a file of this path within a tape is read as DBN."""
    return is_dbn_name(name) and PurePosixPath(name).parts[0] != TRUTH_FOLDER


def sidecar_owner(name: str) -> str:
    """The file of trades to which a sidecar belongs; empty if this is the name of no sidecar."""
    return next((name.removesuffix(end) for end in _SIDECARS if name.endswith(end)), "")


def read_manifest(folder: Path) -> TapeManifest | None:
    """Read a tape's manifest, and check the names and sizes of its files.

    A DBN file that is not in the manifest was added later, which is allowed; whatever changes the
    meaning of the files in it is not.

    Returns:
        None if the tape has none: it is being written, or comes from elsewhere.

    Raises:
        TapeError: If it is no manifest, or a file is missing, of another size, or was added to the
            files in it.
    """
    manifest = decode_manifest(folder)
    if manifest is not None:
        for problem in name_problems(folder, manifest).values():
            raise problem
    return manifest


def name_problems(folder: Path, manifest: TapeManifest) -> dict[str, TapeError]:
    """What `read_manifest` finds wrong with names and sizes, by file."""
    problems = {}
    for name, known in manifest.files.items():
        file = folder / name
        if not file.is_file():
            problems[name] = TapeError(
                f"{file}: missing; {MANIFEST} has it with {known.size:,} bytes"
            )
        elif (size := file.stat().st_size) != known.size:
            problems[name] = wrong_size(file, size, known.size)
    for name in unlisted(folder, manifest):
        if name in (NOTES, TICKS) or sidecar_owner(name) in manifest.files:
            problems[name] = TapeError(
                f"{folder / name}: not in {MANIFEST}, but it would change what the files in it "
                f"say; remove it, or remove {MANIFEST} too"
            )
    return problems


def check_bytes(folder: Path, manifest: TapeManifest) -> None:
    """Check every byte of the files of a manifest.

    Raises:
        TapeError: If a file is not as the manifest says; the first one.
    """
    for name in manifest.files:
        for _ in file_bytes(folder / name, name, manifest).blocks(manifest.block_size):
            pass


def unlisted(folder: Path, manifest: TapeManifest) -> list[str]:
    """The files of a tape that are not in its manifest, by name."""
    return sorted(set(tape_files(folder)) - manifest.files.keys())


def unchecked_files(folder: Path, manifest: TapeManifest | None) -> list[str]:
    """Sentences on files whose bytes no manifest checks; none if all are checked."""
    if manifest is None:
        return [f"no {MANIFEST}: sizes and frames only are checked"]
    return [
        f"{printable(name)}: not in {MANIFEST}; its size and frames only are checked"
        for name in unlisted(folder, manifest)
    ]


def write_manifest(
    folder: Path, records: Mapping[str, int], earlier: TapeManifest | None = None
) -> None:
    """Write the manifest of a tape that is finished, and wait until it is on the disk.

    Args:
        folder: The tape.
        records: The number of records by file, where known.
        earlier: The manifest before files were added. What it says of others stays, so that
            damage since then is still found; `tape.json` alone is written anew.
    """
    size = BLOCK_SIZE if earlier is None else earlier.block_size
    files = {} if earlier is None else {**earlier.files}
    files.pop(NOTES, None)
    for name in tape_files(folder):
        if name not in files:
            files[name] = checksums_of(folder / name, size, records.get(name))
    manifest = TapeManifest(size, dict(sorted(files.items())))
    part = folder / f"{MANIFEST}.part"
    write_synced(part, msgspec.json.encode(manifest) + b"\n")
    part.replace(folder / MANIFEST)
    sync_folder(folder)


def remove_manifest(folder: Path) -> None:
    """Remove a tape's manifest before the tape is changed."""
    if (folder / MANIFEST).exists():
        (folder / MANIFEST).unlink()
        # After a power cut it must not be there again, beside files that have grown.
        sync_folder(folder)


def decode_manifest(folder: Path) -> TapeManifest | None:
    """Read a manifest, without a look at the tape's other files; None if there is none.

    Raises:
        TapeError: If it is no manifest.
    """
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        manifest = msgspec.json.decode(content, type=TapeManifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TapeError(
            f"{path}: damaged: {error}; restore it, or remove it to read the tape unchecked"
        ) from error
    for name, known in manifest.files.items():
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or "\0" in name:
            raise TapeError(f"{path}: {name!r} is not the path of a file within the tape")
        if len(known.crc32) != -(-known.size // manifest.block_size):
            raise TapeError(
                f"{path}: damaged: {len(known.crc32)} checksums for {known.size:,} bytes of "
                f"{name}; restore it, or remove it to read the tape unchecked"
            )
    return manifest
