"""Trades and their cancels through the tape: together they leave no trace in any answer.

But for the default open interest, where what later trades were expected to close stays.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from session.made_tape import OPEN, SECOND, SYMBOLS, quotes, stock, trades, write
from zerodte.arrays import I64
from zerodte.engine.aggressor import SideRule
from zerodte.records.condition import Condition
from zerodte.records.dbn import OPRA, Records
from zerodte.runtime.replay import replay
from zerodte.session.session import Session
from zerodte.session.settings import SessionSettings
from zerodte.tape import dbnfile
from zerodte.tape.folder import open_tape
from zerodte.tape.writer import TapeWriter
from zerodte.views.snapshot import snapshot
from zerodte.wire.snapshot import SnapshotQuery

SPAN = 150


def deep(rows: Records) -> Records:
    """Trades that no tick test looks behind: one side of the quote is deeper."""
    rows["ask_sz_00"] = rows["bid_sz_00"] + 1
    return rows


def played(
    folder: Path, files: Sequence[tuple[Records, I64 | None]], *, coded: bool = False
) -> Session:
    """A replay of trades in files of their own, with their cancels."""
    tape = write(
        folder, ("cbbo-1s", quotes("cbbo-1s", 4_000, SPAN, seed=1)), ("bbo-1s", stock(SPAN))
    )
    writer = TapeWriter(tape.path)
    for number, (rows, pairs) in enumerate(files):
        conditions = None
        if coded and pairs is not None:
            conditions = np.full(len(rows), Condition.REGULAR, np.uint8)
            conditions[pairs[:, 0]] = Condition.CANCEL
        name = f"trades{number}.dbn"
        writer.write(OPRA, "tcbbo", rows, SYMBOLS, name=name, conditions=conditions, cancels=pairs)
    return replay(open_tape(folder), settings=SessionSettings(open_interest="turnover_v2"))


def with_cancels(kept: Records, gone: Records, seed: int) -> tuple[Records, I64]:
    """`gone` among `kept`, each cancelled later, every third within its own second."""
    random = np.random.default_rng(seed)
    cancels = gone.copy()
    later = random.integers(SECOND, 40 * SECOND, len(gone))
    later[::3] = 1
    last = int(kept["ts_recv"].max())
    cancels["ts_recv"] = np.minimum(gone["ts_recv"].astype(np.int64) + later, last + 1)
    everything: Records = np.concatenate([kept, gone, cancels])
    order = np.argsort(everything["ts_recv"], kind="stable")
    place = np.argsort(order)
    first = len(kept)
    original = place[first : first + len(gone)]
    pairs = np.column_stack([place[first + len(gone) :], original]).astype(np.int64)
    return everything[order], pairs[np.argsort(pairs[:, 0])]


def answer(session: Session) -> dict[str, Any]:
    """The snapshot without what tells of records rather than of the market."""
    out: dict[str, Any] = json.loads(
        snapshot(session, "replay", SnapshotQuery(symbol="ABC", strike_range=0.10))
    )
    for block in (out, out["body"]):
        block.pop("data_as_of", None)
        del block["metadata"]["inputs_digest"]
    return out


@pytest.mark.drill
@pytest.mark.parametrize("coded", [True, False], ids=["with conditions", "without"])
@pytest.mark.parametrize("chunk", [dbnfile.CHUNK, 1_000])
def test_a_trade_and_its_cancel_leave_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, *, coded: bool
) -> None:
    monkeypatch.setattr(dbnfile, "CHUNK", chunk)
    kept, gone = deep(trades("tcbbo", 300, SPAN, seed=5)), deep(trades("tcbbo", 60, SPAN, seed=6))
    half = OPEN + SPAN // 2 * SECOND
    files = []
    for early in (True, False):
        mine, theirs = ((r[(r["ts_recv"] < half) == early]) for r in (kept, gone))
        files.append((mine, *with_cancels(mine, theirs, seed=8)))
    plain = played(tmp_path / "plain", [(mine, None) for mine, _, _ in files])
    undone = played(tmp_path / "undone", [(rows, pairs) for _, rows, pairs in files], coded=coded)
    assert undone.market.flow.records[SideRule.CANCEL] == len(gone)
    assert undone.market.flow.records[SideRule.CANCEL_UNMATCHED] == 0
    assert undone.market.repeats.count == 0
    assert undone.market.flow.traded.sum() == kept["size"].sum()
    assert answer(undone) == answer(plain)


def test_without_its_cancel_a_trade_shows(tmp_path: Path) -> None:
    kept, gone = deep(trades("tcbbo", 300, SPAN, seed=5)), deep(trades("tcbbo", 60, SPAN, seed=6))
    rows, pairs = with_cancels(kept, gone, seed=8)
    plain, most = (
        played(tmp_path / "plain", [(kept, None)]),
        played(tmp_path / "most", [(np.delete(rows, pairs[-1, 0]), pairs[:-1])]),
    )
    assert answer(most)["flow"] != answer(plain)["flow"]


def test_cancels_of_unknown_trades_are_counted(tmp_path: Path) -> None:
    """The original was received the evening before the session's own time began."""
    kept, gone = deep(trades("tcbbo", 50, SPAN, seed=5)), deep(trades("tcbbo", 3, SPAN, seed=6))
    rows, pairs = with_cancels(kept, gone, seed=8)
    early = np.zeros(len(rows), np.bool_)
    early[pairs[:, 1]] = True
    order = np.argsort(~early, kind="stable")
    place = np.argsort(order)
    rows["ts_recv"][early] -= np.uint64(4 * 86_400 * SECOND)
    session = played(tmp_path, [(rows[order], place[pairs].astype(np.int64))])
    assert session.market.flow.traded.sum() == kept["size"].sum()
    assert session.market.flow.records[SideRule.CANCEL_UNMATCHED] == len(gone)
    assert "cancels of unknown trades: 3 left out" in answer(session)["warnings"]


