"""The CSV formats that can be imported, by the columns that only they have."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zerodte.importers.csv_text import iterate_rows
from zerodte.tape.error import TapeError

_MAX_LINES_ABOVE_TABLE: Final = 10


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """A format.

    Attributes:
        command: The command that imports it.
        label: In messages.
        columns: Columns that its files have, in lower case.
    """

    command: str
    label: str
    columns: tuple[str, ...]


CBOE_TRADES: Final = CsvFormat(
    "cboe-trades",
    "option trades of the Cboe DataShop",
    (
        "quote_datetime",
        "root",
        "expiration",
        "strike",
        "option_type",
        "trade_size",
        "trade_price",
        "trade_condition_id",
        "best_bid",
        "best_ask",
    ),
)
CBOE_EOD: Final = CsvFormat(
    "cboe-eod",
    "end-of-day quotes of the Cboe DataShop",
    ("quote_date", "expiration", "strike", "option_type", "open_interest"),
)
DATABENTO_CSV: Final = CsvFormat(
    "databento-csv",
    "a CSV file of Databento",
    ("rtype", "publisher_id", "instrument_id", "ts_recv"),
)
CBOE_CHAIN: Final = CsvFormat(
    "cboe-chain",
    "a chain of Cboe's delayed quotes",
    ("expiration date", "calls", "strike", "puts"),
)
CSV_FORMATS: Final = (CBOE_TRADES, CBOE_EOD, DATABENTO_CSV, CBOE_CHAIN)


def format_of(names: Sequence[str]) -> CsvFormat | None:
    """The format of a header; None if it is of none."""
    present = {" ".join(name.split()).lower() for name in names}
    return next((known for known in CSV_FORMATS if present.issuperset(known.columns)), None)


def hint_of(names: Sequence[str]) -> str:
    """What an error about another format's header may add; empty if it is of none."""
    known = format_of(names)
    return "" if known is None else f"; it is {known.label}: use zerodte import {known.command}"


def recognise(path: Path) -> CsvFormat:
    """Recognise a file by its header.

    Raises:
        TapeError: If it cannot be read, or is of no format.
    """
    rows = list(itertools.islice(iterate_rows(path), _MAX_LINES_ABOVE_TABLE))
    for row in rows:
        if (known := format_of(row.cells)) is not None:
            return known
    labels = "; ".join(known.label for known in CSV_FORMATS)
    raise TapeError(
        f"{path}: of no known format; it begins with {','.join(rows[0].cells)[:60]!r}; "
        f"expected: {labels}"
    )
