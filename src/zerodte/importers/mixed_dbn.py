"""Importer for DBN files of several schemas, as live sessions of Databento are recorded."""

import datetime
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import databento_dbn as dbn
import numpy as np

from zerodte.importers.csv_content import read_content
from zerodte.importers.record_files import RecordFile, write_files
from zerodte.records.dbn import LENGTH_UNIT, RTYPES, SCHEMAS
from zerodte.tape.error import TapeError
from zerodte.tape.metadata import utc_datetime
from zerodte.tape.symbology import metadata_mappings

_NOTE: Final = "a DBN file of several schemas, divided"
_TO_V3: Final = cast("dbn.VersionUpgradePolicy", dbn.VersionUpgradePolicy.UPGRADE_TO_V3)
_BLOCK: Final = 1 << 22
_MAPPING: Final = "SymbolMappingMsg"


@dataclass
class _Renamed:
    """Instruments that have another symbol than their first.

    Attributes:
        now: By the last mapping of a live session.
        days: By the metadata: first day and the day after the last, by id.
    """

    now: set[int] = field(default_factory=set)
    days: dict[int, list[tuple[datetime.date, datetime.date]]] = field(default_factory=dict)

    def covers(self, message: object) -> bool:
        """Whether a record is of one of them."""
        number = getattr(message, "instrument_id", None)
        if number in self.now:
            return True
        if number is None or number not in self.days:
            return False
        at = getattr(message, "ts_recv", None) or message.ts_event  # type: ignore[attr-defined]
        day = utc_datetime(at).date()
        return any(start <= day < end for start, end in self.days[number])


def import_mixed_dbn(files: Sequence[str | Path], out: str | Path) -> list[RecordFile]:
    """Import DBN files of several schemas into a tape: a file per schema.

    Symbol mappings and metadata name the instruments. Where a later one names another symbol, the
    instrument's records from there on are left out and counted, until it has its first name again.
    Kinds of records that a tape does not hold are counted.

    Args:
        files: The files, plain or compressed.
        out: The tape's folder.

    Raises:
        TapeError: If a file is not DBN or is damaged, is of several datasets, has no record that a
            tape can hold, or the tape already holds it.
    """
    found = [_read(Path(file)) for file in files]
    write_files(found, Path(out), _NOTE)
    return found


def _read(path: Path) -> RecordFile:
    content = RecordFile(path, "")
    by_rtype: dict[int, list[bytes]] = defaultdict(list)
    renamed = _Renamed()
    sizes = {RTYPES[schema]: SCHEMAS[schema].itemsize for schema in SCHEMAS}
    for message in _messages(path):
        if isinstance(message, dbn.Metadata):
            _take_metadata(content, message, renamed)
            continue
        kind = type(message).__name__
        if kind == _MAPPING:
            _map(content, message, renamed)
            continue
        if renamed.covers(message):
            content.skipped["records of instruments after a mapping to another symbol"] += 1
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


def _take_metadata(content: RecordFile, metadata: dbn.Metadata, renamed: _Renamed) -> None:
    """Take the dataset, and the symbols of its mappings to ids."""
    dataset = str(metadata.dataset)
    if content.dataset not in ("", dataset):
        raise TapeError(
            f"{content.path}: records of {content.dataset} and of {dataset}; "
            "expected: a file of one dataset"
        )
    content.dataset = dataset
    by_day = sorted(metadata_mappings(metadata), key=lambda mapping: (mapping[2], mapping[0]))
    for number, symbol, start, end in by_day:
        if content.symbols.setdefault(number, symbol) != symbol:
            renamed.days.setdefault(number, []).append((start, end))


def _map(content: RecordFile, message: object, renamed: _Renamed) -> None:
    """Take a mapping of a live session."""
    number = int(message.instrument_id)  # type: ignore[attr-defined]
    names = (message.stype_out_symbol, message.stype_in_symbol)  # type: ignore[attr-defined]
    name = next((str(name) for name in names if name), "")
    if not name:
        return
    if content.symbols.setdefault(number, name) == name:
        renamed.now.discard(number)
    else:
        renamed.now.add(number)
        content.skipped["symbol mappings that contradict an earlier one"] += 1
