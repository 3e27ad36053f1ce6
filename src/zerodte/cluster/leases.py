"""Leases of symbols: who holds one may answer for its symbol. They lie in a JetStream bucket.

A lease is an entry of the bucket that expires; its holder renews it. The time that a holder counts
for itself begins before a renewal is sent and is shorter than the broker's, so a holder always
stops before the entry expires and another one can claim it.
"""

import asyncio
import time
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from nats.errors import Error as NatsError
from nats.js.api import KeyValueConfig
from nats.js.errors import BucketNotFoundError, KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue

from zerodte.feeds.nats.link import NatsLink

#: The bucket, and the seconds after which an entry expires that is not renewed.
LEASES: Final = "zerodte-leases"
EXPIRY_S: Final = 6.0
#: Seconds between renewals, and after the start of the last one a holder stops answering.
RENEWAL_S: Final = 2.0
HOLDING_S: Final = 4.0
#: Seconds that one request of many may take.
_TIMEOUT_S: Final = 2.0

T = TypeVar("T")


def seconds() -> float:
    """A clock that goes on while the machine sleeps, where there is one."""
    boot: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


@dataclass(slots=True, eq=False)
class Lease:
    """A claim to a symbol.

    Attributes:
        symbol: The symbol.
        generation: Grows from one holder of the symbol to the next.
        revision: Of the entry that was written last.
        begun: When its last renewal began, by `seconds`; minus infinity once it is given up.
    """

    symbol: str
    generation: int
    revision: int
    begun: float

    @property
    def is_held(self) -> bool:
        """Whether nobody else can hold it now."""
        return seconds() < self.begun + HOLDING_S


class LeaseBucket:
    """The leases as a worker sees them.

    Args:
        link: The broker.
        worker: Who claims.

    Raises:
        FeedError: If the broker does not answer; all methods too.
    """

    def __init__(self, link: NatsLink, worker: str) -> None:
        self._link = link
        self._value = worker.encode()
        self._bucket: KeyValue = link.call(self._open)

    def taken(self, symbols: Iterable[str]) -> set[str]:
        """Those of some symbols that somebody holds."""

        # Listing the bucket would make a consumer each time, which the broker keeps for minutes.
        async def holder(symbol: str) -> str | None:
            try:
                await self._bucket.get(symbol)
            except KeyNotFoundError:
                return None
            return symbol

        found = self._together(holder(symbol) for symbol in symbols)
        return {symbol for symbol in found if symbol is not None}

    def claim(self, symbols: Iterable[str]) -> list[Lease]:
        """Claim symbols; those that somebody holds are left out."""

        async def claim(symbol: str) -> Lease | None:
            begun = seconds()
            try:
                revision = await self._bucket.create(symbol, self._value)
            except KeyWrongLastSequenceError:
                return None
            return Lease(symbol, revision, revision, begun)

        found = self._together(claim(symbol) for symbol in symbols)
        return [lease for lease in found if lease is not None]

    def renew(self, leases: Sequence[Lease]) -> list[Lease]:
        """Renew leases; returns those that are lost. One that gets no answer is not renewed."""
        self._link.check()
        lost = self._together(self._renewal(lease) for lease in leases)
        return [lease for lease, is_lost in zip(leases, lost, strict=True) if is_lost]

    def release(self, leases: Iterable[Lease]) -> None:
        """Give leases up, so that others need not wait."""

        async def release(lease: Lease) -> None:
            lease.begun = float("-inf")
            try:
                await self._bucket.delete(lease.symbol, last=lease.revision)
            except NatsError:  # Somebody else's, or it expires.
                return

        self._together(release(lease) for lease in leases)

    async def _renewal(self, lease: Lease) -> bool:
        begun = seconds()
        try:
            lease.revision = await self._bucket.update(
                lease.symbol, self._value, last=lease.revision
            )
        except KeyWrongLastSequenceError:
            return not await self._is_adopted(lease)
        except (NatsError, TimeoutError):
            return False
        lease.begun = begun
        return False

    async def _is_adopted(self, lease: Lease) -> bool:
        """Whether the entry is ours after all: a renewal was stored whose answer was lost."""
        try:
            entry = await self._bucket.get(lease.symbol)
        except KeyNotFoundError:
            return False
        except (NatsError, TimeoutError):
            return True
        if entry.value != self._value or not entry.revision:
            return False
        lease.revision = entry.revision
        return True

    def _together(self, calls: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
        """The results of requests that are sent at once."""

        async def together() -> list[T]:
            return await asyncio.gather(*calls)

        return self._link.call(together, _TIMEOUT_S + 1.0)

    async def _open(self) -> KeyValue:
        stream = self._link.stream_within(_TIMEOUT_S)
        try:
            return await stream.key_value(LEASES)
        except BucketNotFoundError:
            config = KeyValueConfig(LEASES, ttl=EXPIRY_S, replicas=self._link.replicas)
            return await stream.create_key_value(config)
