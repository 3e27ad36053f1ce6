"""Answers of Massive's REST interface that come in pages."""

import datetime
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Protocol, TypeVar

import msgspec

from zerodte.feeds.feed import FeedError
from zerodte.feeds.history_host import HistoryBusyError
from zerodte.feeds.massive.protocol import OPTION_PREFIX

_MOST_PAGES: Final = 100
#: Entries of a page, as many as the vendor allows for contracts.
ROWS_PER_PAGE: Final = 1_000
CONTRACTS_PATH: Final = "/v3/reference/options/contracts"
INTEREST_PATH: Final = "/options/v1/open-interest"


class _Page(Protocol):
    @property
    def next_url(self) -> str | None: ...


AnyPage = TypeVar("AnyPage", bound=_Page)


def pages_of(
    get: Callable[[str], bytes],
    name: str,
    path: str,
    query: Mapping[str, str],
    kind: type[AnyPage],
) -> Iterator[AnyPage]:
    """All pages of an answer; the address of the next one is taken, but never its host.

    Args:
        get: Returns the body of a path with its query.
        name: The host's, for messages.
        path: Of the request.
        query: Its fields.
        kind: Of a page.

    Raises:
        HistoryBusyError: If a body is no such JSON.
        FeedError: If there are too many.
    """
    target = f"{path}?{urllib.parse.urlencode(query)}"
    for _ in range(_MOST_PAGES):
        try:
            page = msgspec.json.decode(get(target), type=kind)
        except ValueError as error:
            raise HistoryBusyError(f"{name} answered no such JSON to {path}: {error}") from None
        yield page
        if not page.next_url:
            return
        parts = urllib.parse.urlsplit(page.next_url)
        target = f"{parts.path}?{parts.query}"
    raise FeedError(f"{name} has no end of the pages of {path}")


def interest_query(root: str, expiry: datetime.date) -> dict[str, str]:
    """The query for the open interest of a root's contracts of an expiry, of any day."""
    begin = f"{OPTION_PREFIX}{root}{expiry:%y%m%d}"
    return {"ticker.gte": f"{begin}C", "ticker.lt": f"{begin}Q", "limit": str(ROWS_PER_PAGE)}


def refusal_words(body: bytes, secret: str) -> str:
    """What the body of a refusal says, without the key; empty if nothing."""
    try:
        answer = msgspec.json.decode(body, type=_MassiveRefusal)
    except ValueError:
        return ""
    return (answer.message or answer.error).replace(secret, "...")


class _MassiveRefusal(msgspec.Struct):
    error: str = ""
    message: str = ""
