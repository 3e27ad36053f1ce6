"""A tape: one session's folder, opened, and known by what its files say.

Opening reads metadata, definitions and the first records of every file; `Tape.ticks` reads the
rest.
"""

import datetime
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from zerodte.arrays import I64
from zerodte.market.calendar import TradingSession, calendar, new_york
from zerodte.market.osi import MarketError, parse_osi
from zerodte.records.dbn import CADENCE, INDEX, TRADE_SCHEMAS, UNDEF_TIME
from zerodte.records.tick import Tick
from zerodte.tape.dbnfile import DbnFile, find_files
from zerodte.tape.diagnostics import Diagnostics
from zerodte.tape.error import TapeError
from zerodte.tape.file_selection import InstrumentKind, select_files
from zerodte.tape.record_router import SessionSpan
from zerodte.tape.sidecars import (
    CANCELS_SUFFIX,
    Commit,
    Notes,
    read_cancels,
    read_commits,
    read_notes,
)
from zerodte.tape.symbology import Symbols, read_mapped, read_symbols
from zerodte.tape.tick_reader import TickReader

__all__ = ["Tape", "TapeError", "kind_of", "open_tape"]

# A session owns the time from 18:00 New York of the session before to 18:00 of its own day.
_EVENING = datetime.time(18)


class Tape:
    """One session, as recorded. Made by `open_tape`.

    Attributes:
        path: The folder.
        files: Every DBN file in it, by name, whether it is used or set aside.
        notes: What `tape.json` says.
        session: The trading session that the newest of the files begins in.
        window: The time that the session owns.
        symbols: Dataset to instrument id to raw symbol.
        listed: Those known before the first tick: all of them, but in a tape with `ticks`, where
            definitions are known from their tick on.
    """

    def __init__(
        self,
        path: Path,
        files: Sequence[DbnFile],
        session: TradingSession,
        symbols: Symbols,
        findings: Diagnostics,
    ) -> None:
        self.path = path
        self.files = tuple(files)
        self.notes: Notes = read_notes(path)
        self.session = session
        self.symbols = symbols
        self.window = window_of(session)
        self._findings = findings
        self._kinds = {dataset: kind_of(dataset, known) for dataset, known in symbols.items()}
        self._parts = select_files(files, self._kinds, findings.warn)
        self._commits = _commits(path, self.files, findings)
        self.listed = symbols if self._commits is None else read_mapped(files, session.date)

    @property
    def warnings(self) -> list[str]:
        """What was set aside, cut off or left out; reading ticks may add to it."""
        return self._findings.texts()

    @property
    def used(self) -> tuple[DbnFile, ...]:
        """The files whose records are in ticks, by name."""
        return tuple(part.file for part in self._parts)

    def kind(self, dataset: str) -> InstrumentKind:
        """What the instruments of a dataset are.

        Raises:
            TapeError: If the tape has no such dataset.
        """
        if dataset not in self._kinds:
            raise TapeError(f"{self.path}: no dataset {dataset}; it has {', '.join(self._kinds)}")
        return self._kinds[dataset]

    def ticks(self, until: int | None = None) -> Iterator[Tick]:
        """The tape's ticks in order: as `ticks` says, or cut by receive time.

        Args:
            until: UTC nanoseconds; records received later are not read.

        Yields:
            Ticks with records. Where there is a file `ticks`, also those that were silent.

        Raises:
            TapeError: If a file is damaged, or `ticks` says more than the files hold.
        """
        window = self.window if until is None else replace(self.window, until=until)
        return self._merge(window).ticks()

    def follow(self) -> TickReader:
        """The ticks so far of a tape that is being recorded, and what turns later ones to ticks.

        Raises:
            TapeError: As `ticks`.
        """
        return self._merge(self.window)

    def _merge(self, window: SessionSpan) -> TickReader:
        return TickReader(self._parts, self._commits, window, self._findings)

    @functools.cached_property
    def last(self) -> int:
        """When the newest quote or trade was received, UTC nanoseconds.

        The first use reads the receive times of every quote and trade.
        """
        closing = self.window.closing
        if self._commits:
            closing = min(closing, self._commits[-1].end)
        newest = self.window.opening
        for part in self._parts:
            if _is_market(part.file):
                for chunk in part.file.chunks(self._findings.warn):
                    times = chunk["ts_recv"]
                    newest = max(newest, int(times[times <= closing].max(initial=0)))
        return newest

    def cancels(self) -> dict[str, I64]:
        """The trades that were cancelled: file name to int64[n, 2], positions in that file.

        Raises:
            TapeError: If they do not fit their file.
        """
        out = {}
        counts: dict[str, int] = {}
        for commit in self._commits or ():
            counts.update(commit.counts)
        for file in (part.file for part in self._parts):
            if file.schema in TRADE_SCHEMAS:
                count = functools.partial(file.count, self._findings.warn)
                committed = None if self._commits is None else counts.get(file.name, 0)
                pairs = read_cancels(file.path, count, committed)
                if pairs is not None:
                    out[file.name] = pairs
        return out


