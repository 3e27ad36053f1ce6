"""A tape of another date: its times move to a session's open, its expiries by as many sessions.

So a client that knows no other clock than the world's can be developed with any tape.
"""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec
import numpy as np

from zerodte.constants import CALENDAR_DAY
from zerodte.market.calendar import TradingSession, calendar, last_trading_day
from zerodte.market.osi import MarketError, find_osi, format_osi
from zerodte.records.dbn import UNDEF_TIME, Records
from zerodte.records.tick import Batch, Tick
from zerodte.tape.dbnfile import DbnFile
from zerodte.tape.record_router import TICK_FIELDS
from zerodte.tape.sidecars import Notes
from zerodte.tape.source import FileSource
from zerodte.tape.symbology import Symbols


class RebasedTape:
    """A tape as if it had been recorded in another session.

    Args:
        tape: The tape.
        session: The session.

    Attributes:
        session: The session.
        symbols: Raw symbol by instrument id, per dataset.
        initial_symbols: The part of `symbols` that is available before the first tick.
        notes: The tape's, and that it was moved.
        selected_files: The files that it is read from.
    """

    def __init__(self, tape: FileSource, session: TradingSession) -> None:
        self.session = session
        self._tape = tape
        self._offset = session.open - tape.session.open
        self._raws: dict[str, str] = {}
        self.symbols = self._moved(tape.symbols)
        self.initial_symbols = self._moved(tape.initial_symbols)
        told = f"moved from {tape.session.date} to {session.date}"
        self.notes: Notes = msgspec.structs.replace(tape.notes, notes=(*tape.notes.notes, told))

    @property
    def warnings(self) -> Sequence[str]:
        """The tape's."""
        return self._tape.warnings

    @property
    def selected_files(self) -> Sequence[DbnFile]:
        """The files that it is read from, by name."""
        return self._tape.selected_files

    def kind(self, dataset: str) -> str:
        """The kind of a dataset's instruments; see `Tape.kind`."""
        return self._tape.kind(dataset)

    def ticks(self) -> Iterator[Tick]:
        """The ticks, in order; see `Tape.ticks`."""
        return map(self._tick, self._tape.ticks())

    def ticks_of(self, dataset: str, schema: str) -> Iterator[Tick]:
        """The ticks of one dataset and schema alone; see `Tape.ticks_of`."""
        return map(self._tick, self._tape.ticks_of(dataset, schema))

    def _moved(self, symbols: Mapping[str, Mapping[int, str]]) -> Symbols:
        return {
            dataset: {number: self._raw(raw) for number, raw in names.items()}
            for dataset, names in symbols.items()
        }

    def _raw(self, raw: str) -> str:
        """A raw symbol with its expiry moved; any other as it is."""
        if raw not in self._raws:
            contract = find_osi(raw)
            if contract is None:
                self._raws[raw] = raw
            else:
                moved = replace(contract, expiry=self._expiry(contract.expiry))
                self._raws[raw] = format_osi(moved)
        return self._raws[raw]

    def _expiry(self, expiry: datetime.date) -> datetime.date:
        """The expiry that is as many sessions away."""
        was, now = self._tape.session.date, self.session.date
        try:
            count = calendar().sessions_between(was, last_trading_day(expiry))
            if count:
                return calendar().session_after(now, count).date
        except MarketError:
            pass  # beyond the calendar days have to do
        return now + (last_trading_day(expiry) - was)

    def _tick(self, tick: Tick) -> Tick:
        return Tick(
            tick.end + self._offset,
            *(self._batches(getattr(tick, name)) for name in TICK_FIELDS),
            duplicates=self._batches(tick.duplicates),
            gap=tick.gap,
        )

    def _batches(self, batches: tuple[Batch, ...]) -> tuple[Batch, ...]:
        return tuple(self._batch(batch) for batch in batches)

    def _batch(self, batch: Batch) -> Batch:
        rows = batch.records.copy()
        for name in rows.dtype.names or ():
            if name.startswith("ts_") and rows.dtype[name] == np.uint64:  # ts_in_delta is none
                is_known = (rows[name] != UNDEF_TIME) & (rows[name] != 0)
                times = rows[name].astype(np.int64) + self._offset
                rows[name] = np.where(is_known, times.astype(np.uint64), rows[name])
        if "raw_symbol" in (rows.dtype.names or ()):
            self._move_expiries(rows)
        rows.flags.writeable = False
        return replace(batch, records=rows)

    def _move_expiries(self, rows: Records) -> None:
        """Move the symbols and expiries of definitions, in place."""
        for row in rows:
            raw = row["raw_symbol"].decode("ascii", "replace")
            contract, moved = find_osi(raw), self._raw(raw)
            if contract is None:
                continue
            row["raw_symbol"] = moved.encode("ascii")
            if row["expiration"] != UNDEF_TIME:
                days = (self._expiry(contract.expiry) - contract.expiry).days
                row["expiration"] = np.uint64(int(row["expiration"]) + days * CALENDAR_DAY)
