"""The records of tapes by time and symbol, as a historical API is asked for them."""

import datetime
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from zerodte.constants import CALENDAR_DAY
from zerodte.errors import ZerodteError
from zerodte.feeds.databento.subscriptions import (
    DatabentoDirectory,
    DatabentoSubscription,
    subscribed_ticks,
)
from zerodte.feeds.feed import FeedError
from zerodte.market.calendar import epoch_day
from zerodte.records.dbn import SCHEMAS, Records
from zerodte.tape.metadata import encode_metadata
from zerodte.tape.source import FileSource

#: Rows that are copied and sent at once.
_ROWS: Final = 1 << 13


class RequestError(ZerodteError):
    """A request that cannot be answered.

    Args:
        case: A word for it.
        message: What is wrong.
    """

    def __init__(self, case: str, message: str) -> None:
        super().__init__(message)
        self.case = case


@dataclass(frozen=True, slots=True)
class TapeQuery:
    """Records of one tape.

    Attributes:
        tape: The tape.
        dataset: One of its datasets.
        schema: As DBN names it.
        symbols: Raw symbols by id.
        span: First receive time and the one after the last, UTC ns.
        limit: The most records; None for all.
    """

    tape: FileSource
    dataset: str
    schema: str
    symbols: dict[int, str]
    span: tuple[int, int]
    limit: int | None


