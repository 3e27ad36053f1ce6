"""An id is an instrument of one dataset and session; the first definition of it stands."""

import datetime
from dataclasses import replace
from pathlib import Path

import numpy as np

from session.day import Day, ask, osi
from session.made_tape import CONTRACTS, OPEN, SYMBOLS, morning, quotes, stock, trades, write
from zerodte.market.osi import format_osi
from zerodte.records.dbn import OPRA, Records, records
from zerodte.records.tick import Batch, Tick
from zerodte.runtime.replay import replay
from zerodte.tape.folder import open_tape
from zerodte.tape.writer import TapeWriter

DAY = 24 * 3600 * 10**9


def other_day(days: int) -> Records:
    """Definitions of another day, which numbers its own contracts the same way."""
    defined = morning()[0]
    defined["ts_event"] = defined["ts_recv"] = OPEN + days * DAY
    defined["raw_symbol"] = [
        format_osi(replace(c, expiry=c.expiry + datetime.timedelta(days=days))) for c in CONTRACTS
    ]
    return defined


def day(folder: Path, definitions: Records) -> Path:
    """The made tape with these definitions beside its own."""
    files = [("cbbo-1s", quotes("cbbo-1s", 400, 90, 1)), ("tcbbo", trades("tcbbo", 40, 90, 2))]
    write(folder, *files, ("bbo-1s", stock(90)))
    TapeWriter(folder.with_name("other")).write(OPRA, "definition", definitions, name="z.dbn")
    (folder.with_name("other") / "z.dbn").rename(folder / "z.dbn")
    return folder


def test_definitions_of_other_sessions_name_nothing(tmp_path: Path) -> None:
    own = replay(open_tape(day(tmp_path / "own" / "t", morning()[0])))
    expected = ask(own, "ABC")
    for days in (-3, 1, 2):
        folder = day(tmp_path / str(days) / "t", other_day(days))
        tape = open_tape(folder)
        assert tape.symbols[OPRA] == SYMBOLS
        session = replay(tape)
        assert ask(session, "ABC")["flow"] == expected["flow"]
        assert len(session.market.contracts) == len(CONTRACTS)
        (said,) = (text for text in tape.warnings if text.startswith("z.dbn"))
        when = "before" if days < 0 else "after"
        assert said == f"z.dbn: 22 records are from {when} the session; left out"


def test_first_definition_of_a_day_stands(tmp_path: Path) -> None:
    wrong = morning()[0]
    wrong["ts_recv"] += np.uint64(3600 * 10**9)
    wrong["raw_symbol"] = np.roll(wrong["raw_symbol"], 2)
    expected = ask(replay(open_tape(day(tmp_path / "a" / "t", morning()[0]))), "ABC")
    tape = open_tape(day(tmp_path / "b" / "t", wrong))
    assert tape.symbols[OPRA] == SYMBOLS
    answer = ask(replay(tape), "ABC")
    assert answer["flow"] == expected["flow"]
    reason = "definitions that contradict the first of their instrument: 22 left out"
    assert reason in answer["warnings"]


def test_first_definition_stands_in_whatever_order_files_are_read(tmp_path: Path) -> None:
    wrong = morning()[0]
    wrong["ts_recv"] += np.uint64(3600 * 10**9)
    wrong["raw_symbol"] = np.roll(wrong["raw_symbol"], 2)
    folder = day(tmp_path / "t", wrong)
    (folder / "z.dbn").rename(folder / "a.dbn")
    tape = open_tape(folder)
    assert tape.symbols[OPRA] == SYMBOLS
    assert replay(tape).market.instruments.contradictions.total() == 22


def test_contradiction_of_a_feed_moves_no_contract() -> None:
    made = Day()
    made.send("09:40", define=(osi("C", 4480), osi("P", 4480)))
    rows = records("definition", 1)
    rows["instrument_id"], rows["raw_symbol"] = made.id(osi("C", 4480)), osi("C", 9000)
    rows["ts_recv"] = made.time("10:00")
    made.session.apply(Tick(made.time("10:00"), definitions=(Batch(OPRA, "definition", rows),)))
    made.send("10:01", quotes={osi("C", 4480): (1.0, 2.0)})
    assert made.session.market.book.bid[0] == 1.0
    assert len(made.session.market.contracts) == 2
    assert made.session.left_out("SPX") == {
        "definitions that contradict the first of their instrument": 1
    }


def test_contracts_of_another_size_are_set_aside_and_said(tmp_path: Path) -> None:
    """100 is what every figure multiplies by; only their definition knows that these are of 10."""
    defined = morning()[0]
    defined["ts_recv"] -= np.uint64(60 * 10**9)
    defined["contract_multiplier"] = 100
    whole = replay(open_tape(day(tmp_path / "whole" / "t", defined)))
    assert not any("units" in reason for reason in whole.left_out())
    defined["contract_multiplier"][:4] = 10
    small = replay(open_tape(day(tmp_path / "small" / "t", defined)))
    assert small.left_out()["contracts of 10 instead of 100 units"] == 4
    symbols = defined["raw_symbol"].astype(str).tolist()
    places = [small.market.contracts.add(symbol) for symbol in symbols]
    assert [place >= 0 for place in places] == [False] * 4 + [True] * (len(symbols) - 4)


def test_nanos_are_of_one_unit() -> None:
    session = Day().send("10:00", define=(osi("C", 450.0, root="NANOS"),))
    assert session.symbols() == []
    assert session.left_out() == {"contracts of 1 instead of 100 units": 1}


def test_a_later_definition_of_another_size_switches_nothing_off(tmp_path: Path) -> None:
    defined = morning()[0]
    defined["contract_multiplier"] = 10
    defined["ts_recv"] += np.uint64(3600 * 10**9)
    session = replay(open_tape(day(tmp_path / "t", defined)))
    assert not any("units" in reason for reason in session.left_out())
