"""The first seconds of a command, in which its modules are imported."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from zerodte.cli.interruption import BY_SIGNAL


def _exit_at_once(number: int, _: FrameType | None) -> None:
    """A signal handler for a time in which there is nothing to clean up."""
    os._exit(BY_SIGNAL + number)


@contextmanager
def quiet_startup() -> Iterator[None]:
    """Import under a Ctrl-C that ends the command without a traceback.

    An error of the system, such as a folder that cannot be trusted, is one line on stderr.
    """
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, _exit_at_once) if is_main else None
    try:
        yield
    except OSError as error:
        sys.exit(f"Error: {error.filename or 'system'}: {error.strerror}")
    finally:
        if is_main:
            signal.signal(signal.SIGINT, before)
