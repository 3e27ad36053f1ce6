"""Finished sessions in a folder and in an object store: kept, listed, read, and failing well."""

import datetime
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pyarrow import fs

from history.made_days import DATE, made_day, same
from zerodte.history.error import HistoryError
from zerodte.history.history import History

LATER = datetime.date(2025, 6, 3)


@pytest.fixture(params=["folder", "bucket"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty root, as a user names it; nothing of it exists yet."""
    if request.param == "folder":
        return str(tmp_path / "kept" / "here")
    address = request.getfixturevalue("bucket").partition("?")
    return f"{address[0]}/{request.function.__name__}?{address[2]}"


@pytest.mark.drill
def test_what_is_kept_is_listed_and_comes_back(root: str) -> None:
    history = History(root)
    assert history.sizes() == {}
    days = [made_day(1, 40), made_day(2, 40, symbol="BBB"), made_day(3, 40, date=LATER)]
    sizes = [history.store(day) for day in days]
    there = History(root)
    assert there.sizes() == {DATE: {"AAA": sizes[0], "BBB": sizes[1]}, LATER: {"AAA": sizes[2]}}
    assert same(there.read(DATE, "AAA"), days[0])
    assert same(there.read(DATE, "BBB"), days[1])
    assert same(there.read(LATER, "AAA"), days[2])


def test_what_is_not_there_is_none(root: str) -> None:
    history = History(root)
    history.store(made_day(samples=3))
    for date, symbol in [(DATE, "BBB"), (LATER, "AAA"), (DATE, "../x"), (DATE, ""), (DATE, "é")]:
        assert history.read(date, symbol) is None
        assert history.header(date, symbol) is None


def test_a_newer_session_takes_the_place_of_the_older(root: str) -> None:
    history = History(root)
    history.store(made_day(1, 40))
    size = history.store(made_day(2, 50))
    assert history.sizes() == {DATE: {"AAA": size}}
    assert same(history.read(DATE, "AAA"), made_day(2, 50))


def test_what_a_session_says_of_itself(root: str) -> None:
    history = History(root)
    finished = made_day(1, 40)
    history.store(finished)
    about = history.header(DATE, "AAA")
    assert about is not None
    assert (about.symbol, about.date, about.samples) == ("AAA", DATE, 40)
    assert [gap.reason for gap in about.gaps] == ["silence"]
    assert about.digest == finished.day.contexts[-1].digest


def test_the_same_session_is_left_as_it_is(tmp_path: Path) -> None:
    history = History(str(tmp_path))
    history.store(made_day(1, 40))
    (file,) = tmp_path.rglob("*.parquet")
    before = file.stat()
    assert history.store(made_day(1, 40)) == before.st_size
    assert file.stat().st_ino == before.st_ino


def test_a_damaged_session_is_named_and_the_rest_is_read(root: str) -> None:
    history = History(root)
    history.store(made_day(1, 40))
    history.store(made_day(2, 40, symbol="BBB"))
    _overwrite(root, "date=2025-06-02/AAA.parquet", b"PAR1 and no more PAR1")
    for read in (history.read, history.header):
        with pytest.raises(HistoryError, match=r"=2025-06-02/AAA.parquet: damaged") as said:
            read(DATE, "AAA")
        assert "secret" not in str(said.value)
    assert same(history.read(DATE, "BBB"), made_day(2, 40, symbol="BBB"))
    assert list(history.sizes()[DATE]) == ["AAA", "BBB"]
    history.store(made_day(1, 40))
    assert same(history.read(DATE, "AAA"), made_day(1, 40))


def test_a_session_under_another_name_is_refused(tmp_path: Path) -> None:
    history = History(str(tmp_path))
    history.store(made_day(samples=3))
    folder = tmp_path / "date=2025-06-02"
    (folder / "AAA.parquet").rename(folder / "CCC.parquet")
    with pytest.raises(HistoryError, match="it holds AAA of 2025-06-02"):
        history.read(DATE, "CCC")


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    history = History(str(tmp_path))
    history.store(made_day(samples=3))
    for name in ("notes.txt", "date=2025-06-02/AAA.parquet.part", "date=2025-13-41/AAA.parquet"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("of somebody else")
    assert {date: list(sizes) for date, sizes in history.sizes().items()} == {DATE: ["AAA"]}


def test_a_root_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    with pytest.raises(HistoryError, match=r"a file/date=2025-06-02/AAA.parquet: cannot write: "):
        History(str(blocked)).store(made_day(samples=3))


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    history = History(str(tmp_path))
    history.store(made_day(1, 3))
    with _files_at_most(1000), pytest.raises(HistoryError, match="cannot write: File too large"):
        history.store(made_day(2, 40))
    assert same(history.read(DATE, "AAA"), made_day(1, 3))
    assert [path.name for path in (tmp_path / "date=2025-06-02").iterdir()] == ["AAA.parquet"]
    history.store(made_day(2, 40))
    assert same(history.read(DATE, "AAA"), made_day(2, 40))


def test_a_store_that_does_not_answer_says_so(bucket: str) -> None:
    nobody = History(bucket.replace("@bucket", "@other"))
    with pytest.raises(HistoryError, match=r"^s3://other/kept/date=2025-06-02/AAA.parquet: cannot"):
        nobody.store(made_day(samples=3))


@pytest.mark.parametrize("root", ["s3://", "ftp://key:secret@host/x?pass=secret", "s3://b/x?a=b"])
def test_a_url_that_cannot_be_used_is_refused_without_its_keys(root: str) -> None:
    with pytest.raises(
        HistoryError, match="use a path or a URL such as s3://bucket/folder"
    ) as said:
        History(root)
    assert "secret" not in str(said.value)


def test_nothing_is_kept_of_a_day_without_samples(tmp_path: Path) -> None:
    finished = made_day(samples=1)
    empty = replace(finished, day=replace(finished.day, inputs=finished.day.inputs[:0]))
    with pytest.raises(HistoryError, match="AAA of 2025-06-02 has no sample"):
        History(str(tmp_path)).store(empty)


def _overwrite(root: str, name: str, content: bytes) -> None:
    files, path = fs.FileSystem.from_uri(root)
    with files.open_output_stream(f"{path}/{name}") as out:
        out.write(content)


@contextmanager
def _files_at_most(size: int) -> Iterator[None]:
    """What a full disk does to a writer: a file does not grow beyond a size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
