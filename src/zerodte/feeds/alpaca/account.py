"""Alpaca's REST interface: listed contracts with their open interest, and chains of quotes."""

import datetime
import http.client
import math
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

import zerodte
from zerodte.feeds.alpaca.chain import (
    AlpacaChain,
    ContractsAnswer,
    ListedContract,
    SnapshotsAnswer,
    chain_of,
    standing_quotes,
)
from zerodte.feeds.contract_records import StandingQuote
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.http_client import account_opener, check_address, clock_offset, read_answer
from zerodte.feeds.patience import VendorBusyError, told_wait
from zerodte.feeds.vendor_key import VendorKey, vendor_key

#: The environment's names of the keys, which are the vendor's own.
KEY_ID: Final = "APCA_API_KEY_ID"
SECRET_KEY: Final = "APCA_API_SECRET_KEY"  # noqa: S105  a name
#: Who has no real money there has keys that begin so, and another host.
_PAPER: Final = "PK"
#: Days ahead of which contracts are asked for: more than any followed expiry is away.
_AHEAD: Final = datetime.timedelta(days=63)
#: Entries of an answer's page, and pages at most.
_CONTRACTS_PER_PAGE: Final = 10_000
_QUOTES_PER_PAGE: Final = 1_000
_MOST_PAGES: Final = 50
_MOST_TEXT: Final = 200  # characters of the vendor's words
#: Bytes of an answer that refuses.
_MOST_REFUSAL: Final = 1 << 16
#: Seconds to wait if the vendor has enough and does not say for how long.
_WAIT_S: Final = 60.0

_Answer = TypeVar("_Answer", bound=msgspec.Struct)


class _MessageAnswer(msgspec.Struct):
    message: str = ""


@dataclass(frozen=True, slots=True)
class AlpacaKeys:
    """A user's keys.

    Attributes:
        key_id: Which key it is.
        secret_key: The key.
    """

    key_id: VendorKey
    secret_key: VendorKey

    @property
    def is_paper(self) -> bool:
        """Whether they are those of an account without real money."""
        return self.key_id.reveal().startswith(_PAPER)


@dataclass(frozen=True, slots=True)
class AlpacaHosts:
    """Where the vendor is.

    Attributes:
        trading: Lists contracts.
        data: Has chains of quotes.
        stream: The websocket, without its path.
    """

    trading: str = "https://api.alpaca.markets"
    data: str = "https://data.alpaca.markets"
    stream: str = "wss://stream.data.alpaca.markets"

    @classmethod
    def at(cls, url: str) -> "AlpacaHosts":
        """All of them at one address, http or https."""
        url = url.rstrip("/")
        return cls(url, url, f"ws{url.removeprefix('http')}")


_PAPER_HOSTS: Final = AlpacaHosts("https://paper-api.alpaca.markets")


def alpaca_keys() -> AlpacaKeys:
    """The user's keys, from the environment or the key file.

    Raises:
        FeedRefusalError: If one is missing, or others may read the file.
    """
    return AlpacaKeys(
        vendor_key("alpaca", KEY_ID, "key_id"), vendor_key("alpaca", SECRET_KEY, "secret_key")
    )


