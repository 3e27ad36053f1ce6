"""Tapes served as tastytrade would, and what of them a recording has to hold."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from zerodte.feeds.fault_script import FaultScript
from zerodte.feeds.tastytrade.account import TastytradeAccount, TastytradeKeys
from zerodte.feeds.tastytrade.server import TastytradeServer
from zerodte.feeds.vendor_key import VendorKey
from zerodte.tape.folder import Tape

#: As long as a vendor's.
SECRET = "secret-0123456789abcdef"  # noqa: S105  of a test
REFRESH = "refresh-0123456789abcdef"
KEYS = TastytradeKeys(VendorKey(SECRET), VendorKey(REFRESH))


@dataclass(frozen=True)
class TastytradeHost:
    """Where a tape is served."""

    url: str
    address: str
    port: int

    def account(self, keys: TastytradeKeys = KEYS) -> TastytradeAccount:
        """A user's account there."""
        return TastytradeAccount(keys, self.url)


@contextlib.contextmanager
def serving(
    tape: Tape,
    speed: float,
    *,
    faults: FaultScript | None = None,
    late: float = 0.0,
    port: int = 0,
    level: str = "api",
) -> Iterator[TastytradeHost]:
    """A server for as long as the context lasts. Its clock begins `late` seconds after the open."""
    start = tape.session.open + round(late * 10**9)
    server = TastytradeServer(
        tape,
        speed,
        keys=KEYS,
        host="127.0.0.1",
        port=port,
        start=start,
        faults=faults,
        level=level,
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    host, number = server.address
    try:
        yield TastytradeHost(f"http://{host}:{number}", f"{host}:{number}", number)
    finally:
        server.stop()
        thread.join(10)
        assert not thread.is_alive()
