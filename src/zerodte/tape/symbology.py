"""Which symbol an instrument id stands for, as a tape's files say it.

Two sources: the mappings in the metadata, which hold for a range of dates, and definition records,
which win. Ids belong to a dataset, and a vendor may number its instruments anew each day.
"""

import datetime
from collections.abc import Iterable, Iterator

import databento_dbn as dbn

from zerodte.tape.compression import Warn
from zerodte.tape.dbnfile import DbnFile

#: Dataset to instrument id to raw symbol.
Symbols = dict[str, dict[int, str]]


def read_symbols(files: Iterable[DbnFile], date: datetime.date | None, warn: Warn) -> Symbols:
    """Gather the symbols of all files.

    Args:
        files: In the order in which later ones win.
        date: The market date that mappings must hold on; None takes all of them.
        warn: Told of definitions that are cut off.

    Raises:
        TapeError: If a file of definitions is damaged.
    """
    files = tuple(files)
    symbols = read_mapped(files, date)
    for file in files:
        if file.schema == "definition":
            for chunk in file.chunks(warn):
                pairs = chunk[["instrument_id", "raw_symbol"]].tolist()
                symbols[file.dataset].update(
                    (number, raw.decode("ascii", "replace")) for number, raw in pairs
                )
    return symbols


def read_mapped(files: Iterable[DbnFile], date: datetime.date | None) -> Symbols:
    """Gather the symbols that the metadata of files maps; arguments as of `read_symbols`."""
    symbols: Symbols = {}
    for file in files:
        known = symbols.setdefault(file.dataset, {})
        # The decoder gives mappings in an order of its own, another in every process.
        known.update(sorted(_mapped(file.metadata, date)))
    return symbols


def _mapped(metadata: dbn.Metadata, date: datetime.date | None) -> Iterator[tuple[int, str]]:
    """The metadata's pairs of id and symbol, whichever of the two it was asked by."""
    by_id = str(metadata.stype_in) == "instrument_id"
    for name, intervals in metadata.mappings.items():
        for interval in intervals:
            if date is None or interval["start_date"] <= date < interval["end_date"]:
                number, symbol = (name, interval["symbol"]) if by_id else (interval["symbol"], name)
                if number.isdecimal():
                    yield int(number), symbol
