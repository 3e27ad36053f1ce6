"""What is asked of ThetaData's terminal: the contracts of a day, and its data in slices."""

import datetime
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import zstandard

from zerodte.clock import new_york_clock
from zerodte.feeds.feed import FeedError
from zerodte.feeds.slice_folder import SliceSource
from zerodte.feeds.thetadata.table import (
    CONTRACT_COLUMNS,
    INTEREST_COLUMNS,
    QUOTE_COLUMNS,
    TRADE_COLUMNS,
    VALUE_COLUMNS,
    ThetaTable,
    contract_of,
    read_table,
)
from zerodte.feeds.thetadata.terminal_host import ThetaPermissionError, ThetaTerminalHost
from zerodte.market.osi import Contract
from zerodte.tape.error import TapeError

#: The request of the last quotes of now, which has no date.
LAST_QUOTES: Final = "option/snapshot/quote"
#: By what a slice becomes: the request, its columns, and the fields of its own.
_REQUESTS: Final[dict[str, tuple[str, Any, dict[str, str]]]] = {
    "statistics": ("option/history/open_interest", INTEREST_COLUMNS, {}),
    # The quote before the trade: one of the same millisecond may be the trade's consequence.
    "tcbbo": ("option/history/trade_quote", TRADE_COLUMNS, {"exclusive": "true"}),
    "cbbo-1m": ("option/history/quote", QUOTE_COLUMNS, {"interval": "1m"}),
    "cmbp-1": (LAST_QUOTES, QUOTE_COLUMNS, {}),
    "trades": ("index/history/price", VALUE_COLUMNS, {"interval": "1s"}),
}


@dataclass(frozen=True, slots=True)
class ThetaQuery:
    """Data that are asked for.

    Attributes:
        schema: What they become: `statistics`, `tcbbo`, `cbbo-1m`, or `trades` of an index; of
            now alone, `cmbp-1`.
        root: The options' root, or the index.
        date: The session's.
        expiry: Of the options; None for an index.
        span: The first time and the one after the last, UTC ns, whole seconds; None for the day.
    """

    schema: str
    root: str
    date: datetime.date
    expiry: datetime.date | None = None
    span: tuple[int, int] | None = None

    @property
    def path(self) -> str:
        """The request."""
        return _REQUESTS[self.schema][0]

    def fields(self) -> dict[str, str]:
        """The fields of the request."""
        found = {"symbol": self.root, "date": f"{self.date:%Y%m%d}", "format": "csv"}
        if self.path == LAST_QUOTES:
            del found["date"]
        if self.expiry is not None:
            found["expiration"] = f"{self.expiry:%Y%m%d}"
        if self.span is not None:
            start, end = map(new_york_clock, self.span)
            # Both ends are included, and times have milliseconds.
            last = end - datetime.timedelta(milliseconds=1)
            found["start_time"] = f"{start:%H:%M:%S}.000"
            found["end_time"] = f"{last:%H:%M:%S}.999"
        return found | _REQUESTS[self.schema][2]


class ThetaClient(SliceSource[ThetaQuery, ThetaTable]):
    """Asks the terminal.

    Args:
        host: Where it is.
    """

    vendor = "thetadata"
    suffix = ".csv.zst"
    host: ThetaTerminalHost

    def __init__(self, host: ThetaTerminalHost) -> None:
        self.host = host

    def contracts(self, root: str, date: datetime.date) -> list[Contract]:
        """The contracts of a root that had a quote on a day; none if there are none.

        Raises:
            FeedRefusalError: If the terminal refuses.
            FeedError: If it cannot be reached, or answers something else.
        """
        path = "option/list/contracts/quote"
        fields = {"symbol": root, "date": f"{date:%Y%m%d}", "format": "csv"}
        text = self.host.text(path, fields)
        try:
            found = map(contract_of, read_table(text, CONTRACT_COLUMNS, date).contracts())
        except ValueError as error:
            raise FeedError(f"{self.host.name} answered no list to {path}: {error}") from error
        return [one for one in found if one is not None and one.root == root]

    def table(self, query: ThetaQuery, capture: Path | None = None) -> ThetaTable:
        """What a query asks for, without keeping it.

        Args:
            query: A small one.
            capture: Folder for a copy of the answer; None for none.

        Raises:
            ThetaPermissionError: If the subscription does not have it.
            FeedError: If the terminal refuses, cannot be reached, or answers something else.
        """
        text = self.host.text(query.path, query.fields())
        try:
            if capture is not None:
                capture.mkdir(parents=True, exist_ok=True)
                (capture / f"{self.file_name(query)}.csv").write_text(text)
            return read_table(text, _REQUESTS[query.schema][1], query.date)
        except (OSError, ValueError) as error:
            raise FeedError(f"{self.host.name} answered {query.path}: {error}") from error

    def file_name(self, query: ThetaQuery) -> str:
        """What a query's file is called, without the suffix."""
        digest = hashlib.sha256(repr(query.fields()).encode()).hexdigest()
        return f"{query.schema}.{query.root}.{digest[:16]}"

    def download(self, query: ThetaQuery, write: Callable[[bytes], object]) -> None:
        """Receive what a query asks for once, and compress it.

        Values of an index need a subscription of their own, so none is as good as no data.
        """
        compressor = zstandard.ZstdCompressor(write_checksum=True).compressobj()
        try:
            for block in self.host.blocks(query.path, query.fields()):
                write(compressor.compress(block))
        except ThetaPermissionError:
            if query.expiry is not None:
                raise
        write(compressor.flush())

    def read(self, path: Path, query: ThetaQuery) -> ThetaTable:
        """The columns of a file.

        Raises:
            TapeError: If it is missing, damaged, or something else.
        """
        try:
            compressed = path.read_bytes()
        except OSError as error:
            raise TapeError(f"{path}: {error.strerror}") from error
        reader = zstandard.ZstdDecompressor().decompressobj()
        try:
            text = reader.decompress(compressed).decode()
            if not reader.eof:
                raise ValueError("it ends in the middle")
            return read_table(text, _REQUESTS[query.schema][1], query.date)
        except (zstandard.ZstdError, ValueError) as error:
            raise TapeError(f"{path}: damaged, or no answer to {query.path}: {error}") from error
