"""An application on a port of this machine."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from zerodte.server.application import Application
from zerodte.server.run import Listener, Server


@contextmanager
def served(app: Application) -> Iterator[str]:
    """The application's URL, as long as it is served."""
    listener = Listener("127.0.0.1", 0)
    server = Server(app, listener, app.stop, app.count_abort)
    running = threading.Thread(target=server.run)
    running.start()
    try:
        yield listener.url
    finally:
        server.stop()
        running.join(30)
        assert not running.is_alive()
