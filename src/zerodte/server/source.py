"""The seam between HTTP and the market: what a server needs from whatever computes answers."""

from datetime import date
from typing import Protocol

from zerodte.wire.health import Health


class SnapshotSource(Protocol):
    """Answers as finished JSON.

    `snapshot` and `exposure` are called on worker threads, several at a time, and may take as
    long as a first computation takes; the rest is called on the event loop and must not block.
    """

    def snapshot(self, symbol: str, expiry: date | None, strike_range: float) -> bytes:
        """The body of `/v1/flow/zero-dte/snapshot/{symbol}`, degraded forms included.

        Args:
            symbol: Trimmed, upper-cased, of a symbol's form, but perhaps unknown.
            expiry: Another expiry than today's; None for today's.
            strike_range: Fraction of spot kept in `strikes`, 0.001 to 0.10.

        Raises:
            ApiError: `symbol_not_found`, `expiry_not_found` or `warming_up`.
        """
        ...

    def exposure(self, symbol: str, expiry: date | None, strike_range: float) -> bytes:
        """The body of `/v1/exposure/zero-dte/{symbol}`; arguments and errors as `snapshot`."""
        ...

    def health(self) -> Health:
        """Whether answers can be given now, and if not, why."""
        ...

    def symbols(self) -> list[str]:
        """The symbols answered for, sorted."""
        ...
