"""Which silences of a tape are gaps, and how told ones stand beside them."""

from pathlib import Path

import pytest

from session.made_tape import OPEN, SECOND, hours, quotes, write
from zerodte.constants import MINUTE
from zerodte.records.dbn import Records
from zerodte.runtime.replay import replay
from zerodte.session.sample import Gap
from zerodte.session.session import Session

CLOSE = hours().close
LAST = OPEN + 60 * SECOND


def minutes(count: int) -> Records:
    """A quote on every minute after the open."""
    rows = quotes("cbbo-1m", 22 * count, 60, seed=1)
    rows["ts_event"] = rows["ts_recv"] = [OPEN + (n // 22 + 1) * MINUTE for n in range(22 * count)]
    return rows


def session_of(folder: Path, schema: str, rows: Records, until: int | None = None) -> Session:
    """A session of these quotes, whose tape's notes say no cadence."""
    return replay(write(folder, (schema, rows)), until)


def spans(gaps: tuple[Gap, ...]) -> list[tuple[int, int, str]]:
    return [(gap.start, gap.end, gap.reason) for gap in gaps]


@pytest.mark.drill
def test_minutes_are_no_gaps_though_no_note_says_minutes(tmp_path: Path) -> None:
    count = int((CLOSE - OPEN) // MINUTE)
    assert session_of(tmp_path, "cbbo-1m", minutes(count)).gaps(None, CLOSE) == ()


def test_a_missing_stretch_of_minutes_is_a_gap(tmp_path: Path) -> None:
    rows = minutes(30)
    at = rows["ts_recv"]
    rows = rows[(at <= OPEN + 10 * MINUTE) | (at >= OPEN + 13 * MINUTE)]
    session = session_of(tmp_path, "cbbo-1m", rows)
    expected = [(OPEN + 10 * MINUTE, OPEN + 13 * MINUTE, "silence")]
    assert spans(session.gaps(None, OPEN + 30 * MINUTE)) == expected


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
    session = session_of(tmp_path, "cbbo-1s", rows, now)
    assert spans(session.gaps(None, now)) == ([] if end is None else [(LAST, end, "silence")])


def test_a_told_gap_takes_the_place_of_the_silence_that_it_explains(tmp_path: Path) -> None:
    session = session_of(tmp_path, "cbbo-1s", quotes("cbbo-1s", 4_000, 60, seed=1))
    session.note_gap(LAST + 5 * SECOND, LAST + 95 * SECOND, "the feed was away")
    told = (LAST + 5 * SECOND, LAST + 95 * SECOND, "the feed was away")
    assert spans(session.gaps(None, LAST + 100 * SECOND)) == [told]


def test_told_gaps_that_follow_each_other_are_one_and_never_leave_the_session(
    tmp_path: Path,
) -> None:
    session = session_of(tmp_path, "cbbo-1s", quotes("cbbo-1s", 4_000, 60, seed=1))
    for start in range(-3, 3):
        session.note_gap(OPEN + start * SECOND, OPEN + (start + 1) * SECOND, "late")
    session.note_gap(CLOSE, CLOSE + MINUTE, "late")
    assert spans(session.gaps(None, LAST)) == [(OPEN, OPEN + 3 * SECOND, "late")]


def test_a_gap_is_seen_from_when_it_is_known_and_grows_until_it_is_over() -> None:
    gap = Gap(LAST, LAST + 60 * SECOND, "silence", known=LAST + 16 * SECOND)
    assert gap.seen(LAST + 15 * SECOND) is None
    for after, end in ((16, 16), (30, 30), (60, 60), (90, 60)):
        seen = gap.seen(LAST + after * SECOND)
        assert seen is not None
        assert (seen.start, seen.end) == (LAST, LAST + end * SECOND)
