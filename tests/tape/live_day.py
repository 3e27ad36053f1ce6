"""Minutes of a market with conditions and cancels, as a tape and as complete ticks."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from session.made_tape import OPEN, SECOND, SYMBOLS, quotes, stock, trades, write
from zerodte.feeds.playback import Playback
from zerodte.records.condition import Condition
from zerodte.records.dbn import OPRA
from zerodte.tape.folder import Tape, open_tape
from zerodte.tape.recorder import Recorder
from zerodte.tape.tick_assembler import GRACE, Arrival, ClosedTick, TickAssembler
from zerodte.tape.writer import TapeWriter

SPAN = 150


def source(folder: Path, *, trade_count: int = 200) -> Tape:
    """A tape to send: two files of trades that become one stream, one of them with cancels."""
    tape = write(
        folder, ("cbbo-1s", quotes("cbbo-1s", 3_000, SPAN, seed=1)), ("bbo-1s", stock(SPAN))
    )
    writer = TapeWriter(tape.path)
    half = OPEN + SPAN // 2 * SECOND
    rows = trades("tcbbo", trade_count, SPAN, seed=2)
    early, late = rows[rows["ts_recv"] < half], rows[rows["ts_recv"] >= half]
    writer.write(OPRA, "tcbbo", early, SYMBOLS, name="early.dbn")
    conditions = np.full(len(late), Condition.REGULAR, np.uint8)
    conditions[5], conditions[20] = Condition.MULTI_LEG, Condition.CANCEL
    pairs = np.array([[20, 3], [30, 29]])
    for cancel, original in pairs:
        for name in ("instrument_id", "price", "size"):
            late[name][cancel] = late[name][original]
    writer.write(
        OPRA, "tcbbo", late, SYMBOLS, name="late.dbn", conditions=conditions, cancels=pairs
    )
    return open_tape(folder)


def complete(tape: Tape) -> Iterator[ClosedTick]:
    """The tape's ticks as a recorder is given them, silent ones too."""
    playback, assembler = Playback(tape), TickAssembler(tape.span)
    for tick in playback.ticks():
        assembler.advance(tick.end - SECOND + GRACE)
        yield from assembler.close_ticks()
        for place, piece in tick.pieces:
            assembler.add(Arrival(tick.end, playback.manifest.streams[place].name, piece))
    yield from assembler.finish()


def record(recorder: Recorder, ticks: Sequence[ClosedTick]) -> None:
    """Write ticks at once."""
    recorder.commit(ticks, recorder.compress(ticks))
