"""Kinds of input that fall silent while others go on: said, and never of a quiet symbol."""

import json
from typing import Any

import numpy as np
import pytest

from session.made_tape import CONTRACTS, DATE, OPEN, SECOND, STOCKS, SYMBOLS, hours, prices
from zerodte.arrays import Bool
from zerodte.market.calendar import calendar
from zerodte.market.osi import Contract, format_osi
from zerodte.records.dbn import INDEX, OPRA, Records, records
from zerodte.records.tick import Batch, Tick
from zerodte.runtime.replay import replay
from zerodte.service.local_service import LocalService
from zerodte.service.stage import CurrentSession, Stage
from zerodte.session.input_watch import QUOTES, TRADES, InputWatch
from zerodte.session.session import Session
from zerodte.tape.folder import open_tape
from zerodte.tape.writer import TapeWriter
from zerodte.views.snapshot import snapshot
from zerodte.wire.snapshot import SnapshotQuery

COUNT = len(SYMBOLS)
#: XYZ has the same contracts as ABC, with ids after them.
OTHERS = {
    COUNT + n: format_osi(Contract("XYZ", DATE, c.strike, c.right))
    for n, c in enumerate(CONTRACTS, start=1)
}
SILENT = "none since {} New York, while other inputs go on"


def ids() -> list[int]:
    return [*SYMBOLS, *OTHERS]


def quotes(at: int) -> Records:
    """A quote of every contract."""
    out = records("cbbo-1s", 2 * COUNT)
    mid = np.tile(prices(), 2)
    out["instrument_id"], out["ts_event"], out["ts_recv"] = ids(), at, at
    out["bid_px_00"], out["ask_px_00"] = np.maximum(mid - 2, 1) * 10**7, (mid + 3) * 10**7
    out["bid_sz_00"] = out["ask_sz_00"] = 5
    return out


def trades(at: int, *numbers: int) -> Records:
    """A trade of each of some contracts."""
    out = records("tcbbo", len(numbers))
    mid = np.tile(prices(), 2)[np.array(numbers) - 1]
    out["instrument_id"], out["ts_event"], out["ts_recv"] = numbers, at, at
    out["price"], out["size"], out["action"], out["side"] = (mid + 3) * 10**7, 1, b"T", b"N"
    out["bid_px_00"], out["ask_px_00"] = np.maximum(mid - 2, 1) * 10**7, (mid + 3) * 10**7
    out["bid_sz_00"] = out["ask_sz_00"] = 5
    return out


def values(at: int) -> Records:
    """A value of the index."""
    out = records("trades", 1)
    out["instrument_id"], out["ts_event"], out["ts_recv"] = 1, at, at
    out["price"], out["size"], out["action"], out["side"] = 100 * 10**9, 0, b"T", b"N"
    return out


def made() -> Session:
    """A session with both symbols, before its first tick."""
    kinds = {OPRA: "options", INDEX: "index", STOCKS: "equity"}
    session = Session(hours(), calendar(), kinds)
    session.learn(OPRA, SYMBOLS | OTHERS)
    session.learn(INDEX, {1: "ABC"})
    return session


def play(
    session: Session,
    start: int,
    stop: int,
    *numbers: int,
    with_values: bool = True,
    rights: str = "CP",
) -> None:
    """Quotes each second from `start` to `stop`, and a trade of each contract every third."""
    quoted = np.tile([contract.right in rights for contract in CONTRACTS], 2)
    for second in range(start, stop):
        at = OPEN + second * SECOND
        received = at - 9
        session.apply(
            Tick(
                at,
                quotes=(Batch(OPRA, "cbbo-1s", quotes(received)[quoted]),),
                trades=(Batch(OPRA, "tcbbo", trades(received, *numbers), first=second * 9),)
                if numbers and second % 3 == 0
                else (),
                underlying=(Batch(INDEX, "trades", values(received)),) if with_values else (),
            )
        )


def ask(session: Session, symbol: str) -> dict[str, Any]:
    """The snapshot of a symbol."""
    body: dict[str, Any] = json.loads(snapshot(session, "simulated", SnapshotQuery(symbol=symbol)))
    return body


