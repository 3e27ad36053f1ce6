"""Arrivals of a live feed into ticks: which record belongs to which, and which ticks are complete.

Pure: it is told what arrived and what the time is, and says what to commit. A record goes to the
tick of its receive time if that is still open, else to the next, and never before the record that
stands before it in its stream. So the committed records of a stream are always its first ones, and
their count says where a feed has to go on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from zerodte.arrays import I64, U8
from zerodte.constants import SECOND
from zerodte.records.dbn import Records
from zerodte.tape.record_router import SessionSpan

#: A tick closes when the feed's clock has passed its end by this.
GRACE: Final = SECOND // 4


_NO_PAIRS: Final[I64] = np.empty((0, 2), np.int64)


@dataclass(frozen=True, eq=False, slots=True)
class Piece:
    """Consecutive records of one stream.

    Attributes:
        first: Position of the first in the stream.
        records: The records, read-only.
        conditions: uint8[len(records)], where the stream has them.
        pairs: int64[k, 2], positions in the stream of cancels among the records, ascending, and
            of the trades that they cancel.
    """

    first: int
    records: Records
    conditions: U8 | None = None
    pairs: I64 = field(default_factory=lambda: _NO_PAIRS)

    def part(self, start: int, stop: int) -> "Piece":
        """The records from row `start` to before row `stop`."""
        lowest, highest = np.searchsorted(self.pairs[:, 0], (self.first + start, self.first + stop))
        return Piece(
            self.first + start,
            self.records[start:stop],
            None if self.conditions is None else self.conditions[start:stop],
            self.pairs[lowest:highest],
        )


def _joined(pieces: Sequence[Piece]) -> Piece:
    """Pieces that follow one another as one."""
    if len(pieces) == 1:
        return pieces[0]
    records: Records = np.concatenate([piece.records for piece in pieces])
    records.flags.writeable = False
    codes = [piece.conditions for piece in pieces if piece.conditions is not None]
    return Piece(
        pieces[0].first,
        records,
        np.concatenate(codes) if codes else None,
        np.concatenate([piece.pairs for piece in pieces]),
    )


@dataclass(frozen=True, eq=False, slots=True)
class Arrival:
    """What a feed gives at once.

    Attributes:
        clock: The feed's clock, UTC ns: nothing in it was received later.
        name: Of the stream that has new records; empty where only the clock went on.
        piece: The records, or None.
    """

    clock: int
    name: str = ""
    piece: Piece | None = None


@dataclass(frozen=True, eq=False, slots=True)
class ClosedTick:
    """A tick that is complete.

    Attributes:
        end: UTC ns, a whole second.
        pieces: Its records by the name of their stream; only streams that have any.
        gap: Why not all that happened in it may have been received; empty where all was.
    """

    end: int
    pieces: Mapping[str, Piece]
    gap: str = ""


class _Waiting(NamedTuple):
    """Records that wait for their ticks to close; `ends` says which these are, ascending."""

    ends: I64
    piece: Piece


class TickAssembler:
    """Decides the ticks of a session.

    Args:
        window: The time that the session owns; no tick is from before or after it.
        closed: End of the last tick that was committed; 0 where there is none, and the first
            arrival decides where ticks begin.

    Attributes:
        waiting: How many records there are whose ticks are still open.
    """

    def __init__(self, window: SessionSpan, closed: int = 0) -> None:
        self._opening, self._closing = window.opening, _second(window.closing)
        self._closed = closed
        self._clock = closed
        self._waiting: dict[str, list[_Waiting]] = {}
        self._newest: dict[str, int] = {}
        self._away = ""
        self._lost_until, self._reason = 0, ""
        self.waiting = 0

    @property
    def closed(self) -> int:
        """End of the last tick that is complete, UTC ns; 0 before there is one."""
        return self._closed

    @property
    def clock(self) -> int:
        """The newest that the feed's clock was heard to be, UTC ns."""
        return self._clock

    @property
    def is_over(self) -> bool:
        """Whether the session's time is."""
        return self._closed >= self._closing

    def begin(self, at: int) -> None:
        """Let the tick that the instant `at` is in be the first, unless ticks have begun."""
        if not self._closed:
            self._closed = self._clock = _second(max(at, self._opening)) - SECOND

    def leave(self, reason: str) -> None:
        """The feed is away: ticks that close before it is back are gaps."""
        self._away = reason

    def resume(self) -> None:
        """The feed is back, and gives everything since the last tick that closed."""
        self._away = ""
        self._waiting.clear()
        self.waiting = 0
        self._newest.clear()
        self._clock = self._closed

    def lose(self, until: int, reason: str) -> None:
        """The feed is back, and gives what comes after `until` (UTC ns): the rest is lost."""
        self.resume()
        self._lost_until, self._reason = _second(until), reason
        self.hear(until)

    def hear(self, clock: int) -> None:
        """The feed's clock stands at `clock`, UTC ns, or the wall clock on its behalf."""
        self._clock = max(self._clock, min(clock, self._closing + GRACE))

    def add(self, arrival: Arrival) -> None:
        """Take what arrived."""
        piece = arrival.piece
        if piece is not None and len(piece.records):
            ends = self._ends(arrival.name, piece.records, arrival.clock)
            self._waiting.setdefault(arrival.name, []).append(_Waiting(ends, piece))
            self._newest[arrival.name] = int(ends[-1])
            self.waiting += len(ends)
        else:
            self.begin(arrival.clock)
        self.hear(arrival.clock)

    def close(self) -> list[ClosedTick]:
        """The ticks that are complete by now, in order."""
        if not self._closed:
            return []
        return list(self._close(until=(self._clock - GRACE) // SECOND * SECOND))

    def finish(self) -> list[ClosedTick]:
        """The feed is over: every tick that has begun is complete."""
        if not self._closed:
            return []
        return list(self._close(until=max([_second(self._clock), *self._newest.values()])))

    def _ends(self, name: str, records: Records, clock: int) -> I64:
        """The tick of each record, int64[n]."""
        times = records["ts_recv"].astype(np.int64)  # what is undefined becomes negative
        # A receive time that the feed's own clock has not reached is wrong, and no time passed.
        known = (times >= self._opening) & (times <= clock)
        ends = np.where(known, -(-times // SECOND) * SECOND, 0)
        self.begin(int(times.min(where=known, initial=clock)))
        earliest = max(self._closed + SECOND, self._newest.get(name, 0))
        return np.maximum.accumulate(np.maximum(ends, earliest))

    def _close(self, until: int) -> Iterator[ClosedTick]:
        until = min(until, self._closing)
        ready = {name: self._take(name, until) for name in sorted(self._waiting)}
        for end in range(self._closed + SECOND, until + 1, SECOND):
            pieces = {}
            for name, (ends, piece) in ready.items():
                start, stop = np.searchsorted(ends, (end - 1, end), side="right")
                if start < stop:
                    pieces[name] = piece.part(int(start), int(stop))
            self._closed = end
            yield ClosedTick(end, pieces, self._gap(end))

    def _take(self, name: str, until: int) -> _Waiting:
        """What waits of a stream for ticks up to `until`; the rest goes on waiting."""
        waiting = self._waiting.pop(name)
        ends, piece = (
            np.concatenate([kept.ends for kept in waiting]),
            _joined([kept.piece for kept in waiting]),
        )
        count = int(np.searchsorted(ends, until, side="right"))
        self.waiting -= count
        if count < len(ends):
            self._waiting[name] = [_Waiting(ends[count:], piece.part(count, len(ends)))]
        return _Waiting(ends[:count], piece.part(0, count))

    def _gap(self, end: int) -> str:
        return self._reason if end <= self._lost_until else self._away


def _second(at: int) -> int:
    """The end of the tick that an instant is in."""
    return -(-at // SECOND) * SECOND
