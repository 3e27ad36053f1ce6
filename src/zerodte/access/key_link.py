"""A connection to the NATS server that has the keys, whose errors are those of their store."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from uuid import uuid4

from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError

from zerodte.access.error import KeyStoreError
from zerodte.access.key_store import missing
from zerodte.feeds.feed import FeedError
from zerodte.feeds.nats.link import NatsLink, shown_url

#: Seconds in which the server has to answer; less than an answer to a client waits.
ANSWER_S: Final = 3.0
#: Seconds for what is done once, for a whole stream.
LOAD_S: Final = 30.0
#: Messages that are read at once.
_BATCH: Final = 1_000

_T = TypeVar("_T")


class KeyLink:
    """A connection that is not restored by itself, and not used again after an error.

    Args:
        url: As for `NatsLink`.

    Attributes:
        place: The URL without what may be secret in it.
        stream: The streams of the server.
        replicas: On how many servers to store what is created.

    Raises:
        KeyStoreError: The server cannot be reached.
    """

    def __init__(self, url: str) -> None:
        self.place = shown_url(url)
        self._has_failed = False
        try:
            self._link = NatsLink(url)
        except FeedError as error:
            raise self.error("the NATS server cannot be reached", str(error)) from error
        self.stream, self.replicas = self._link.stream, self._link.replicas

    @property
    def is_lost(self) -> bool:
        """Whether the connection is lost."""
        return self._has_failed or self._link.is_lost

    def close(self) -> None:
        """Disconnect."""
        self._link.close()

    def call(self, ask: Callable[[], Awaitable[_T]], timeout: float = ANSWER_S) -> _T:
        """The result of a coroutine of the client.

        Raises:
            KeyStoreError: The connection is lost, the server refuses, or it takes too long.
        """
        if self.is_lost:
            raise self.error("the NATS server does not answer", "the connection is lost")
        try:
            return self._link.call(ask, timeout)
        except FeedError as error:
            if isinstance(error.__cause__, NotFoundError):
                raise missing(self.place, "it has no keys") from error
            raise self.failure(error.__cause__) from error

    async def messages(self, name: str, subject: str, after: int) -> list[Msg]:
        """The last message of each subject of a stream, of those after a number."""
        stream = self.stream
        last = (await stream.stream_info(name)).state.last_seq
        config = ConsumerConfig(
            name=f"zerodte-{uuid4().hex[:12]}",
            filter_subject=subject,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=after + 1,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=LOAD_S,
            mem_storage=True,
        )
        consumer = await stream.add_consumer(name, config)
        found: list[Msg] = []
        if consumer.num_pending:
            reader = await stream.pull_subscribe_bind(config.name, name)
            # Others write meanwhile: what comes after the last is not waited for.
            while not found or (
                found[-1].metadata.num_pending and found[-1].metadata.sequence.stream < last
            ):
                found += await reader.fetch(_BATCH, ANSWER_S)
            await reader.unsubscribe()
        await stream.delete_consumer(name, config.name or "")
        return found

    def failure(self, cause: BaseException | None) -> KeyStoreError:
        """What went wrong, and with what; None if the server does not know counters."""
        self._has_failed = True
        match cause:
            case None:
                reason, hint = "does not count", "NATS 2.12 or newer can"
            case ServiceUnavailableError():
                reason, hint = "has no JetStream, or not yet", "nats-server -js has it"
            case APIError():
                reason, hint = "refuses to store it", cause.description or ""
            case _:
                reason, hint = "does not answer", str(cause)
        return self.error(f"the NATS server {reason}", hint)

    def error(self, reason: str, hint: str = "", *, is_unreadable: bool = False) -> KeyStoreError:
        """An error of the store, which names the server."""
        return KeyStoreError(self.place, reason, hint=hint, is_unreadable=is_unreadable)
