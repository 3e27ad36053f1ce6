"""Every file of a folder is read, or named with the reason."""

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from zerodte.records.dbn import OPRA, Records
from zerodte.tape.folder import TapeError, open_tape
from zerodte.tape.writer import TapeWriter

Make = Callable[..., Records]


def total(folder: Path, field: str) -> int:
    return sum(
        len(batch.records) for tick in open_tape(folder).ticks() for batch in getattr(tick, field)
    )


@pytest.fixture
def download(writer: TapeWriter, make: Make) -> Path:
    """A plain file of quotes and one of trades."""
    writer.write(OPRA, "cbbo-1s", make("cbbo-1s", 1, 2, 3), name="q.dbn")
    writer.write(OPRA, "tcbbo", make("tcbbo", 1.5, 2.5), name="t.dbn")
    return writer.path


@pytest.mark.parametrize("name", ["q.dbn.gz", "q.DBN.GZ", "Q.DBN", "q.Dbn"])
def test_any_case_and_gzip_are_read(download: Path, name: str) -> None:
    content = (download / "q.dbn").read_bytes()
    (download / "q.dbn").unlink()
    packed = gzip.compress(content) if name.lower().endswith("gz") else content
    (download / name).write_bytes(packed)
    assert total(download, "quotes") == 3
    assert open_tape(download).warnings == []


def test_gzip_may_have_members_and_padding(download: Path) -> None:
    content = (download / "q.dbn").read_bytes()
    (download / "q.dbn").unlink()
    packed = gzip.compress(content[:200]) + gzip.compress(content[200:]) + bytes(512)
    (download / "q.dbn.gz").write_bytes(packed)
    assert total(download, "quotes") == 3


def test_gzip_that_is_cut_off_is_used_up_to_there(download: Path) -> None:
    packed = gzip.compress((download / "q.dbn").read_bytes())
    (download / "q.dbn").unlink()
    (download / "q.dbn.gz").write_bytes(packed[:-6])
    tape = open_tape(download)
    assert sum(len(batch.records) for tick in tape.ticks() for batch in tick.quotes) == 3
    assert "q.dbn.gz: ends within a compressed frame; the part before that is used" in tape.warnings


def test_damaged_gzip_is_refused(download: Path) -> None:
    (download / "q.dbn.gz").write_bytes(b"root,strike\nSPX,4480\n")
    with pytest.raises(TapeError, match=r"q\.dbn\.gz: damaged, or not gzip"):
        open_tape(download)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("opra-pillar-20250602.tcbbo.csv.zst", "download them as DBN, or import them"),
        ("chain.csv", "download them as DBN, or import them"),
        ("T.CSV.GZ", "download them as DBN, or import them"),
        ("q.dbn.xz", "DBN is read from *.dbn, *.dbn.zst, *.dbn.gz only"),
        ("q.dbn.zst.part", "DBN is read from *.dbn, *.dbn.zst, *.dbn.gz only"),
        ("day.tar.gz", "an archive; unpack it into the folder"),
        ("notes.txt", "not DBN by its name"),
        ("metadata.json", "the vendor's account of its download"),
        ("x.dbn.conditions", "they belong to no file (x.dbn is missing)"),
    ],
)
def test_what_is_not_read_is_named_with_the_reason(download: Path, name: str, reason: str) -> None:
    (download / name).write_bytes(b"anything")
    (warning,) = open_tape(download).warnings
    assert warning.startswith(f"{name}: not read; ")
    assert warning.endswith(reason)


def test_many_files_of_a_kind_are_one_warning(download: Path) -> None:
    for number in range(9):
        (download / f"{number}.csv").write_bytes(b"anything")
    (warning,) = open_tape(download).warnings
    assert warning.startswith("0.csv, 1.csv, 2.csv, 3.csv, 4.csv and 4 more: not read; ")


def test_refusals_name_what_is_not_read(download: Path) -> None:
    (download / "t.csv.zst").write_bytes(b"anything")
    for name in ("q.dbn", "t.dbn"):
        (download / name).unlink()
    with pytest.raises(TapeError, match=r"no DBN files in it; .*; t\.csv\.zst: not read; "):
        open_tape(download)


def test_reference_data_alone_is_refused_with_what_is_not_read(
    download: Path, writer: TapeWriter, make: Make
) -> None:
    writer.write(OPRA, "definition", make("definition", 1, 2), name="d.dbn")
    shutil.move(download / "t.dbn", download / "t.dbn.bz2")
    (download / "q.dbn").unlink()
    with pytest.raises(TapeError, match=r"no quote and no trade .*; t\.dbn\.bz2: not read; "):
        open_tape(download)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\x1b[31m.csv", r"a\x1b[31m.csv"),
        ("a\x9b31m\r.csv", r"a\x9b31m\r.csv"),
        ("a\udcff.csv", r"a\udcff.csv"),
        ("größe 5.csv", "größe 5.csv"),
    ],
)
def test_names_are_escaped_in_warnings_and_errors(download: Path, name: str, shown: str) -> None:
    (download / name).write_bytes(b"anything")
    (warning,) = open_tape(download).warnings
    assert warning.startswith(f"{shown}: not read; ")
    (download / f"{name}.dbn").write_bytes(b"anything")
    with pytest.raises(TapeError) as refused:
        open_tape(download)
    assert f"{shown}.dbn: not a DBN file" in str(refused.value)


def test_names_of_files_with_records_are_escaped(
    download: Path, writer: TapeWriter, make: Make
) -> None:
    writer.write(OPRA, "tcbbo", make("tcbbo", 3, 90_000), name="\x1b]0;x\x07.dbn")
    tape = open_tape(download)
    assert sum(len(batch.records) for tick in tape.ticks() for batch in tick.trades) == 3
    assert tape.warnings == [r"\x1b]0;x\x07.dbn: 1 records are from after the session; left out"]


def test_notes_may_begin_with_a_byte_order_mark(download: Path) -> None:
    (download / "tape.json").write_bytes(b'\xef\xbb\xbf{"source": "elsewhere"}')
    assert open_tape(download).notes.source == "elsewhere"


@pytest.mark.parametrize("name", ["tape.json", "ticks"])
def test_text_that_is_no_utf8_is_refused(download: Path, name: str) -> None:
    line = b'{"end": 1648042200000000000, "counts": {}, "gap": "\xff"}\n'
    (download / name).write_bytes(line if name == "ticks" else b'{"source": "\xff"}')
    with pytest.raises(TapeError, match=rf"{name}.*; expected: "):
        open_tape(download)


def test_a_link_that_leads_nowhere_is_named(download: Path) -> None:
    (download / "more.dbn").symlink_to(download / "elsewhere" / "more.dbn")
    tape = open_tape(download)
    assert tape.warnings == ["more.dbn: not read; it leads nowhere, or is no file"]
