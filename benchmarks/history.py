"""Stored sessions: writing one, and reading an hour of one for the first time.

The days are those of the synthetic session of `benchmarks.tape`, whose quotes move more than a
market's, so files are rather large. The file is dropped from the page cache before each reading.
"""

import datetime
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from benchmarks.harness import Row, compare
from benchmarks.tape import DATE, STRIKES, write_tape
from zerodte.clock import new_york
from zerodte.history.history import History
from zerodte.history.stored import StoredSession
from zerodte.runtime.replay import replay
from zerodte.service.session_store import stored_sessions
from zerodte.session.sample import COLUMN_KINDS, Columns
from zerodte.tape.folder import open_tape
from zerodte.views.frame import Frame
from zerodte.views.strike_bars import heatmap
from zerodte.wire.heatmap import HeatmapQuery

_RECORDS = 2_000_000


def rows() -> list[Row]:
    """A day of one symbol, named with the size of its file."""
    with TemporaryDirectory() as folder:
        out = Path(folder)
        write_tape(out / "tape", _RECORDS, compressed=False)
        session, *_ = stored_sessions(replay(open_tape(out / "tape")), "simulated")
        return [
            row
            for strikes in (STRIKES // 4, STRIKES)
            for row in _measured(out / f"kept {strikes}", _narrowed(session, strikes))
        ]


def _measured(root: Path, day: StoredSession) -> list[Row]:
    history, symbol = History(str(root)), day.day.symbol
    size = history.store(day)
    (file,) = root.rglob("*.parquet")
    what = f"{2 * len(day.day.strikes)} contracts, {size / 1e6:.2f} MB"
    frame = pl.read_parquet(file)
    return [
        *compare(
            f"day kept, {what}",
            _after(file.unlink, lambda: history.store(day)),
            Polars=lambda: frame.write_parquet(root / "peer.parquet", compression="zstd"),
        ),
        *compare(
            f"past hour, cold, {what}",
            _after(lambda: _forget(file), lambda: _an_hour(history, symbol)),
            Polars_reads_the_file=_after(lambda: _forget(file), lambda: pl.read_parquet(file)),
        ),
    ]


def _an_hour(history: History, symbol: str) -> bytes:
    """Answer a request for a session that is not in memory."""
    stored = history.read(DATE, symbol)
    assert stored is not None
    at = new_york(DATE, datetime.time(13))
    return heatmap(
        Frame.past(stored.day, stored.source, symbol, at),
        HeatmapQuery(symbol="SPX", metric="gex", mode="raw", bar="1m", minutes=60),
    )


def _narrowed(session: StoredSession, strikes: int) -> StoredSession:
    """Reduce a session to the strikes around the middle."""
    day = session.day
    first = (len(day.strikes) - strikes) // 2
    columns = slice(first, first + strikes)
    return replace(
        session,
        day=replace(
            day,
            strikes=day.strikes[columns],
            since=day.since[:, columns],
            columns=Columns(
                **{name: getattr(day.columns, name)[..., columns] for name in COLUMN_KINDS}
            ),
            statistics=tuple(
                replace(
                    statistics,
                    official=statistics.official[:, columns],
                    cleared=statistics.cleared[:, columns],
                )
                for statistics in day.statistics
            ),
        ),
    )


def _after(prepare: Callable[[], object], job: Callable[[], object]) -> Callable[[], object]:
    def both() -> object:
        prepare()
        return job()

    return both


def _forget(file: Path) -> None:
    """Drop the file from the page cache."""
    handle = os.open(file, os.O_RDONLY)
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(handle)
