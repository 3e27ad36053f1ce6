"""Tapes served as Alpaca would."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from zerodte.feeds.alpaca.account import AlpacaAccount, AlpacaKeys
from zerodte.feeds.alpaca.gateway import AlpacaGatewayState
from zerodte.feeds.alpaca.server import AlpacaServer
from zerodte.feeds.fault_script import FaultScript
from zerodte.feeds.vendor_key import VendorKey
from zerodte.tape.folder import Tape

#: As long as a vendor's.
KEY = "AKTEST0123456789ABCD"
SECRET = "secret-0123456789abcdef"  # noqa: S105  of a test
KEYS = AlpacaKeys(VendorKey(KEY), VendorKey(SECRET))


@dataclass(frozen=True)
class AlpacaHost:
    """Where a tape is served."""

    url: str
    address: str
    port: int

    def account(self, keys: AlpacaKeys = KEYS, *, is_indicative: bool = False) -> AlpacaAccount:
        """A user's account there."""
        return AlpacaAccount(keys, self.url, is_indicative=is_indicative)


@contextlib.contextmanager
def serving(
    tape: Tape,
    speed: float,
    *,
    faults: FaultScript | None = None,
    late: float = 0.0,
    most: int = 1_000,
    has_opra: bool = True,
) -> Iterator[AlpacaHost]:
    """A server for as long as the context lasts. Its clock begins `late` seconds after the open."""
    state = AlpacaGatewayState(faults or FaultScript(), keys=KEYS, most=most, has_opra=has_opra)
    start = tape.session.open + round(late * 10**9)
    server = AlpacaServer(tape, speed, state=state, host="127.0.0.1", port=0, start=start)
    thread = threading.Thread(target=server.run)
    thread.start()
    host, number = server.address
    try:
        yield AlpacaHost(f"http://{host}:{number}", f"{host}:{number}", number)
    finally:
        server.stop()
        thread.join(10)
        assert not thread.is_alive()