class AlpacaAccount:
    """A user's access to the vendor; calls may come from any thread.

    Args:
        keys: The user's.
        url: One address of everything, http for this machine only; None for the vendor's own.
        is_indicative: Whether the free quotes are asked for, which are no real ones.

    Attributes:
        keys: As above.
        is_indicative: As above.
        hosts: Where it asks.
        name: The host of data, and its port if it has one.
        is_loopback: Whether it is this machine.
        offset: Seconds that the host's clock is ahead of this machine's, about; NaN until it tells.

    Raises:
        FeedError: If the address is of another kind.
    """

    def __init__(
        self, keys: AlpacaKeys, url: str | None = None, *, is_indicative: bool = False
    ) -> None:
        self.keys = keys
        self.is_indicative = is_indicative
        self.hosts = _PAPER_HOSTS if keys.is_paper else AlpacaHosts()
        if url is not None:
            self.hosts = AlpacaHosts.at(url)
        self.name, self.is_loopback = check_address(self.hosts.data, AlpacaHosts().data)
        self.offset = math.nan
        self._opener = account_opener(is_loopback=self.is_loopback)
        self._lock = threading.Lock()

    @property
    def feed(self) -> str:
        """What the vendor calls the data."""
        return "indicative" if self.is_indicative else "opra"

    @property
    def stream_url(self) -> str:
        """The websocket."""
        return f"{self.hosts.stream}/v1beta1/{self.feed}"

    def chain(self, symbol: str, date: datetime.date) -> AlpacaChain:
        """The contracts of an underlying that expire on a date or soon after it.

        Raises:
            FeedRefusalError: If the vendor refuses.
            FeedError: If it cannot be reached.
        """
        query = {
            "underlying_symbols": symbol,
            "status": "active",
            "expiration_date_gte": date.isoformat(),
            "expiration_date_lte": (date + _AHEAD).isoformat(),
            "limit": str(_CONTRACTS_PER_PAGE),
        }
        found: list[ListedContract] = []
        for _ in range(_MOST_PAGES):
            url = f"{self.hosts.trading}/v2/options/contracts"
            answer = self._get(url, query, ContractsAnswer)
            found += answer.option_contracts
            if not answer.next_page_token:
                return chain_of(found)
            query["page_token"] = answer.next_page_token
        raise FeedError(f"{self.name} has no end of the contracts of {symbol}")

    def quotes(
        self, symbol: str, expiry: datetime.date, low: float = 0.0, high: float = 0.0
    ) -> list[StandingQuote]:
        """The last quotes of an expiry.

        Args:
            symbol: The underlying.
            expiry: The expiry.
            low: The lowest strike, dollars; 0 for no bound.
            high: The highest, likewise.

        Raises:
            FeedRefusalError: If the vendor refuses, as it does without a subscription.
            FeedError: If it cannot be reached.
        """
        query = {
            "feed": self.feed,
            "expiration_date": expiry.isoformat(),
            "limit": str(_QUOTES_PER_PAGE),
        }
        if high:
            query |= {"strike_price_gte": f"{low:g}", "strike_price_lte": f"{high:g}"}
        name = urllib.parse.quote(symbol, safe="")
        found: list[StandingQuote] = []
        for _ in range(_MOST_PAGES):
            url = f"{self.hosts.data}/v1beta1/options/snapshots/{name}"
            answer = self._get(url, query, SnapshotsAnswer)
            found += standing_quotes(answer)
            if not answer.next_page_token:
                return found
            query["page_token"] = answer.next_page_token
        raise FeedError(f"{self.name} has no end of the quotes of {symbol}")

    def _get(self, url: str, query: Mapping[str, str], kind: type[_Answer]) -> _Answer:
        path = urllib.parse.urlsplit(url).path
        request = urllib.request.Request(  # noqa: S310  the address was checked
            f"{url}?{urllib.parse.urlencode(query)}",
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "APCA-API-KEY-ID": self.keys.key_id.reveal(),
                "APCA-API-SECRET-KEY": self.keys.secret_key.reveal(),
                "User-Agent": f"zerodte/{zerodte.__version__}",
            },
        )
        body, headers = read_answer(
            self._opener, request, self.name, lambda error: self._refusal(error, path)
        )
        if (offset := clock_offset(headers)) is not None:
            self.offset = offset
        try:
            return msgspec.json.decode(body, type=kind)
        except ValueError as error:
            raise FeedError(f"{self.name} answered no such JSON to {path}: {error}") from None

    def _refusal(self, error: urllib.error.HTTPError, path: str) -> FeedError:
        try:
            words = msgspec.json.decode(error.read(_MOST_REFUSAL), type=_MessageAnswer).message
        except (ValueError, OSError, http.client.HTTPException):
            words = ""
        for secret in (self.keys.key_id, self.keys.secret_key):
            words = words.replace(secret.reveal(), "...")
        text = f"{self.name} answered {error.code} {error.reason} to {path}".rstrip()
        text = f"{text}: {words[:_MOST_TEXT]}" if words else text
        if error.code in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
            return FeedRefusalError(text if self.is_indicative else f"{text}; {NEEDS_OPRA}")
        if error.code == http.client.TOO_MANY_REQUESTS:
            wait = told_wait(error.headers, "X-RateLimit-Reset")
            return VendorBusyError(text, _WAIT_S if wait is None else wait)
        return FeedError(text)


#: What a refusal may mean.
NEEDS_OPRA: Final = (
    "quotes of OPRA need the plan Algo Trader Plus; the free ones are indicative, derived and no "
    "real quotes: --indicative records those all the same, without trades and flow"
)
