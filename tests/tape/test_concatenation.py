"""DBN files that `cat` joined into one."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import zstandard

from zerodte.records.dbn import OPRA, SCHEMAS, Records
from zerodte.tape import dbnfile
from zerodte.tape.compression import ZSTD_SUFFIX
from zerodte.tape.dbnfile import read_metadata
from zerodte.tape.error import TapeError
from zerodte.tape.folder import open_tape
from zerodte.tape.writer import TapeWriter

Make = Callable[..., Records]


def joined(folder: Path, parts: Sequence[Path], suffix: str) -> Path:
    """The parts in one file; they are removed."""
    pieces = [part.read_bytes() for part in parts]
    if suffix == ZSTD_SUFFIX:
        pieces = [zstandard.compress(piece) for piece in pieces]
    for part in parts:
        part.unlink()
    path = folder / f"joined{suffix}"
    path.write_bytes(b"".join(pieces))
    return path


@pytest.mark.parametrize("schema", ["tcbbo", "definition", "statistics", "trades"])
@pytest.mark.parametrize("suffix", [".dbn", ".dbn.zst"])
@pytest.mark.parametrize("chunk", [100, 5 * 520, 1 << 21])
def test_joined_files_are_read_on(
    writer: TapeWriter,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
    schema: str,
    suffix: str,
    chunk: int,
) -> None:
    monkeypatch.setattr(dbnfile, "CHUNK", max(chunk, SCHEMAS[schema].itemsize))
    count = 2 if schema == "definition" else 20
    contents = [make(schema, *range(start, start + count)) for start in (0, 30, 60)]
    parts = [
        writer.write(OPRA, schema, content, name=f"{number}.dbn")
        for number, content in enumerate(contents)
    ]
    file = read_metadata(joined(writer.path, parts, suffix), "joined")
    chunks = list(file.chunks(pytest.fail))
    assert b"".join(chunk.tobytes() for chunk in chunks) == np.concatenate(contents).tobytes()
    assert file.count(pytest.fail) == 3 * count


def test_joined_trades_all_count(writer: TapeWriter, make: Make) -> None:
    writer.write(OPRA, "cbbo-1s", make("cbbo-1s", 1, 2, 3), name="q.dbn")
    parts = [
        writer.write(OPRA, "tcbbo", make("tcbbo", *times), name=f"{times[0]}.dbn")
        for times in ((1, 2), (3, 4, 5))
    ]
    joined(writer.path, parts, ".dbn.zst")
    tape = open_tape(writer.path)
    assert sum(len(batch.records) for tick in tape.ticks() for batch in tick.trades) == 5
    assert tape.warnings == []


@pytest.mark.parametrize(("dataset", "schema"), [(OPRA, "trades"), ("XNAS.ITCH", "tcbbo")])
@pytest.mark.parametrize("suffix", [".dbn", ".dbn.zst"])
def test_files_of_two_kinds_cannot_be_joined(
    writer: TapeWriter, make: Make, dataset: str, schema: str, suffix: str
) -> None:
    parts = [
        writer.write(OPRA, "tcbbo", make("tcbbo", 1, 2), name="1.dbn"),
        writer.write(dataset, schema, make(schema, 3), name="2.dbn"),
    ]
    file = read_metadata(joined(writer.path, parts, suffix), "joined")
    with pytest.raises(
        TapeError, match=rf"begins within it, of {dataset}, {schema}, version 3, after OPRA"
    ):
        file.count(pytest.fail)


def test_second_file_that_is_cut_off_is_used_up_to_there(writer: TapeWriter, make: Make) -> None:
    parts = [
        writer.write(OPRA, "tcbbo", make("tcbbo", start, start + 1), name=f"{start}.dbn")
        for start in (1, 3)
    ]
    path = joined(writer.path, parts, ".dbn")
    content = path.read_bytes()
    for cut, count, left in ((30, 3, 50), (170, 2, None)):
        path.write_bytes(content[:-cut])
        told: list[str] = []
        assert read_metadata(path, "joined").count(told.append) == count
        (warning,) = told
        assert "the last record is cut off" in warning
        assert left is None or f"({left} bytes)" in warning


def test_symbols_that_only_the_second_file_maps_are_told(tmp_path: Path, make: Make) -> None:
    symbols = ("SPXW  220323C04480000", "SPXW  220323P04480000")
    parts = [
        TapeWriter(tmp_path / f"{number}").write(
            OPRA,
            "tcbbo",
            make("tcbbo", 1, 2)[number - 1 : number],
            {number: symbol},
            name="a.dbn",
        )
        for number, symbol in enumerate(symbols, start=1)
    ]
    told: list[str] = []
    read_metadata(joined(tmp_path, parts, ".dbn"), "joined").count(told.append)
    (warning,) = told
    assert "the symbols that only the metadata in its middle name are not read" in warning


@pytest.mark.parametrize("place", ["beginning", "middle"])
def test_metadata_that_claim_gigabytes_are_refused(
    writer: TapeWriter, make: Make, place: str
) -> None:
    path = writer.write(OPRA, "tcbbo", make("tcbbo", 1, 2), name="a.dbn")
    bomb = b"DBN\3" + b"\xff" * 4 + bytes(1 << 24)
    content = bomb if place == "beginning" else path.read_bytes() + bomb
    path = writer.path / "b.dbn.zst"
    path.write_bytes(zstandard.compress(content))
    with pytest.raises(TapeError, match=r"its metadata claim 4,294,967,303 bytes; at most"):
        read_metadata(path, "b").count(pytest.fail)


def test_long_windows_are_read_up_to_a_gigabyte(writer: TapeWriter, make: Make) -> None:
    path = writer.write(OPRA, "tcbbo", make("tcbbo", 1, 2), name="a.dbn")
    content = path.read_bytes()
    for window, is_read in ((27, True), (30, True), (31, False)):
        parameters = zstandard.ZstdCompressionParameters(window_log=window, write_content_size=0)
        compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        long = writer.path / f"{window}.dbn.zst"
        # A block that is flushed, because the size of short content bounds the window.
        long.write_bytes(compressor.compress(content) + compressor.flush())
        assert zstandard.get_frame_parameters(long.read_bytes()).window_size == 1 << window
        if is_read:
            assert read_metadata(long, "a").count(pytest.fail) == 2
        else:
            with pytest.raises(TapeError, match=r"with a window above 1 GiB.*compress it anew"):
                read_metadata(long, "a")
