"""What lies beside the records: what is written comes back, what does not fit is refused."""

from collections.abc import Callable

import numpy as np
import pytest

from tape.commits import write_commits
from zerodte.records.condition import Condition
from zerodte.records.dbn import Records
from zerodte.tape.folder import TapeError, open_tape
from zerodte.tape.sidecars import Commit
from zerodte.tape.writer import TapeWriter

Make = Callable[..., Records]
OPEN = 1_648_042_200 * 10**9


def test_condition_codes_are_those_of_the_format() -> None:
    names = "unknown regular multi-leg stock-option cross auction late opening cancel"
    codes = {condition.name.lower().replace("_", "-"): int(condition) for condition in Condition}
    assert codes == {name: code for code, name in enumerate(names.split())}


@pytest.mark.parametrize("name", ["t.dbn", "t.dbn.zst"])
def test_conditions_come_with_their_trades(writer: TapeWriter, make: Make, name: str) -> None:
    codes = np.arange(9, dtype=np.uint8)
    times = (1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5)
    writer.write("OPRA.PILLAR", "tcbbo", make("tcbbo", *times), name=name, conditions=codes)
    writer.write("OPRA.PILLAR", "tcbbo", make("tcbbo", 2), name="without.dbn")
    got = [
        (int((tick.end - OPEN) // 10**9), batch.conditions.tolist())
        for tick in open_tape(writer.path).ticks()
        for batch in tick.trades
        if batch.conditions is not None
    ]
    assert got == [(1, [0]), (2, [1, 2]), (3, [3, 4]), (4, [5, 6]), (5, [7, 8])]


def test_conditions_follow_when_records_are_left_out(writer: TapeWriter, make: Make) -> None:
    trades = make("trades", 1, 2, 2, 3)
    trades["ts_recv"][1] = 0
    codes = np.array([1, 2, 3, 4], np.uint8)
    writer.write("OPRA.PILLAR", "trades", trades, name="t.dbn", conditions=codes)
    batches = [batch for tick in open_tape(writer.path).ticks() for batch in tick.trades]
    assert [(b.records["ts_event"].tolist(), _listed(b.conditions)) for b in batches] == [
        ([0], [1]),
        ([2], [3]),
        ([3], [4]),
    ]


def _listed(codes: np.ndarray | None) -> list[int]:
    return [] if codes is None else codes.tolist()


@pytest.mark.parametrize("content", [b"\1\1", b"\1\1\1\1"])
def test_conditions_of_another_number_are_refused(
    writer: TapeWriter, make: Make, content: bytes
) -> None:
    path = writer.write("OPRA.PILLAR", "tcbbo", make("tcbbo", 1, 2, 3), name="t.dbn")
    path.with_name("t.dbn.conditions").write_bytes(content)
    with pytest.raises(TapeError, match=rf"t\.dbn: {len(content)} conditions for 3 trades"):
        list(open_tape(writer.path).ticks())


def test_unknown_condition_is_refused(writer: TapeWriter, make: Make) -> None:
    path = writer.write("OPRA.PILLAR", "tcbbo", make("tcbbo", 1, 2, 3), name="t.dbn")
    path.with_name("t.dbn.conditions").write_bytes(b"\1\x09\0")
    with pytest.raises(TapeError, match="condition 9; expected: 0 to 8"):
        list(open_tape(writer.path).ticks())


@pytest.mark.parametrize("name", ["t.dbn", "t.dbn.zst"])
def test_cancels_come_back(writer: TapeWriter, make: Make, name: str) -> None:
    pairs = np.array([[2, 0], [3, 1]])
    writer.write("OPRA.PILLAR", "tcbbo", make("tcbbo", *range(4)), name=name, cancels=pairs)
    writer.write("OPRA.PILLAR", "tcbbo", make("tcbbo", 2), name="without.dbn")
    (found,) = open_tape(writer.path).cancels().items()
    assert (found[0], found[1].tolist()) == (name, pairs.tolist())


@pytest.mark.parametrize("pair", [(4, 0), (1, -1), (1, 1), (1, 2)])
def test_cancels_out_of_place_are_refused(
    writer: TapeWriter, make: Make, pair: tuple[int, int]
) -> None:
    trades, pairs = make("tcbbo", *range(4)), np.array([(3, 0), pair])
    message = f"record {pair[0]} cancels trade {pair[1]} in a file of 4 trades"
    with pytest.raises(TapeError, match=message):
        writer.write("OPRA.PILLAR", "tcbbo", trades, name="t.dbn", cancels=pairs)
    path = writer.write("OPRA.PILLAR", "tcbbo", trades, name="t.dbn")
    path.with_name("t.dbn.cancels").write_bytes(pairs.astype("<i8").tobytes())
    with pytest.raises(TapeError, match=message):
        open_tape(writer.path).cancels()
    path.with_name("t.dbn.cancels").write_bytes(bytes(24))
    with pytest.raises(TapeError, match="24 bytes; expected: two int64 per cancel"):
        open_tape(writer.path).cancels()


def test_sidecars_that_do_not_fit_are_not_written(writer: TapeWriter, make: Make) -> None:
    codes = np.zeros(3, np.uint8)
    with pytest.raises(TapeError, match="3 conditions for 2 trades"):
        writer.write("OPRA.PILLAR", "tcbbo", make("tcbbo", 1, 2), conditions=codes)
    with pytest.raises(TapeError, match="condition 77; expected: 0 to 8"):
        writer.write("OPRA.PILLAR", "tcbbo", make("tcbbo", 1, 2, 3), conditions=codes + 77)
    with pytest.raises(TapeError, match="belong to tcbbo, tbbo, trades, not cbbo-1s"):
        writer.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", 1, 2, 3), conditions=codes)
    assert list(writer.path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"end": 5}\n', "line 1: .*counts"),
        (
            '{"end": 5000000000, "counts": {"a.dbn": 1}}\n{"end": 6000000000, "cou\n',
            "line 2: .*expected: ",
        ),
        ('{"end": 5000000000, "counts": {}}\n\n', "line 2"),
        ('{"end": 5.5, "counts": {}}\n', "line 1: .*end"),
        (
            '{"end": 5000000000, "counts": {}}\n{"end": 5500000000, "counts": {}}\n',
            "line 2: ends at 5500000000, which is not a whole second",
        ),
        (
            '{"end": 5000000000, "counts": {"a.dbn": -1}}\n',
            "line 1: -1 records of a.dbn, fewer than the previous 0",
        ),
        (
            '{"end": 0, "counts": {"a.dbn": 2}}\n{"end": 1000000000, "counts": {"a.dbn": 1}}\n',
            "line 2: 1 records of a.dbn, fewer than the previous 2",
        ),
        (
            '{"end": 5000000000, "counts": {}}\n{"end": 5000000000, "counts": {}}\n',
            "line 2: ends at 5000000000, not after",
        ),
        ('{"end": 5000000000, "counts": {"b.dbn": 1}}\n', "line 1: no file b.dbn in the tape"),
    ],
)
def test_commits_that_cannot_be_are_refused(
    writer: TapeWriter, make: Make, text: str, message: str
) -> None:
    writer.write("OPRA.PILLAR", "tcbbo", make("tcbbo", 1, 2, 3), name="a.dbn")
    (writer.path / "ticks").write_text(text)
    with pytest.raises(TapeError, match=message):
        open_tape(writer.path)


@pytest.mark.parametrize("name", ["a.dbn", "a.dbn.zst"])
def test_commits_beyond_what_is_there_are_refused(
    writer: TapeWriter, make: Make, name: str
) -> None:
    writer.write("OPRA.PILLAR", "tcbbo", make("tcbbo", 1, 2, 3), name=name)
    ends = (OPEN + second * 10**9 for second in (1, 2, 3))
    counts = (2, 4, 5)
    write_commits(
        writer.path, [Commit(end, {name: n}) for end, n in zip(ends, counts, strict=True)]
    )
    with pytest.raises(TapeError, match=rf"ticks, line 2: 4 records of {name}, which has 3"):
        list(open_tape(writer.path).ticks())
