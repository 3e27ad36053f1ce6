"""Patience with a vendor that wants to be left alone for a while."""

import contextlib
import email.message
import math
import time
from collections.abc import Iterator
from typing import Final

from zerodte.feeds.feed import FeedError

#: The first and the longest wait, seconds: a vendor may keep a connection that has ended for a
#: minute and a half.
_FIRST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 90.0


class VendorBusyError(FeedError):
    """An answer that asks for patience.

    Args:
        text: What was answered.
        wait: Seconds that it asks for; 0 if it does not say.
    """

    def __init__(self, text: str, wait: float = 0.0) -> None:
        super().__init__(text)
        self.wait = wait


class Patience:
    """Waits longer after each answer that asks for it: 1 second, 2, 4 and so on up to 90."""

    def __init__(self) -> None:
        self._wait = 0.0
        self._due = -math.inf
        self._problem = ""

    def check(self) -> None:
        """Make sure that the vendor may be asked.

        Raises:
            FeedError: If it is still to be left alone.
        """
        rest = self._due - time.monotonic()
        if rest > 0.0:
            raise FeedError(f"{self._problem}; it is asked again in {rest:.0f} seconds")

    @contextlib.contextmanager
    def noting(self) -> Iterator[None]:
        """Note for how long the vendor wants to be left alone, if it says so."""
        try:
            yield
        except VendorBusyError as error:
            self._wait = min(max(2.0 * self._wait, _FIRST_WAIT), LONGEST_WAIT)
            self._due = time.monotonic() + max(self._wait, error.wait)
            self._problem = str(error)
            raise

    def end(self) -> None:
        """Begin with the first wait again: the vendor has answered."""
        self._wait = 0.0


def told_wait(headers: email.message.Message, reset: str, *, unit: float = 1.0) -> float | None:
    """Seconds for which an answer wants no further request; None if it does not say.

    Args:
        headers: Of the answer.
        reset: The header that tells a time since 1970 instead.
        unit: That header's, seconds.
    """
    text = headers.get("Retry-After") or ""
    if text.isascii() and text.isdecimal():
        return min(float(text), LONGEST_WAIT)
    text = headers.get(reset) or ""
    if text.isascii() and text.isdecimal():
        return min(max(float(text) * unit - time.time(), 1.0), LONGEST_WAIT)
    return None
