"""Databento's historical HTTP API: what is there, what it costs, and the records themselves.

Sizes, costs and symbols are free to ask for; a body of records is billed by what is sent. Source
of the methods and their fields: the vendor's reference of that API.
"""

import base64
import contextlib
import datetime
import hashlib
import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

import zerodte
from zerodte.constants import SECOND
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.feed_checks import LOOPBACK_HOSTS
from zerodte.feeds.vendor_key import VendorKey

#: The vendor's own host.
HISTORICAL_URL: Final = "https://hist.databento.com"
#: Symbols of one request.
MOST_SYMBOLS: Final = 2_000

_TIMEOUT: Final = 100.0  # seconds without a byte
_BLOCK: Final = 1 << 18
_LARGEST: Final = 64 << 20  # bytes of an answer in JSON
#: Requests of one kind until it is given up, the first wait between them doubling each time.
_MOST_REQUESTS: Final = 7
_LONGEST_WAIT: Final = 120.0  # seconds
_MOST_TEXT: Final = 300  # characters of the vendor's words
_BUSY: Final = (http.client.REQUEST_TIMEOUT, http.client.TOO_MANY_REQUESTS)

_Found = TypeVar("_Found")


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


class HistoricalBusyError(FeedError):
    """An answer, or none, after which it is worth asking again.

    Args:
        text: What happened.
        wait: Seconds that the vendor asks to wait; 0 if it does not say.
    """

    def __init__(self, text: str, wait: float = 0.0) -> None:
        super().__init__(text)
        self.wait = wait


