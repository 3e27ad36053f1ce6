"""The session of a folder: that of most of its quotes and trades.

Where all files begin in one session, their first records tell. Otherwise all are counted, so that a
stray file of another day does not decide.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from zerodte.arrays import U64
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.osi import MarketError
from zerodte.records.dbn import UNDEF_TIME, Records
from zerodte.tape.compression import Warn
from zerodte.tape.dbnfile import DbnFile
from zerodte.tape.error import TapeError
from zerodte.tape.record_router import SessionSpan

_HOUR: Final = 3_600 * 10**9
#: Hours of a chunk that are looked at, those with most records first.
_MAX_HOURS: Final = 64


def session_span(session: TradingSession) -> SessionSpan:
    """The receive times that belong to a session."""
    start, end = calendar().span(session)
    return SessionSpan(start, end - 1)


def vote_session(files: Sequence[DbnFile], warn: Warn) -> TradingSession | None:
    """The session of most records, the newest of several; None if no record has a receive time.

    Args:
        files: Of quotes and trades.
        warn: Receives a warning for each file that begins in another session.

    Raises:
        TapeError: If a file is damaged, or no record is of a day that the calendar knows.
    """
    first = {file.name: _first_sessions(file, warn) for file in files}
    leading = {sessions.most_common(1)[0][0] for sessions in first.values() if sessions}
    if not leading:
        _refuse_unknown(files, warn)
        return None
    if len(leading) == 1:
        return leading.pop()
    votes = dict.fromkeys((session for sessions in first.values() for session in sessions), 0)
    for file in files:
        for chunk in file.chunks(warn):
            times = chunk["ts_recv"]
            for session in votes:
                span = session_span(session)
                inside = (times >= np.uint64(span.opening)) & (times <= np.uint64(span.closing))
                votes[session] += int(np.count_nonzero(inside))
    chosen = max(votes, key=lambda session: (votes[session], session.date))
    for name, sessions in first.items():
        if sessions and chosen not in sessions:
            other = sessions.most_common(1)[0][0]
            warn(
                f"{name}: begins in the session of {other.date}; the tape is of {chosen.date}, as "
                f"{votes[chosen]:,} of {sum(votes.values()):,} quotes and trades are"
            )
    return chosen


def _first_sessions(file: DbnFile, warn: Warn) -> Counter[TradingSession]:
    """The sessions of the first records that have times, and how many of these each has."""
    votes: Counter[TradingSession] = Counter()
    for times in _timed(file, warn):
        hours, rows, counts = np.unique(times // _HOUR, return_index=True, return_counts=True)
        most = np.argsort(-counts, kind="stable")[:_MAX_HOURS]
        for _, row, count in zip(hours[most], rows[most].tolist(), counts[most], strict=True):
            try:
                votes[calendar().session_of(int(times[row]))] += int(count)
            except MarketError:
                continue
        break
    return votes


def _timed(file: DbnFile, warn: Warn) -> Iterator[U64]:
    """The receive times of each chunk that has any, shape (m,)."""
    for chunk in file.chunks(warn):
        times = _times(chunk)
        if len(times):
            yield times


def _times(chunk: Records) -> U64:
    times: U64 = chunk["ts_recv"]
    timed: U64 = times[(times != 0) & (times != UNDEF_TIME)]
    return timed


def _refuse_unknown(files: Sequence[DbnFile], warn: Warn) -> None:
    for file in files:
        for times in _timed(file, warn):
            try:
                calendar().session_of(int(times[0]))
            except MarketError as error:
                raise TapeError(
                    f"{file.path}: begins at {times[0]} ns since 1970: {error}"
                ) from error
