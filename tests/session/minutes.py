"""What a tape answers at every minute of its session, and its records as they lie in its files."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from tape.commits import write_commits
from zerodte.records.dbn import Records
from zerodte.runtime.replay import begin
from zerodte.session.session import Session
from zerodte.tape.folder import Tape, open_tape
from zerodte.tape.manifest import remove_manifest
from zerodte.tape.sidecars import Commit
from zerodte.views.snapshot import snapshot
from zerodte.wire.errors import ApiError
from zerodte.wire.exposure import ExposureQuery
from zerodte.wire.snapshot import SnapshotQuery

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND


def answers(session: Session) -> bytes:
    """Every symbol's snapshot and baseline, or why there is none."""
    out = []
    for symbol in session.symbols():
        for settled in (False, True):
            try:
                out.append(
                    snapshot(
                        session,
                        "replay",
                        ({True: ExposureQuery, False: SnapshotQuery}[settled])(
                            symbol=symbol, strike_range=0.10
                        ),
                    )
                )
            except ApiError as error:
                out.append(f"{error.code}: {error}".encode())
    return b"\n".join(out)


def hashed(content: bytes) -> str:
    """A name for these bytes."""
    return hashlib.sha256(content).hexdigest()[:16]


def by_minute(tape: Tape, beat: int = MINUTE) -> dict[int, str]:
    """The hash of all answers at every whole minute up to the last tick.

    Args:
        tape: What to play.
        beat: How often time is let pass in a silence, ns; a divisor of a minute.
    """
    session = begin(tape)
    out = {}
    for tick in tape.ticks():
        for now in range(session.now - session.now % beat + beat, tick.end, beat):
            session.advance(now)
            if now % MINUTE == 0:
                out[now] = hashed(answers(session))
        session.apply(tick)
        if tick.end % MINUTE == 0:
            out[tick.end] = hashed(answers(session))
    out[session.now] = hashed(answers(session))
    return out


def contents(tape: Tape) -> Iterator[tuple[str, str, str, Records]]:
    """(name, dataset, schema, records) of every file."""
    for file in tape.files:
        yield file.name, file.dataset, file.schema, np.concatenate(list(file.chunks(print)))


def commit_by_second(folder: Path) -> None:
    """Write `ticks` as a recorder would that saw every second of the session, silent ones too.

    For a tape whose files are each in order of receive time.
    """
    remove_manifest(folder)  # as a recorder does before it writes
    tape = open_tape(folder)
    ends = {
        name: -(-records["ts_recv"].astype(np.int64) // SECOND)
        for name, _, _, records in contents(tape)
    }
    opening = tape.session.open // SECOND
    heard = np.unique(np.concatenate(list(ends.values())))
    whole = np.union1d(heard[heard <= opening], np.arange(opening, heard[-1] + 1))
    counts = {name: np.searchsorted(seconds, whole, "right") for name, seconds in ends.items()}
    write_commits(
        folder,
        [
            Commit(int(second) * SECOND, {name: int(count[at]) for name, count in counts.items()})
            for at, second in enumerate(whole.tolist())
        ],
    )
