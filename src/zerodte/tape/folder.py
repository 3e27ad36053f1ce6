"""A tape: the folder of one session.

Opening it reads metadata, definitions and the first records of every file; `Tape.ticks` reads the
rest.
"""

import datetime
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from zerodte.arrays import I64
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.osi import MarketError, is_osi
from zerodte.market.roots import canonical_name, root_info
from zerodte.records.dbn import CADENCE, INDEX_DATASETS, OPTION_DATASETS, TRADE_SCHEMAS
from zerodte.records.tick import Tick
from zerodte.tape.checksums import FileBytes, TapeManifest, file_bytes
from zerodte.tape.compression import DBN_SUFFIXES, Warn
from zerodte.tape.dbnfile import DbnFile, find_files
from zerodte.tape.diagnostics import Diagnostics
from zerodte.tape.error import TapeError
from zerodte.tape.file_selection import InstrumentKind, select_files
from zerodte.tape.manifest import read_manifest, unchecked_files
from zerodte.tape.record_router import SessionSpan
from zerodte.tape.session_vote import session_span, vote_session
from zerodte.tape.sidecars import (
    CANCELS_SUFFIX,
    NOTES,
    Commit,
    Notes,
    read_cancels,
    read_commits,
    read_first_commit,
    read_notes,
)
from zerodte.tape.symbology import Symbols, read_mappings, read_symbols
from zerodte.tape.tick_reader import TickReader
from zerodte.tape.unread_files import unread_files

_DBN = " or ".join(f"*{suffix}" for suffix in DBN_SUFFIXES)

__all__ = ["Tape", "TapeError", "kind_of", "open_tape", "session_span"]


class Tape:
    """One session's market data. `open_tape` opens one.

    Attributes:
        path: The folder.
        files: Every DBN file in it, by name, ignored ones included.
        manifest: The manifest of the finished tape; None without one.
        notes: The content of `tape.json`.
        session: The trading session.
        span: The receive times of the session.
        symbols: Raw symbol by instrument id, per dataset.
        initial_symbols: The part of `symbols` that is available before the first tick. It is all
            of them, except in a tape with `ticks`, where a definition counts from its tick on.
    """

    def __init__(
        self,
        path: Path,
        files: Sequence[DbnFile],
        session: TradingSession,
        symbols: Symbols,
        diagnostics: Diagnostics,
    ) -> None:
        self.path = path
        self.files = tuple(files)
        self.manifest = read_manifest(path)
        self.notes: Notes = read_notes(path, self.manifest)
        self.session = session
        self.symbols = symbols
        self.span = session_span(session)
        self._diagnostics = diagnostics
        self._kinds = {dataset: kind_of(dataset, names) for dataset, names in symbols.items()}
        self._selection = select_files(files, self._kinds, diagnostics.warn)
        self._commits = _read_commits(path, self.files, self.manifest, diagnostics)
        self.initial_symbols = (
            symbols if self._commits is None else read_mappings(files, session.date)
        )

    @property
    def warnings(self) -> list[str]:
        """Ignored files, incomplete files, records left out; reading ticks may add more."""
        return self._diagnostics.texts()

    @property
    def selected_files(self) -> tuple[DbnFile, ...]:
        """The files whose records are in ticks, by name."""
        return tuple(selected.file for selected in self._selection)

    @property
    def unchecked(self) -> list[str]:
        """Sentences on files whose bytes no manifest checks; none if all are checked."""
        return unchecked_files(self.path, self.manifest)

    def content(self, name: str) -> FileBytes:
        """The bytes of a file that lies beside the records, such as `truth/trades.parquet`.

        Args:
            name: The file's path within the tape.
        """
        return file_bytes(self.path / name, name, self.manifest)

    def kind(self, dataset: str) -> InstrumentKind:
        """The kind of a dataset's instruments.

        Raises:
            TapeError: If the tape has no such dataset.
        """
        if dataset not in self._kinds:
            raise TapeError(f"{self.path}: no dataset {dataset}; it has {', '.join(self._kinds)}")
        return self._kinds[dataset]

    def ticks(self, until: int | None = None) -> Iterator[Tick]:
        """The tape's ticks in order, by the file `ticks` or by receive time.

        Args:
            until: UTC nanoseconds; records received later are left out.

        Yields:
            Ticks with records; with a file `ticks`, silent ones too.

        Raises:
            TapeError: If a file is damaged, or `ticks` counts more records than the files hold.
        """
        span = self.span if until is None else replace(self.span, until=until)
        return self._reader(span).ticks()

    def ticks_of(self, dataset: str, schema: str) -> Iterator[Tick]:
        """The ticks of one dataset and schema alone, in order.

        Raises:
            TapeError: As `ticks`.
        """
        chosen = [
            selected
            for selected in self._selection
            if (selected.file.dataset, selected.file.schema) == (dataset, schema)
        ]
        if not chosen:
            return iter(())
        return TickReader(chosen, self._commits, self.span, Diagnostics()).ticks()

    def reader(self) -> TickReader:
        """A reader for a tape that is still being recorded: of its ticks so far, and later ones.

        Raises:
            TapeError: As `ticks`.
        """
        return self._reader(self.span)

    def _reader(self, span: SessionSpan) -> TickReader:
        return TickReader(self._selection, self._commits, span, self._diagnostics)

    @functools.cached_property
    def last_receive_time(self) -> int:
        """The receive time of the newest quote or trade, UTC nanoseconds.

        The first use reads the receive times of every quote and trade.
        """
        closing = self.span.closing
        if self._commits:
            closing = min(closing, self._commits[-1].end)
        newest = self.span.opening
        for file in self.selected_files:
            if _is_market_data(file):
                for chunk in file.chunks(self._diagnostics.warn):
                    times = chunk["ts_recv"]
                    newest = max(newest, int(times[times <= closing].max(initial=0)))
        return newest

    def cancels(self) -> dict[str, I64]:
        """The cancels of each file of trades that has a sidecar of them, by file name.

        Returns:
            int64[n, 2] each: positions of the cancel and of its trade in that file.

        Raises:
            TapeError: If they do not fit their file.
        """
        out = {}
        counts: dict[str, int] = {}
        for commit in self._commits or ():
            counts.update(commit.counts)
        for file in self.selected_files:
            if file.schema in TRADE_SCHEMAS:
                count = functools.partial(file.count, self._diagnostics.warn)
                committed = None if self._commits is None else counts.get(file.name, 0)
                pairs = read_cancels(file.sidecar(CANCELS_SUFFIX), count, committed)
                if pairs is not None:
                    out[file.name] = pairs
        return out


