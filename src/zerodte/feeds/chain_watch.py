"""Looks for what a vendor tells on request alone, such as new listings, in a thread of its own."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from zerodte.feeds.feed import FeedError
from zerodte.feeds.patience import VendorBusyError

_Chain = TypeVar("_Chain")


class ChainWatch(Generic[_Chain]):
    """Asks for the chains of some underlyings every now and then, unless the vendor has enough.

    Args:
        ask: Returns the chain of an underlying; called in the thread.
        symbols: The underlyings.
        every: Seconds between two looks.
        what: What is not known if a look fails, in words.

    Attributes:
        problem: What is wrong with the last look, in words; empty if nothing is.
    """

    def __init__(
        self,
        ask: Callable[[str], _Chain],
        symbols: Sequence[str],
        every: float,
        what: str = "new contracts",
    ) -> None:
        self.problem = ""
        self._ask = ask
        self._symbols = symbols
        self._every = every
        self._what = what
        self._due = time.monotonic() + every
        self._found: dict[str, _Chain] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def take(self) -> dict[str, _Chain]:
        """The chains that came since the last call; a look is begun when it is due."""
        is_busy = self._thread is not None and self._thread.is_alive()
        if not is_busy and time.monotonic() >= self._due:
            self._due = time.monotonic() + self._every
            self._thread = threading.Thread(target=self._look, name="chains", daemon=True)
            self._thread.start()
        with self._lock:
            found, self._found = self._found, {}
            return found

    def _look(self) -> None:
        problem = ""
        for symbol in self._symbols:
            try:
                chain = self._ask(symbol)
            except FeedError as error:
                problem = f"{self._what} of {symbol} are not known: {error}"
                if isinstance(error, VendorBusyError):
                    self._due = max(self._due, time.monotonic() + error.wait)
                    break
                continue
            with self._lock:
                self._found[symbol] = chain
        self.problem = problem
