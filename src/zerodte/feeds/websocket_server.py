"""A tape served in a vendor's words over websockets, beside answers to other requests."""

import abc
from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar

from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection

from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_clock import FeedClock
from zerodte.feeds.websocket_listener import WebsocketListener
from zerodte.logs import log
from zerodte.market.osi import Contract
from zerodte.market.roots import root_info
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


class WebsocketTapeServer(abc.ABC, Generic[Board]):
    """Serves a tape to every client, from the open on.

    Args:
        tape: The tape.
        speed: Times the wall clock; the clock starts now.
        board: What is sent of it.
        largest: Bytes of a client's message at most.
        host: Address to listen on.
        port: 0 lets the system choose.
        start: What its clock shows at first, UTC ns; by default the open.

    Raises:
        FeedError: If the address is in use, forbidden, or not of this machine.
    """

    def __init__(
        self,
        tape: FileSource,
        speed: float,
        board: Board,
        *,
        largest: int,
        host: str,
        port: int,
        start: int | None,
    ) -> None:
        self._clock = FeedClock(tape.session.open if start is None else start, speed)
        self._board = board
        self._listener = WebsocketListener(
            host, port, self._talk, largest=largest, answer=self._answer
        )

    @property
    def address(self) -> tuple[str, int]:
        """Its host and port."""
        return self._listener.address

    @property
    def symbols(self) -> list[str]:
        """The underlyings that it serves."""
        roots = {contract.root for contract in self._board.contracts.values()}
        return sorted({root_info(root).symbol for root in roots})

    def run(self) -> None:
        """Answer until `stop`."""
        self._listener.run()

    def stop(self) -> None:
        """End `run` and disconnect all clients."""
        self._listener.stop()

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
