"""Tapes served as ThetaData's terminal, and what of them a fetched tape has to hold."""

import contextlib
import functools
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from feeds.gateway import DATE
from processes import lasting_folder
from zerodte.feeds.simulator.names import NAMES
from zerodte.feeds.simulator.output import write_tape
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.feeds.thetadata.terminal_server import TerminalFault, ThetaTerminalServer
from zerodte.market.calendar import calendar
from zerodte.market.osi import parse_osi
from zerodte.records.condition import Condition
from zerodte.records.dbn import STAT_OPEN_INTEREST, UNDEF_PRICE, UNDEF_SIZE
from zerodte.tape.folder import Tape, open_tape
from zerodte.tape.source import FileSource

MS, SECOND, MINUTE = 10**6, 10**9, 60 * 10**9
Row = tuple[Any, ...]


@functools.cache
def simulated(symbol: str = "SPX", minutes: int = 4) -> Tape:
    """The first minutes of a session."""
    session = calendar().session(DATE)
    assert session is not None
    out = lasting_folder("zerodte-terminal-") / "tape"
    write_tape(Simulation(session, (NAMES[symbol],), 7, minutes=minutes), out, lambda _: None)
    return open_tape(out)


@contextlib.contextmanager
def serving_terminal(
    *tapes: FileSource,
    faults: Sequence[TerminalFault | None] = (),
    refused: Sequence[str] = (),
) -> Iterator[ThetaTerminalServer]:
    """A terminal for as long as the context lasts."""
    server = ThetaTerminalServer(tapes, host="127.0.0.1", port=0, faults=faults, refused=refused)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(10)
        assert not thread.is_alive()


def followed(tape: Tape) -> set[str]:
    """The contracts of the expiries that are followed: today's, two more, and that in a week."""
    names = {raw for dataset in options_of(tape) for raw in tape.symbols[dataset].values()}
    later = sorted({parse_osi(raw).expiry for raw in names} - {DATE})
    anchor = min(later, key=lambda expiry: abs((expiry - DATE).days - 7))
    return {raw for raw in names if parse_osi(raw).expiry in {DATE, *later[:2], anchor}}


def options_of(tape: Tape) -> list[str]:
    return [dataset for dataset in tape.symbols if tape.kind(dataset) == "options"]


def served_content(tape: Tape) -> dict[str, Counter[Row]]:
    """What the terminal can tell of a tape: worked out of its records alone."""
    found = _trades_and_interest(tape)
    stands: dict[tuple[str, int], tuple[str, Row]] = {}
    quotes: list[tuple[int, str, int, Row]] = []
    for tick in tape.ticks():
        for batch in tick.quotes:
            for row in batch.records:
                number = int(row["instrument_id"])
                raw = tape.symbols[batch.dataset][number]
                quotes.append((int(row["ts_recv"]), raw, number, _sides(row)))
    quotes.sort(key=lambda one: one[0])
    position, last = 0, quotes[-1][0]
    for mark in range(tape.session.open, last + 1, MINUTE):
        while position < len(quotes) and quotes[position][0] <= mark:
            _, raw, number, sides = quotes[position]
            stands[raw, number] = raw, sides
            position += 1
        for raw, sides in stands.values():
            if sides[0] > 0 or sides[1] > 0:
                found["quotes"][raw, mark, *sides] += 1
    return found


def fetched_content(tape: Tape) -> dict[str, Counter[Row]]:
    """The same of a fetched tape."""
    found = _trades_and_interest(tape)
    for tick in tape.ticks():
        for batch in tick.quotes:
            for row in batch.records:
                raw = tape.symbols[batch.dataset][int(row["instrument_id"])]
                found["quotes"][raw, int(row["ts_recv"]), *_sides(row)] += 1
    return found


def _trades_and_interest(tape: Tape) -> dict[str, Counter[Row]]:
    found: dict[str, Counter[Row]] = {
        kind: Counter() for kind in ("trades", "quotes", "interest", "cancels")
    }
    numbered: dict[int, Row] = {}
    for tick in tape.ticks():
        for batch in tick.trades:
            assert batch.conditions is not None
            for at, row in enumerate(batch.records):
                raw = tape.symbols[batch.dataset][int(row["instrument_id"])]
                is_cancel = batch.cancels is not None and batch.cancels[at] >= 0
                code = Condition.CANCEL if is_cancel else Condition(batch.conditions[at])
                values = int(row["price"]), int(row["size"]), int(row["publisher_id"])
                trade = raw, int(row["ts_recv"]) // MS * MS, *values, *_sides(row), code
                found["trades"][trade] += 1
                numbered[batch.first + at] = trade
                if batch.cancels is not None and is_cancel:
                    # Which of two equal fills it was is not told.
                    original = numbered[int(batch.cancels[at])]
                    found["cancels"][trade, raw, *original[2:5]] += 1
        for batch in tick.statistics:
            for row in batch.records[batch.records["stat_type"] == STAT_OPEN_INTEREST]:
                raw = tape.symbols[batch.dataset][int(row["instrument_id"])]
                found["interest"][raw, int(row["ts_event"]), int(row["quantity"])] += 1
    return found


def index_values(tape: Tape) -> list[tuple[int, int]]:
    """Time and value of an index."""
    return [
        (int(row["ts_recv"]), int(row["price"]))
        for tick in tape.ticks()
        for batch in tick.underlying
        if batch.schema == "trades"
        for row in batch.records
    ]


def _sides(row: Any) -> Row:
    """Prices and sizes; what is unknown is nothing in CSV."""
    prices = [int(row[name]) for name in ("bid_px_00", "ask_px_00")]
    sizes = [int(row[name]) for name in ("bid_sz_00", "ask_sz_00")]
    return (
        *(0 if price == UNDEF_PRICE else price for price in prices),
        *(0 if size == UNDEF_SIZE else size for size in sizes),
    )