def gaps(session: Session, symbol: str) -> list[tuple[int, int, str]]:
    """Seconds after the open, and reason."""
    found = session.gaps(symbol, session.now)
    return [((g.start - OPEN) // SECOND, (g.end - OPEN) // SECOND, g.reason) for g in found]


@pytest.mark.drill
def test_trades_that_stop_while_quotes_go_on_are_said_to_their_symbol_alone() -> None:
    session = made()
    play(session, 1, 901, 1, COUNT + 1)
    assert session.silent_inputs() == []
    play(session, 901, 1201, COUNT + 1)
    said = f"trades of options: {SILENT.format('09:45:00')}"
    assert said in ask(session, "ABC")["warnings"]
    assert gaps(session, "ABC") == [(900, 1200, "no trades of options")]
    assert gaps(session, "XYZ") == []
    assert not [text for text in ask(session, "XYZ")["warnings"] if "none since" in text]
    stage = Stage()
    stage.show(CurrentSession(session, "simulated"))
    health = LocalService(stage).status().health
    assert f"ABC: {said}" in health.warnings
    assert health.status == "Healthy", "the other figures are those of now"
    play(session, 1201, 1300, 1, COUNT + 1)
    assert gaps(session, "ABC") == [(900, 1203, "no trades of options")]
    assert said not in ask(session, "ABC")["warnings"]
    assert LocalService(stage).status().health.status == "Healthy"


@pytest.mark.parametrize(("going_on", "silent"), [("C", "puts"), ("P", "calls")])
def test_a_side_whose_quotes_stop_is_said(going_on: str, silent: str) -> None:
    session = made()
    play(session, 1, 801)
    play(session, 801, 1001, rights=going_on)
    assert f"quotes of {silent}: {SILENT.format('09:43:20')}" in session.notices("ABC")
    play(session, 1001, 1003)
    assert gaps(session, "ABC") == [(800, 1001, f"no quotes of {silent}")]


def test_quotes_that_stop_altogether_are_not_told_by_side() -> None:
    session = made()
    play(session, 1, 801)
    play(session, 801, 1001, rights="")
    assert [text for text in session.notices("ABC") if "none since" in text] == [
        f"quotes of options: {SILENT.format('09:43:20')}"
    ]
    play(session, 1001, 1003)
    assert gaps(session, "ABC") == [(800, 1001, "no quotes of options")]


def test_index_values_that_stop_are_said() -> None:
    session = made()
    play(session, 1, 801, 1)
    play(session, 801, 1001, 1, with_values=False)
    assert f"index values: {SILENT.format('09:43:20')}" in session.notices("ABC")
    assert gaps(session, "ABC") == [(800, 1000, "no index values")]
    assert session.notices("XYZ") == []


def test_a_silence_of_everything_is_a_gap_and_no_kind_s() -> None:
    session = made()
    play(session, 1, 901, 1, COUNT + 1)
    session.advance(OPEN + 2000 * SECOND)
    play(session, 2000, 2100, 1, COUNT + 1)
    assert gaps(session, "ABC") == [(900, 2000, "silence")]
    play(session, 2100, 2400, COUNT + 1)
    assert gaps(session, "ABC")[1:] == [(2097, 2399, "no trades of options")]


@pytest.mark.drill
def test_a_tape_whose_trades_end_early_says_so(tmp_path: Any) -> None:
    seconds = OPEN + SECOND * np.arange(1, 1501)
    writer = TapeWriter(tmp_path / "t", source="simulated")
    writer.write(
        OPRA, "cbbo-1s", np.concatenate([quotes(at) for at in seconds.tolist()]), SYMBOLS | OTHERS
    )
    traded = [trades(at, 1, COUNT + 1) for at in seconds[:900].tolist()]
    traded += [trades(at, 1) for at in seconds[900:].tolist()]
    writer.write(OPRA, "tcbbo", np.concatenate(traded), SYMBOLS | OTHERS)
    session = replay(open_tape(tmp_path / "t"))
    assert f"trades of options: {SILENT.format('09:45:00')}" in session.notices("XYZ")
    assert session.notices("ABC") == []
    assert f"XYZ: trades of options: {SILENT.format('09:45:00')}" in session.notices()


@pytest.mark.drill
@pytest.mark.parametrize("per_minute", [0.1, 0.5, 2.0, 20.0])
def test_quiet_symbols_raise_no_alarm(per_minute: float) -> None:
    """Poisson trades in bursts, at a fifth of the rate at noon: 40 symbols over a whole day."""
    chance = np.random.default_rng(7)
    symbols, length = 40, (hours().close - OPEN) // SECOND
    noon = 1.0 - 0.8 * np.sin(np.pi * np.arange(length) / length)
    starts = chance.random((symbols, length)) < per_minute / 60.0 * noon
    spoke = starts.copy()
    for second in (1, 2, 5):  # a burst: what trades once trades again
        spoke[:, second:] |= starts[:, :-second] & (chance.random((symbols, length - second)) < 0.4)
    watch = InputWatch(hours())
    watch.grow(symbols)
    everybody = np.ones(symbols, np.bool_)
    for second in range(1, length):
        watch.note(QUOTES, everybody)
        watch.note(TRADES, _column(spoke, second))
        watch.close(OPEN + second * SECOND)
    found = [gap for owner in range(symbols) for gap in watch.gaps(owner, hours().close)]
    assert len(found) <= symbols // 20


def _column(spoke: Bool, second: int) -> Bool:
    return np.ascontiguousarray(spoke[:, second])


def test_trades_of_two_datasets_are_said_to_their_symbol() -> None:
    other = "XCBO.TRADES"
    session = Session(hours(), calendar(), {OPRA: "options", other: "options"})
    for dataset in (OPRA, other):
        session.learn(dataset, SYMBOLS | OTHERS)
    sold = trades(OPEN + SECOND - 9, 1, COUNT + 1)
    batches = (Batch(OPRA, "tcbbo", sold), Batch(other, "tcbbo", sold[:1]))
    session.apply(Tick(OPEN + SECOND, trades=batches))
    said = "trades of options come in OPRA.PILLAR and in XCBO.TRADES: "
    assert [text.startswith(said) for text in session.notices("ABC")] == [True]
    assert session.notices("XYZ") == []
