"""The clock of Databento, or of a gateway that plays a tape in its words."""

import time


class DatabentoClock:
    """The vendor's clock.

    Args:
        now: What it showed just now, UTC ns; 0 for the world's.
        speed: Seconds of it per second of the wall clock.
    """

    def __init__(self, now: int, speed: float) -> None:
        self.speed = speed
        self._start = now or time.time_ns()
        self._at = time.monotonic_ns()

    def learn(self, told: int) -> None:
        """Move on to a time that the vendor has told, UTC ns; this machine's may be behind."""
        self._start += max(told - self.now(), 0)

    def now(self) -> int:
        """What it shows, UTC ns."""
        return self._start + round((time.monotonic_ns() - self._at) * self.speed)
