"""A finished tape has a manifest, and every byte is checked against it before it is used."""

import json
import os
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tape.live_day import complete, record, source
from zerodte.feeds.playback import Playback
from zerodte.records.dbn import Records
from zerodte.records.tick import Tick
from zerodte.tape.checksums import FileBytes
from zerodte.tape.dbnfile import CHUNK, read_metadata
from zerodte.tape.folder import Tape, TapeError, open_tape
from zerodte.tape.recorder import Recorder
from zerodte.tape.writer import TapeWriter

Make = Callable[..., Records]
BLOCK = 1 << 20


def finished(writer: TapeWriter, make: Make, suffix: str) -> Path:
    """A tape of quotes and trades whose quotes have several blocks, and its folder."""
    random = np.random.default_rng(1)
    quotes = make("cbbo-1s", *np.linspace(1, 3600, 60_000))
    quotes["bid_px_00"] = random.integers(0, 2**50, len(quotes))
    quotes["ask_px_00"] = random.integers(0, 2**50, len(quotes))
    writer.write("OPRA.PILLAR", "definition", make("definition", 1, 1), name=f"a{suffix}")
    writer.write("OPRA.PILLAR", "cbbo-1s", quotes, name=f"quotes{suffix}")
    writer.write(
        "OPRA.PILLAR",
        "tcbbo",
        make("tcbbo", *range(10, 100)),
        name=f"inner/trades{suffix}",
        conditions=np.ones(90, np.uint8),
        cancels=np.array([[30, 20]]),
    )
    writer.finish()
    return writer.path


def played(folder: Path) -> list[Tick]:
    tape = open_tape(folder)
    out = list(tape.ticks())
    assert tape.warnings == []
    return out


def manifest(folder: Path) -> dict[str, dict[str, object]]:
    content = json.loads((folder / "checksums.json").read_bytes())
    assert content["block_size"] == BLOCK
    files: dict[str, dict[str, object]] = content["files"]
    return files


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 16
    path.write_bytes(content)


EVERY_SUFFIX = pytest.mark.parametrize("suffix", [".dbn", ".dbn.zst"])


@EVERY_SUFFIX
def test_it_has_every_file_with_size_records_and_checksums(
    writer: TapeWriter, make: Make, suffix: str
) -> None:
    folder = finished(writer, make, suffix)
    files = manifest(folder)
    trades = f"inner/trades{suffix}"
    counted = {f"a{suffix}": 2, f"quotes{suffix}": 60_000, trades: 90}
    beside = {"tape.json", f"{trades}.conditions", f"{trades}.cancels"}
    assert files.keys() == counted.keys() | beside
    for name, entry in files.items():
        content = (folder / name).read_bytes()
        blocks = [content[at : at + BLOCK] for at in range(0, len(content), BLOCK)]
        assert entry["size"] == len(content)
        assert entry["crc32"] == [zlib.crc32(block) for block in blocks]
        assert entry.get("records") == counted.get(name)
    assert len(files[f"quotes{suffix}"]["crc32"]) > 1  # type: ignore[arg-type]
    assert played(folder)
    assert open_tape(folder).unchecked == []


@EVERY_SUFFIX
def test_damage_stops_the_reader_before_it_is_used(
    writer: TapeWriter, make: Make, suffix: str
) -> None:
    folder = finished(writer, make, suffix)
    quotes = folder / f"quotes{suffix}"
    place = BLOCK + 12_345
    flip(quotes, place)
    tape = open_tape(folder)
    seen: list[int] = []
    with pytest.raises(TapeError, match=r"bytes 1,048,576 to \d.* are not those") as stopped:
        seen.extend(tick.end for tick in tape.ticks())
    assert str(quotes) in str(stopped.value)
    flip(quotes, place)
    ends = [tick.end for tick in played(folder)]
    assert seen == ends[: len(seen)] != ends


