"""When a request is tried again, and after how long."""

import random
from email.utils import parsedate_to_datetime
from time import time
from typing import Final

from zerodte.client.errors import AnswerError, ClientError, TransportError

#: Statuses after which the same request may succeed within seconds.
_TRANSIENT: Final = (408, 425, 429, 500, 502, 503, 504)
#: Codes among them that do not pass by themselves.
_LASTING: Final = ("internal_error", "session_unreadable")
#: Seconds before the first retry; they double with each.
_FIRST_S: Final = 0.5
#: The longest wait, whatever the server asks for: a quota that returns tomorrow is an error now.
LONGEST_WAIT_S: Final = 30.0


def wait_after(error: ClientError, tries: int) -> float | None:
    """Seconds until a request is tried again.

    The wait is the server's `Retry-After`, or else random up to a bound that doubles (full jitter),
    so that clients that failed together do not return together.

    Args:
        error: What the last try met.
        tries: How many tries there were.

    Returns:
        None if it is not worth trying again.
    """
    jitter = random.random()  # noqa: S311  # spreads load, guards nothing
    wait = min(_FIRST_S * 2.0 ** (tries - 1), LONGEST_WAIT_S) * (0.5 + 0.5 * jitter)
    if isinstance(error, TransportError):
        return wait
    if not isinstance(error, AnswerError) or error.status not in _TRANSIENT:
        return None
    if error.code in _LASTING:
        return None
    if error.retry_after is not None:
        # A little later than asked, never earlier.
        return error.retry_after + 0.1 * jitter if error.retry_after <= LONGEST_WAIT_S else None
    return None if error.status == 429 else wait


def retry_after(header: str | None) -> float | None:
    """Seconds of a header `Retry-After` (RFC 9110, section 10.2.3); None if it is unusable."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        return max(parsedate_to_datetime(text).timestamp() - time(), 0.0)
    except ValueError:
        return None
