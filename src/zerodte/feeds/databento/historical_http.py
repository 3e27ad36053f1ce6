"""Requests to Databento's historical HTTP API, with the user's key."""

import base64
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from zerodte.feeds.feed import FeedError
from zerodte.feeds.history_host import MOST_WORDS, HistoryHost
from zerodte.feeds.http_client import LARGEST_BODY, check_address, http_opener
from zerodte.feeds.vendor_key import VendorKey

#: The vendor's own host.
HISTORICAL_URL: Final = "https://hist.databento.com"


class HistoricalHost(HistoryHost):
    """The host of the API. Redirects are not followed: a key stays with its host.

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
        name, is_loopback = check_address(url, HISTORICAL_URL)
        super().__init__(name, http_opener(is_loopback=is_loopback, follows=False), first_wait)
        self._url = url.rstrip("/")
        self._key = key

    def json(self, method: str, fields: Mapping[str, str]) -> object:
        """An answer in JSON, decoded.

        Raises:
            FeedRefusalError: If the vendor refuses.
            FeedError: If it cannot be reached, or answers something else.
        """

        def attempt() -> object:
            body = b""
            for block in self.blocks(method, fields):
                body += block
                if len(body) > LARGEST_BODY:
                    raise FeedError(f"{self.name} answered more than {LARGEST_BODY:,} bytes")
            try:
                return msgspec.json.decode(body)
            except ValueError as error:
                raise FeedError(f"{self.name} answered no JSON to {method}") from error

        return self.patiently(attempt)

    def blocks(self, method: str, fields: Mapping[str, str]) -> Iterator[bytes]:
        """An answer of any size, in blocks of bytes.

        Raises:
            FeedRefusalError: If the vendor refuses.
            HistoryBusyError: If it asks for patience, or the connection breaks.
        """
        url = f"{self._url}/v0/{method}"
        text = urllib.parse.urlencode(fields)
        body: bytes | None = text.encode()
        if method.startswith("metadata.get_dataset"):
            url, body = f"{url}?{text}", None
        secret = base64.b64encode(f"{self._key.reveal()}:".encode()).decode()
        headers = {"Accept": "application/json", "Authorization": f"Basic {secret}"}
        yield from self.ask(url, body, headers)

    def words(self, body: bytes) -> str:
        """What an error's body says: its `detail`, or the message in that."""
        try:
            detail = msgspec.json.decode(body, type=dict[str, object]).get("detail", "")
        except ValueError:
            return ""
        message = detail.get("message", "") if isinstance(detail, dict) else detail
        return str(message)[:MOST_WORDS]

    def refusal(self, status: int, text: str) -> FeedError | None:
        """What an answer with an error's status is, without the key."""
        return super().refusal(status, text.replace(self._key.reveal(), "..."))