@pytest.mark.parametrize("name", ["trades.dbn.conditions", "trades.dbn.cancels", "trades.dbn"])
def test_each_file_of_trades_is_checked(writer: TapeWriter, make: Make, name: str) -> None:
    folder = finished(writer, make, ".dbn")
    flip(folder / "inner" / name, -1)
    with pytest.raises(TapeError, match=rf"{name}: damaged: bytes 0 to"):
        played(folder)


def test_notes_are_checked(writer: TapeWriter, make: Make) -> None:
    folder = finished(writer, make, ".dbn")
    text = (folder / "tape.json").read_text()
    (folder / "tape.json").write_text(text.replace("recorded", "reloaded"))
    with pytest.raises(TapeError, match=r"tape\.json: damaged"):
        open_tape(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: path.unlink(), r"quotes\.dbn: missing; checksums\.json has it with \d"),
        (lambda path: os.truncate(path, 99), r"quotes\.dbn: 99 bytes; .*bytes 99 to \S+ are miss"),
        (lambda path: path.write_bytes(path.read_bytes() * 2), r"quotes\.dbn: .* were added"),
        (lambda path: path.with_name("ticks").touch(), r"ticks: not in checksums\.json"),
        (lambda path: path.with_name("quotes.dbn.cancels").touch(), r"cancels: not in checksums"),
        (
            lambda path: path.with_name("checksums.json").write_text("{}"),
            r"checksums\.json: damaged: .*restore it, or remove it",
        ),
        (
            lambda path: path.with_name("checksums.json").write_bytes(b'{"\xff": 1}'),
            r"checksums\.json: damaged: .*restore it, or remove it",
        ),
        (
            lambda path: path.with_name("checksums.json").write_text(
                '{"block_size": 1048576, "files": {"../a": {"size": 0, "crc32": []}}}'
            ),
            r"'\.\./a' is not the path of a file within the tape",
        ),
        (
            lambda path: path.with_name("checksums.json").write_text(
                '{"block_size": 1048576, "files": {"a.dbn": {"size": 1, "crc32": []}}}'
            ),
            r"damaged: 0 checksums for 1 bytes of a\.dbn",
        ),
    ],
)
def test_names_and_sizes_are_checked_at_the_door(
    writer: TapeWriter, make: Make, change: Callable[[Path], object], message: str
) -> None:
    folder = finished(writer, make, ".dbn")
    change(folder / "quotes.dbn")
    with pytest.raises(TapeError, match=message):
        open_tape(folder)


def test_a_download_dropped_into_a_finished_tape_is_used_and_named(
    writer: TapeWriter, make: Make, tmp_path: Path
) -> None:
    folder = finished(writer, make, ".dbn")
    before = len(played(folder))
    other = TapeWriter(tmp_path / "other")
    other.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", 9000), {1: "SPXW  220323C04480000"})
    (dropped,) = other.path.glob("*.dbn.zst")
    shutil.copy(dropped, folder / "more.dbn.zst")
    assert len(played(folder)) == before + 1
    assert open_tape(folder).unchecked == [
        "more.dbn.zst: not in checksums.json; its size and frames only are checked"
    ]


def test_a_tape_without_one_says_so(writer: TapeWriter, make: Make) -> None:
    writer.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", 1, 2))
    assert open_tape(writer.path).unchecked == [
        "no checksums.json: sizes and frames only are checked"
    ]


def test_the_vendors_own_manifest_is_not_ours(writer: TapeWriter, make: Make) -> None:
    writer.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", 1, 2))
    for name in ("manifest.json", "metadata.json"):
        (writer.path / name).write_text('{"job_id": "OPRA-1", "files": []}')
    tape = open_tape(writer.path)
    assert tape.unchecked == ["no checksums.json: sizes and frames only are checked"]
    assert "manifest.json, metadata.json: not read; the vendor's account of its download" in [
        *tape.warnings
    ]


