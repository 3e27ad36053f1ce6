"""Finished sessions from a vendor's history: what is missing, and the tapes of what is there.

A session is planned without charge, fetched slice by slice, and becomes a tape when all of them
are there.
"""

import abc
import datetime
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

from zerodte.constants import MINUTE
from zerodte.errors import ZerodteError
from zerodte.feeds.feed import FeedError
from zerodte.feeds.slice_folder import Content, SliceFolder, SliceSource
from zerodte.feeds.tape_lack import lack_of_tape
from zerodte.market.calendar import TradingSession, calendar
from zerodte.tape.error import TapeError
from zerodte.tape.leftovers import out_of_the_way, put_back, sweep, temporary

_SUFFIX: Final = ".part"
#: Of what is replaced, until what replaces it has its name.
_REPLACED: Final = ".replaced"
#: Quotes and trades are fetched from before the open until after the last product's close, ns.
_BEFORE_OPEN: Final = 30 * MINUTE
_AFTER_CLOSE: Final = 10 * MINUTE

Progress = Callable[[str, int, int], None]


class SliceQuery(Protocol):
    """What is asked for at once; equal ones are the same slice."""

    @property
    def schema(self) -> str:
        """What it is about, as DBN names it."""
        ...


AnyQuery = TypeVar("AnyQuery", bound=SliceQuery)


@dataclass(frozen=True, slots=True)
class FetchDay(Generic[AnyQuery]):
    """What is to be done about a session.

    Attributes:
        session: The session.
        reason: Why it is not fetched, in words; empty if it is.
        is_whole: Whether a tape of it is there that lacks nothing.
        is_degraded: Whether the vendor says that its data of the day are not what they should be.
        contracts: The number of contracts.
        raws: Their raw symbols, where the slices do not tell them.
        queries: All of its slices, in the order of fetching.
        missing: Those that are not there yet.
        size: The bytes of these that the vendor would bill; None where it does not bill bytes.
        cost: Their cost, dollars; None where the subscription is flat.
    """

    session: TradingSession
    reason: str = ""
    is_whole: bool = False
    is_degraded: bool = False
    contracts: int = 0
    raws: tuple[str, ...] = ()
    queries: tuple[AnyQuery, ...] = ()
    missing: tuple[AnyQuery, ...] = ()
    size: int | None = 0
    cost: float | None = 0.0


def sessions_of(first: datetime.date, last: datetime.date) -> list[TradingSession]:
    """The sessions from one date to another, both included.

    Raises:
        FeedError: If there is none.
    """
    found = []
    session = calendar().session(first) or calendar().next(first)
    while session.date <= last:
        found.append(session)
        session = calendar().next(session.date)
    if not found:
        raise FeedError(f"no session from {first} to {last}; the next is on {session.date}")
    return found


def market_span(session: TradingSession) -> tuple[int, int]:
    """Since when and until when quotes and trades are fetched, UTC ns."""
    return session.open - _BEFORE_OPEN, session.late_close + _AFTER_CLOSE


