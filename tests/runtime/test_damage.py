"""Random damage of finished tapes: an answer is that of the sound tape, or there is none."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import pytest

from session.cut_tape import simulated
from session.made_tape import OPEN, SECOND, SYMBOLS, morning, quotes, stock, trades
from tape.live_day import complete, record, source
from zerodte.errors import ZerodteError
from zerodte.evaluate.truth import read_truth
from zerodte.feeds.playback import Playback
from zerodte.records.condition import Condition
from zerodte.records.dbn import OPRA
from zerodte.runtime.replay import replay, source_of
from zerodte.tape.checksums import MANIFEST
from zerodte.tape.folder import open_tape
from zerodte.tape.manifest import TRUTH_FOLDER
from zerodte.tape.recorder import Recorder
from zerodte.tape.tape_check import check_tape
from zerodte.tape.writer import TapeWriter
from zerodte.views.snapshot import snapshot
from zerodte.wire.exposure import ExposureQuery
from zerodte.wire.snapshot import SnapshotQuery

Files: TypeAlias = dict[str, bytes]
Damage: TypeAlias = Callable[[np.random.Generator, Files, str], None]

DAMAGES: Final = 25
SPAN: Final = 120


def plain(folder: Path) -> Path:
    """A finished tape of plain files, of quotes in several blocks, with conditions and cancels."""
    defined, settled = morning()
    writer = TapeWriter(folder, notes=["made"])
    writer.write(OPRA, "definition", defined, name="definition.dbn")
    writer.write(OPRA, "statistics", settled, name="statistics.dbn")
    writer.write(OPRA, "cbbo-1s", quotes("cbbo-1s", 20_000, SPAN, seed=1), name="quotes.dbn")
    writer.write("XNAS.ITCH", "bbo-1s", stock(SPAN), {1: "ABC"}, name="stock.dbn")
    rows = trades("tcbbo", 300, SPAN, seed=2)
    conditions = np.full(len(rows), Condition.REGULAR, np.uint8)
    conditions[::7] = Condition.MULTI_LEG
    for name in ("instrument_id", "price", "size"):
        rows[name][40] = rows[name][12]
    writer.write(
        OPRA,
        "tcbbo",
        rows,
        SYMBOLS,
        name="trades.dbn",
        conditions=conditions,
        cancels=np.array([[40, 12]]),
    )
    writer.finish()
    return folder


def recorded(folder: Path) -> Path:
    """A finished recording with a gap."""
    tape = source(folder / "source")
    recorder = Recorder(folder / "live", Playback(tape).manifest, tape.span)
    ticks = [tick for tick in complete(tape) if tick.end > OPEN - 5 * SECOND]
    early = [tick for tick in complete(tape) if tick.end <= OPEN - 5 * SECOND]
    record(recorder, [*early, *ticks])
    recorder.close()
    return folder / "live"


def flip(random: np.random.Generator, files: Files, name: str) -> None:
    content = bytearray(files[name])
    content[random.integers(len(content))] ^= 1 << random.integers(8)
    files[name] = bytes(content)


def zeros(random: np.random.Generator, files: Files, name: str) -> None:
    start = int(random.integers(len(files[name])))
    run = min(int(random.geometric(0.02)), len(files[name]) - start)
    files[name] = files[name][:start] + bytes(run) + files[name][start + run :]


def lost_byte(random: np.random.Generator, files: Files, name: str) -> None:
    place = int(random.integers(len(files[name])))
    files[name] = files[name][:place] + files[name][place + 1 :]


def truncation(random: np.random.Generator, files: Files, name: str) -> None:
    files[name] = files[name][: random.integers(len(files[name]))]


def deletion(random: np.random.Generator, files: Files, name: str) -> None:
    del random, files[name]


def swap(random: np.random.Generator, files: Files, name: str) -> None:
    other = str(random.choice(sorted(files)))
    files[name], files[other] = files[other], files[name]


def repetition(random: np.random.Generator, files: Files, name: str) -> None:
    """A piece stands twice, the second time in the place of what followed, or before it."""
    content = files[name]
    size = int(random.integers(1, max(len(content) // 2, 2)))
    start = int(random.integers(max(len(content) - size, 1)))
    piece, rest = content[start : start + size], content[start + size :]
    kept = rest[len(piece) :] if random.integers(2) else rest
    files[name] = content[: start + size] + piece + kept


KINDS: Final[tuple[Damage, ...]] = (
    flip,
    zeros,
    lost_byte,
    truncation,
    deletion,
    swap,
    repetition,
)


def contents(folder: Path) -> Files:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def put(folder: Path, files: Files) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def answers(folder: Path) -> list[bytes]:
    """What a replay of all of a tape says of every symbol, and its truth if it has one."""
    tape = open_tape(folder)
    session = replay(tape)
    out = [
        snapshot(session, source_of(tape), query(symbol=symbol))
        for symbol in session.symbols()
        for query in (SnapshotQuery, ExposureQuery)
    ]
    if (folder / TRUTH_FOLDER).is_dir():
        truth = read_truth(tape)
        out += [truth.trades.tobytes(), truth.open_interest.tobytes(), truth.dealers.tobytes()]
        out.append(repr(truth.parameters).encode())
    return out


def attempt(folder: Path) -> list[bytes] | ZerodteError:
    try:
        return answers(folder)
    except ZerodteError as error:
        return error


@pytest.fixture(scope="module")
def tapes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Finished tapes of every kind: compressed with truth, plain, recorded."""
    root = tmp_path_factory.mktemp("finished")
    return [simulated(root / "simulated"), plain(root / "plain"), recorded(root / "recorded")]


@pytest.mark.drill
@pytest.mark.parametrize("seed", range(20))
def test_damage_never_gives_another_answer(tapes: list[Path], tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    sound = [(contents(tape), answers(tape)) for tape in tapes]
    outcomes: Counter[str] = Counter()
    for number in range(DAMAGES):
        whole, right = sound[number % len(sound)]
        files = dict(whole)
        damage = KINDS[random.integers(len(KINDS))]
        name = str(random.choice(sorted(name for name in files if files[name])))
        damage(random, files, name)
        folder = put(tmp_path / "tape", files)
        what = f"seed {seed}, damage {number}: {damage.__name__} of {name}"
        got = attempt(folder)
        if isinstance(got, ZerodteError):
            assert str(folder) in str(got), what
            outcomes["refused"] += 1
        else:
            assert got == right, what
            outcomes["the same"] += 1
        if name != MANIFEST:
            assert bool(check_tape(folder).damage) == (files != whole), what
    assert outcomes["refused"] > DAMAGES // 2, outcomes