def test_adding_to_a_finished_tape_does_not_bless_its_damage(
    writer: TapeWriter, make: Make
) -> None:
    folder = finished(writer, make, ".dbn")
    before = manifest(folder)
    flip(folder / "quotes.dbn", 2 * BLOCK)
    more = TapeWriter(folder, notes=["later"])
    assert manifest(folder) == before, "nothing is changed yet"
    more.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", 9000), name="more.dbn")
    assert not (folder / "checksums.json").exists(), "it is being written"
    more.finish()
    after = manifest(folder)
    assert after.keys() == before.keys() | {"more.dbn"}
    assert {name: after[name] for name in before if name != "tape.json"} == {
        name: before[name] for name in before if name != "tape.json"
    }
    with pytest.raises(TapeError, match="damaged: bytes 2,097,152"):
        played(folder)


def test_what_is_refused_leaves_a_finished_tape_finished(writer: TapeWriter, make: Make) -> None:
    folder = finished(writer, make, ".dbn")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(TapeError, match="never overwritten"):
        TapeWriter(folder, notes=["again"]).write(
            "OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", 1), name="quotes.dbn"
        )
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_foreign_tape_that_is_added_to_stays_without_one(writer: TapeWriter, make: Make) -> None:
    writer.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", 1, 2))
    more = TapeWriter(writer.path)
    more.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", 9), name="more.dbn")
    more.finish()
    assert open_tape(writer.path).manifest is None


def recorded(tape: Tape, folder: Path) -> Recorder:
    recorder = Recorder(folder, Playback(tape).manifest, tape.span)
    record(recorder, list(complete(tape)))
    recorder.close()
    return recorder


def test_a_recording_has_one_while_nobody_records(tmp_path: Path) -> None:
    tape = source(tmp_path / "source")
    folder = tmp_path / "live"
    counts = recorded(tape, folder).position.counts
    files = manifest(folder)
    assert "ticks" in files
    assert {name: entry["records"] for name, entry in files.items() if "records" in entry} == counts
    before = [tick.end for tick in played(folder)]
    resumed = Recorder(folder, Playback(tape).manifest, tape.span)
    assert not (folder / "checksums.json").exists()
    assert resumed.recovery.last_end == before[-1]
    resumed.close()
    assert manifest(folder) == files
    flip(folder / "ticks", 30)
    with pytest.raises(TapeError, match="ticks: damaged: bytes 0 to"):
        open_tape(folder)


def test_a_damaged_recording_is_not_resumed(tmp_path: Path) -> None:
    tape = source(tmp_path / "source")
    folder = tmp_path / "live"
    recorded(tape, folder)
    name = "opra.pillar.tcbbo.dbn.zst.conditions"
    flip(folder / name, 3)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(TapeError, match=f"{name}: damaged: bytes 0 to"):
        Recorder(folder, Playback(tape).manifest, tape.span)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.drill
@EVERY_SUFFIX
@pytest.mark.parametrize("size", [0, 3 * CHUNK - 5])
def test_a_file_that_becomes_shorter_while_it_is_read_is_an_error(
    writer: TapeWriter, make: Make, suffix: str, size: int
) -> None:
    """A mapping of it would kill the process."""
    quotes = make("cbbo-1s", *np.linspace(1, 3600, 5 * CHUNK // 80))
    quotes["bid_px_00"] = np.random.default_rng(1).integers(0, 2**62, len(quotes))
    quotes["ask_px_00"] = np.random.default_rng(2).integers(0, 2**62, len(quotes))
    quotes["ts_event"] = np.random.default_rng(3).integers(0, 2**62, len(quotes))
    path = writer.write("OPRA.PILLAR", "cbbo-1s", quotes, name=f"quotes{suffix}")
    size = size * path.stat().st_size // (5 * CHUNK)
    chunks = read_metadata(path, path.name).chunks(pytest.fail)
    first = next(chunks)
    os.truncate(path, size)
    with pytest.raises(TapeError, match="became shorter while it was read; it ended after"):
        for _ in chunks:
            pass
    assert first.tobytes() == quotes[: len(first)].tobytes()


def test_bytes_from_any_place(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(200)))
    for start in (0, 1, 64, 199, 200):
        assert b"".join(FileBytes(path).blocks(64, start)) == bytes(range(start, 200))
