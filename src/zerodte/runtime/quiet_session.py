"""A session without records: what is played where the history alone is served."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from zerodte.constants import SECOND
from zerodte.history.error import HistoryError
from zerodte.history.history import History
from zerodte.market.calendar import TradingSession, calendar
from zerodte.records.tick import Tick
from zerodte.tape.sidecars import Notes


@dataclass(frozen=True, slots=True)
class QuietSession:
    """A session of which nothing is received, as a `TickSource`: its one tick ends after the close.

    Past instants up to then are answered from the history.
    """

    session: TradingSession
    symbols: Mapping[str, Mapping[int, str]]
    notes: Notes = field(default_factory=Notes)
    warnings: Sequence[str] = ()

    @property
    def initial_symbols(self) -> Mapping[str, Mapping[int, str]]:
        """None."""
        return self.symbols

    def kind(self, dataset: str) -> str:
        """The kind of a dataset's instruments; there is none."""
        raise KeyError(dataset)

    def ticks(self) -> Iterator[Tick]:
        """One, a second after the close."""
        yield Tick(end=self.session.close + SECOND)


def last_session(history: History) -> QuietSession:
    """The last session of a history, without what it holds.

    Raises:
        HistoryError: If its root cannot be listed, or holds no session.
    """
    sessions = (calendar().session(date) for date in reversed(list(history.sizes())))
    hours = next((session for session in sessions if session is not None), None)
    if hours is None:
        root = history.display_root
        raise HistoryError(f"{root}: no finished session is stored here; nothing can be served")
    return QuietSession(hours, {})
