"""Records to a tape folder, in files that any reader of DBN takes.

One file per call of `write`. Files are only ever added: several downloads of a day, or a recorder's
parts, make one tape.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import zstandard

from zerodte.arrays import I64, U8, U32
from zerodte.records.dbn import LENGTH_UNIT, RTYPES, SCHEMAS, TRADE_SCHEMAS, UNDEF_TIME, Records
from zerodte.tape.compression import PLAIN_SUFFIX, ZSTD_SUFFIX, is_compressed
from zerodte.tape.dbnfile import find_files
from zerodte.tape.error import TapeError
from zerodte.tape.metadata import encode_metadata, utc
from zerodte.tape.sidecars import (
    CANCELS_SUFFIX,
    CONDITIONS_SUFFIX,
    Commit,
    Notes,
    beside,
    check_cancels,
    check_conditions,
    read_notes,
    write_commits,
    write_notes,
    write_whole,
)
from zerodte.tape.symbology import read_symbols

_DATASET_LENGTH = 15


class TapeWriter:
    """Writes a tape, or adds to one.

    Args:
        path: The folder; made where it does not exist.
        source: What makes the tape: "recorded", "simulated", ... Parts of one tape agree on it.
        notes: What a reader of the tape should know; added to the notes that are there.
        cadence_seconds: How often the source speaks of an instrument, if its schemas do not say;
            of several makers of one tape, the slowest counts.

    Raises:
        TapeError: If the folder is a tape of another source, or holds files that are none.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        source: str = "recorded",
        notes: Iterable[str] = (),
        cadence_seconds: int = 0,
    ) -> None:
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        files = find_files(self.path)
        known = read_notes(self.path)
        if files and known.source != source:
            raise TapeError(
                f"{self.path}: a tape that is {known.source}, not {source}; use another"
            )
        told = tuple(dict.fromkeys((*known.notes, *notes)))
        cadence = max(known.cadence_seconds, cadence_seconds)
        write_notes(self.path, Notes(source, told, cadence))
        self._symbols = read_symbols(files, date=None, warn=lambda _: None)
        self._ids = {
            dataset: {symbol: number for number, symbol in known.items()}
            for dataset, known in self._symbols.items()
        }

    def ids(self, dataset: str, symbols: Sequence[str]) -> U32:
        """Number instruments: symbols that the tape knows keep their ids, new ones come after.

        Args:
            dataset: The dataset that the ids belong to.
            symbols: Raw symbols, options as padded OSI symbols.

        Returns:
            uint32[len(symbols)]. `write` then knows the symbols of these ids.
        """
        symbols_by_id = self._symbols.setdefault(dataset, {})
        ids = self._ids.setdefault(dataset, {})
        free = max(symbols_by_id, default=0) + 1
        for symbol in symbols:
            if symbol not in ids:
                ids[symbol] = free
                symbols_by_id[free] = symbol
                free += 1
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
        """Write one file, and what belongs beside it.

        Args:
            dataset: At most 15 ASCII characters, such as "OPRA.PILLAR" or "ZERODTE.INDEX".
            schema: A key of `zerodte.records.dbn.SCHEMAS`.
            records: Of that schema's layout, in the order of their receive times.
            symbols: Instrument id to raw symbol, where they did not come from `ids`.
            name: The file's name below the folder, ending in .dbn or .dbn.zst (compressed).
                Without one it is made of dataset, schema and first time, and compressed.
            conditions: uint8[len(records)] of `Condition`, for trades.
            cancels: int64[n, 2], positions of a cancel and of the trade it cancels, for trades.

        Returns:
            The file's path.

        Raises:
            TapeError: If the file exists, there is nothing to write, the records are not of the
                schema, or the symbol of an instrument is not known.
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
            dataset, schema, start, end, self._learn(dataset, records, symbols)
        )
        sidecars = _sidecars(schema, len(records), conditions, cancels)
        path.parent.mkdir(parents=True, exist_ok=True)
        for suffix, sidecar in sidecars.items():
            write_whole(beside(path, suffix), sidecar)
        content = metadata + records.tobytes()
        if is_compressed(path):
            content = zstandard.ZstdCompressor(write_checksum=True).compress(content)
        write_whole(path, content)
        return path

    def write_ticks(self, commits: Sequence[Commit]) -> None:
        """Write which records each tick holds; without it a reader cuts by receive time."""
        write_commits(self.path, commits)

    def _learn(
        self, dataset: str, records: Records, symbols: Mapping[int, str] | None
    ) -> dict[int, str]:
        """The symbol of every instrument in `records`, remembered for the next file."""
        known = self._symbols.setdefault(dataset, {})
        ids = self._ids.setdefault(dataset, {})
        told = dict(symbols or {})
        if "raw_symbol" in (records.dtype.names or ()):
            names = (raw.decode("ascii", "replace") for raw in records["raw_symbol"].tolist())
            told.update(zip(records["instrument_id"].tolist(), names, strict=True))
        for number, symbol in told.items():
            if not symbol:
                raise TapeError(f"{dataset}: the symbol of instrument {number} is empty")
            if known.setdefault(number, symbol) != symbol:
                raise TapeError(f"{dataset}: instrument {number} is {known[number]}, not {symbol}")
            ids.setdefault(symbol, number)
        used = np.unique(records["instrument_id"]).tolist()
        if unknown := [number for number in used if number not in known]:
            raise TapeError(
                f"{dataset}: no symbol for {len(unknown)} instruments, {unknown[0]} the first; "
                "number them with ids(), or pass symbols"
            )
        return {number: known[number] for number in used}


def check_records(dataset: str, schema: str, records: Records) -> None:
    """Hold records against the schema that they are to be of.

    Raises:
        TapeError: If the dataset, the schema, the layout or a record's header is none of a tape.
    """
    if not (dataset.isascii() and 0 < len(dataset) <= _DATASET_LENGTH):
        raise TapeError(
            f"dataset {dataset!r}; expected are 1 to {_DATASET_LENGTH} ASCII characters"
        )
    if schema not in SCHEMAS:
        raise TapeError(f"schema {schema!r}; expected is one of {', '.join(SCHEMAS)}")
    layout = SCHEMAS[schema]
    if records.dtype != layout:
        raise TapeError(
            f"{schema}: records of another layout; make them with records({schema!r}, n)"
        )
    good = (records["length"] == layout.itemsize // LENGTH_UNIT) & (
        records["rtype"] == RTYPES[schema]
    )
    if not good.all():
        raise TapeError(
            f"{schema}: header of another schema; make them with records({schema!r}, n)"
        )


def _span(dataset: str, schema: str, records: Records) -> tuple[int, int]:
    times = records["ts_recv"]
    times = times[(times != 0) & (times != UNDEF_TIME)]
    if not len(times):
        raise TapeError(f"{dataset} {schema}: no record with a receive time (ts_recv)")
    return int(times.min()), int(times.max())


def _stamp(instant: int) -> str:
    return utc(instant).strftime("%Y%m%dT%H%M%SZ")


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
