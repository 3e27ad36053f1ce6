"""A simulation to a tape's folder: records in files of bounded size, and the truth beside them."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
import numpy as np

from zerodte.arrays import I64, U8
from zerodte.feeds.simulator.columns import TICK_FIELDS, Block, BlockSource
from zerodte.feeds.simulator.truth import TruthFile, truth_file
from zerodte.records.dbn import Records
from zerodte.records.tick import Batch
from zerodte.records.truth import CONTRACT_TRUTH, TRADE_TRUTH
from zerodte.tape.atomic_folder import atomic_folder
from zerodte.tape.error import TapeError
from zerodte.tape.sidecars import Notes, write_atomically
from zerodte.tape.writer import TapeWriter

#: Told up to which instant the session is simulated, UTC ns.
Progress: TypeAlias = Callable[[int], None]

#: What is to be known of whatever is simulated.
NOTES: Final = Notes("simulated", ("simulated: not market data",))

#: Where truth lies within a tape, as `zerodte.records.truth` says.
TRUTH: Final = "truth"
TRADES: Final = "trades.parquet"
CONTRACTS: Final = "contracts.parquet"
PARAMETERS: Final = "parameters.json"

#: What is held of quotes before they are written: about half an hour of four symbols.
_HELD_BYTES: Final = 64 << 20


def write_tape(simulated: BlockSource, out: Path, progress: Progress) -> Counter[str]:
    """Simulate a session into a new tape.

    Args:
        simulated: The session.
        out: The tape's folder, which must not exist; it appears when it is whole.
        progress: Told how far the session is.

    Returns:
        How many records there are of each place of a tick: definitions, quotes, trades, ...

    Raises:
        TapeError: If `out` exists, or the disk is full or may not be written.
    """
    if out.exists():
        raise TapeError(f"{out}: exists; a simulated tape needs a folder of its own")
    counts: Counter[str] = Counter()
    with atomic_folder(out) as folder, ExitStack() as open_files:
        truth = folder / TRUTH
        truth.mkdir()
        _write_parameters(truth, simulated.drawn)
        output = _Output(
            TapeWriter(folder, source=NOTES.source, notes=NOTES.notes),
            simulated,
            open_files.enter_context(truth_file(truth / TRADES, TRADE_TRUTH)),
            open_files.enter_context(truth_file(truth / CONTRACTS, CONTRACT_TRUTH)),
        )
        for block in simulated.blocks():
            counts += output.take(block)
            progress(block.end)
        output.flush()
    return counts


def _write_parameters(truth: Path, drawn: object) -> None:
    text = msgspec.json.format(msgspec.json.encode(drawn), indent=2)
    write_atomically(truth / PARAMETERS, text + b"\n")


@dataclass(slots=True)
class _Held:
    """Records of one dataset and schema that wait to be written as one file."""

    batches: list[Batch] = field(default_factory=list)
    size: int = 0

    def take(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.size += batch.records.nbytes


class _Output:
    """Takes blocks; writes quotes whenever enough are held, trades as one file at the end.

    A cancel and its trade have to lie in one file, and a day's trades fit into memory.
    """

    def __init__(
        self,
        writer: TapeWriter,
        simulated: BlockSource,
        trades: TruthFile,
        contracts: TruthFile,
    ) -> None:
        self._writer = writer
        self._symbols = simulated.symbols
        self._trades, self._contracts = trades, contracts
        self._held: dict[tuple[str, str, str], _Held] = {}

    def take(self, block: Block) -> Counter[str]:
        """Take a block; how many records it has of each place."""
        counts: Counter[str] = Counter()
        for place in TICK_FIELDS:
            for batch in block.of(place):
                counts[place] += len(batch.records)
                held = self._held.setdefault((place, batch.dataset, batch.schema), _Held())
                held.take(batch)
                if held.size >= _HELD_BYTES and place != "trades":
                    self._write(place, held)
        self._trades.take(block.trade_truth)
        self._contracts.take(block.contract_truth)
        return counts

    def flush(self) -> None:
        """Write what is still held."""
        for (place, _, _), held in self._held.items():
            self._write(place, held)

    def _write(self, place: str, held: _Held) -> None:
        batches = held.batches
        if not held.size:
            return
        held.batches, held.size = [], 0
        first = batches[0]
        records: Records = np.concatenate([batch.records for batch in batches])
        conditions = cancels = None
        if place == "trades":
            conditions = _joined([batch.conditions for batch in batches])
            cancels = _pairs([batch.cancels for batch in batches])
        self._writer.write(
            first.dataset,
            first.schema,
            records,
            self._symbols[first.dataset],
            conditions=conditions,
            cancels=cancels,
        )


def _joined(columns: list[U8 | None]) -> U8 | None:
    known = [column for column in columns if column is not None]
    return np.concatenate(known) if known else None


def _pairs(columns: list[I64 | None]) -> I64 | None:
    """Positions of cancels and of what they cancel; a trade's number is its place in the file."""
    known = [column for column in columns if column is not None]
    if not known:
        return None
    cancelled = np.concatenate(known)
    cancelling = np.flatnonzero(cancelled >= 0)
    return np.column_stack((cancelling, cancelled[cancelling]))
