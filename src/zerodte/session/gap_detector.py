"""Gaps of a session and of each symbol: silences that no cadence explains, and reported gaps."""

from collections.abc import Iterator

import numpy as np

from zerodte.arrays import I64, Bool
from zerodte.constants import SECOND, STALE_AFTER
from zerodte.engine.book import grown
from zerodte.market.calendar import TradingSession
from zerodte.session.sample import Gap


class GapDetector:
    """Finds what is missing between the ticks of one session, by owner of its records.

    An owner is a symbol, or the whole session; what counts is its market data: quotes, trades and
    prices of the underlying.
    """

    def __init__(self, hours: TradingSession, cadence: int) -> None:
        """Begin a session.

        Args:
            hours: The trading session; what is missing outside of it is no gap.
            cadence: Interval of the tape's source, ns; that of the options' quotes counts where it
                is longer.
        """
        self._hours = hours
        self._default_cadence = cadence
        self._cadence = np.empty(0, np.int64)
        self._last = np.empty(0, np.int64)
        self._silences: dict[int, list[Gap]] = {}
        self._reported: list[Gap] = []

    def grow(self, owners: int) -> None:
        """Make room for owners below `owners`."""
        self._cadence = grown(self._cadence, owners, self._default_cadence)
        self._last = grown(self._last, owners, self._hours.open)

    def lengthen_cadence(self, owners: Bool, cadence: int) -> None:
        """Take the interval of quotes, ns; `owners` tells whose they are, shape (owners,)."""
        mine = np.flatnonzero(owners)
        self._cadence[mine] = np.maximum(self._cadence[mine], cadence)

    def observe(self, owners: Bool, end: int) -> None:
        """Take a tick that ends at `end` (UTC ns); `owners` tells who had market data in it."""
        mine = np.flatnonzero(owners)
        silent = mine[self._is_silence(mine, end)]
        for owner in silent.tolist():
            self._silences.setdefault(owner, []).append(self._silence(owner, end))
        self._last[mine] = max(end, self._hours.open)

    def report(self, start: int, end: int, reason: str) -> None:
        """Take a gap of all owners that a recorder knows of, UTC ns.

        It replaces any silence over the same span; one that directly continues the previous one
        with the same reason extends it.
        """
        start, end = max(start, self._hours.open), min(end, self._hours.close)
        if start >= end:
            return
        if self._reported and (self._reported[-1].end, self._reported[-1].reason) == (
            start,
            reason,
        ):
            start = self._reported.pop().start
        self._reported.append(Gap(start, end, reason, known=start))

    def gaps(self, owner: int, now: int) -> tuple[Gap, ...]:
        """The gaps of an owner up to `now` (UTC ns), one that still lasts included; ascending."""
        silences = self._silences.get(owner, [])
        if self._is_silence(np.array([owner]), now).any():
            silences = [*silences, self._silence(owner, now)]
        unexplained = (piece for gap in silences for piece in self._unexplained(gap))
        return tuple(sorted((*self._reported, *unexplained), key=lambda gap: gap.start))

    def _unexplained(self, silence: Gap) -> Iterator[Gap]:
        """The parts of a silence that no reported gap explains, if too long for the cadence."""
        patience = silence.known - silence.start
        start = silence.start
        for reported in (*self._reported, Gap(silence.end, silence.end, "", known=0)):
            if reported.end < start:
                continue
            end = min(reported.start, silence.end)
            if end - start >= patience:
                yield Gap(start, end, silence.reason, known=start + patience)
            start = max(start, reported.end)

    def _is_silence(self, owners: I64, until: int) -> Bool:
        """Whether each of some owners had no data for too long before `until` (UTC ns)."""
        silent: Bool = min(until, self._hours.close) - self._last[owners] > self._patience(owners)
        return silent

    def _patience(self, owners: I64) -> I64:
        return np.maximum(STALE_AFTER, 2 * self._cadence[owners])

    def _silence(self, owner: int, until: int) -> Gap:
        last = int(self._last[owner])
        patience = int(self._patience(np.array([owner]))[0])
        end = min(until, self._hours.close)
        return Gap(last, end, "silence", known=last + patience + SECOND)
