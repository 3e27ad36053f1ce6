"""Clocks that jump ahead: no time passes by them, and none is lost to records that come late."""

import numpy as np
import pytest

from zerodte.tape.diagnostics import Diagnostics
from zerodte.tape.tick_cutter import ReceiveTimeCutter

SECOND = 10**9
START = 1_648_042_200  # 2022-03-23, 09:30 in New York
AHEAD = 1800


def cut(*chunks: list[int | None]) -> tuple[list[int], int]:
    """The tick of each record, in seconds after the start, and how many clocks had jumped."""
    findings = Diagnostics()
    rule = ReceiveTimeCutter("a.dbn", findings)
    ticks: list[int] = []
    times = [[0 if s is None else (START + s) * SECOND for s in chunk] for chunk in chunks]
    for chunk, after in zip(times, [*times[1:], [0]], strict=True):
        ends, bounds = rule.cut(np.array(chunk, np.uint64), len(ticks), after[0])
        for end, start, stop in zip(ends, bounds[:-1], bounds[1:], strict=True):
            ticks += [end // SECOND - START] * (stop - start)
    said = findings.texts()
    if not said:
        return ticks, 0
    count, _, rest = said[0].removeprefix("a.dbn: ").partition(" ")
    assert rest == "records have a clock that jumped ahead"
    return ticks, int(count.replace(",", ""))


@pytest.mark.parametrize("count", [1, 2, 3, 1200])
def test_a_run_that_jumped_goes_to_the_second_before_it(count: int) -> None:
    run = [AHEAD + 10 + place // 60 for place in range(count)]
    assert cut([8, 9, *run, 10, 40, 41]) == ([8, 9, *[9] * count, 10, 40, 41], count)


@pytest.mark.parametrize(
    ("times", "ticks", "jumped"),
    [
        ([1, 1801, 2, 1802, 1802, 3, 4], [1, 1, 2, 2, 2, 3, 4], 3),
        ([1, 1801, 3601, 2, 3], [1, 1, 1, 2, 3], 2),
        ([1, 1801, 3601, 1802, 2, 3], [1, 1, 1, 1, 2, 3], 3),
        ([1, None, 1801, None, 1801, None, 2, 3], [1, 1, 1, 1, 1, 1, 2, 3], 2),
        ([1801, 1, 2], [1, 1, 2], 1),
    ],
    ids=["several runs", "uneven", "a run within a run", "untimed among them", "the first record"],
)
def test_runs_that_jumped(times: list[int | None], ticks: list[int], jumped: int) -> None:
    assert cut(times) == (ticks, jumped)


@pytest.mark.parametrize(
    "times",
    [
        [500, 501, 100, 502, 503],
        [500, 501, 100, 502, 503, 101, 504],
        [500, 501, 100, 101, 530, 102, 531],
        [0, 100, *range(101, 400), 5, 401],
        [500, 450, 501],
    ],
    ids=["one", "two", "two runs", "from before a silence", "a little late"],
)
def test_late_records_move_no_others(times: list[int | None]) -> None:
    """They go to the tick of the newest record before them."""
    assert cut(times) == (np.maximum.accumulate(np.array(times)).tolist(), 0)


def test_late_records_and_runs_that_jumped() -> None:
    assert cut([499, 500, 100, 2300, 2301, 501, 502, 100, 503]) == (
        [499, 500, 500, 500, 500, 501, 502, 502, 503],
        2,
    )
    assert cut([500, 2300, 2301, 501, 100, 502]) == ([500, 500, 500, 501, 501, 502], 2)


def test_jumps_at_the_ends_of_chunks() -> None:
    assert cut([1, 1801, 1802], [2, 3]) == ([1, 1, 1, 2, 3], 2)
    assert cut([1, 2], [1801, 1802, 3]) == ([1, 2, 2, 2, 3], 2)


@pytest.mark.parametrize(
    "times", [[1, 2, 2, 50], [1, 1801, 3601, 3602], [5], [None, None], [None, 5]]
)
def test_nothing_jumped_where_time_only_passes(times: list[int | None]) -> None:
    ticks, jumped = cut(times)
    assert jumped == 0
    known = [(tick, time) for tick, time in zip(ticks, times, strict=True) if time is not None]
    assert all(tick == time for tick, time in known)
