"""Importer for DBN files of several schemas, as live sessions of Databento are recorded."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, cast

import databento_dbn as dbn
import numpy as np

from zerodte.importers.csv_content import read_content
from zerodte.importers.record_files import RecordFile, write_files
from zerodte.records.dbn import LENGTH_UNIT, RTYPES, SCHEMAS
from zerodte.tape.error import TapeError

_NOTE: Final = "a DBN file of several schemas, divided"
_TO_V3: Final = cast("dbn.VersionUpgradePolicy", dbn.VersionUpgradePolicy.UPGRADE_TO_V3)
_BLOCK: Final = 1 << 22
_MAPPING: Final = "SymbolMappingMsg"


def import_mixed_dbn(files: Sequence[str | Path], out: str | Path) -> list[RecordFile]:
    """Import DBN files of several schemas into a tape: a file per schema.

    Symbol mappings name the instruments. Kinds of records that a tape does not hold are counted.

    Args:
        files: The files, plain or compressed.
        out: The tape's folder.

    Raises:
        TapeError: If a file is not DBN or is damaged, has no record that a tape can hold, or the
            tape already holds it.
    """
    found = [_read(Path(file)) for file in files]
    write_files(found, Path(out), _NOTE)
    return found


def _read(path: Path) -> RecordFile:
    content = RecordFile(path, "")
    by_rtype: dict[int, list[bytes]] = defaultdict(list)
    sizes = {RTYPES[schema]: SCHEMAS[schema].itemsize for schema in SCHEMAS}
    for message in _messages(path):
        if isinstance(message, dbn.Metadata):
            content.dataset = str(message.dataset)
            continue
        kind = type(message).__name__
        if kind == _MAPPING:
            _map(content, message)
            continue
        raw = bytes(message)  # type: ignore[call-overload]
        size = sizes.get(raw[1])
        if size is None or len(raw) < size:
            content.skipped[f"records of type {kind.removesuffix('Msg')}"] += 1
        else:
            # A send time follows the record, if the session asked for it.
            by_rtype[raw[1]].append(bytes([size // LENGTH_UNIT]) + raw[1:size])
    for rtype, parts in by_rtype.items():
        schemas = [schema for schema in SCHEMAS if RTYPES[schema] == rtype]
        rows = np.frombuffer(b"".join(parts), SCHEMAS[schemas[0]])
        is_trades = len(schemas) > 1 and bool((rows["action"] == b"T").all())
        content.records[schemas[-1] if is_trades else schemas[0]] = rows
        if "raw_symbol" in (rows.dtype.names or ()):
            for number, name in rows[["instrument_id", "raw_symbol"]].tolist():
                content.symbols.setdefault(number, name.decode("ascii", "replace"))
    return content


def _messages(path: Path) -> Iterator[object]:
    """The metadata and the records of a file, of the newest version."""
    content = read_content(path)
    if not content.startswith(b"DBN"):
        raise TapeError(f"{path}: not a DBN file; it begins with {content[:8]!r}, not with b'DBN'")
    decoder = dbn.DBNDecoder(upgrade_policy=_TO_V3)
    try:
        for start in range(0, len(content), _BLOCK):
            decoder.write(content[start : start + _BLOCK])
            yield from decoder.decode()
    except dbn.DBNError as error:
        raise TapeError(f"{path}: damaged: {error}") from error
    if rest := len(decoder.buffer()):
        raise TapeError(f"{path}: ends within a record, {rest} bytes after the last whole one")


def _map(content: RecordFile, message: object) -> None:
    number = int(message.instrument_id)  # type: ignore[attr-defined]
    names = (message.stype_out_symbol, message.stype_in_symbol)  # type: ignore[attr-defined]
    name = next((str(name) for name in names if name), "")
    if name and content.symbols.setdefault(number, name) != name:
        content.skipped["symbol mappings that contradict an earlier one"] += 1