class SessionFetch(abc.ABC, Generic[AnyQuery, Content]):
    """Plans and fetches sessions of some underlyings.

    Args:
        source: The vendor.
        symbols: The underlyings.
        out: The folder of tapes, each in a folder named by its date.
        replaces: Whether tapes that lack something are replaced.
    """

    #: The dataset of the options, and the schemas that a whole tape has of it.
    dataset: str
    schemas: tuple[str, ...]
    #: Requests that are made at once.
    concurrency = 1

    def __init__(
        self,
        source: SliceSource[AnyQuery, Content],
        symbols: Sequence[str],
        out: Path,
        *,
        replaces: bool,
    ) -> None:
        self._source = source
        self._symbols = tuple(sorted(set(symbols)))
        self._out = out
        self._replaces = replaces

    def plan(self, session: TradingSession) -> FetchDay[AnyQuery]:
        """What is to be done about a session. Nothing is fetched, written or paid.

        A tape that a killed process was about to replace gets its name back.

        Raises:
            FeedRefusalError: If the vendor refuses.
            FeedError: If it cannot be reached.
        """
        day: FetchDay[AnyQuery] = FetchDay(session)
        try:
            put_back(self._folder(session), f".{session.date}.", _REPLACED)
        except OSError as error:
            reason = f"its tape is {error.filename}, and cannot be put back: {error.strerror}"
            return replace(day, reason=reason)
        lack = lack_of_tape(
            self._folder(session), session, self._symbols, self.schemas, self.dataset
        )
        if lack == "":
            return replace(day, reason="is there", is_whole=True)
        if lack is not None and not self._replaces:
            return replace(day, reason=f"{lack}; --replace replaces it")
        return self._ask(day)

    def fetch(self, day: FetchDay[AnyQuery], progress: Progress) -> Path:
        """Fetch a session that was planned; returns its tape.

        Args:
            day: The plan.
            progress: Called with words, the slices that are there, and their number.

        Raises:
            FeedRefusalError: If the vendor refuses.
            FeedError: If it cannot be reached, or another process fetches the session.
            TapeError: If the disk is full, or the tape cannot be written.
        """
        date, folder = day.session.date, self._folder(day.session)
        count = len(day.queries)
        fetched = 0
        with SliceFolder(self._out, date, self._source) as slices:
            done = count - len(day.missing)
            for schema, size in self._fetch_all(slices, day.missing):
                fetched += size
                done += bool(size)
                progress(f"{date} {schema}, {fetched / 1e6:,.1f} MB", done, count)
            progress(f"{date} as a tape", count, count)
            try:
                with temporary(self._out, f".{date}.", _SUFFIX) as hidden:
                    self._write(day, slices, hidden)
                    _put(hidden, folder, replaces=self._replaces)
            except FeedError:
                raise
            except OSError as error:
                raise TapeError(f"{folder}: {error.strerror}; its slices are kept") from error
            slices.remove()
        return folder

    def clean(self, day: FetchDay[AnyQuery]) -> None:
        """Remove what killed processes have left of a session whose tape is there."""
        sweep(self._out, f".{day.session.date}.", _SUFFIX)
        slices = self._slices(day.session)
        if slices.path.exists():
            with slices:
                slices.remove()

    @abc.abstractmethod
    def _ask(self, day: FetchDay[AnyQuery]) -> FetchDay[AnyQuery]:
        """Ask the vendor what it has of a session."""

    @abc.abstractmethod
    def _write(
        self, day: FetchDay[AnyQuery], slices: SliceFolder[AnyQuery, Content], folder: Path
    ) -> None:
        """Write the content of all slices as a tape."""

    def _slices(self, session: TradingSession) -> SliceFolder[AnyQuery, Content]:
        return SliceFolder(self._out, session.date, self._source)

    def _folder(self, session: TradingSession) -> Path:
        return self._out / session.date.isoformat()

    def _fetch_all(
        self, slices: SliceFolder[AnyQuery, Content], queries: Sequence[AnyQuery]
    ) -> Iterator[tuple[str, int]]:
        """Fetch slices; the schema of each before it is fetched with 0, and after with its size."""
        if self.concurrency == 1:
            for query in queries:
                yield query.schema, 0
                yield query.schema, slices.fetch(query)
            return
        waiting = deque(queries)
        results: queue.SimpleQueue[tuple[str, int] | BaseException] = queue.SimpleQueue()

        def work() -> None:
            while True:
                try:
                    query = waiting.popleft()
                except IndexError:
                    return
                try:
                    results.put((query.schema, slices.fetch(query)))
                except (ZerodteError, OSError) as error:
                    waiting.clear()
                    results.put(error)
                    return

        # As daemons: an interrupted fetch does not wait for answers that are under way.
        threads = [
            threading.Thread(target=work, daemon=True)
            for _ in range(min(self.concurrency, len(queries)))
        ]
        for thread in threads:
            thread.start()
        try:
            for _ in queries:
                found = results.get()
                if isinstance(found, BaseException):
                    for thread in threads:
                        thread.join()
                    raise found
                yield found
        finally:
            waiting.clear()


def _put(hidden: Path, folder: Path, *, replaces: bool) -> None:
    """Give a whole tape its name; one that is there is removed only if it is to be replaced."""
    if not folder.exists() or not replaces:
        hidden.rename(folder)
        return
    # After a kill between the two renames the next plan puts the old one back.
    with out_of_the_way(folder, f".{folder.name}.", _REPLACED):
        hidden.rename(folder)
