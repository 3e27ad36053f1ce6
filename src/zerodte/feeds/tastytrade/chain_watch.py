"""Looks for contracts that are listed during a session, in a thread of its own."""

import threading
import time
from collections.abc import Sequence

from zerodte.feeds.feed import FeedError
from zerodte.feeds.tastytrade.account import TastytradeAccount
from zerodte.feeds.tastytrade.chain import OptionListing


class ChainWatch:
    """Asks for the chains of some underlyings every now and then.

    Args:
        account: Asks.
        symbols: The underlyings.
        every: Seconds between two looks.

    Attributes:
        problem: What is wrong with the last look, in words; empty if nothing is.
    """

    def __init__(self, account: TastytradeAccount, symbols: Sequence[str], every: float) -> None:
        self.problem = ""
        self._account = account
        self._symbols = symbols
        self._every = every
        self._due = time.monotonic() + every
        self._found: dict[str, list[OptionListing]] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def take(self) -> dict[str, list[OptionListing]]:
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
                chain = self._account.chain(symbol)
            except FeedError as error:
                problem = f"new contracts of {symbol} are not known: {error}"
                continue
            with self._lock:
                self._found[symbol] = chain
        self.problem = problem
