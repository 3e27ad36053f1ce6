"""A tape served in a vendor's words over websockets, beside answers to other requests."""

import abc
from collections.abc import Mapping
from typing import ClassVar, Generic, Protocol, TypeVar

from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection

from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_clock import FeedClock
from zerodte.feeds.websocket_listener import WebsocketListener
from zerodte.logs import log
from zerodte.market.osi import Contract
from zerodte.market.roots import symbols_of
from zerodte.tape.source import FileSource


class ContractBoard(Protocol):
    """What is sent of a tape."""

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """Its contracts by the vendor's names."""
        ...


class Conversation(Protocol):
    """What a server says to one client."""

    def run(self) -> None:
        """Say it, until the client leaves or the server stops."""
        ...


Board = TypeVar("Board", bound=ContractBoard)
State = TypeVar("State")


class WebsocketTapeServer(abc.ABC, Generic[Board, State]):
    """Serves a tape to every client, from the open on.

    Args:
        tape: The tape.
        speed: Times the wall clock; the clock starts now.
        state: Keys or permissions, limits and faults.
        host: Address to listen on.
        port: 0 lets the system choose.
        start: What its clock shows at first, UTC ns; by default the open.

    Attributes:
        largest: Bytes of a client's message at most.
        date: The tape's.

    Raises:
        FeedError: If the address is in use, forbidden, or not of this machine.
    """

    largest: ClassVar[int]

    def __init__(
        self,
        tape: FileSource,
        speed: float,
        *,
        state: State,
        host: str,
        port: int,
        start: int | None = None,
    ) -> None:
        self.date = tape.session.date
        self._state = state
        self._clock = FeedClock(tape.session.open if start is None else start, speed)
        self._board = self._board_of(tape)
        self._listener = WebsocketListener(
            host, port, self._talk, largest=self.largest, answer=self._answer
        )

    @property
    def address(self) -> tuple[str, int]:
        """Its host and port."""
        return self._listener.address

    @property
    def symbols(self) -> list[str]:
        """The underlyings that it serves."""
        return symbols_of(contract.root for contract in self._board.contracts.values())

    def run(self) -> None:
        """Answer until `stop`."""
        self._listener.run()

    def stop(self) -> None:
        """End `run` and disconnect all clients."""
        self._listener.stop()

    @abc.abstractmethod
    def _board_of(self, tape: FileSource) -> Board:
        """What is sent of a tape."""

    @abc.abstractmethod
    def _conversation(self, client: ServerConnection, path: str) -> Conversation:
        """What is said to a client that has asked for a path."""

    @abc.abstractmethod
    def _answer(self, client: ServerConnection, request: Request) -> Response | None:
        """The answer to a request; None where a stream begins."""

    def _talk(self, client: ServerConnection) -> None:
        try:
            self._conversation(client, client.request.path if client.request else "").run()
        except FeedError as error:
            log(str(error))
            client.close(1008)
