"""What is asked of Massive's history: contracts of a day, its trades, and open interest."""

import csv
import datetime
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.csv as pa_csv
import zstandard

from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.history_host import MOST_WORDS, HistoryHost
from zerodte.feeds.http_client import check_address, http_opener
from zerodte.feeds.massive.account import MASSIVE_URL, NEEDS_OPTIONS
from zerodte.feeds.massive.chain import ContractsPage, InterestPage, listings_of
from zerodte.feeds.massive.flat_files import FlatFiles
from zerodte.feeds.massive.pages import (
    CONTRACTS_PATH,
    INTEREST_PATH,
    ROWS_PER_PAGE,
    AnyPage,
    interest_query,
    pages_of,
    refusal_words,
)
from zerodte.feeds.slice_folder import SliceSource
from zerodte.feeds.vendor_key import VendorKey
from zerodte.market.osi import Contract
from zerodte.tape.error import TapeError

#: Days ahead of which contracts are asked for: more than any followed expiry is away.
_AHEAD: Final = datetime.timedelta(days=63)
#: The columns of a slice, and their types.
_TRADE_COLUMNS: Final = {
    "ticker": pa.string(),
    "conditions": pa.string(),
    "correction": pa.string(),
    "exchange": pa.int64(),
    "price": pa.float64(),
    "sip_timestamp": pa.int64(),
    "size": pa.float64(),
}
_INTEREST_COLUMNS: Final = {
    "ticker": pa.string(),
    "date": pa.string(),
    "open_interest": pa.float64(),
}


@dataclass(frozen=True, slots=True)
class MassiveQuery:
    """Data that are asked for.

    Attributes:
        schema: What they become: `trades`, or `statistics`.
        date: The session's.
        roots: Of the options; of statistics a single one.
        expiry: Of statistics.
        day: Of statistics: the session that the figures are of.
    """

    schema: str
    date: datetime.date
    roots: tuple[str, ...]
    expiry: datetime.date | None = None
    day: datetime.date | None = None


class MassiveHistoryHost(HistoryHost):
    """The host of the REST interface.

    Args:
        key: The user's.
        url: The host; http for this machine only.
        first_wait: Seconds before a request is made again for the first time.

    Raises:
        FeedError: If the address is of another kind.
    """

    def __init__(self, key: VendorKey, url: str = MASSIVE_URL, *, first_wait: float = 1.0) -> None:
        name, is_loopback = check_address(url, MASSIVE_URL)
        super().__init__(name, http_opener(is_loopback=is_loopback, follows=False), first_wait)
        self._url = url.rstrip("/")
        self._key = key

    def pages(self, path: str, query: Mapping[str, str], kind: type[AnyPage]) -> Iterator[AnyPage]:
        """All pages of an answer.

        Raises:
            FeedRefusalError: If the vendor refuses.
            FeedError: If it cannot be reached, or answers something else.
        """
        return pages_of(self._get, self.name, path, query, kind)

    def refusal(self, status: int, text: str) -> FeedError | None:
        """What an answer with an error's status is."""
        found = super().refusal(status, text)
        return FeedRefusalError(f"{text}; {_ADVICE[status]}") if status in _ADVICE else found

    def words(self, body: bytes) -> str:
        """What an error's body says."""
        return refusal_words(body, self._key.reveal())[:MOST_WORDS]

    def _get(self, target: str) -> bytes:
        headers = {"Authorization": f"Bearer {self._key.reveal()}"}
        return self.patiently(lambda: b"".join(self.ask(f"{self._url}{target}", headers=headers)))


_ADVICE: Final = {401: "check the key", 403: NEEDS_OPTIONS}


class MassiveHistory(SliceSource[MassiveQuery, pa.Table]):
    """Asks for both: files of trades, and by REST contracts and open interest.

    Args:
        host: The REST interface.
        files: The files.
    """

    vendor = "massive"
    suffix = ".csv.zst"
    host: MassiveHistoryHost

    def __init__(self, host: MassiveHistoryHost, files: FlatFiles) -> None:
        self.host = host
        self._files = files

    def contracts(self, symbol: str, date: datetime.date) -> list[Contract]:
        """The contracts of an underlying that were listed on a day, and expired soon after it.

        Raises:
            FeedRefusalError: If the vendor refuses.
            FeedError: If it cannot be reached, or answers something else.
        """
        query = {
            "underlying_ticker": symbol,
            "as_of": date.isoformat(),
            "expiration_date.gte": date.isoformat(),
            "expiration_date.lte": (date + _AHEAD).isoformat(),
            "sort": "expiration_date",
            "order": "asc",
            "limit": str(ROWS_PER_PAGE),
        }
        pages = self.host.pages(CONTRACTS_PATH, query, ContractsPage)
        listings = listings_of([one for page in pages for one in page.results])
        return [one.contract for one in listings]

    def file_size(self, date: datetime.date) -> int | None:
        """Bytes of a day's file of trades; None if there is none.

        Raises:
            FeedRefusalError: If it may not be read.
            FeedError: If the host cannot be reached.
        """
        return self.host.patiently(lambda: self._files.size(date))

    def file_name(self, query: MassiveQuery) -> str:
        """What a query's file is called, without the suffix."""
        digest = hashlib.sha256(repr(query).encode()).hexdigest()
        return f"{query.schema}.{query.roots[0]}.{digest[:16]}"

    def download(self, query: MassiveQuery, write: Callable[[bytes], object]) -> None:
        """Receive what a query asks for once, and compress it; of a file the lines of its roots."""
        compressor = zstandard.ZstdCompressor(write_checksum=True).compressobj()
        if query.schema == "trades":
            for block in self._files.lines(query.date, query.roots):
                write(compressor.compress(block))
        else:
            write(compressor.compress(self._interest(query)))
        write(compressor.flush())

    def read(self, path: Path, query: MassiveQuery) -> pa.Table:
        """The columns of a file.

        Raises:
            TapeError: If it is missing, damaged, or something else.
        """
        columns = _TRADE_COLUMNS if query.schema == "trades" else _INTEREST_COLUMNS
        try:
            compressed = path.read_bytes()
        except OSError as error:
            raise TapeError(f"{path}: {error.strerror}") from error
        reader = zstandard.ZstdDecompressor().decompressobj()
        try:
            content = reader.decompress(compressed)
            if not reader.eof:
                raise ValueError("it ends in the middle")
            options = pa_csv.ConvertOptions(
                column_types=columns,
                include_columns=list(columns),
                # A condition may be missing, and is then no number.
                strings_can_be_null=False,
            )
            return pa_csv.read_csv(io.BytesIO(content), convert_options=options)
        except (zstandard.ZstdError, pa.ArrowException, KeyError, ValueError) as error:
            raise TapeError(f"{path}: damaged, or no {query.schema}: {error}") from error

    def _interest(self, query: MassiveQuery) -> bytes:
        """The figures of the session before, as lines."""
        if query.expiry is None or query.day is None:
            raise ValueError("a query for open interest needs an expiry and a day")
        fields = interest_query(query.roots[0], query.expiry) | {"date": query.day.isoformat()}
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(_INTEREST_COLUMNS)
        for page in self.host.pages(INTEREST_PATH, fields, InterestPage):
            for one in page.results:
                if one.open_interest is not None:
                    writer.writerow((one.ticker, one.date, one.open_interest))
        return out.getvalue().encode()
