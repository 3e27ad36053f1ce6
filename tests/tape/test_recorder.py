"""A live session recorded, killed at any byte, and resumed."""

import json
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

import databento
import numpy as np
import pytest
from databento.common.symbology import InstrumentMap
from hypothesis import given, settings
from hypothesis import strategies as st

from records.tape_digest import TapeDigest
from session.made_tape import DATE, SECOND
from tape.live_day import complete, record, source
from zerodte.feeds.playback import Playback
from zerodte.records.tick import Tick
from zerodte.tape.checksums import MANIFEST
from zerodte.tape.feed_manifest import FeedManifest, FeedStream
from zerodte.tape.folder import Tape, TapeError, open_tape
from zerodte.tape.recorder import Recorder
from zerodte.tape.tick_assembler import ClosedTick

State = dict[str, bytes]
anew = settings(deadline=None, max_examples=15)


class Recording:
    """A recording commit by commit: the ticks of each, and the files after it."""

    def __init__(self, tape: Tape, folder: Path) -> None:
        self.tape, self.manifest = tape, Playback(tape).manifest
        self.ticks = [tick for tick in complete(tape) if tick.end > tape.session.open - 5 * SECOND]
        early = [tick for tick in complete(tape) if tick.end <= tape.session.open - 5 * SECOND]
        self.commits = [early, *([tick] for tick in self.ticks)]
        recorder = Recorder(folder, self.manifest, tape.span)
        self.states = [state(folder)]
        for commit in self.commits:
            record(recorder, commit)
            self.states.append(state(folder))
        recorder.close()

    def recorder(self, folder: Path) -> Recorder:
        """A recorder that resumes in a folder."""
        return Recorder(folder, self.manifest, self.tape.span)


def state(folder: Path) -> State:
    """Every file's content, except for the manifest, which a recording in progress has not."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != MANIFEST}


def put(folder: Path, files: State) -> Path:
    """A folder with these files and no others."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def inputs(ticks: Iterator[Tick]) -> list[tuple[int, str]]:
    """The digest after every tick that is not silent."""
    digest, out = TapeDigest(), []
    for tick in ticks:
        digest.update(tick)
        out.append((tick.end, digest.hexdigest()))
    return [
        (end, seen)
        for (end, seen), (_, before) in zip(out, [(0, ""), *out], strict=False)
        if seen != before
    ]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("recorder")
    return Recording(source(folder / "source"), folder / "recorded")


def test_a_recording_replays_the_same_ticks(recording: Recording, tmp_path: Path) -> None:
    put(tmp_path / "tape", recording.states[-1])
    tape = open_tape(tmp_path / "tape")
    assert tape.warnings == []
    assert inputs(tape.ticks()) == inputs(recording.tape.ticks())
    for mine, theirs in zip(
        (b for t in tape.ticks() for b in t.trades),
        (b for t in recording.tape.ticks() for b in t.trades),
        strict=True,
    ):
        assert mine.first == theirs.first
        assert mine.conditions is not None
        assert mine.cancels is not None
        if theirs.conditions is not None and theirs.cancels is not None:
            assert mine.cancels.tolist() == theirs.cancels.tolist()
            unpaired = theirs.cancels < 0
            assert (mine.conditions[unpaired] == theirs.conditions[unpaired]).all()
        else:
            assert (mine.cancels == -1).all()


def test_live_ticks_are_those_of_a_replay(recording: Recording, tmp_path: Path) -> None:
    """Batch by batch: records, conditions, numbers and cancels."""
    recorder = recording.recorder(tmp_path)
    live_tape = open_tape(tmp_path, DATE)
    reader = live_tape.reader()
    assert list(reader.ticks()) == []
    live = []
    for commit in recording.commits:
        record(recorder, commit)
        live += [reader.tick_of(tick) for tick in commit]
    recorder.close()
    replayed = list(open_tape(tmp_path).ticks())
    assert [tick.end for tick in live] == [tick.end for tick in replayed]
    for mine, theirs in zip(live, replayed, strict=True):
        for place in ("definitions", "statistics", "underlying", "quotes", "trades"):
            for a, b in zip(getattr(mine, place), getattr(theirs, place), strict=True):
                assert (a.dataset, a.schema, a.first) == (b.dataset, b.schema, b.first)
                assert a.records.tobytes() == b.records.tobytes()
                assert not a.records.flags.writeable
                assert lists(a.conditions, a.cancels) == lists(b.conditions, b.cancels)


def lists(*arrays: np.ndarray | None) -> list[list[int] | None]:
    return [None if array is None else array.tolist() for array in arrays]


