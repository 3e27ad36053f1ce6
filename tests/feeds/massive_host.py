"""Tapes served as Massive would."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from zerodte.feeds.fault_script import FaultScript
from zerodte.feeds.massive.account import MassiveAccount
from zerodte.feeds.massive.gateway import MassiveGatewayState
from zerodte.feeds.massive.server import MassiveServer
from zerodte.feeds.vendor_key import VendorKey
from zerodte.tape.folder import Tape

#: As long as a vendor's.
KEY = "massive-0123456789abcdefghijklmn"


@dataclass(frozen=True)
class MassiveHost:
    """Where a tape is served."""

    url: str
    address: str
    port: int
    state: MassiveGatewayState

    def account(self, key: str = KEY) -> MassiveAccount:
        """A user's account there."""
        return MassiveAccount(VendorKey(key), self.url)


@contextlib.contextmanager
def serving(
    tape: Tape,
    speed: float,
    *,
    faults: FaultScript | None = None,
    late: float = 0.0,
    most: int = 1_000,
    has_options: bool = True,
    has_indices: bool = True,
) -> Iterator[MassiveHost]:
    """A server for as long as the context lasts. Its clock begins `late` seconds after the open."""
    state = MassiveGatewayState(
        faults or FaultScript(),
        key=VendorKey(KEY),
        most=most,
        has_options=has_options,
        has_indices=has_indices,
    )
    start = tape.session.open + round(late * 10**9)
    server = MassiveServer(tape, speed, state=state, host="127.0.0.1", port=0, start=start)
    thread = threading.Thread(target=server.run)
    thread.start()
    host, number = server.address
    try:
        yield MassiveHost(f"http://{host}:{number}", f"{host}:{number}", number, state)
    finally:
        server.stop()
        thread.join(10)
        assert not thread.is_alive()
