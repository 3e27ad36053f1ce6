"""Writing records to a tape folder, as files that any DBN reader understands.

Each call of `write` adds one file. Existing files never change, so several downloads or imports of
a day can share a tape. `finish` says that no more will come.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
import zstandard

from zerodte.arrays import I64, U8, U32
from zerodte.records.dbn import LENGTH_UNIT, RTYPES, SCHEMAS, TRADE_SCHEMAS, UNDEF_TIME, Records
from zerodte.tape.compression import PLAIN_SUFFIX, ZSTD_SUFFIX, is_compressed
from zerodte.tape.dbnfile import find_files
from zerodte.tape.error import TapeError
from zerodte.tape.manifest import read_manifest, remove_manifest, write_manifest
from zerodte.tape.metadata import encode_metadata, utc_datetime
from zerodte.tape.sidecars import (
    CANCELS_SUFFIX,
    CONDITIONS_SUFFIX,
    ImportLoss,
    Notes,
    check_cancels,
    check_conditions,
    join_losses,
    read_notes,
    sidecar_path,
    write_atomically,
    write_notes,
)
from zerodte.tape.symbology import read_symbols

_DATASET_LENGTH = 15


class TapeWriter:
    """Writes a tape, or adds to one.

    Args:
        path: The folder; created if needed.
        source: The origin of the tape: "recorded", "simulated", ... All of a tape has the same.
        notes: Facts for readers of the tape; added to its existing notes.
        cadence_seconds: The source's update interval per instrument, unless its schemas tell it;
            the longest of a tape counts.
        import_losses: What an import could not read, by symbol and fact; added to the tape's own.
        warnings: What every answer of a symbol has to say; added to the tape's own.

    Raises:
        TapeError: If the folder is a tape of another source, or holds unreadable DBN files, or is
            not as its manifest says.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        source: str = "recorded",
        notes: Iterable[str] = (),
        cadence_seconds: int = 0,
        import_losses: Mapping[str, Mapping[str, ImportLoss]] | None = None,
        warnings: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        files = find_files(self.path)
        self._earlier = read_manifest(self.path)
        existing = read_notes(self.path, self._earlier)
        if files and existing.source != source:
            raise TapeError(
                f"{self.path}: a tape that is {existing.source}, not {source}; use another folder"
            )
        cadence = max(existing.cadence_seconds, cadence_seconds)
        all_notes = tuple(dict.fromkeys((*existing.notes, *notes)))
        losses = join_losses(existing.import_losses, import_losses or {})
        sentences = _join_warnings(existing.warnings, warnings or {})
        self._notes = Notes(source, all_notes, cadence, losses, sentences)
        #: What was there before without a manifest cannot be vouched for.
        self._may_finish = not files or self._earlier is not None
        self._is_begun = False
        self._counts: dict[str, int] = {}
        self._symbols = read_symbols(files, date=None, warn=lambda _: None)
        self._ids = {
            dataset: {symbol: instrument_id for instrument_id, symbol in symbols.items()}
            for dataset, symbols in self._symbols.items()
        }

    def ids(self, dataset: str, symbols: Sequence[str]) -> U32:
        """Assign instrument ids; symbols of the tape keep theirs, new ones are numbered after them.

        Args:
            dataset: The dataset of the ids.
            symbols: Raw symbols, options as padded OSI symbols.

        Returns:
            uint32[len(symbols)]. Later calls of `write` know their symbols.
        """
        symbols_by_id = self._symbols.setdefault(dataset, {})
        ids = self._ids.setdefault(dataset, {})
        next_id = max(symbols_by_id, default=0) + 1
        for symbol in symbols:
            if symbol not in ids:
                ids[symbol] = next_id
                symbols_by_id[next_id] = symbol
                next_id += 1
        return np.array([ids[symbol] for symbol in symbols], np.uint32)

    def write(
        self,
        dataset: str,
        schema: str,
        records: Records,
        symbols: Mapping[int, str] | None = None,
        *,
        name: str | None = None,
        conditions: U8 | None = None,
        cancels: I64 | None = None,
    ) -> Path:
        """Write one file and its sidecars.

        Args:
            dataset: At most 15 ASCII characters, such as "OPRA.PILLAR" or "ZERODTE.INDEX".
            schema: A key of `zerodte.records.dbn.SCHEMAS`.
            records: In the schema's layout, by receive time.
            symbols: Instrument id to raw symbol, for ids that did not come from `ids`.
            name: The file's name within the folder, ending in .dbn or .dbn.zst (compressed).
                The default consists of dataset, schema and first time, and is compressed.
            conditions: uint8[len(records)] of `Condition`, for trades.
            cancels: int64[n, 2], positions of a cancel and of its trade, for trades.

        Returns:
            The file's path.

        Raises:
            TapeError: If the file exists, no record has a receive time, the records are not in
                the schema's layout, or an instrument has no symbol.
        """
        check_records(dataset, schema, records)
        start, end = _span(dataset, schema, records)
        path = self.path / (name or f"{dataset.lower()}.{schema}.{_stamp(start)}{ZSTD_SUFFIX}")
        if not path.name.endswith((PLAIN_SUFFIX, ZSTD_SUFFIX)):
            raise TapeError(
                f"{path}: the name of a DBN file ends in {PLAIN_SUFFIX} or {ZSTD_SUFFIX}"
            )
        if path.exists():
            raise TapeError(f"{path}: exists, and a tape's files are never overwritten")
        metadata = encode_metadata(
            dataset, schema, start, end, self._register_symbols(dataset, records, symbols)
        )
        sidecars = _sidecars(schema, len(records), conditions, cancels)
        self._begin()
        path.parent.mkdir(parents=True, exist_ok=True)
        for suffix, sidecar in sidecars.items():
            write_atomically(sidecar_path(path, suffix), sidecar)
        content = metadata + records.tobytes()
        if is_compressed(path):
            content = zstandard.ZstdCompressor(write_checksum=True).compress(content)
        write_atomically(path, content)
        self._counts[path.relative_to(self.path).as_posix()] = len(records)
        return path

    def warn(self, warnings: Mapping[str, Sequence[str]]) -> None:
        """Add to what every answer of a symbol has to say."""
        joined = _join_warnings(self._notes.warnings, warnings)
        self._notes = msgspec.structs.replace(self._notes, warnings=joined)
        if self._is_begun:
            write_notes(self.path, self._notes)

    def finish(self) -> None:
        """Write the manifest: from now on, readers check every byte of the tape before they use it.

        A tape that was there before, without a manifest, stays without one.
        """
        self._begin()
        if self._may_finish:
            write_manifest(self.path, self._counts, self._earlier)

    def _begin(self) -> None:
        """Before the first change: a tape that is being written has no manifest."""
        if not self._is_begun:
            remove_manifest(self.path)
            write_notes(self.path, self._notes)
            self._is_begun = True

    def _register_symbols(
        self, dataset: str, records: Records, symbols: Mapping[int, str] | None
    ) -> dict[int, str]:
        """Remember new symbols; returns the symbol of every instrument in `records`."""
        known = self._symbols.setdefault(dataset, {})
        ids = self._ids.setdefault(dataset, {})
        new = dict(symbols or {})
        if "raw_symbol" in (records.dtype.names or ()):
            names = (raw.decode("ascii", "replace") for raw in records["raw_symbol"].tolist())
            new.update(zip(records["instrument_id"].tolist(), names, strict=True))
        for instrument_id, symbol in new.items():
            if not symbol:
                raise TapeError(f"{dataset}: the symbol of instrument {instrument_id} is empty")
            if known.setdefault(instrument_id, symbol) != symbol:
                raise TapeError(
                    f"{dataset}: instrument {instrument_id} is {known[instrument_id]}, not {symbol}"
                )
            ids.setdefault(symbol, instrument_id)
        present = np.unique(records["instrument_id"]).tolist()
        if unknown := [instrument_id for instrument_id in present if instrument_id not in known]:
            raise TapeError(
                f"{dataset}: no symbol for {len(unknown)} instruments, {unknown[0]} the first; "
                "number them with ids(), or pass symbols"
            )
        return {instrument_id: known[instrument_id] for instrument_id in present}