@pytest.mark.drill
@anew
@given(st.data())
def test_killed_at_any_byte(
    recording: Recording, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Of a commit each file got some of its bytes; or all, and `ticks` some of its line."""
    folder = tmp_path_factory.mktemp("killed")
    last = len(recording.commits)
    number = data.draw(st.integers(1, last) | st.integers(last - 120, last))
    before, after = recording.states[number - 1 : number + 1]
    cut = {
        name: after[name][: data.draw(st.integers(len(before[name]), len(after[name])))]
        for name in before
    }
    if data.draw(st.booleans()):
        files = {**after, "ticks": cut["ticks"]}
    else:
        files = {**cut, "ticks": before["ticks"]}
    put(folder, files)
    all_ticks = [tick for commit in recording.commits for tick in commit]
    expected = all_ticks[: files["ticks"].count(b"\n")]
    got = list(open_tape(folder, DATE).ticks())
    assert [tick.end for tick in got] == [tick.end for tick in expected]
    assert [counted(tick) for tick in got] == [
        sum(len(piece.records) for piece in tick.pieces.values()) for tick in expected
    ]
    recorder = recording.recorder(folder)
    assert recorder.recovery.last_end == (expected[-1].end if expected else 0)
    record(recorder, all_ticks[len(expected) :])
    recorder.close()
    assert state(folder) == recording.states[-1]


def counted(tick: Tick) -> int:
    places = (tick.definitions, tick.statistics, tick.underlying, tick.quotes, tick.trades)
    return sum(len(batch.records) for place in places for batch in place)


@pytest.mark.drill
@anew
@given(st.data())
def test_after_a_power_cut(
    recording: Recording, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Of the last commits the disk has any part of each file, and zeros after it."""
    folder = tmp_path_factory.mktemp("cut")
    last = len(recording.commits)
    synced = data.draw(st.integers(1, last) | st.integers(last - 120, last))
    before, after = recording.states[synced], recording.states[min(synced + 5, last)]
    files = {}
    for name in before:
        size = data.draw(st.integers(len(before[name]), len(after[name])))
        zeros = data.draw(st.integers(0, len(after[name]) - size))
        files[name] = after[name][:size]
        # A condition of zero is a valid one, unknown, so zeros cannot be told apart.
        if not name.endswith(".conditions"):
            files[name] += bytes(zeros)
    put(folder, files)
    recorder = recording.recorder(folder)
    ends = [0, *(tick.end for commit in recording.commits for tick in commit)]
    resumed = ends.index(recorder.recovery.last_end)
    assert resumed >= ends.index(recording.commits[synced - 1][-1].end)
    rest = [tick for commit in recording.commits for tick in commit][resumed:]
    for tick in rest:
        record(recorder, [tick])
    recorder.close()
    assert state(folder) == recording.states[-1]


@pytest.mark.parametrize("is_filled", [False, True], ids=["short", "filled with zeros"])
def test_a_commit_is_valid_only_with_all_its_records(
    recording: Recording, tmp_path: Path, *, is_filled: bool
) -> None:
    """Each file in turn lacks the records of the last commit."""
    tried = 0
    for name in recording.states[0]:
        if name == "ticks" or (is_filled and name.endswith(".conditions")):
            continue
        changed = (
            n
            for n in range(2, len(recording.states))
            if recording.states[n][name] != recording.states[n - 1][name]
        )
        if not (number := max(changed, default=0)):
            continue  # all of it is from the morning, one commit of thousands of ticks
        before, after = recording.states[number - 1 : number + 1]
        zeros = bytes(len(after[name]) - len(before[name])) if is_filled else b""
        folder = put(tmp_path / "tape", {**after, name: before[name] + zeros})
        recorder = recording.recorder(folder)
        recorder.close()
        assert state(folder) == before, name
        tried += 1
    assert tried >= 4


# The client leaves the files that it reads open.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_the_public_client_reads_a_running_recording(recording: Recording, tmp_path: Path) -> None:
    half = len(recording.states) // 2
    counts = []
    for number in (1, half, len(recording.states) - 1):
        put(tmp_path / "tape", recording.states[number])
        path = tmp_path / "tape" / "opra.pillar.cbbo-1s.dbn.zst"
        store = databento.DBNStore.from_file(path)
        counts.append(len(store.to_ndarray()))
    committed = [
        sum(
            len(tick.pieces["opra.pillar.cbbo-1s.dbn.zst"].records)
            for commit in recording.commits[:number]
            for tick in commit
            if "opra.pillar.cbbo-1s.dbn.zst" in tick.pieces
        )
        for number in (1, half, len(recording.states) - 1)
    ]
    assert counts == committed
    assert counts[0] == 0 < counts[1] < counts[2]
    known = InstrumentMap()
    known.insert_metadata(store.metadata)
    for number, symbol in recording.manifest.symbols["OPRA.PILLAR"].items():
        assert known.resolve(number, DATE) == symbol


def test_gaps_are_on_the_tape(recording: Recording, tmp_path: Path) -> None:
    recorder = recording.recorder(tmp_path)
    (first, second, third), rest = recording.ticks[:3], recording.ticks[3:]
    early = recording.commits[0]
    record(
        recorder, [*early, first, ClosedTick(second.end, second.pieces, "the feed was away"), third]
    )
    record(recorder, rest)
    recorder.close()
    gaps = [(tick.end, tick.gap) for tick in open_tape(tmp_path).ticks() if tick.gap]
    assert gaps == [(second.end, "the feed was away")]
    lines = (tmp_path / "ticks").read_text().splitlines()
    assert sum("gap" in json.loads(line) for line in lines) == 1


def test_a_failed_commit_can_be_repeated(recording: Recording, tmp_path: Path) -> None:
    """A file cannot grow, as on a full disk, until there is room again."""
    recorder = recording.recorder(tmp_path)
    for commit in recording.commits[:100]:
        record(recorder, commit)
    before = state(tmp_path)
    quotes = tmp_path / "opra.pillar.cbbo-1s.dbn.zst"
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (quotes.stat().st_size + 10, limit[1]))
    try:
        with pytest.raises(OSError, match="too large") as raised:
            record(recorder, [tick for commit in recording.commits[100:] for tick in commit])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert raised.value.filename.startswith(str(tmp_path))
    assert state(tmp_path) == before
    for commit in recording.commits[100:]:
        record(recorder, commit)
    recorder.close()
    assert state(tmp_path) == recording.states[-1]