class HistoricalTapes:
    """Tapes of different sessions. Their records wait in temporary files, by time.

    Args:
        tapes: At least one.
        conditions: What is said of the data of a date, if not that they are available.

    Attributes:
        span: Since when and until when there are tapes, UTC ns: whole days.
    """

    def __init__(
        self, tapes: Sequence[FileSource], conditions: Mapping[datetime.date, str] | None = None
    ) -> None:
        self._tapes = sorted(tapes, key=lambda tape: tape.session.date)
        days = [epoch_day(tape.session.date) for tape in self._tapes]
        self.span = days[0] * CALENDAR_DAY, (days[-1] + 1) * CALENDAR_DAY
        self._conditions = dict(conditions or {})
        self._folder = tempfile.TemporaryDirectory(prefix="zerodte-historical-")
        self._rows: dict[tuple[int, str, str], Records] = {}
        self._lock = threading.Lock()

    @property
    def datasets(self) -> list[str]:
        """The datasets of all tapes."""
        return sorted({dataset for tape in self._tapes for dataset in tape.symbols})

    @property
    def conditions(self) -> dict[datetime.date, str]:
        """What is said of the data of each session, by its date."""
        dates = [tape.session.date for tape in self._tapes]
        return {date: self._conditions.get(date, "available") for date in dates}

    def close(self) -> None:
        """Remove the temporary files."""
        self._rows.clear()
        self._folder.cleanup()

    def schemas(self, dataset: str) -> list[str]:
        """The schemas of a dataset.

        Raises:
            RequestError: If there is no such dataset; likewise for all methods.
        """
        self._check(dataset)
        files = [
            file for tape in self._tapes for file in tape.selected_files if file.dataset == dataset
        ]
        return sorted({file.schema for file in files})

    def query(
        self,
        dataset: str,
        schema: str,
        stype: str,
        symbols: Sequence[str],
        span: tuple[int, int],
        limit: int | None,
    ) -> TapeQuery:
        """What is asked for, as records of the tape of its day (UTC).

        Raises:
            RequestError: If a field is wrong, the span is empty or of several tapes, or no tape is
                of its time.
        """
        self._check(dataset)
        if span[1] <= span[0]:
            raise RequestError("data_time_range_start_on_or_after_end", "The end is before start.")
        if span[0] < self.span[0] or span[1] > self.span[1]:
            raise RequestError(
                "data_end_after_available_end",
                f"The dataset {dataset} has nothing of a part of that time.",
            )
        first, last = span[0] // CALENDAR_DAY, (span[1] - 1) // CALENDAR_DAY
        tapes = [tape for tape in self._tapes if first <= epoch_day(tape.session.date) <= last]
        if len(tapes) != 1:
            raise RequestError("range", "This server answers for one session at a time.")
        asked = _asked(tapes[0].symbols.get(dataset, {}), schema, stype, symbols)
        found = {number: tapes[0].symbols[dataset][number] for number in asked.asked}
        if not found:
            raise RequestError("symbology_invalid_request", "None of the symbols is known.")
        return TapeQuery(tapes[0], dataset, schema, found, span, limit)

    def resolve(
        self,
        dataset: str,
        stypes: tuple[str, str],
        symbols: Sequence[str],
        days: tuple[datetime.date, datetime.date],
    ) -> tuple[dict[str, list[tuple[datetime.date, str]]], list[str]]:
        """What symbols resolve to on each day that has a tape, and those that are not known.

        Raises:
            RequestError: If symbols of that type cannot be resolved to the other.
        """
        self._check(dataset)
        if stypes[1] not in ("instrument_id", "raw_symbol") or stypes[0] == stypes[1]:
            raise RequestError("symbology_invalid_request", "These types cannot be resolved.")
        found: dict[str, list[tuple[datetime.date, str]]] = {}
        absent = set(symbols)
        for tape in self._tapes:
            if not days[0] <= tape.session.date < days[1]:
                continue
            asked = _asked(tape.symbols.get(dataset, {}), "definition", stypes[0], symbols)
            absent &= set(asked.unresolved)
            for number in sorted(asked.asked):
                raw = tape.symbols[dataset][number]
                name = str(number) if stypes[0] == "instrument_id" else raw
                to = raw if stypes[1] == "raw_symbol" else str(number)
                found.setdefault(name, []).append((tape.session.date, to))
        return found, sorted(absent)

    def count(self, query: TapeQuery) -> int:
        """The number of records."""
        return sum(len(rows) for rows in self._found(query))

    def size(self, query: TapeQuery) -> int:
        """Their bytes."""
        return self.count(query) * SCHEMAS[query.schema].itemsize

    def body(self, query: TapeQuery) -> Iterator[bytes]:
        """A DBN file of them, in blocks."""
        start, end = query.span
        yield encode_metadata(query.dataset, query.schema, start, end - 1, query.symbols)
        for rows in self._found(query):
            yield rows.tobytes()

    def _found(self, query: TapeQuery) -> Iterator[Records]:
        rows = self._sorted(query.tape, query.dataset, query.schema)
        first, last = np.searchsorted(rows["ts_recv"], np.array(query.span, np.uint64))
        ids = np.array(sorted(query.symbols), np.uint32)
        left = query.limit if query.limit is not None else len(rows)
        for position in range(int(first), int(last), _ROWS):
            some = rows[position : min(position + _ROWS, int(last))]
            chosen: Records = some[np.isin(some["instrument_id"], ids)][:left]
            left -= len(chosen)
            if len(chosen):
                yield chosen
            if not left:
                return

    def _sorted(self, tape: FileSource, dataset: str, schema: str) -> Records:
        """All records of a schema, by receive time, from a file that they are copied to once."""
        key = self._tapes.index(tape), dataset, schema
        with self._lock:
            if key not in self._rows:
                asked = dict.fromkeys(tape.symbols[dataset], "")
                every = DatabentoSubscription(schema, None, asked)
                path = Path(self._folder.name) / ".".join(map(str, key))
                with path.open("wb") as file:
                    for _, rows in subscribed_ticks(tape, dataset, every):
                        file.write(rows.tobytes())
                layout = SCHEMAS[schema]
                count = path.stat().st_size // layout.itemsize
                found: Records = np.empty(0, layout)
                if count:
                    found = np.memmap(path, layout, "r+", shape=(count,))
                    times = found["ts_recv"]
                    if (times[1:] < times[:-1]).any():
                        found[:] = found[np.argsort(times, kind="stable")]
                self._rows[key] = found
            return self._rows[key]

    def _check(self, dataset: str) -> None:
        if dataset not in self.datasets:
            raise RequestError("dataset", f"There is no dataset {dataset[:40]!r}.")


def _asked(
    known: Mapping[int, str], schema: str, stype: str, symbols: Sequence[str]
) -> DatabentoSubscription:
    """The instruments that symbols ask for."""
    found: list[DatabentoSubscription] = []
    fields = {"schema": schema, "stype_in": stype, "symbols": ",".join(symbols)}
    try:
        DatabentoDirectory(known).add(fields, found)
    except FeedError as error:
        raise RequestError("request", str(error)) from error
    return found[0]
