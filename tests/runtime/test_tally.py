"""The account of a replay: which silences of a tape are gaps."""

from pathlib import Path

import pytest

from session.made_tape import OPEN, SECOND, hours, quotes, write
from zerodte.config import MINUTE
from zerodte.records.dbn import Records
from zerodte.runtime.replay import replay
from zerodte.runtime.tally import Gap, Tally

CLOSE = hours().close


def minutes(count: int) -> Records:
    """A quote on every minute after the open."""
    rows = quotes("cbbo-1m", 22 * count, 60, seed=1)
    rows["ts_event"] = rows["ts_recv"] = [OPEN + (n // 22 + 1) * MINUTE for n in range(22 * count)]
    return rows


def account(folder: Path, schema: str, rows: Records, now: int, until: int | None = None) -> Tally:
    """The account of a tape of these quotes, whose notes say no cadence, ended at `now`."""
    tape = write(folder, (schema, rows))
    tally = Tally(tape.session, tape.notes.cadence_seconds * SECOND)
    replay(tape, until, lambda session, tick, judged: tally.take(tick, judged, session.board))
    tally.finish(now)
    return tally


def test_minutes_are_no_gaps_though_no_note_says_minutes(tmp_path: Path) -> None:
    count = int((CLOSE - OPEN) // MINUTE)
    assert account(tmp_path, "cbbo-1m", minutes(count), CLOSE).gaps == []


def test_a_missing_stretch_of_minutes_is_a_gap(tmp_path: Path) -> None:
    rows = minutes(30)
    at = rows["ts_recv"]
    rows = rows[(at <= OPEN + 10 * MINUTE) | (at >= OPEN + 13 * MINUTE)]
    tally = account(tmp_path, "cbbo-1m", rows, OPEN + 30 * MINUTE)
    assert tally.gaps == [Gap(OPEN + 10 * MINUTE, OPEN + 13 * MINUTE)]


LAST = OPEN + 60 * SECOND


@pytest.mark.parametrize(
    ("now", "end"),
    [
        (CLOSE, CLOSE),
        (LAST + 100 * SECOND, LAST + 100 * SECOND),
        (CLOSE + 30 * MINUTE, CLOSE),
        (LAST + 15 * SECOND, None),
        (LAST - 10 * SECOND, None),
    ],
    ids=["close", "until", "until after the close", "until soon after", "until before its end"],
)
def test_a_tape_that_ends_early_has_a_closing_gap(
    tmp_path: Path, now: int, end: int | None
) -> None:
    rows = quotes("cbbo-1s", 4_000, 60, seed=1)
    assert rows["ts_recv"].max() == LAST
    tally = account(tmp_path, "cbbo-1s", rows, now, now)
    assert tally.gaps == ([] if end is None else [Gap(LAST, end)])
