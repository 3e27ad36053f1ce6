"""A tape served as ThetaData's terminal: its REST interface, and its websocket 17 ports above."""

import threading
from collections.abc import Sequence
from typing import Final

from zerodte.feeds.feed import FeedError
from zerodte.feeds.thetadata.event_gateway import TerminalEventState
from zerodte.feeds.thetadata.event_server import TerminalEventServer
from zerodte.feeds.thetadata.event_session import EVENTS_PORT_OFFSET
from zerodte.feeds.thetadata.terminal_server import TerminalFault, ThetaTerminalServer
from zerodte.tape.source import FileSource

#: Ports that are tried where the system chooses, each with that of its websocket.
_ATTEMPTS: Final = 50


class ThetaTerminal:
    """Serves a tape to every client, from the open on.

    Args:
        tape: The tape.
        speed: Times the wall clock; the clock starts now.
        state: Limits, permissions and faults of the websocket.
        host: Address to listen on.
        port: Of REST; 0 lets the system choose.
        start: What its clock shows at first, UTC ns; by default the open.
        faults: What goes wrong with the first requests for history; None is nothing.
        refused: Requests that the subscription does not have.

    Attributes:
        rest: The REST interface.
        events: The websocket.

    Raises:
        FeedError: If one of the addresses is in use, forbidden, or not of this machine.
    """

    def __init__(
        self,
        tape: FileSource,
        speed: float,
        *,
        state: TerminalEventState,
        host: str,
        port: int,
        start: int | None = None,
        faults: Sequence[TerminalFault | None] = (),
        refused: Sequence[str] = (),
    ) -> None:
        for is_last in (port > 0 or attempt == _ATTEMPTS for attempt in range(1, _ATTEMPTS + 1)):
            rest = ThetaTerminalServer([tape], host=host, port=port, faults=faults, refused=refused)
            try:
                self.events = TerminalEventServer(
                    tape,
                    speed,
                    state=state,
                    host=host,
                    port=rest.address[1] + EVENTS_PORT_OFFSET,
                    start=start,
                )
                break
            except FeedError:
                rest.close()
                if is_last:
                    raise
        self.rest = rest
        rest.events = self.events
        threading.Thread(target=rest.run, name="terminal", daemon=True).start()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of REST."""
        return self.rest.address

    def run(self) -> None:
        """Serve until `stop`; REST is served from the beginning."""
        self.events.run()

    def stop(self) -> None:
        """End `run` and disconnect all clients."""
        self.rest.stop()
        self.events.stop()
