"""Databento's historical HTTP API: what is there, what it costs, and the records themselves.

Sizes, costs and symbols are free to ask for; a body of records is billed by what is sent. Source
of the methods and their fields: the vendor's reference of that API.
"""

import datetime
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zerodte.clock import parse_utc
from zerodte.feeds.databento.historical_http import HistoricalHost
from zerodte.feeds.feed import FeedError
from zerodte.feeds.slice_folder import SliceSource
from zerodte.records.dbn import Records
from zerodte.tape.compression import ZSTD_SUFFIX
from zerodte.tape.dbnfile import DbnFile, read_metadata
from zerodte.tape.error import TapeError

#: Symbols of one request.
MOST_SYMBOLS: Final = 2_000


@dataclass(frozen=True, slots=True)
class HistoricalQuery:
    """Records that are asked for.

    Attributes:
        dataset: Such as "OPRA.PILLAR".
        schema: As DBN names it.
        symbols: Raw symbols, at most `MOST_SYMBOLS`.
        start: The first receive time, UTC ns.
        end: The receive time after the last one.
    """

    dataset: str
    schema: str
    symbols: tuple[str, ...]
    start: int
    end: int

    def fields(self) -> dict[str, str]:
        """The fields of a request."""
        return {
            "dataset": self.dataset,
            "schema": self.schema,
            "symbols": ",".join(self.symbols),
            "stype_in": "raw_symbol",
            "stype_out": "instrument_id",
            "start": str(self.start),
            "end": str(self.end),
        }

    def digest(self) -> str:
        """16 hexadecimal characters that stand for the query."""
        return hashlib.sha256(repr(self.fields()).encode()).hexdigest()[:16]


class HistoricalClient(SliceSource[HistoricalQuery, tuple[DbnFile, list[Records]]]):
    """Asks the historical API.

    Args:
        host: Where.
    """

    vendor = "databento"
    suffix = ZSTD_SUFFIX
    host: HistoricalHost

    def __init__(self, host: HistoricalHost) -> None:
        self.host = host

    def span_of(self, dataset: str) -> tuple[int, int]:
        """Since when and until when a dataset is available to this key, UTC ns.

        Raises:
            FeedRefusalError: If the vendor refuses; likewise for all methods.
            FeedError: If it cannot be reached, or answers something else; likewise.
        """
        answer = self.host.json("metadata.get_dataset_range", {"dataset": dataset})
        try:
            start, end = (parse_utc(str(_mapping(answer)[name])) for name in ("start", "end"))
        except (KeyError, ValueError) as error:
            raise FeedError(f"{self.host.name} does not tell when it has {dataset}") from error
        return start, end

    def condition_of(self, dataset: str, date: datetime.date) -> str:
        """What the vendor says of a day's data: available, degraded, pending or missing."""
        day = date.isoformat()
        fields = {"dataset": dataset, "start_date": day, "end_date": day}
        answer = self.host.json("metadata.get_dataset_condition", fields)
        for one in answer if isinstance(answer, list) else ():
            if _mapping(one).get("date") == day:
                return str(one.get("condition", ""))
        return ""

    def contracts(
        self, dataset: str, parents: Sequence[str], date: datetime.date
    ) -> dict[int, str]:
        """The raw symbols that parents had on a day (UTC), by instrument id."""
        found = self._resolve(dataset, parents, ("parent", "instrument_id"), date)
        names = {int(to): name for name, to in found if to.isdecimal() and name not in parents}
        # Whether a parent is answered by its contracts or by their ids is up to the vendor.
        ids = [to for name, to in found if to.isdecimal() and name in parents]
        for start in range(0, len(ids), MOST_SYMBOLS):
            some = ids[start : start + MOST_SYMBOLS]
            pairs = self._resolve(dataset, some, ("instrument_id", "raw_symbol"), date)
            names |= {int(number): name for number, name in pairs if number.isdecimal()}
        return names

    def cost(self, query: HistoricalQuery) -> float:
        """What the records would cost, dollars."""
        return self._number("metadata.get_cost", query)

    def size(self, query: HistoricalQuery) -> int:
        """The bytes that would be billed."""
        return int(self._number("metadata.get_billable_size", query))

    def download(self, query: HistoricalQuery, write: Callable[[bytes], object]) -> None:
        """Receive the records of a query once, as a compressed DBN file. This is billed.

        Args:
            query: The records.
            write: Takes each block of bytes; what it raises is passed on.

        Raises:
            HistoryBusyError: If the vendor asks for patience, or the connection breaks.
        """
        fields = query.fields() | {"encoding": "dbn", "compression": "zstd"}
        for block in self.host.blocks("timeseries.get_range", fields):
            write(block)

    def file_name(self, query: HistoricalQuery) -> str:
        """What a query's file is called, without the suffix."""
        return f"{query.schema}.{query.digest()}"

    def read(self, path: Path, query: HistoricalQuery) -> tuple[DbnFile, list[Records]]:
        """The metadata and the records of a file.

        Raises:
            TapeError: If it is missing, damaged, or of something else.
        """
        if not path.is_file():
            raise TapeError(f"{path}: missing")
        file = read_metadata(path, path.name)
        if (file.dataset, file.schema) != (query.dataset, query.schema):
            raise TapeError(
                f"{path}: {file.schema} of {file.dataset}; expected: {query.schema} of "
                f"{query.dataset}"
            )
        return file, list(file.chunks(_refuse))

    def _number(self, method: str, query: HistoricalQuery) -> float:
        answer = self.host.json(method, query.fields())
        if isinstance(answer, bool) or not isinstance(answer, int | float) or not answer >= 0:
            raise FeedError(f"{self.host.name} answered no number to {method}")
        return float(answer)

    def _resolve(
        self, dataset: str, symbols: Sequence[str], stypes: tuple[str, str], date: datetime.date
    ) -> list[tuple[str, str]]:
        """Pairs of a symbol and what it resolves to on a day."""
        fields = {
            "dataset": dataset,
            "symbols": ",".join(symbols),
            "stype_in": stypes[0],
            "stype_out": stypes[1],
            "start_date": date.isoformat(),
            "end_date": (date + datetime.timedelta(days=1)).isoformat(),
        }
        answer = _mapping(self.host.json("symbology.resolve", fields)).get("result")
        return [
            (name, str(one.get("s", "")))
            for name, intervals in _mapping(answer).items()
            for one in (intervals if isinstance(intervals, list) else ())
            if isinstance(one, dict)
        ]


def _refuse(sentence: str) -> None:
    """A file that is not whole is of no use."""
    raise TapeError(sentence)


def _mapping(answer: object) -> dict[str, object]:
    return answer if isinstance(answer, dict) else {}
