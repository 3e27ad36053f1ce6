"""What the events of a tape stand at, shared by all clients of a server.

The tape is read once. Each client has a place in it; what the last of them has still to send waits
in memory.
"""

import copy
import itertools
import threading
from collections import deque
from collections.abc import Iterator, Sequence

from zerodte.feeds.tastytrade.events import EventTable, TapeEvents
from zerodte.feeds.tastytrade.protocol import EventValue
from zerodte.tape.source import FileSource


class EventBoard:
    """The last events of each kind, at a time that only moves on; from any thread.

    Args:
        tape: The tape.
        memory: For how long trades are remembered, ns.
    """

    def __init__(self, tape: FileSource, memory: int) -> None:
        (self._ticks,) = itertools.tee(TapeEvents(tape).ticks(), 1)
        self._memory = memory
        self._lock = threading.Lock()
        self._next = next(self._ticks, None)
        self._last: dict[str, dict[EventValue, tuple[EventTable, int]]] = {}
        self._recent: deque[tuple[int, EventTable]] = deque()

    def ticks(self, now: int) -> Iterator[tuple[int, list[EventTable]]]:
        """The ticks that end after a time (UTC ns), for one client.

        Raises:
            TapeError: If the tape is damaged; likewise for all methods.
        """
        with self._lock:
            self._advance(now)
            mine = iter(()) if self._next is None else iter([self._next])
            rest = copy.copy(self._ticks)
        yield from mine
        while True:
            with self._lock:
                found = next(rest, None)
            if found is None:
                return
            yield found

    def advance(self, until: int) -> None:
        """Move on to a time, UTC ns."""
        with self._lock:
            self._advance(until)

    def last(self, kind: str, symbols: Sequence[EventValue]) -> EventTable | None:
        """The last events of a kind, of some symbols; None if there are none."""
        with self._lock:
            known = self._last.get(kind, {})
            found = [known[symbol] for symbol in symbols if symbol in known]
        if not found:
            return None
        names = found[0][0].columns
        columns = {name: [table.columns[name][row] for table, row in found] for name in names}
        return EventTable(kind, columns)

    def recent(self, since: int) -> list[EventTable]:
        """The trades of ticks that ended after a time, UTC ns."""
        with self._lock:
            return [table for end, table in self._recent if end > since]

    def _advance(self, until: int) -> None:
        while self._next is not None and self._next[0] <= until:
            self._learn(*self._next)
            self._next = next(self._ticks, None)

    def _learn(self, end: int, tables: list[EventTable]) -> None:
        for table in tables:
            if table.kind == "TimeAndSale":
                self._recent.append((end, table))
                continue
            last = self._last.setdefault(table.kind, {})
            last.update({symbol: (table, row) for row, symbol in enumerate(table.symbols)})
        while self._recent and self._recent[0][0] < end - self._memory:
            self._recent.popleft()
