"""Who wants to know that answers have changed."""

from collections import defaultdict
from collections.abc import Callable

from zerodte.wire.query import Changes


class Subscriptions:
    """Calls to make after changes. Its methods are called on any thread."""

    def __init__(self) -> None:
        self._calls: dict[Changes, list[Callable[[], None]]] = defaultdict(list)

    def add(self, call: Callable[[], None], changes: Changes) -> Callable[[], None]:
        """See `MarketService.subscribe`."""
        calls = self._calls[changes]
        calls.append(call)
        return lambda: calls.remove(call)

    def tell(self, changes: Changes) -> None:
        """Make the calls of those who subscribed to such changes."""
        for call in tuple(self._calls[changes]):
            call()
