"""Requests to a vendor's historical HTTP API: bodies, or what is wrong in the vendor's words."""

import abc
import contextlib
import http.client
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

import zerodte
from zerodte.feeds.feed import FeedError, FeedRefusalError

_TIMEOUT: Final = 100.0  # seconds without a byte
_BLOCK: Final = 1 << 18
#: Requests of one kind until it is given up, the first wait between them doubling each time.
_MOST_REQUESTS: Final = 7
_LONGEST_WAIT: Final = 120.0  # seconds
#: Characters of the vendor's words.
MOST_WORDS: Final = 300
_BUSY: Final = (http.client.REQUEST_TIMEOUT, http.client.TOO_MANY_REQUESTS)

#: What is said of a wait that `HistoryHost.stopped` ended.
INTERRUPTED: Final = "interrupted"

_Found = TypeVar("_Found")


class HistoryBusyError(FeedError):
    """An answer, or none, after which it is worth asking again.

    Args:
        text: What happened.
        wait: Seconds that the vendor asks to wait; 0 if it does not say.
    """

    def __init__(self, text: str, wait: float = 0.0) -> None:
        super().__init__(text)
        self.wait = wait


class HistoryHost(abc.ABC):
    """The host of an API.

    Args:
        name: Its host and port, for messages.
        opener: Opens addresses of it.
        first_wait: Seconds before a request is made again for the first time.
        requests: Requests of one kind until it is given up.
        timeout: Seconds without a byte.

    Attributes:
        stopped: Set to end waits for the vendor, from any thread: nothing is asked then.
    """

    def __init__(
        self,
        name: str,
        opener: urllib.request.OpenerDirector,
        first_wait: float,
        *,
        requests: int = _MOST_REQUESTS,
        timeout: float = _TIMEOUT,
    ) -> None:
        self.name = name
        self.stopped = threading.Event()
        self._opener = opener
        self._first_wait = first_wait
        self._requests, self._timeout = requests, timeout

    def patiently(self, attempt: Callable[[], _Found]) -> _Found:
        """Make a request, again and again while the vendor is busy or the connection breaks.

        Raises:
            FeedError: If that does not help, or `stopped` is set.
        """
        wait = self._first_wait
        for _ in range(self._requests - 1):
            if self.stopped.is_set():
                raise FeedError(INTERRUPTED)
            try:
                return attempt()
            except HistoryBusyError as error:
                if self.stopped.wait(min(max(wait, error.wait), _LONGEST_WAIT)):
                    raise FeedError(INTERRUPTED) from error
            wait *= 2.0
        try:
            return attempt()
        except HistoryBusyError as error:
            raise FeedError(f"{error}; given up after {self._requests} requests") from error

    def ask(
        self, url: str, body: bytes | None = None, headers: Mapping[str, str] = {}
    ) -> Iterator[bytes]:
        """Make a request once; returns its answer in blocks of bytes.

        Args:
            url: The whole address.
            body: Of a POST request; None for GET.
            headers: Beside the client's own.

        Raises:
            FeedRefusalError: If the vendor refuses.
            HistoryBusyError: If it asks for patience, or the connection breaks.
        """
        own = {"User-Agent": f"zerodte/{zerodte.__version__}"}
        # The address was checked, and the opener has handlers of http and https only.
        request = urllib.request.Request(url, body, own | dict(headers))  # noqa: S310
        try:
            answer = self._opener.open(request, timeout=self._timeout)
        except urllib.error.HTTPError as error:
            with error:
                found = self._refused(error)
            if found is not None:
                raise found from None
            return
        except urllib.error.URLError as error:
            raise self.broken(error.reason) from error
        except (OSError, http.client.HTTPException) as error:
            raise self.broken(error) from error
        with answer:
            yield from self._blocks(answer)

    def broken(self, reason: object) -> FeedError:
        """What a broken connection is: by default, a reason to ask again."""
        text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        return HistoryBusyError(f"the connection to {self.name} broke: {text}")

    def refusal(self, status: int, text: str) -> FeedError | None:
        """What an answer with an error's status is; None if it is an empty answer.

        Args:
            status: The status.
            text: The status and the vendor's words, in a sentence.
        """
        if status in _BUSY or status >= http.client.INTERNAL_SERVER_ERROR:
            return HistoryBusyError(text)
        return FeedRefusalError(text)

    @abc.abstractmethod
    def words(self, body: bytes) -> str:
        """What an error's body says; empty if nothing."""

    def _refused(self, error: urllib.error.HTTPError) -> FeedError | None:
        text = f"{self.name} answered {error.code} {error.reason}".rstrip()
        with contextlib.suppress(OSError, http.client.HTTPException):
            if words := self.words(error.read(_BLOCK)):
                text = f"{text}: {words}"
        found = self.refusal(error.code, text)
        asked = error.headers.get("Retry-After", "")
        if isinstance(found, HistoryBusyError) and asked.isascii() and asked.isdecimal():
            found.wait = float(asked[:5])
        return found

    def _blocks(self, answer: http.client.HTTPResponse) -> Iterator[bytes]:
        while True:
            try:
                block = answer.read1(_BLOCK)
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise self.broken(error) from error
            if not block:
                break
            yield block
        if answer.length:
            raise self.broken(f"half a body, {answer.length:,} bytes are missing")
