"""The complete ticks of a feed in batches: one is read ahead while the one before is recorded."""

from typing import NamedTuple

from zerodte.runtime.feed_client import FeedClient
from zerodte.tape.recorder import Recorder, TickFrames
from zerodte.tape.tick_assembler import ClosedTick


class TickBatch(NamedTuple):
    """Ticks to be recorded at once.

    Attributes:
        ticks: They, in order; perhaps none.
        frames: What `Recorder.commit` needs of them.
        is_caught_up: Whether nothing follows that the feed had before it was started.
    """

    ticks: list[ClosedTick]
    frames: TickFrames
    is_caught_up: bool


class TickBatches:
    """The batches of a session; each is to be committed before the next one is asked for.

    Args:
        client: Receives the feed.
        recorder: Compresses ticks, and knows what is committed.
    """

    def __init__(self, client: FeedClient, recorder: Recorder) -> None:
        self._client, self._recorder = client, recorder
        self._ticks: list[ClosedTick] = []
        self._frames: TickFrames = []

    @property
    def is_over(self) -> bool:
        """Whether the feed has ended and no tick of it is left to be taken."""
        return not self._ticks and self._client.is_over

    def take(self) -> TickBatch:
        """The next batch, waiting briefly for data."""
        client, recorder = self._client, self._recorder
        ticks, frames = self._ticks, self._frames
        if not ticks:
            ticks = client.ticks(recorder.position)
            frames = recorder.compress(ticks)
        is_caught_up = client.is_caught_up
        # While a feed catches up, the next ticks are read and compressed meanwhile.
        self._ticks = client.ticks_ahead() if len(ticks) > 1 else []
        self._frames = recorder.compress(self._ticks)
        return TickBatch(ticks, frames, is_caught_up)
