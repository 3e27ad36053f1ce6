"""Massive's flat files: all trades of a day's options as a compressed CSV in an object store.

They have keys of their own. pyarrow, which reads histories from object stores, signs the requests.
"""

import datetime
import zlib
from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa
from pyarrow import fs

from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.history_host import HistoryBusyError
from zerodte.feeds.http_client import check_address
from zerodte.feeds.massive.protocol import OPTION_PREFIX
from zerodte.feeds.vendor_key import VendorKey, vendor_key

#: The environment's names of the keys; the vendor gives them none.
FILES_ACCESS_KEY: Final = "MASSIVE_S3_ACCESS_KEY"
FILES_SECRET_KEY: Final = "MASSIVE_S3_SECRET_KEY"  # noqa: S105  a name
FILES_URL: Final = "https://files.massive.com"
_FOLDER: Final = "flatfiles/us_options_opra/trades_v1"
#: Bytes that are asked for at once.
_BLOCK: Final = 4 << 20
#: Bytes of a line at most.
_LONGEST_LINE: Final = 1 << 16
_CONNECT_S, _REQUEST_S = 10.0, 100.0
#: What a refusal may mean, which the vendor does not say.
_REFUSED: Final = (
    "the keys may be wrong, the file outside the plan (trades need Options Developer or Advanced) "
    "or its years, or an agreement not signed at massive.com/dashboard"
)


class FlatFiles:
    """The files that a user may read.

    Args:
        access_key: The user's.
        secret_key: Likewise.
        url: Where they are; http for this machine only.

    Attributes:
        name: The host.

    Raises:
        FeedError: If the address is of another kind.
    """

    def __init__(self, access_key: VendorKey, secret_key: VendorKey, url: str = FILES_URL) -> None:
        self.name, _ = check_address(url, FILES_URL)
        scheme, _, host = url.rstrip("/").partition("://")
        self._store = fs.S3FileSystem(
            access_key=access_key.reveal(),
            secret_key=secret_key.reveal(),
            scheme=scheme,
            endpoint_override=host,
            # A region is needed, and means nothing there.
            region="us-east-1",
            connect_timeout=_CONNECT_S,
            request_timeout=_REQUEST_S,
            # The caller asks again, and longer.
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=1),
        )

    def size(self, date: datetime.date) -> int | None:
        """Bytes of a day's file; None if there is none.

        Raises:
            FeedRefusalError: If it may not be read.
            HistoryBusyError: If the host is busy, or the connection breaks.
        """
        try:
            with self._open(date) as file:
                return int(file.size())
        except FileNotFoundError:
            return None
        except (pa.ArrowException, OSError) as error:
            raise self._error(error) from None

    def lines(self, date: datetime.date, roots: Sequence[str]) -> Iterator[bytes]:
        """The header of a day's file, and the lines of some roots and perhaps of a few others.

        Raises:
            FeedRefusalError: If it may not be read.
            HistoryBusyError: If the host is busy, the connection breaks, or the file is not whole.
        """
        return _lines_of(self._blocks(date), roots)

    def _blocks(self, date: datetime.date) -> Iterator[bytes]:
        """A day's file, compressed by gzip, in blocks of bytes."""
        try:
            with self._open(date) as file:
                while block := file.read(_BLOCK):
                    yield block
        except (pa.ArrowException, OSError) as error:
            raise self._error(error) from None

    def _open(self, date: datetime.date) -> pa.NativeFile:
        return self._store.open_input_file(f"{_FOLDER}/{date:%Y/%m}/{date}.csv.gz")

    def _error(self, error: Exception) -> FeedError:
        """What went wrong, in words; those of pyarrow name the bucket, and no key."""
        if isinstance(error, FeedError):
            return error
        text = str(error).partition("\n")[0]
        if "ACCESS_DENIED" in text:
            return FeedRefusalError(f"{self.name} refuses its file of the day: {_REFUSED}")
        if isinstance(error, FileNotFoundError):
            return FeedRefusalError(f"{self.name} has no file of the day")
        return HistoryBusyError(f"{self.name} did not send its file of the day: {text}")


def flat_files(url: str | None = None) -> FlatFiles:
    """The files at an address, or at the vendor's own, with the user's keys.

    Raises:
        FeedRefusalError: If a key is missing, or others may read the file of keys.
    """
    return FlatFiles(
        vendor_key("massive", FILES_ACCESS_KEY, "s3_access_key"),
        vendor_key("massive", FILES_SECRET_KEY, "s3_secret_key"),
        url or FILES_URL,
    )


def _lines_of(blocks: Iterator[bytes], roots: Sequence[str]) -> Iterator[bytes]:
    """The header of a file, and the lines of some roots: of half a million contracts a few."""
    # A root that is another's beginning is told later; this is quick, and leaves out most.
    wanted = tuple(
        f"{OPTION_PREFIX}{root}{digit}".encode() for root in roots for digit in range(10)
    )
    has_header = False
    for lines in _plain_lines(blocks):
        if not has_header:
            yield lines[0] + b"\n"
            has_header = True
            lines = lines[1:]  # noqa: PLW2901
        if mine := [line for line in lines if line.startswith(wanted)]:
            yield b"\n".join(mine) + b"\n"
    if not has_header:
        raise HistoryBusyError("the file of the day is empty")


def _plain_lines(blocks: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Whole lines of a file that gzip has compressed, some at a time."""
    reader = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    rest = b""
    for block in blocks:
        try:
            plain = reader.decompress(block)
            while reader.eof and reader.unused_data:
                # Files may be joined.
                unused = reader.unused_data
                reader = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
                plain += reader.decompress(unused)
        except zlib.error as error:
            raise HistoryBusyError(f"the file of the day is no gzip: {error}") from None
        *lines, rest = (rest + plain).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            raise HistoryBusyError("the file of the day has no lines")
        if lines:
            yield lines
    if not reader.eof:
        raise HistoryBusyError("the file of the day ends in the middle")
    if rest:
        yield [rest]
