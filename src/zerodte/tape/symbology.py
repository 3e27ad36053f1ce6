"""The raw symbols of instrument ids, from a tape's files.

There are two sources: mappings in the metadata, valid for a range of dates, and definition records,
which take precedence. Ids belong to a dataset, and a vendor may renumber its instruments each day.
"""

import datetime
from collections.abc import Iterable, Iterator

import databento_dbn as dbn

from zerodte.tape.compression import Warn
from zerodte.tape.dbnfile import DbnFile

#: Dataset to instrument id to raw symbol.
Symbols = dict[str, dict[int, str]]


def read_symbols(files: Iterable[DbnFile], date: datetime.date | None, warn: Warn) -> Symbols:
    """Read the symbols of all files.

    Args:
        files: In ascending precedence.
        date: The market date on which mappings must be valid; None accepts all of them.
        warn: Receives a warning for each incomplete file of definitions.

    Raises:
        TapeError: If a file of definitions is damaged.
    """
    files = tuple(files)
    symbols = read_mappings(files, date)
    for file in files:
        if file.schema == "definition":
            for chunk in file.chunks(warn):
                pairs = chunk[["instrument_id", "raw_symbol"]].tolist()
                symbols[file.dataset].update(
                    (instrument_id, raw.decode("ascii", "replace")) for instrument_id, raw in pairs
                )
    return symbols


def read_mappings(files: Iterable[DbnFile], date: datetime.date | None) -> Symbols:
    """Read the symbols mapped by the metadata of files; arguments as for `read_symbols`."""
    symbols: Symbols = {}
    for file in files:
        # The order of the decoder's mappings differs from process to process.
        symbols.setdefault(file.dataset, {}).update(sorted(_mappings(file.metadata, date)))
    return symbols


def _mappings(metadata: dbn.Metadata, date: datetime.date | None) -> Iterator[tuple[int, str]]:
    """The metadata's pairs of id and symbol; a download is keyed by either."""
    is_by_id = str(metadata.stype_in) == "instrument_id"
    for key, intervals in metadata.mappings.items():
        for interval in intervals:
            if date is None or interval["start_date"] <= date < interval["end_date"]:
                value = interval["symbol"]
                instrument_id, symbol = (key, value) if is_by_id else (value, key)
                if instrument_id.isdecimal():
                    yield int(instrument_id), symbol
