"""When a stream has been silent for so long that it has to say something."""

import asyncio
from collections.abc import Callable
from typing import Final

#: Seconds of silence after which a stream sends a comment.
_HEARTBEAT_S: Final = 15.0


class Heartbeat:
    """The silence of one stream, on the running event loop.

    Its timer runs on while events are sent: to make one for each costs as much as to send it.

    Args:
        call: Called after each span of silence.
    """

    def __init__(self, call: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._call = call
        self.restart()
        self._timer = self._loop.call_at(self._due, self._look)

    @property
    def is_due(self) -> bool:
        """Whether the stream has been silent for too long."""
        return self._loop.time() >= self._due

    def restart(self) -> None:
        """Count the silence from now on."""
        self._due = self._loop.time() + _HEARTBEAT_S

    def stop(self) -> None:
        """Call no more."""
        self._timer.cancel()

    def _look(self) -> None:
        due = self._due
        if self.is_due:
            self._call()
            due = self._loop.time() + _HEARTBEAT_S
        self._timer = self._loop.call_at(due, self._look)
