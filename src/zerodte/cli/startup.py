"""The first seconds of a command, in which its modules are imported."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: The exit status of a command that a signal ended is this plus the signal's number.
BY_SIGNAL = 128


def exit_by_signal(number: int, _: FrameType | None = None) -> None:
    """A signal handler: end with the status that shells expect, so that cleanup runs."""
    sys.exit(BY_SIGNAL + number)


@contextmanager
def quiet_startup() -> Iterator[None]:
    """Import under a Ctrl-C that ends the command without a traceback.

    An error of the system, such as a folder that cannot be trusted, is one line on stderr.
    """
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, exit_by_signal) if is_main else None
    try:
        yield
    except OSError as error:
        sys.exit(f"Error: {error.filename or 'system'}: {error.strerror}")
    finally:
        if is_main:
            signal.signal(signal.SIGINT, before)
