"""What the events of a tape stand at, shared by all clients of a server."""

from collections import deque
from collections.abc import Iterator, Sequence

from zerodte.feeds.shared_ticks import SharedTicks
from zerodte.feeds.tastytrade.events import EventTable, TapeEvents, TickEvents
from zerodte.feeds.tastytrade.protocol import EventValue
from zerodte.tape.source import FileSource


class EventBoard:
    """The last events of each kind, at a time that only moves on; from any thread.

    Args:
        tape: The tape.
        memory: For how long trades are remembered, ns.
    """

    def __init__(self, tape: FileSource, memory: int) -> None:
        self._memory = memory
        self._last: dict[str, dict[EventValue, tuple[EventTable, int]]] = {}
        self._recent: deque[tuple[int, EventTable]] = deque()
        self._shared = SharedTicks(TapeEvents(tape).ticks(), self._learn)

    def ticks(self, now: int) -> Iterator[TickEvents]:
        """The ticks that end after a time (UTC ns), for one client.

        Raises:
            TapeError: If the tape is damaged; likewise for all methods.
        """
        return self._shared.after(now)

    def advance(self, until: int) -> None:
        """Move on to a time, UTC ns."""
        self._shared.advance(until)

    def last(self, kind: str, symbols: Sequence[EventValue]) -> EventTable | None:
        """The last events of a kind, of some symbols; None if there are none."""
        with self._shared.lock:
            known = self._last.get(kind, {})
            found = [known[symbol] for symbol in symbols if symbol in known]
        if not found:
            return None
        names = found[0][0].columns
        columns = {name: [table.columns[name][row] for table, row in found] for name in names}
        return EventTable(kind, columns)

    def recent(self, since: int) -> list[EventTable]:
        """The trades of ticks that ended after a time, UTC ns."""
        with self._shared.lock:
            return [table for end, table in self._recent if end > since]

    def _learn(self, tick: TickEvents) -> None:
        end, tables = tick
        for table in tables:
            if table.kind == "TimeAndSale":
                self._recent.append((end, table))
                continue
            last = self._last.setdefault(table.kind, {})
            last.update({symbol: (table, row) for row, symbol in enumerate(table.symbols)})
        while self._recent and self._recent[0][0] < end - self._memory:
            self._recent.popleft()
