"""How a question becomes an answer, without any I/O: tags, errors, retries.

The steps are generators. They yield what is to be done, a request or a wait, and are sent what came
of it, so that the blocking and the asynchronous client share every rule.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeVar

import httpx

import zerodte
from zerodte.client.cache import TagCache
from zerodte.client.call import Call
from zerodte.client.errors import AnswerError, ClientError, TransportError, error_of
from zerodte.client.retry import retry_after, wait_after
from zerodte.client.settings import ClientSettings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """A GET to be sent."""

    target: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds to be waited."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a request."""

    status: int
    content: bytes = b""
    tag: str | None = None
    retry_after: float | None = None


Step: TypeAlias = Request | Wait
Outcome: TypeAlias = Reply | TransportError | None
Steps: TypeAlias = Generator[Step, Outcome, T]

_UNCHANGED: Final = 304


def steps_of(call: Call[T], cache: TagCache, retries: int) -> Steps[T]:
    """The steps of a call.

    Raises:
        ClientError: It failed, and so did its retries.
    """
    tries = 0
    while True:
        known = cache.find(call.target)
        outcome = yield Request(call.target, {"if-none-match": known[0]} if known else {})
        tries += 1
        if isinstance(outcome, Reply):
            if outcome.status == _UNCHANGED and known is not None:
                answer: T = known[1]
                return answer
            if outcome.status in call.statuses:
                answer = call.decode(outcome.content)
                if outcome.tag is not None:
                    cache.store(call.target, outcome.tag, answer)
                return answer
        error = error_from(outcome)
        wait = wait_after(error, tries) if tries <= retries else None
        if wait is None:
            raise error
        yield Wait(wait)


def error_from(outcome: Outcome) -> ClientError:
    """The error of an outcome that is no answer."""
    if isinstance(outcome, Reply):
        return error_of(outcome.status, outcome.content, outcome.retry_after)
    return outcome or TransportError("nothing was received")


def reply_of(response: httpx.Response) -> Reply:
    """What a response that has been read says."""
    headers = response.headers
    return Reply(
        response.status_code,
        response.content,
        headers.get("etag"),
        retry_after(headers.get("retry-after")),
    )


def failure_of(error: Exception, settings: ClientSettings) -> TransportError:
    """The failure of a request in one line."""
    if isinstance(error, httpx.TimeoutException):
        reason = f"it did not answer within {settings.timeout:g} s"
    else:
        reason = str(error) or type(error).__name__
    return TransportError(f"no answer from {settings.url}: {reason}")


def headers_of(settings: ClientSettings) -> dict[str, str]:
    """What is sent with every request."""
    headers = {"user-agent": f"zerodte/{zerodte.__version__}", "accept": "application/json"}
    return headers | ({"x-api-key": settings.key} if settings.key else {})


#: Addresses of this machine, which are asked without a proxy: the environment's rarely knows them.
LOCAL: Final = ("all://127.0.0.1", "all://localhost", "all://[::1]")
#: What is sent with a stream besides.
STREAM_HEADERS: Final = {"accept": "text/event-stream", "cache-control": "no-store"}
#: Seconds of silence after which a stream is cut: the server sends something every 15.
STREAM_SILENCE_S: Final = 45.0


class Reconnection:
    """How often a stream may fail before it has failed for good.

    Args:
        retries: Failures in a row, without anything received between them.
    """

    def __init__(self, retries: int) -> None:
        self._retries = retries
        self._failures = 0

    def received(self) -> None:
        """Begin to count anew."""
        self._failures = 0

    def wait(self, error: ClientError | None, retry: float | None) -> float:
        """Seconds until the next connection.

        Args:
            error: Why the last one ended; None if the server closed it.
            retry: What the server asks for.

        Raises:
            ClientError: `error`, if it lasts or too many came in a row.
        """
        self._failures += 1
        if error is None and self._failures <= 1:
            return retry or 0.0
        failure = error or TransportError("the server closes the stream again and again")
        wait = wait_after(failure, self._failures) if self._failures <= self._retries else None
        if wait is None:
            raise failure
        return max(wait, retry or 0.0) if not isinstance(failure, AnswerError) else wait
