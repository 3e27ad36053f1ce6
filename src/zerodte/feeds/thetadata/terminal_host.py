"""Requests to ThetaData's terminal, a program of the vendor's on the user's machine.

The terminal has the login, so no key is here. Source of the statuses: the vendor's table of error
codes.
"""

import http.client
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from typing import Final

from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.history_host import INTERRUPTED, MOST_WORDS, HistoryBusyError, HistoryHost
from zerodte.feeds.http_client import check_address, http_opener

#: Where the terminal listens.
TERMINAL_URL: Final = "http://127.0.0.1:25503"
#: Statuses beside those of HTTP.
GENERAL, PERMISSION, NO_DATA, INVALID_PARAMS, DISCONNECTED = 470, 471, 472, 473, 474
WRONG_IP, INVALID_SESSION, STARTING = 476, 478, 571

START_TERMINAL: Final = "start it with: java -jar ThetaTerminalv3.jar"
#: What a subscription does not have; users report the second one too.
_PERMISSIONS: Final = (PERMISSION, http.client.FORBIDDEN)
_NOT_INCLUDED: Final = "the subscription does not have it; docs/feeds.md says which has"
_ADVICE: Final = dict.fromkeys(_PERMISSIONS, _NOT_INCLUDED) | {
    http.client.NOT_FOUND: "the terminal is too old; download the newest",
    WRONG_IP: "use 127.0.0.1 or localhost, always the same; restart the terminal",
    INVALID_SESSION: "another terminal is running with this login; stop it",
}
#: How often a request looks whether it is still wanted, seconds.
_POLL: Final = 0.1


class ThetaPermissionError(FeedRefusalError):
    """The subscription does not have what was asked for."""


class ThetaTerminalHost(HistoryHost):
    """The terminal.

    Args:
        url: Its address; http for this machine only. A path such as /v3 may follow.
        first_wait: Seconds before a request is made again for the first time.
        is_live: Whether a session waits for the answers, so that patience is short.

    Attributes:
        url: Its address, without a path.
        is_loopback: Whether it is this machine.

    Raises:
        FeedError: If the address is of another kind.
    """

    def __init__(
        self, url: str = TERMINAL_URL, *, first_wait: float = 1.0, is_live: bool = False
    ) -> None:
        name, self.is_loopback = check_address(url, TERMINAL_URL)
        opener = http_opener(is_loopback=self.is_loopback, follows=False)
        if is_live:
            super().__init__(name, opener, first_wait / 4.0, requests=3, timeout=15.0)
        else:
            super().__init__(name, opener, first_wait)
        self._is_live = is_live
        self.url = url.rstrip("/").removesuffix("/v3")
        self._url = f"{self.url}/v3"

    def text(self, path: str, fields: Mapping[str, str]) -> str:
        """A whole answer; empty where there is no data.

        Raises:
            ThetaPermissionError: If the subscription does not have it.
            FeedRefusalError: If the terminal refuses for another reason.
            FeedError: If it cannot be reached, or is busy for too long.
        """

        def attempt() -> str:
            return b"".join(self.blocks(path, fields)).decode("utf-8", "replace")

        return self.patiently(lambda: self._unless_stopped(attempt) if self._is_live else attempt())

    def _unless_stopped(self, attempt: Callable[[], str]) -> str:
        """An attempt in a thread of its own: a mute terminal is not waited for once we stop."""
        answer: Future[str] = Future()

        def ask() -> None:
            try:
                answer.set_result(attempt())
            except BaseException as error:
                answer.set_exception(error)

        threading.Thread(target=ask, name="request", daemon=True).start()
        while not self.stopped.is_set():
            if wait([answer], _POLL).done:
                return answer.result()
        raise FeedError(INTERRUPTED)

    def blocks(self, path: str, fields: Mapping[str, str]) -> Iterator[bytes]:
        """An answer in CSV, asked for once, in blocks of bytes; none where there is no data.

        Raises:
            FeedError: As `text`.
        """
        yield from self.ask(f"{self._url}/{path}?{urllib.parse.urlencode(fields)}")

    def broken(self, reason: object) -> FeedError:
        """A terminal that does not run is not asked again."""
        if isinstance(reason, ConnectionRefusedError):
            return FeedError(f"no terminal of ThetaData listens at {self.name}; {START_TERMINAL}")
        return super().broken(reason)

    def refusal(self, status: int, text: str) -> FeedError | None:
        """What an answer with an error's status is; None where there is no data."""
        if status == NO_DATA:
            return None
        if status in (DISCONNECTED, STARTING):
            return HistoryBusyError(text)
        if advice := _ADVICE.get(status):
            text = f"{text}; {advice}"
        if status in _PERMISSIONS:
            return ThetaPermissionError(text)
        return super().refusal(status, text)

    def words(self, body: bytes) -> str:
        """What an error's body says, in one line."""
        return " ".join(body.decode("utf-8", "replace").split())[:MOST_WORDS]