class HistoricalClient:
    """Asks the historical API. Redirects are not followed: a key stays with its host.

    Args:
        key: The user's.
        url: The host; http for this machine only.
        first_wait: Seconds before a request is made again for the first time.

    Raises:
        FeedError: If the address is of another kind.
    """

    def __init__(
        self, key: VendorKey, url: str = HISTORICAL_URL, *, first_wait: float = 1.0
    ) -> None:
        try:
            parts = urllib.parse.urlsplit(url)
            is_loopback = parts.hostname in LOOPBACK_HOSTS
            is_right = parts.scheme == "https" or (parts.scheme == "http" and is_loopback)
            is_right = is_right and bool(parts.hostname) and "@" not in parts.netloc
            is_right = is_right and parts.port != 0
        except ValueError:
            is_right = is_loopback = False
        if not is_right:
            raise FeedError(
                f"{url!r} is no address; expected: one such as {HISTORICAL_URL}, or http:// on "
                "this machine"
            )
        self.host = parts.netloc
        self._url = url.rstrip("/")
        self._key = key
        self._first_wait = first_wait
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler({} if is_loopback else None),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
        ):
            self._opener.add_handler(handler)

    def end_of(self, dataset: str) -> int:
        """Until when the dataset is available to this key, UTC ns.

        Raises:
            FeedRefusalError: If the vendor refuses; likewise for all methods.
            FeedError: If it cannot be reached, or answers something else; likewise.
        """
        answer = self._json("metadata.get_dataset_range", {"dataset": dataset})
        try:
            end = datetime.datetime.fromisoformat(str(_mapping(answer)["end"]))
        except (KeyError, ValueError) as error:
            raise FeedError(f"{self.host} does not tell until when it has {dataset}") from error
        if end.tzinfo is None:
            end = end.replace(tzinfo=datetime.UTC)
        return int(end.timestamp()) * SECOND

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
            HistoricalBusyError: If the vendor asks for patience, or the connection breaks.
        """
        fields = query.fields() | {"encoding": "dbn", "compression": "zstd"}
        with self._open("timeseries.get_range", fields) as answer:
            for block in self._blocks(answer):
                write(block)

    def patiently(self, attempt: Callable[[], _Found]) -> _Found:
        """Make a request, again and again while the vendor is busy or the connection breaks.

        Raises:
            FeedError: If that does not help.
        """
        wait = self._first_wait
        for _ in range(_MOST_REQUESTS - 1):
            try:
                return attempt()
            except HistoricalBusyError as error:
                time.sleep(min(max(wait, error.wait), _LONGEST_WAIT))
            wait *= 2.0
        try:
            return attempt()
        except HistoricalBusyError as error:
            raise FeedError(f"{error}; given up after {_MOST_REQUESTS} requests") from error

    def _number(self, method: str, query: HistoricalQuery) -> float:
        answer = self._json(method, query.fields())
        if isinstance(answer, bool) or not isinstance(answer, int | float) or not answer >= 0:
            raise FeedError(f"{self.host} answered no number to {method}")
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
        answer = _mapping(self._json("symbology.resolve", fields)).get("result")
        return [
            (name, str(one.get("s", "")))
            for name, intervals in _mapping(answer).items()
            for one in (intervals if isinstance(intervals, list) else ())
            if isinstance(one, dict)
        ]

    def _json(self, method: str, fields: Mapping[str, str]) -> object:
        def attempt() -> object:
            with self._open(method, fields) as answer:
                body = b""
                for block in self._blocks(answer):
                    body += block
                    if len(body) > _LARGEST:
                        raise FeedError(f"{self.host} answered more than {_LARGEST:,} bytes")
            try:
                return msgspec.json.decode(body)
            except ValueError as error:
                raise FeedError(f"{self.host} answered no JSON to {method}") from error

        return self.patiently(attempt)

    @contextlib.contextmanager
    def _open(self, method: str, fields: Mapping[str, str]) -> Iterator[http.client.HTTPResponse]:
        url = f"{self._url}/v0/{method}"
        text = urllib.parse.urlencode(fields)
        body: bytes | None = text.encode()
        if method.startswith("metadata.get_dataset"):
            url, body = f"{url}?{text}", None
        secret = base64.b64encode(f"{self._key.reveal()}:".encode()).decode()
        headers = {
            "Accept": "application/json",
            "Authorization": f"Basic {secret}",
            "User-Agent": f"zerodte/{zerodte.__version__}",
        }
        # The address was checked, and the opener has handlers of http and https only.
        request = urllib.request.Request(url, body, headers)  # noqa: S310
        try:
            answer = self._opener.open(request, timeout=_TIMEOUT)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error) from None
        except urllib.error.URLError as error:
            raise self._broken(error.reason) from error
        except (OSError, http.client.HTTPException) as error:
            raise self._broken(error) from error
        with answer:
            yield answer

    def _blocks(self, answer: http.client.HTTPResponse) -> Iterator[bytes]:
        while True:
            try:
                block = answer.read1(_BLOCK)
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise self._broken(error) from error
            if not block:
                break
            yield block
        if answer.length:
            raise self._broken(f"half a body, {answer.length:,} bytes are missing")

    def _broken(self, reason: object) -> HistoricalBusyError:
        text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        return HistoricalBusyError(f"the connection to {self.host} broke: {text}")

    def _refusal(self, error: urllib.error.HTTPError) -> FeedError:
        text = f"{self.host} answered {error.code} {error.reason}".rstrip()
        with contextlib.suppress(OSError, http.client.HTTPException):
            if words := _words(error.read(_BLOCK)):
                text = f"{text}: {words}"
        text = text.replace(self._key.reveal(), "...")
        if error.code in _BUSY or error.code >= http.client.INTERNAL_SERVER_ERROR:
            asked = error.headers.get("Retry-After", "")
            is_told = asked.isascii() and asked.isdecimal() and len(asked) < 6
            return HistoricalBusyError(text, float(asked) if is_told else 0.0)
        return FeedRefusalError(text)


def _mapping(answer: object) -> dict[str, object]:
    return answer if isinstance(answer, dict) else {}


def _words(body: bytes) -> str:
    """What an error's body says: its `detail`, or the message in that."""
    try:
        detail = _mapping(msgspec.json.decode(body)).get("detail", "")
    except ValueError:
        return ""
    message = detail.get("message", "") if isinstance(detail, dict) else detail
    return str(message)[:_MOST_TEXT]