def test_a_cancel_that_points_nowhere_is_counted(tmp_path: Path) -> None:
    """Said to be one by its condition alone."""
    rows = deep(trades("tcbbo", 50, SPAN, seed=5))
    size = int(rows["size"].sum() - rows["size"][20])
    write(tmp_path, ("cbbo-1s", quotes("cbbo-1s", 4_000, SPAN, seed=1)), ("bbo-1s", stock(SPAN)))
    conditions = np.zeros(len(rows), np.uint8)
    conditions[20] = Condition.CANCEL
    TapeWriter(tmp_path).write(OPRA, "tcbbo", rows, SYMBOLS, name="t.dbn", conditions=conditions)
    session = replay(open_tape(tmp_path))
    assert session.market.flow.traded.sum() == size
    assert "cancels of unknown trades: 1 left out" in answer(session)["warnings"]


@pytest.mark.parametrize("seed", range(5))
def test_numbers_of_cancels_are_those_of_a_plain_search(tmp_path: Path, seed: int) -> None:
    """Ticks of all sizes, records left out among them; a lost original leaves the cancel itself."""
    random = np.random.default_rng(seed)
    rows = trades("tcbbo", 400, 30, seed=seed)
    lost = random.random(len(rows)) < 0.1
    rows["ts_recv"][lost] = 0
    cancels = np.sort(random.choice(np.arange(50, 400), 120, replace=False))
    originals = random.integers(0, cancels)
    pairs = np.column_stack([cancels, originals]).astype(np.int64)
    write(tmp_path, ("cbbo-1s", quotes("cbbo-1s", 400, 30, seed=1)), ("bbo-1s", stock(30)))
    TapeWriter(tmp_path).write(OPRA, "tcbbo", rows, SYMBOLS, name="t.dbn", cancels=pairs)
    number_of = {place: number for number, place in enumerate(np.flatnonzero(~lost).tolist())}
    expected = np.full(len(number_of), -1)
    for cancel, original in pairs.tolist():
        if cancel in number_of:
            expected[number_of[cancel]] = number_of.get(original, number_of[cancel])
    batches = [batch for tick in open_tape(tmp_path).ticks() for batch in tick.trades]
    assert [b.first for b in batches] == np.cumsum([0, *(len(b.records) for b in batches)])[
        :-1
    ].tolist()
    got = [b.cancels for b in batches if b.cancels is not None]
    assert np.concatenate(got).tolist() == expected.tolist()
