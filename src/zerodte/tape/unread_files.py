"""The files in a tape's folder that are not read, and why."""

from pathlib import Path, PurePosixPath
from typing import Final

from zerodte.tape.checksums import MANIFEST
from zerodte.tape.compression import DBN_SUFFIXES
from zerodte.tape.manifest import TRUTH_FOLDER, sidecar_owner, tape_files
from zerodte.wire.text import first_of

_MAX_NAMES: Final = 5  # in a sentence
_TABLES: Final = (".csv", ".tsv", ".parquet", ".feather", ".arrow")
_ARCHIVES: Final = (".zip", ".tar", ".tgz", ".7z", ".rar")
#: What the vendor puts beside the files of a batch download.
_DOWNLOAD: Final = ("manifest.json", "metadata.json", "symbology.json", "condition.json")
_PACKED: Final = (".zst", ".gz", ".bz2", ".xz")


def unread_files(folder: Path) -> list[str]:
    """A sentence for each reason, naming files; hidden files and `truth/` are not looked at."""
    names: dict[str, list[str]] = {}
    known = {*tape_files(folder), MANIFEST}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        name = inside.as_posix()
        is_hidden = any(part.startswith(".") for part in inside.parts)
        if is_hidden or inside.parts[0] == TRUTH_FOLDER or path.is_dir():
            continue
        if not path.is_file():
            names.setdefault("it leads nowhere, or is no file", []).append(name)
            continue
        owner = sidecar_owner(name)
        if name not in known:
            names.setdefault(_reason(name), []).append(name)
        elif owner and owner not in known:
            names.setdefault(f"they belong to no file ({owner} is missing)", []).append(name)
    return [f"{first_of(group, _MAX_NAMES)}: not read; {reason}" for reason, group in names.items()]


def _reason(name: str) -> str:
    end = PurePosixPath(name).name.lower()
    expected = ", ".join(f"*{suffix}" for suffix in DBN_SUFFIXES)
    if end in _DOWNLOAD:
        return "the vendor's account of its download"
    if ".dbn" in end:
        return f"DBN is read from {expected} only"
    while end.endswith(_PACKED):
        end = end.rpartition(".")[0]
    if end.endswith(_TABLES):
        return f"the records of a tape are DBN ({expected}); download them as DBN, or import them"
    if end.endswith(_ARCHIVES):
        return "an archive; unpack it into the folder"
    return "not DBN by its name"
