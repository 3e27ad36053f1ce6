"""Tapes served as ThetaData's terminal, its websocket included."""

import contextlib
import threading
from collections.abc import Iterator, Sequence

from zerodte.feeds.thetadata.client import ThetaClient
from zerodte.feeds.thetadata.event_gateway import TerminalEventState
from zerodte.feeds.thetadata.terminal import ThetaTerminal
from zerodte.feeds.thetadata.terminal_host import ThetaTerminalHost
from zerodte.tape.source import FileSource


class ThetaHost:
    """Where a tape is served.

    Attributes:
        terminal: What serves it.
        state: What its clients share.
        url: Of REST.
        address: Host and port of it.
    """

    def __init__(self, terminal: ThetaTerminal, state: TerminalEventState) -> None:
        self.terminal, self.state = terminal, state
        self.url = terminal.rest.url
        self.address = "{}:{}".format(*terminal.address)

    def client(self) -> ThetaClient:
        """What asks it."""
        return ThetaClient(ThetaTerminalHost(self.url, is_live=True))


@contextlib.contextmanager
def serving(
    tape: FileSource,
    speed: float,
    *,
    state: TerminalEventState | None = None,
    late: float = 0.0,
    refused: Sequence[str] = (),
) -> Iterator[ThetaHost]:
    """A terminal for as long as the context lasts, `late` seconds after the open."""
    state = state or TerminalEventState()
    start = tape.session.open + round(late * 10**9)
    terminal = ThetaTerminal(
        tape, speed, state=state, host="127.0.0.1", port=0, start=start, refused=refused
    )
    thread = threading.Thread(target=terminal.run)
    thread.start()
    try:
        yield ThetaHost(terminal, state)
    finally:
        terminal.stop()
        thread.join(10)
        assert not thread.is_alive()
