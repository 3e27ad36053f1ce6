"""Finished sessions: one written, and an hour of one that nobody has opened before.

The days are those of the synthetic session of `benchmarks.tape`, whose quotes move more than a
market's, so that files are rather large. Before each reading the system is told to forget the file.
"""

import datetime
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from benchmarks.harness import Row, compared
from benchmarks.tape import DATE, STRIKES, write_tape
from zerodte.history.history import History
from zerodte.history.stored import StoredSession
from zerodte.market.calendar import new_york
from zerodte.runtime.replay import replay
from zerodte.service.session_store import stored_sessions
from zerodte.session.sample import COLUMN_KINDS, Columns
from zerodte.tape.folder import open_tape
from zerodte.views.frame import Frame
from zerodte.views.strike_bars import heatmap
from zerodte.wire.heatmap import HeatmapQuery

_RECORDS = 2_000_000


def rows() -> list[Row]:
    """A day of one symbol; the sizes are those of its file."""
    with TemporaryDirectory() as folder:
        out = Path(folder)
        write_tape(out / "tape", _RECORDS, compressed=False)
        whole, *_ = stored_sessions(replay(open_tape(out / "tape")), "simulated")
        return [
            row
            for strikes in (STRIKES // 4, STRIKES)
            for row in _measured(out / f"kept {strikes}", _narrowed(whole, strikes))
        ]


def _measured(root: Path, day: StoredSession) -> list[Row]:
    history, symbol = History(str(root)), day.day.symbol
    size = history.store(day)
    (file,) = root.rglob("*.parquet")
    what = f"{2 * len(day.day.strikes)} contracts, {size / 1e6:.2f} MB"
    frame = pl.read_parquet(file)
    return [
        *compared(
            f"day kept, {what}",
            _after(file.unlink, lambda: history.store(day)),
            Polars=lambda: frame.write_parquet(root / "peer.parquet", compression="zstd"),
        ),
        *compared(
            f"past hour, cold, {what}",
            _after(lambda: _forget(file), lambda: _an_hour(history, symbol)),
            Polars_reads_the_file=_after(lambda: _forget(file), lambda: pl.read_parquet(file)),
        ),
    ]


def _an_hour(history: History, symbol: str) -> bytes:
    """What a server does that is asked about a session nobody asked about before."""
    found = history.read(DATE, symbol)
    assert found is not None
    at = new_york(DATE, datetime.time(13))
    return heatmap(
        Frame.past(found.day, found.source, symbol, at),
        HeatmapQuery(symbol="SPX", metric="gex", mode="raw", bar="1m", minutes=60),
    )


def _narrowed(whole: StoredSession, strikes: int) -> StoredSession:
    """The strikes around the middle alone."""
    day = whole.day
    first = (len(day.strikes) - strikes) // 2
    some = slice(first, first + strikes)
    return replace(
        whole,
        day=replace(
            day,
            strikes=day.strikes[some],
            since=day.since[:, some],
            columns=Columns(
                **{name: getattr(day.columns, name)[..., some] for name in COLUMN_KINDS}
            ),
            statistics=tuple(
                replace(said, official=said.official[:, some], cleared=said.cleared[:, some])
                for said in day.statistics
            ),
        ),
    )


def _after(prepare: Callable[[], object], job: Callable[[], object]) -> Callable[[], object]:
    def both() -> object:
        prepare()
        return job()

    return both


def _forget(file: Path) -> None:
    """Have the system read the file from its disk the next time."""
    handle = os.open(file, os.O_RDONLY)
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(handle)
