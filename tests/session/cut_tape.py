"""A tape of several symbols, and the tapes of one symbol each that it is cut into."""

import datetime
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from zerodte.arrays import I64
from zerodte.feeds.simulator.names import NAMES
from zerodte.feeds.simulator.output import write_tape
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.market.calendar import calendar
from zerodte.market.osi import MarketError, parse_osi
from zerodte.market.roots import root_info
from zerodte.tape.dbnfile import DbnFile, find_files
from zerodte.tape.folder import open_tape
from zerodte.tape.sidecars import (
    CANCELS_SUFFIX,
    CONDITIONS_SUFFIX,
    read_cancels,
    read_conditions,
)
from zerodte.tape.writer import TapeWriter

#: An index, the fund that follows it, and a stock.
SYMBOLS = ("SPX", "SPY", "NVDA")
MINUTES = 3


def simulated(folder: Path) -> Path:
    """The first minutes of a session of `SYMBOLS`."""
    session = calendar().session(datetime.date(2025, 6, 6))
    assert session is not None
    names = tuple(NAMES[symbol] for symbol in SYMBOLS)
    write_tape(Simulation(session, names, 7, minutes=MINUTES), folder, lambda _: None)
    return folder


def cut(tape: Path, out: Path) -> dict[str, Path]:
    """One tape a symbol; what belongs to none of them, an index beside them, goes into each."""
    files = find_files(tape)
    symbols = open_tape(tape).symbols
    for symbol in SYMBOLS:
        writer = TapeWriter(out / symbol, source="simulated")
        for file in files:
            known = symbols[file.dataset]
            mine = [number for number, raw in known.items() if owner_of(raw) in (symbol, None)]
            _write(writer, file, np.array(mine), known)
    return {symbol: out / symbol for symbol in SYMBOLS}


def owner_of(raw: str) -> str | None:
    """Whose instrument it is; None for everybody's."""
    try:
        symbol = root_info(parse_osi(raw).root).symbol
    except MarketError:
        symbol = raw.strip()
    return symbol if symbol in SYMBOLS else None


def _write(writer: TapeWriter, file: DbnFile, ids: I64, known: Mapping[int, str]) -> None:
    records = np.concatenate(list(file.chunks(lambda _: None)))
    mine = np.isin(records["instrument_id"], ids)
    if not mine.any():
        return
    conditions = read_conditions(file.sidecar(CONDITIONS_SUFFIX))
    pairs = read_cancels(file.sidecar(CANCELS_SUFFIX), lambda: len(records))
    if pairs is not None:
        # Positions among the records that stay.
        place = np.cumsum(mine) - 1
        pairs = place[pairs[mine[pairs[:, 0]]]]
    writer.write(
        file.dataset,
        file.schema,
        records[mine],
        known,
        name=file.name,
        conditions=None if conditions is None else conditions[mine],
        cancels=pairs,
    )
