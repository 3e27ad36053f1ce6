"""The inputs of each symbol's answers: their digest, when they arrived, where they are missing."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from zerodte.arrays import I32, I64, U64, Bool
from zerodte.compiled import kernel
from zerodte.engine.book import NEVER_QUOTED, grown
from zerodte.market.calendar import TradingSession
from zerodte.records.dbn import CADENCE, STAT_OPEN_INTEREST
from zerodte.records.digest import FIRST_OWNER, SHARED, UNOWNED, SymbolDigests, words
from zerodte.records.tick import Batch
from zerodte.session.gap_detector import GapDetector
from zerodte.session.input_watch import CALLS, PUTS, QUOTES, TRADES, InputWatch


class RoutedBatch(NamedTuple):
    """A batch and whose inputs its records are.

    Attributes:
        batch: The records, shape (m,).
        positions: The position of each one's instrument, shape (m,), negative for none.
        owner_of: The owner of every position: `FIRST_OWNER` plus its symbol's number, or `SHARED`.
    """

    batch: Batch
    positions: I32
    owner_of: I32


class SymbolInputs:
    """Whose inputs arrived, in every tick of a session.

    Attributes:
        digests: Of each symbol's inputs.
        gaps: Of each symbol, by owner; of the whole session at `UNOWNED`.
        watch: Of each kind of each symbol's inputs, by owner.
        newest_trades: Receive time of each owner's newest trade, UTC ns, shape (owners,);
            `NEVER_QUOTED` where there is none.
        newest_interest: Receive time of each owner's newest open interest, likewise.
    """

    def __init__(self, hours: TradingSession, cadence: int) -> None:
        """Begin a session; arguments as for `GapDetector`."""
        self.digests = SymbolDigests()
        self.gaps = GapDetector(hours, cadence)
        self.watch = InputWatch(hours)
        self.newest_trades = np.empty(0, np.int64)
        self.newest_interest = np.empty(0, np.int64)
        self._active = np.empty(0, np.bool_)
        #: Whose trades came in each dataset.
        self._traded: dict[str, Bool] = {}
        self.grow(0)

    def grow(self, symbols: int) -> None:
        """Make room for symbols below `symbols`."""
        owners = FIRST_OWNER + symbols
        self.digests.grow(owners)
        self.gaps.grow(owners)
        self.watch.grow(owners)
        self.newest_trades = grown(self.newest_trades, owners, NEVER_QUOTED)
        self.newest_interest = grown(self.newest_interest, owners, NEVER_QUOTED)
        if len(self._active) != owners:
            self._active = np.append(self._active, np.zeros(owners - len(self._active), np.bool_))

    def add_definitions(self, routed: RoutedBatch) -> None:
        """Take definitions of the current tick."""
        self.digests.add(*routed)

    def add_statistics(self, routed: RoutedBatch, end: int) -> None:
        """Take statistics of the current tick, which ends at `end` (UTC ns)."""
        self.digests.add(*routed)
        records = routed.batch.records
        is_interest = records["stat_type"] == STAT_OPEN_INTEREST
        _note_newest(
            words(records[is_interest]),
            _receive_time(routed.batch),
            routed.positions[is_interest],
            routed.owner_of,
            end,
            self.newest_interest,
        )

    def add_underlying(self, routed: RoutedBatch, symbol_of: I32, kind: str) -> None:
        """Take prices of underlyings.

        Args:
            routed: The records.
            symbol_of: The symbol's number of every position.
            kind: One of those that `InputWatch` knows.
        """
        counts = self._add_market(routed)
        self._note(kind, counts)
        if counts[SHARED]:
            # A shared index ends the silence of its own options alone.
            known = routed.positions[routed.positions >= 0]
            self._active[FIRST_OWNER + symbol_of[known]] = True

    def add_quotes(self, routed: RoutedBatch, is_call: Bool, *, is_late: bool = False) -> None:
        """Take quotes of options.

        Args:
            routed: The records.
            is_call: Of every position.
            is_late: Whether their dataset is late as a whole: then they end no silence.
        """
        if is_late:
            self.digests.add(*routed)
            return
        counts = self._add_market(routed)
        self._note(QUOTES, counts)
        calls = _count_calls(is_call, routed.positions, routed.owner_of, len(counts))
        self._note(CALLS, calls)
        self._note(PUTS, counts - calls)
        owners = counts > 0
        owners[UNOWNED] = True
        self.gaps.lengthen_cadence(owners, CADENCE[routed.batch.schema])

    def add_trades(self, routed: RoutedBatch, end: int) -> None:
        """Take trades of options in a tick that ends at `end` (UTC ns)."""
        counts = self._add_market(routed)
        self._note(TRADES, counts)
        known = self._traded.get(routed.batch.dataset, counts > 0)
        self._traded[routed.batch.dataset] = grown(known, len(counts), 0)[: len(counts)] | (
            counts > 0
        )
        _note_newest(
            words(routed.batch.records),
            _receive_time(routed.batch),
            routed.positions,
            routed.owner_of,
            end,
            self.newest_trades,
        )

    def trade_datasets(self, owner: int) -> list[str]:
        """The datasets in which an owner's trades came, sorted."""
        return sorted(
            name for name, is_of in self._traded.items() if is_of[owner : owner + 1].any()
        )

    def close(self, end: int) -> None:
        """End the tick whose second ends at `end` (UTC ns)."""
        self.digests.close(end)
        self.watch.close(end)
        if self._active.any():
            self._active[UNOWNED] = True
            self.gaps.observe(self._active, end)
            self._active[:] = False

    def _note(self, kind: str, counts: I64) -> None:
        """Note the symbols that had inputs of a kind; others' are no symbol's own."""
        owners = counts > 0
        owners[:FIRST_OWNER] = False
        self.watch.note(kind, owners)

    def _add_market(self, routed: RoutedBatch) -> I64:
        counts = self.digests.add(*routed)
        self._active |= counts > 0
        return counts


def _receive_time(batch: Batch) -> int:
    """The word of a record that holds its receive time."""
    fields: Mapping[str, tuple[Any, ...]] = batch.records.dtype.fields or {}
    return int(fields["ts_recv"][1]) // 8


@kernel
def _count_calls(is_call: Bool, positions: I32, owner_of: I32, owners: int) -> I64:
    """How many records of calls each owner has, shape (owners,)."""
    counts = np.zeros(owners, np.int64)
    for position in positions:
        if position >= 0 and is_call[position]:
            counts[owner_of[position]] += 1
    return counts


@kernel
def _note_newest(
    words: U64, column: int, positions: I32, owner_of: I32, end: int, newest: I64
) -> None:
    """Raise each owner's newest receive time; a clock ahead of `end` counts as `end`."""
    for row in range(words.shape[0]):
        position = positions[row]
        owner = UNOWNED if position < 0 else owner_of[position]
        newest[owner] = max(newest[owner], min(np.int64(words[row, column]), end))
