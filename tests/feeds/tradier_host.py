"""Tapes served as Tradier would."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from zerodte.feeds.fault_script import FaultScript
from zerodte.feeds.tradier.account import TradierAccount
from zerodte.feeds.tradier.gateway import TradierGatewayState
from zerodte.feeds.tradier.server import TradierServer
from zerodte.feeds.vendor_key import VendorKey
from zerodte.tape.folder import Tape

#: As long as a vendor's.
TOKEN = "token0123456789abcdefghijkl"  # noqa: S105  of a test


@dataclass(frozen=True)
class TradierHost:
    """Where a tape is served."""

    url: str
    address: str
    state: TradierGatewayState

    def account(self, token: str = TOKEN) -> TradierAccount:
        """A user's account there."""
        return TradierAccount(VendorKey(token), self.url)


@contextlib.contextmanager
def serving(
    tape: Tape,
    speed: float,
    *,
    faults: FaultScript | None = None,
    late: float = 0.0,
    lifetime: float = 300.0,
) -> Iterator[TradierHost]:
    """A server for as long as the context lasts. Its clock begins `late` seconds after the open."""
    state = TradierGatewayState(faults or FaultScript(), VendorKey(TOKEN), lifetime)
    start = tape.session.open + round(late * 10**9)
    server = TradierServer(tape, speed, state=state, host="127.0.0.1", port=0, start=start)
    thread = threading.Thread(target=server.run)
    thread.start()
    host, number = server.address
    try:
        yield TradierHost(f"http://{host}:{number}", f"{host}:{number}", state)
    finally:
        server.stop()
        thread.join(10)
        assert not thread.is_alive()
