"""Records that two files of a tape have: copies, overlapping downloads, plain beside compressed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from session.day import ask
from session.made_tape import OPEN, quotes, stock, trades, write
from zerodte.records.dbn import Records
from zerodte.runtime.replay import replay
from zerodte.tape.folder import open_tape
from zerodte.tape.writer import TapeWriter

Make = Callable[..., Records]
SECOND = 10**9


def kept(folder: Path, place: str = "trades") -> list[tuple[int, int]]:
    """The time since the open, in ms, and the size of every record of a place, in order."""
    return sorted(
        ((int(row["ts_recv"]) - OPEN) // 10**6, int(row["size"]))
        for tick in open_tape(folder).ticks()
        for batch in getattr(tick, place)
        for row in batch.records
    )


def add(folder: Path, schema: str, rows: Records, name: str) -> Path:
    """Another file of the tape."""
    return TapeWriter(folder).write("OPRA.PILLAR", schema, rows, name=name)


def test_answers_are_those_of_the_tape_without_copies(tmp_path: Path) -> None:
    files = [("cbbo-1s", quotes("cbbo-1s", 400, 90, 1)), ("tcbbo", trades("tcbbo", 60, 90, 2))]
    tape = write(tmp_path / "once", *files, ("bbo-1s", stock(90)))
    alone = replay(tape)
    twice = shutil.copytree(tmp_path / "once", tmp_path / "twice")
    for path in list(twice.glob("*.dbn")):
        shutil.copy(path, path.with_name(f"{path.stem} (1).dbn"))
    doubled = open_tape(twice)
    session = replay(doubled)
    assert session.digest == alone.digest
    answer, expected = ask(session, "ABC"), ask(alone, "ABC")
    assert answer["flow"] == expected["flow"]
    assert answer["exposures"] == expected["exposures"]
    count = sum(len(rows) for _, rows in files) + 90
    assert session.left_out()["records that two files have"] == count
    assert f"records that two files have: {count} left out" in answer["warnings"]
    assert not any("two files" in text for text in expected["warnings"])
    assert len(doubled.warnings) == 5
    assert all("are in another file too; left out" in text for text in doubled.warnings)


def test_equal_fills_of_one_file_stay(tmp_path: Path) -> None:
    fills = trades("tcbbo", 3, 90, 3)
    fills[1:] = fills[0]
    write(tmp_path, ("tcbbo", fills))
    add(tmp_path, "tcbbo", fills[:2], "again.dbn.zst")
    assert len(kept(tmp_path)) == 3
    more = np.repeat(fills[:1], 5)
    add(tmp_path, "tcbbo", more, "most.dbn")
    assert len(kept(tmp_path)) == 5


@pytest.mark.drill
@pytest.mark.parametrize("suffix", [".dbn", ".dbn.zst"])
def test_slices_that_overlap(tmp_path: Path, suffix: str) -> None:
    day = trades("tcbbo", 60_000, 3_000, 4)
    write(tmp_path / "whole", ("tcbbo", day))
    write(tmp_path / "cut", ("tcbbo", day[:40_000]))
    add(tmp_path / "cut", "tcbbo", day[25_000:50_000], f"a{suffix}")
    add(tmp_path / "cut", "tcbbo", day[45_000:], f"z{suffix}")
    assert kept(tmp_path / "cut") == kept(tmp_path / "whole")
    digests = [replay(open_tape(tmp_path / name)).digest for name in ("cut", "whole")]
    assert digests[0] == digests[1]


def test_late_records_at_the_seam_of_slices(tmp_path: Path) -> None:
    """A late record begins the second file, which so has it a tick earlier than the first."""
    day = trades("trades", 6, 90, 5)
    day["ts_recv"] = OPEN + np.array([10_000, 12_200, 11_900, 12_500, 13_000, 14_000]) * 10**6
    write(tmp_path, ("trades", day[:4]))
    add(tmp_path, "trades", day[2:], "z.dbn")
    assert [at for at, _ in kept(tmp_path)] == [10_000, 11_900, 12_200, 12_500, 13_000, 14_000]


def test_the_same_record_of_another_dataset_or_instant_counts(
    writer: TapeWriter, make: Make
) -> None:
    for dataset in ("OPRA.PILLAR", "XNAS.ITCH"):
        writer.write(dataset, "trades", make("trades", 1, 2))
    writer.write("OPRA.PILLAR", "trades", make("trades", 1, 3), name="z.dbn")
    tape = open_tape(writer.path)
    ticks = list(tape.ticks())
    assert sum(len(b.records) for tick in ticks for b in tick.trades) == 3
    assert sum(len(b.records) for tick in ticks for b in tick.underlying) == 2
    assert sum(len(b.records) for tick in ticks for b in tick.duplicates) == 1


@pytest.mark.parametrize("owner", ["a.dbn", "b.dbn.zst"])
@pytest.mark.parametrize("is_part", [False, True])
def test_the_copy_with_more_sidecars_is_kept(tmp_path: Path, owner: str, is_part: bool) -> None:
    rows = trades("tcbbo", 40_000, 3_600, 2)
    write(tmp_path, ("cbbo-1s", quotes("cbbo-1s", 400, 90, 1)))
    known = rows[10_000:20_000] if is_part else rows
    for name in ("a.dbn", "b.dbn.zst"):
        add(tmp_path, "tcbbo", known if name == owner else rows, name)
    (tmp_path / f"{owner}.conditions").write_bytes(bytes([2]) * len(known))
    batches = [batch for tick in open_tape(tmp_path).ticks() for batch in tick.trades]
    assert sum(len(batch.records) for batch in batches) == len(rows)
    conditions = [batch.conditions for batch in batches if batch.conditions is not None]
    assert np.concatenate(conditions).tolist() == [2] * len(known)