def test_one_folder_has_one_recorder(recording: Recording, tmp_path: Path) -> None:
    recorder = recording.recorder(tmp_path)
    with pytest.raises(TapeError, match="another process is recording there"):
        recording.recorder(tmp_path)
    recorder.close()
    recording.recorder(tmp_path).close()


def test_another_tape_is_left_alone(recording: Recording) -> None:
    before = state(recording.tape.path)
    with pytest.raises(TapeError, match="which is not a recording of this feed; record the same"):
        recording.recorder(recording.tape.path)
    assert state(recording.tape.path) == before


def test_another_feed_is_refused(recording: Recording, tmp_path: Path) -> None:
    folder = put(tmp_path / "tape", recording.states[-1])
    manifest, span = recording.manifest, recording.tape.span
    renamed = {**manifest.symbols, "XNAS.ITCH": {1: "XYZ"}}
    with pytest.raises(TapeError, match=r"instrument 1 of XNAS\.ITCH is ABC, but XYZ in the feed"):
        Recorder(
            folder, FeedManifest(manifest.date, manifest.streams, renamed, manifest.notes), span
        )
    fewer = FeedManifest(manifest.date, manifest.streams[1:], manifest.symbols, manifest.notes)
    with pytest.raises(TapeError, match="not a recording of this feed"):
        Recorder(folder, fewer, span)
    bare = tuple(FeedStream(stream.dataset, stream.schema) for stream in manifest.streams)
    with pytest.raises(TapeError, match="its sidecars are not those that the feed now offers"):
        Recorder(folder, FeedManifest(manifest.date, bare, manifest.symbols, manifest.notes), span)
    assert state(folder) == recording.states[-1]


def test_altered_files_are_not_a_power_cut(recording: Recording, tmp_path: Path) -> None:
    files = dict(recording.states[-1])
    del files["opra.pillar.cbbo-1s.dbn.zst"]
    with pytest.raises(TapeError, match=r"no file opra\.pillar\.cbbo-1s\.dbn\.zst; restore it"):
        recording.recorder(put(tmp_path / "tape", files))
    files = dict(recording.states[-1])
    files["opra.pillar.definition.dbn.zst"] = recording.states[0]["opra.pillar.definition.dbn.zst"]
    folder = put(tmp_path / "tape", files)
    with pytest.raises(TapeError, match="count records that are missing; restore the files"):
        recording.recorder(folder)
    assert state(folder) == files


def test_a_folder_that_is_not_writable(recording: Recording, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="Not a directory"):
        recording.recorder(tmp_path / "file" / "tape")
    with pytest.raises(OSError, match="No such file"):
        recording.recorder(Path("/proc/zerodte"))