def open_tape(path: str | Path, date: datetime.date | None = None) -> Tape:
    """Open a folder of DBN files as a tape.

    Args:
        path: The folder.
        date: The session's; by default that of a recording's first tick, and of any other tape
            that of most quotes and trades.

    Raises:
        TapeError: If there is no such folder, several tapes or no DBN file in it, an unreadable
            file, no quote or trade with a receive time, or a dataset whose instruments have no
            symbols.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise TapeError(f"{folder}: no such folder; a tape is a folder of DBN files")
    if tapes := tapes_in(folder):
        raise TapeError(f"{folder}: a folder of {len(tapes)} tapes; name one, such as {tapes[0]}")
    files = find_files(folder)
    if not files:
        raise TapeError(
            _with_unread(folder, f"{folder}: no DBN files in it; they are named {_DBN}")
        )
    diagnostics = Diagnostics()
    for sentence in unread_files(folder):
        diagnostics.warn(sentence)
    session = calendar().session(date) if date else None
    if date and session is None:
        raise TapeError(f"{date}: not a trading day")
    session = session or _recorded_session(folder)
    session = session or _find_session(folder, files, diagnostics.warn)
    span = session_span(session)
    symbols = read_symbols(files, session.date, diagnostics.warn, span=(span.opening, span.closing))
    for file in files:
        is_nameless = _is_market_data(file) and not symbols[file.dataset]
        if is_nameless and file.count(diagnostics.warn):
            raise TapeError(
                f"{folder}: {file.name} holds {file.schema} of {file.dataset}, but its instruments "
                f"have no symbols on {session.date}; add the dataset's definitions, or download "
                "with symbol mappings in the metadata"
            )
    return Tape(folder, files, session, symbols, diagnostics)


def tapes_in(folder: Path, at_least: int = 2) -> list[Path]:
    """The tapes in a folder of several, or of `at_least`; empty for any other, such as a tape."""
    tapes = [] if (folder / NOTES).exists() else sorted(folder.glob(f"*/{NOTES}"))
    return [file.parent for file in tapes] if len(tapes) >= at_least else []


def _with_unread(folder: Path, problem: str) -> str:
    return "; ".join([problem, *unread_files(folder)])


def kind_of(dataset: str, symbols: Mapping[int, str]) -> InstrumentKind:
    """The kind of a dataset's instruments.

    Args:
        dataset: Its name.
        symbols: Raw symbol by instrument id.
    """
    if dataset in INDEX_DATASETS:
        return "index"
    if dataset in OPTION_DATASETS or any(map(is_osi, symbols.values())):
        return "options"
    return "index" if 2 * sum(map(_is_index, symbols.values())) > len(symbols) else "equity"


def _recorded_session(folder: Path) -> TradingSession | None:
    """The session of a recording's first tick, whatever the clocks of its records say.

    None for a tape that was not recorded; `ticks` that cannot be read are refused elsewhere.
    """
    commit = read_first_commit(folder)
    if commit is None:
        return None
    try:
        return calendar().session_of(commit.end)
    except MarketError:
        return None


def _find_session(folder: Path, files: Sequence[DbnFile], warn: Warn) -> TradingSession:
    """The session of most quotes and trades."""
    found = vote_session([file for file in files if _is_market_data(file)], warn)
    if found is None:
        need = f"a tape needs at least one of the schemas {', '.join((*CADENCE, *TRADE_SCHEMAS))}"
        raise TapeError(
            _with_unread(folder, f"{folder}: no quote and no trade with a receive time; {need}")
        )
    return found


def _is_market_data(file: DbnFile) -> bool:
    return file.schema in CADENCE or file.schema in TRADE_SCHEMAS


def _is_index(symbol: str) -> bool:
    name = canonical_name(symbol)
    info = root_info(name)
    return info.is_index and info.symbol == name


def _read_commits(
    folder: Path,
    files: Sequence[DbnFile],
    manifest: TapeManifest | None,
    diagnostics: Diagnostics,
) -> tuple[Commit, ...] | None:
    content = read_commits(folder, manifest)
    if content is None:
        return None
    commits, is_incomplete = content
    if is_incomplete:
        diagnostics.warn("ticks: its last line is cut off; that tick was never committed")
    names = {file.name for file in files}
    names |= {name + CANCELS_SUFFIX for name in names}
    for line, commit in enumerate(commits, start=1):
        if missing := sorted(commit.counts.keys() - names):
            raise TapeError(f"{folder}: ticks, line {line}: no file {missing[0]} in the tape")
    return tuple(commits)
