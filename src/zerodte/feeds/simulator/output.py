"""Writes a simulation as a tape: records in files of bounded size, and the truth beside them."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
import numpy as np

from zerodte.arrays import I64, U8
from zerodte.feeds.simulator.block_source import BlockSource
from zerodte.feeds.simulator.columns import Block
from zerodte.feeds.simulator.truth import TruthFile, truth_file
from zerodte.records.dbn import Records
from zerodte.records.tick import Batch
from zerodte.records.truth import CONTRACT_TRUTH, TRADE_TRUTH
from zerodte.tape.atomic_folder import atomic_folder
from zerodte.tape.error import TapeError
from zerodte.tape.manifest import TRUTH_FOLDER
from zerodte.tape.record_router import TICK_FIELDS
from zerodte.tape.sidecars import Notes, write_atomically
from zerodte.tape.writer import TapeWriter

#: Called with the time up to which the session is simulated, UTC ns.
ProgressCallback: TypeAlias = Callable[[int], None]

#: The notes of every simulated tape.
SIMULATED_NOTES: Final = Notes("simulated", ("simulated: not market data",))

#: The files of the truth in a tape's `TRUTH_FOLDER`; see `zerodte.records.truth`.
TRADES_FILE: Final = "trades.parquet"
CONTRACTS_FILE: Final = "contracts.parquet"
PARAMETERS_FILE: Final = "parameters.json"

#: Bytes of quotes that are buffered before they are written: about half an hour of four symbols.
_BUFFER_BYTES: Final = 64 << 20


def check_new(out: Path) -> None:
    """Check that the folder of a tape does not exist.

    Raises:
        TapeError: If it exists.
    """
    if out.exists():
        raise TapeError(f"{out}: exists; a simulated tape needs a folder of its own")


def write_tape(source: BlockSource, out: Path, progress: ProgressCallback) -> Counter[str]:
    """Simulate a session into a new tape.

    Args:
        source: The simulated session.
        out: The tape's folder. It must not exist; it is created atomically at the end.
        progress: Called after each block.

    Returns:
        The number of records by field of a tick: definitions, quotes, trades, ...

    Raises:
        TapeError: If `out` exists, the disk is full, or it cannot be written.
    """
    check_new(out)
    counts: Counter[str] = Counter()
    with atomic_folder(out) as folder:
        truth = folder / TRUTH_FOLDER
        truth.mkdir()
        _write_parameters(truth, source.draw)
        writer = TapeWriter(folder, source=SIMULATED_NOTES.source, notes=SIMULATED_NOTES.notes)
        with ExitStack() as open_files:
            output = _TapeOutput(
                writer,
                source,
                open_files.enter_context(truth_file(truth / TRADES_FILE, TRADE_TRUTH)),
                open_files.enter_context(truth_file(truth / CONTRACTS_FILE, CONTRACT_TRUTH)),
            )
            for block in source.blocks():
                counts += output.add(block)
                progress(block.end)
            output.flush()
        writer.finish()
    return counts


def _write_parameters(truth: Path, draw: object) -> None:
    text = msgspec.json.format(msgspec.json.encode(draw), indent=2)
    write_atomically(truth / PARAMETERS_FILE, text + b"\n")


@dataclass(slots=True)
class _Buffer:
    """Records of one dataset and schema that will be written as one file."""

    batches: list[Batch] = field(default_factory=list)
    size: int = 0

    def add(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.size += batch.records.nbytes


class _TapeOutput:
    """Writes blocks: quotes whenever the buffer is full, trades as one file at the end.

    A cancel and its trade must be in the same file, and a day's trades fit into memory.
    """

    def __init__(
        self,
        writer: TapeWriter,
        source: BlockSource,
        trades: TruthFile,
        contracts: TruthFile,
    ) -> None:
        self._writer = writer
        self._symbols = source.symbols
        self._trades, self._contracts = trades, contracts
        self._buffers: dict[tuple[str, str, str], _Buffer] = {}

    def add(self, block: Block) -> Counter[str]:
        """Add a block. Returns the number of its records by field of a tick."""
        counts: Counter[str] = Counter()
        for tick_field in TICK_FIELDS:
            for batch in block.batches(tick_field):
                counts[tick_field] += len(batch.records)
                buffer = self._buffers.setdefault(
                    (tick_field, batch.dataset, batch.schema), _Buffer()
                )
                buffer.add(batch)
                if buffer.size >= _BUFFER_BYTES and tick_field != "trades":
                    self._write(tick_field, buffer)
        self._trades.append(block.trade_truth)
        self._contracts.append(block.contract_truth)
        return counts

    def flush(self) -> None:
        """Write the remaining buffers."""
        for (tick_field, _, _), buffer in self._buffers.items():
            self._write(tick_field, buffer)

    def _write(self, tick_field: str, buffer: _Buffer) -> None:
        batches = buffer.batches
        if not buffer.size:
            return
        buffer.batches, buffer.size = [], 0
        first = batches[0]
        records: Records = np.concatenate([batch.records for batch in batches])
        conditions = cancels = None
        if tick_field == "trades":
            conditions = _concatenate([batch.conditions for batch in batches])
            cancels = _cancel_pairs([batch.cancels for batch in batches])
        self._writer.write(
            first.dataset,
            first.schema,
            records,
            self._symbols[first.dataset],
            conditions=conditions,
            cancels=cancels,
        )


def _concatenate(columns: list[U8 | None]) -> U8 | None:
    present = [column for column in columns if column is not None]
    return np.concatenate(present) if present else None


def _cancel_pairs(columns: list[I64 | None]) -> I64 | None:
    """Positions of cancels and of their trades. A trade's number is its position in the file."""
    present = [column for column in columns if column is not None]
    if not present:
        return None
    targets = np.concatenate(present)
    cancels = np.flatnonzero(targets >= 0)
    return np.column_stack((cancels, targets[cancels]))
