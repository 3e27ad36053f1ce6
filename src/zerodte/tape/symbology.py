"""The raw symbols of instrument ids, from a tape's files.

There are two sources: mappings in the metadata, valid for a range of dates, and definition records,
which take precedence. Ids belong to a dataset and a session, as a vendor renumbers its instruments
each day: definitions received in another session say nothing. The first one of an id stands.
"""

import datetime
from collections.abc import Iterable, Iterator

import databento_dbn as dbn
import numpy as np

from zerodte.records.dbn import Records
from zerodte.tape.compression import Warn
from zerodte.tape.dbnfile import DbnFile

#: Dataset to instrument id to raw symbol.
Symbols = dict[str, dict[int, str]]


def read_symbols(
    files: Iterable[DbnFile],
    date: datetime.date | None,
    warn: Warn,
    span: tuple[int, int] | None = None,
) -> Symbols:
    """Read the symbols of all files.

    Args:
        files: By name.
        date: The market date on which mappings must be valid; None accepts all of them.
        span: First and last receive time of the definitions that count, UTC ns; None accepts all.
        warn: Receives a warning for each incomplete file of definitions.

    Raises:
        TapeError: If a file of definitions is damaged.
    """
    files = tuple(files)
    symbols = read_mappings(files, date, warn)
    first: dict[str, dict[int, tuple[int, str]]] = {}
    for file in files:
        if file.schema == "definition":
            known = first.setdefault(file.dataset, {})
            for chunk in file.chunks(warn):
                for instrument_id, received, raw in _definitions(chunk, span):
                    # The earliest one, and the first in the order of files of equally early ones.
                    earliest = known.get(instrument_id)
                    if earliest is None or received < earliest[0]:
                        known[instrument_id] = received, raw.decode("ascii", "replace")
    for dataset, known in first.items():
        symbols[dataset].update((number, symbol) for number, (_, symbol) in known.items())
    return symbols


def _definitions(chunk: Records, span: tuple[int, int] | None) -> list[tuple[int, int, bytes]]:
    """Id, receive time and symbol of the definitions that were received within a span."""
    if span is not None:
        times = chunk["ts_recv"]
        chunk = chunk[(times >= np.uint64(span[0])) & (times <= np.uint64(span[1]))]
    rows: list[tuple[int, int, bytes]] = chunk[["instrument_id", "ts_recv", "raw_symbol"]].tolist()
    return rows


def read_mappings(
    files: Iterable[DbnFile], date: datetime.date | None, warn: Warn | None = None
) -> Symbols:
    """Read the symbols mapped by the metadata of files; arguments as for `read_symbols`."""
    symbols: Symbols = {}
    for file in files:
        known = symbols.setdefault(file.dataset, {})
        contradictions = 0
        # The order of the decoder's mappings differs from process to process.
        for number, symbol in sorted(
            (number, symbol)
            for number, symbol, start, end in metadata_mappings(file.metadata)
            if date is None or start <= date < end
        ):
            contradictions += known.setdefault(number, symbol) != symbol
        if contradictions and warn is not None:
            warn(
                f"{file.name}: {contradictions:,} mappings contradict those of the files before; "
                "the first counts"
            )
    return symbols


def metadata_mappings(
    metadata: dbn.Metadata,
) -> Iterator[tuple[int, str, datetime.date, datetime.date]]:
    """Id, symbol, first day and the day after the last; a download is keyed by either of two."""
    is_by_id = str(metadata.stype_in) == "instrument_id"
    for key, intervals in metadata.mappings.items():
        for interval in intervals:
            value = interval["symbol"]
            instrument_id, symbol = (key, value) if is_by_id else (value, key)
            if instrument_id.isdecimal():
                yield int(instrument_id), symbol, interval["start_date"], interval["end_date"]
