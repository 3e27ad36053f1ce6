"""A small tape of made records."""

from pathlib import Path

from session.made_records import (
    CONTRACTS,
    DATE,
    OPEN,
    SECOND,
    STOCKS,
    STRIKES,
    SYMBOLS,
    morning,
    prices,
    quotes,
    stock,
    trades,
)
from zerodte.market.calendar import TradingSession, calendar
from zerodte.records.dbn import OPRA, Records
from zerodte.tape.folder import Tape, open_tape
from zerodte.tape.writer import TapeWriter

__all__ = [
    "CONTRACTS",
    "DATE",
    "OPEN",
    "SECOND",
    "STOCKS",
    "STRIKES",
    "SYMBOLS",
    "hours",
    "morning",
    "prices",
    "quotes",
    "stock",
    "trades",
    "write",
]


def hours() -> TradingSession:
    """The session of the tape."""
    session = calendar().session(DATE)
    assert session is not None
    return session


def write(
    folder: Path, *files: tuple[str, Records], packed: bool = False, settled: bool = True
) -> Tape:
    """A tape of the morning and of files of (schema, records), in the order of their names."""
    suffix = ".dbn.zst" if packed else ".dbn"
    defined, interest = morning()
    writer = TapeWriter(folder)
    writer.write(OPRA, "definition", defined, name=f"definition{suffix}")
    if settled:
        writer.write(OPRA, "statistics", interest, name=f"statistics{suffix}")
    for number, (schema, rows) in enumerate(files):
        dataset, symbols = (STOCKS, {1: "ABC"}) if schema == "bbo-1s" else (OPRA, SYMBOLS)
        writer.write(dataset, schema, rows, symbols, name=f"{number}.{schema}{suffix}")
    return open_tape(folder)
