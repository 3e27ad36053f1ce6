"""The websocket of ThetaData's terminal, and the day as its clock shows it."""

import datetime
from collections.abc import Iterator
from typing import Final

from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection

from zerodte.feeds.thetadata.event_gateway import (
    THETA_OVERLAP,
    TerminalEventGateway,
    TerminalEventState,
)
from zerodte.feeds.thetadata.event_messages import TerminalBoard
from zerodte.feeds.thetadata.events import LARGEST_EVENT
from zerodte.feeds.thetadata.terminal_tapes import csv_contract, csv_time
from zerodte.feeds.websocket_server import WebsocketTapeServer
from zerodte.market.osi import Contract
from zerodte.tape.source import FileSource

_PATH: Final = "/v1/events"


class TerminalEventServer(WebsocketTapeServer[TerminalBoard, TerminalEventState]):
    """Sends a tape in the terminal's words, whose first status tells clock and speed."""

    largest = LARGEST_EVENT

    def _board_of(self, tape: FileSource) -> TerminalBoard:
        return TerminalBoard(tape, THETA_OVERLAP)

    def quotes(self, root: str, expiry: datetime.date | None) -> Iterator[str]:
        """Rows of CSV of the last quotes; of all expiries if `expiry` is None."""
        quotes, _ = self._board.at(self._clock.now())
        for name, contract in self._chosen(root, expiry):
            if (unit := quotes.get(name)) is not None and unit.quote is not None:
                sides = ",".join(
                    f"{unit.quote[f'{side}_size']},{unit.quote[f'{side}_exchange']},"
                    f"{unit.quote[side]:.4f},{unit.quote[f'{side}_condition']}"
                    for side in ("bid", "ask")
                )
                yield f"{csv_contract(contract)},{csv_time(unit.at)},{sides}"

    def interest(self, root: str, expiry: datetime.date | None) -> Iterator[str]:
        """Rows of CSV of the open interest that has been published, likewise."""
        _, interest = self._board.at(self._clock.now())
        for name, contract in self._chosen(root, expiry):
            if name in interest:
                at, figure = interest[name]
                yield f"{csv_contract(contract)},{csv_time(at)},{figure}"

    def _chosen(self, root: str, expiry: datetime.date | None) -> Iterator[tuple[str, Contract]]:
        for name, contract in sorted(self._board.contracts.items()):
            if contract.root == root and expiry in (None, contract.expiry):
                yield name, contract

    def _conversation(self, client: ServerConnection, path: str) -> TerminalEventGateway:  # noqa: ARG002
        stopped = self._listener.stopped
        return TerminalEventGateway(client, self._board, self._clock, self._state, stopped)

    def _answer(self, client: ServerConnection, request: Request) -> Response | None:
        """The answer to a request for another path; None where the events begin."""
        return None if request.path == _PATH else client.respond(404, "There is no such stream.\n")
