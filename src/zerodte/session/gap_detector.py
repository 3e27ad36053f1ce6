"""Where a session heard nothing: silences that no cadence explains, gaps that it was told of."""

from collections.abc import Iterator

from zerodte.constants import SECOND, STALE_AFTER
from zerodte.market.calendar import TradingSession
from zerodte.records.dbn import CADENCE
from zerodte.records.tick import Tick
from zerodte.session.sample import Gap


class GapDetector:
    """Listens to a session's ticks for what is missing between them."""

    def __init__(self, hours: TradingSession, cadence: int) -> None:
        """Begin to listen.

        Args:
            hours: The trading session; what is missing outside of it is no gap.
            cadence: Interval at which the tape's source speaks, ns; that of the options' quotes
                counts where it is longer.
        """
        self._hours = hours
        self._cadence = cadence
        self._spoke = hours.open
        self._silences: list[Gap] = []
        self._told: list[Gap] = []

    def hear(self, tick: Tick) -> None:
        """Take a tick; only quotes, trades and prices of underlyings count as heard."""
        if not (tick.quotes or tick.trades or tick.underlying):
            return
        self._cadence = max([self._cadence, *(CADENCE[batch.schema] for batch in tick.quotes)])
        if silence := self._since_spoke(tick.end):
            self._silences.append(silence)
        self._spoke = max(tick.end, self._hours.open)

    def note(self, start: int, end: int, reason: str) -> None:
        """Take a gap that somebody knows of, UTC ns; no silence is said of it.

        One that goes on where the last ended, for the same reason, is that gap going on.
        """
        start, end = max(start, self._hours.open), min(end, self._hours.close)
        if start >= end:
            return
        if self._told and (self._told[-1].end, self._told[-1].reason) == (start, reason):
            start = self._told.pop().start
        self._told.append(Gap(start, end, reason, known=start))

    def gaps(self, now: int) -> tuple[Gap, ...]:
        """All gaps up to `now` (UTC ns), the one that still lasts included; ascending."""
        lasting = self._since_spoke(now)
        silences = [*self._silences, lasting] if lasting else self._silences
        unexplained = (piece for gap in silences for piece in self._unexplained(gap))
        return tuple(sorted((*self._told, *unexplained), key=lambda gap: gap.start))

    def _unexplained(self, silence: Gap) -> Iterator[Gap]:
        """What no told gap explains of a silence, as far as a cadence does not either."""
        patience = silence.known - silence.start
        start = silence.start
        for told in (*self._told, Gap(silence.end, silence.end, "", known=0)):
            if told.end < start:
                continue
            end = min(told.start, silence.end)
            if end - start >= patience:
                yield Gap(start, end, silence.reason, known=start + patience)
            start = max(start, told.end)

    def _since_spoke(self, until: int) -> Gap | None:
        until = min(until, self._hours.close)
        patience = max(STALE_AFTER, 2 * self._cadence)
        if until - self._spoke <= patience:
            return None
        return Gap(self._spoke, until, "silence", known=self._spoke + patience + SECOND)