def open_tape(path: str | Path, date: datetime.date | None = None) -> Tape:
    """Open a folder of DBN files as a tape.

    Args:
        path: The folder.
        date: The session's, where it is known, as for a recording that has no quotes yet.

    Raises:
        TapeError: If there is no such folder, no DBN file in it, a file that cannot be read, no
            quote or trade with a receive time, or a dataset whose instruments have no symbols.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise TapeError(f"{folder}: no such folder; a tape is a folder of DBN files")
    files = find_files(folder)
    if not files:
        raise TapeError(f"{folder}: no DBN files in it; they are named *.dbn or *.dbn.zst")
    findings = Diagnostics()
    session = calendar().session(date) if date else None
    session = session or _session(folder, files, findings)
    symbols = read_symbols(files, session.date, findings.warn)
    for file in files:
        if _is_market(file) and not symbols[file.dataset]:
            raise TapeError(
                f"{folder}: {file.name} holds {file.schema} of {file.dataset}, but nothing says "
                f"what its instruments are on {session.date}: add the dataset's definitions, or "
                "download with symbol mappings in the metadata"
            )
    return Tape(folder, files, session, symbols, findings)


def kind_of(dataset: str, symbols: Mapping[int, str]) -> InstrumentKind:
    """What the instruments of a dataset are.

    Args:
        dataset: Its name.
        symbols: Raw symbol by instrument id.
    """
    if dataset == INDEX:
        return "index"
    return "options" if any(map(_is_option, symbols.values())) else "equity"


def _session(folder: Path, files: Sequence[DbnFile], findings: Diagnostics) -> TradingSession:
    """The newest session that a file of quotes or trades begins in."""
    times = [_first_time(file, findings) for file in files if _is_market(file)]
    if not any(times):
        raise TapeError(
            f"{folder}: no quote and no trade with a receive time; a tape needs at least one of "
            f"the schemas {', '.join((*CADENCE, *TRADE_SCHEMAS))}"
        )
    try:
        return calendar().session_of(max(times))
    except MarketError as error:
        raise TapeError(
            f"{folder}: a file begins at {max(times)} ns since 1970: {error}"
        ) from error


def _first_time(file: DbnFile, findings: Diagnostics) -> int:
    """The receive time of a file's first record that has one; 0 where none has."""
    for chunk in file.chunks(findings.warn):
        times = chunk["ts_recv"]
        timed = times[(times != 0) & (times != UNDEF_TIME)]
        if len(timed):
            return int(timed[0])
    return 0


def _is_market(file: DbnFile) -> bool:
    return file.schema in CADENCE or file.schema in TRADE_SCHEMAS


def window_of(session: TradingSession) -> SessionSpan:
    """The time that a session owns."""
    before = calendar().previous(session.date)
    return SessionSpan(new_york(before.date, _EVENING), new_york(session.date, _EVENING) - 1)


def _is_option(symbol: str) -> bool:
    try:
        parse_osi(symbol)
    except MarketError:
        return False
    return True


def _commits(
    folder: Path, files: Sequence[DbnFile], findings: Diagnostics
) -> tuple[Commit, ...] | None:
    found = read_commits(folder)
    if found is None:
        return None
    commits, torn = found
    if torn:
        findings.warn("ticks: its last line is cut off; that tick was never committed")
    names = {file.name for file in files}
    names |= {name + CANCELS_SUFFIX for name in names}
    for line, commit in enumerate(commits, start=1):
        if missing := sorted(commit.counts.keys() - names):
            raise TapeError(f"{folder}: ticks, line {line}: no file {missing[0]} in the tape")
    return tuple(commits)
