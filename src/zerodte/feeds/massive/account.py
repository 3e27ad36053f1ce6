"""Massive's REST interface: listed contracts, their open interest, and chains of quotes."""

import contextlib
import datetime
import http.client
import math
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Final

import zerodte
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.http_client import account_opener, check_address, clock_offset, read_answer
from zerodte.feeds.massive.chain import (
    ChainSnapshot,
    ContractsPage,
    InterestPage,
    MassiveChain,
    SnapshotsPage,
    interest_of,
    listings_of,
    snapshot_of,
)
from zerodte.feeds.massive.pages import (
    CONTRACTS_PATH,
    INTEREST_PATH,
    ROWS_PER_PAGE,
    AnyPage,
    interest_query,
    pages_of,
    refusal_words,
)
from zerodte.feeds.massive.protocol import INDEX_PREFIX
from zerodte.feeds.patience import VendorBusyError, told_wait
from zerodte.feeds.universe import Universe, is_live
from zerodte.feeds.vendor_key import VendorKey, environment_key, vendor_key
from zerodte.market.calendar import calendar
from zerodte.market.roots import root_info

#: The environment's names of the key, which are the vendor's own, the second from before it was
#: renamed.
MASSIVE_KEY: Final = "MASSIVE_API_KEY"
POLYGON_KEY: Final = "POLYGON_API_KEY"
MASSIVE_URL: Final = "https://api.massive.com"
_STREAM_URL: Final = "wss://socket.massive.com"
#: Days ahead of which contracts are asked for: more than any followed expiry is away.
_AHEAD: Final = datetime.timedelta(days=63)
#: Entries of an answer's page, as many as the vendor allows.
_QUOTES_PER_PAGE: Final = 250
_MOST_TEXT: Final = 200  # characters of the vendor's words
#: Bytes of an answer that refuses.
_MOST_REFUSAL: Final = 1 << 16
#: Seconds to wait if the vendor has enough and does not say for how long.
_WAIT_S: Final = 60.0
#: What a refusal may mean.
NEEDS_OPTIONS: Final = (
    "trades and quotes of options in real time need the plan Options Advanced, and the exchanges' "
    "agreements signed at massive.com/dashboard"
)


def massive_key() -> VendorKey:
    """The user's key, from the environment or the key file.

    Raises:
        FeedRefusalError: If there is none, or others may read the file.
    """
    return (
        environment_key(MASSIVE_KEY)
        or environment_key(POLYGON_KEY)
        or vendor_key("massive", MASSIVE_KEY)
    )


class MassiveAccount:
    """A user's access to the vendor; calls may come from any thread.

    Args:
        key: The user's.
        url: One address of everything, http for this machine only; None for the vendor's own.

    Attributes:
        key: As above.
        name: The host, and its port if it has one.
        is_loopback: Whether it is this machine.
        offset: Seconds that the host's clock is ahead of this machine's, about; NaN until it tells.

    Raises:
        FeedError: If the address is of another kind.
    """

    def __init__(self, key: VendorKey, url: str | None = None) -> None:
        self.key = key
        self._url = (url or MASSIVE_URL).rstrip("/")
        self._stream = f"ws{self._url.removeprefix('http')}" if url else _STREAM_URL
        self.name, self.is_loopback = check_address(self._url, MASSIVE_URL)
        self.offset = math.nan
        self._opener = account_opener(is_loopback=self.is_loopback)

    def stream_url(self, cluster: str) -> str:
        """The websocket of a cluster: options or indices."""
        return f"{self._stream}/{cluster}"

    def chain(self, symbol: str, date: datetime.date) -> MassiveChain:
        """The contracts of an underlying that expire on a date or soon after it.

        Open interest is that of the expiries that are followed.

        Raises:
            FeedRefusalError: If the vendor refuses.
            FeedError: If it cannot be reached.
        """
        query = {
            "underlying_ticker": symbol,
            "expiration_date.gte": date.isoformat(),
            "expiration_date.lte": (date + _AHEAD).isoformat(),
            "sort": "expiration_date",
            "order": "asc",
            "limit": str(ROWS_PER_PAGE),
        }
        pages = self._pages(CONTRACTS_PATH, query, ContractsPage)
        listings = listings_of([one for page in pages for one in page.results])
        live = [one.contract for one in listings if is_live(one.contract, date)]
        expiries = set(Universe(date).expiries(live))
        found: list[InterestPage] = []
        for root, expiry in sorted({(one.root, one.expiry) for one in live}):
            if expiry in expiries:
                found += self._interest(root, expiry, date)
        return MassiveChain(listings, interest_of(found))

    def snapshot(
        self, symbol: str, expiry: datetime.date, low: float = 0.0, high: float = 0.0
    ) -> ChainSnapshot:
        """What an expiry stands at.

        Args:
            symbol: The underlying.
            expiry: The expiry.
            low: The lowest strike, dollars; 0 for no bound.
            high: The highest, likewise.

        Raises:
            FeedRefusalError: If the vendor refuses, as it does without a subscription.
            FeedError: If it cannot be reached.
        """
        query = {"expiration_date": expiry.isoformat(), "limit": str(_QUOTES_PER_PAGE)}
        if high:
            query |= {"strike_price.gte": f"{low:g}", "strike_price.lte": f"{high:g}"}
        asset = f"{INDEX_PREFIX}{symbol}" if root_info(symbol).is_index else symbol
        path = f"/v3/snapshot/options/{urllib.parse.quote(asset, safe=':')}"
        return snapshot_of(list(self._pages(path, query, SnapshotsPage)))

    def _interest(
        self, root: str, expiry: datetime.date, date: datetime.date
    ) -> Iterator[InterestPage]:
        """Figures of the two sessions before a date; in the night the last one has none yet."""
        first = calendar().previous(calendar().previous(date).date).date
        query = interest_query(root, expiry) | {"date.gte": first.isoformat()}
        yield from self._pages(INTEREST_PATH, query, InterestPage)

    def _pages(self, path: str, query: Mapping[str, str], kind: type[AnyPage]) -> Iterator[AnyPage]:
        return pages_of(self._get, self.name, path, query, kind)

    def _get(self, target: str) -> bytes:
        path = target.partition("?")[0]
        request = urllib.request.Request(  # noqa: S310  the address was checked
            f"{self._url}{target}",
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "Authorization": f"Bearer {self.key.reveal()}",
                "User-Agent": f"zerodte/{zerodte.__version__}",
            },
        )
        body, headers = read_answer(
            self._opener, request, self.name, lambda error: self._refusal(error, path)
        )
        if (offset := clock_offset(headers)) is not None:
            self.offset = offset
        return body

    def _refusal(self, error: urllib.error.HTTPError, path: str) -> FeedError:
        words = ""
        with contextlib.suppress(OSError, http.client.HTTPException):
            words = refusal_words(error.read(_MOST_REFUSAL), self.key.reveal())
        text = f"{self.name} answered {error.code} {error.reason} to {path}".rstrip()
        text = f"{text}: {words[:_MOST_TEXT]}" if words else text
        if error.code == http.client.UNAUTHORIZED:
            return FeedRefusalError(f"{text}; check the key")
        if error.code == http.client.FORBIDDEN:
            return FeedRefusalError(f"{text}; {NEEDS_OPTIONS}")
        if error.code == http.client.TOO_MANY_REQUESTS:
            wait = told_wait(error.headers, "X-RateLimit-Reset")
            return VendorBusyError(text, _WAIT_S if wait is None else wait)
        return FeedError(text)