def _join_warnings(
    first: Mapping[str, Sequence[str]], second: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    return {
        symbol: tuple(dict.fromkeys((*first.get(symbol, ()), *second.get(symbol, ()))))
        for symbol in {**first, **second}
    }


def check_records(dataset: str, schema: str, records: Records) -> None:
    """Check that records fit their dataset and schema.

    Raises:
        TapeError: If a tape cannot hold the dataset or schema, or the records' layout or headers
            are not the schema's.
    """
    if not (dataset.isascii() and 0 < len(dataset) <= _DATASET_LENGTH):
        raise TapeError(f"dataset {dataset!r}; expected: 1 to {_DATASET_LENGTH} ASCII characters")
    if schema not in SCHEMAS:
        raise TapeError(f"schema {schema!r}; expected: one of {', '.join(SCHEMAS)}")
    layout = SCHEMAS[schema]
    if records.dtype != layout:
        raise TapeError(
            f"{schema}: records of another layout; create them with records({schema!r}, n)"
        )
    is_valid = (records["length"] == layout.itemsize // LENGTH_UNIT) & (
        records["rtype"] == RTYPES[schema]
    )
    if not is_valid.all():
        raise TapeError(
            f"{schema}: records with the header of another schema; "
            f"create them with records({schema!r}, n)"
        )


def _span(dataset: str, schema: str, records: Records) -> tuple[int, int]:
    times = records["ts_recv"]
    times = times[(times != 0) & (times != UNDEF_TIME)]
    if not len(times):
        raise TapeError(f"{dataset} {schema}: no record with a receive time (ts_recv)")
    return int(times.min()), int(times.max())


def _stamp(time: int) -> str:
    return utc_datetime(time).strftime("%Y%m%dT%H%M%SZ")


def _sidecars(
    schema: str,
    count: int,
    conditions: U8 | None,
    cancels: I64 | None,
) -> dict[str, bytes]:
    out = {}
    if conditions is not None:
        check_conditions(conditions, count, "conditions")
        out[CONDITIONS_SUFFIX] = conditions.astype(np.uint8).tobytes()
    if cancels is not None:
        check_cancels(cancels, count, "cancels")
        out[CANCELS_SUFFIX] = cancels.astype("<i8").tobytes()
    if out and schema not in TRADE_SCHEMAS:
        raise TapeError(
            f"conditions and cancels belong to {', '.join(TRADE_SCHEMAS)}, not {schema}"
        )
    return out
