"""Tapes that are wrong in time, in instruments or in price: counted, said, and survived."""

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from session.made_tape import OPEN, SECOND, SYMBOLS, quotes, stock, trades, write
from zerodte.engine.aggressor import SideRule
from zerodte.market.calendar import calendar
from zerodte.market.osi import format_osi
from zerodte.records.dbn import OPRA, Records
from zerodte.runtime.replay import begin, replay
from zerodte.session.chain_observation import observe
from zerodte.session.session import Session
from zerodte.tape import dbnfile
from zerodte.tape.folder import Tape, TapeError, open_tape
from zerodte.tape.sidecars import CONDITIONS_SUFFIX
from zerodte.tape.writer import TapeWriter
from zerodte.views.snapshot import snapshot
from zerodte.wire.exposure import ExposureQuery
from zerodte.wire.snapshot import SnapshotQuery

SPAN = 180
HOURS = np.uint64(2 * 3600 * SECOND)
CHUNK_ROWS = 50


def feed(schema: str = "tcbbo") -> dict[str, Records]:
    return {
        "cbbo-1s": quotes("cbbo-1s", 4_000, SPAN, seed=1),
        schema: trades(schema, 300, SPAN, seed=2),
        "bbo-1s": stock(SPAN),
    }


def played(folder: Path, rows: dict[str, Records], *, settled: bool = True) -> tuple[Tape, Session]:
    tape = write(folder, *rows.items(), settled=settled)
    return tape, replay(tape)


def answer(session: Session) -> dict[str, Any]:
    out: dict[str, Any] = json.loads(
        snapshot(session, "replay", SnapshotQuery(symbol="ABC", strike_range=0.10))
    )
    return out


@pytest.mark.parametrize(
    "at", [0, 1, 137, CHUNK_ROWS - 1, CHUNK_ROWS, 298], ids=lambda at: f"record {at}"
)
def test_a_record_hours_ahead_does_not_take_the_rest_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Wherever it is: in the middle, first, second, at the end of what is read at once."""
    monkeypatch.setattr(dbnfile, "CHUNK", CHUNK_ROWS * 80)
    rows = feed()
    rows["tcbbo"]["ts_recv"][at] += HOURS
    tape, session = played(tmp_path, rows)
    assert session.now <= OPEN + (SPAN + 1) * SECOND
    assert any("1 records have a clock that jumped ahead" in said for said in tape.warnings)
    assert session.market.flow.traded.sum() == rows["tcbbo"]["size"].sum()


def test_late_records_go_to_the_tick_that_is_open(tmp_path: Path) -> None:
    rows = feed()
    rows["tcbbo"]["ts_recv"][100:110] -= np.uint64(30 * SECOND)
    rows["cbbo-1s"]["ts_recv"][2_000:2_010] -= np.uint64(30 * SECOND)
    _, session = played(tmp_path, rows)
    assert session.now == OPEN + SPAN * SECOND
    assert session.market.flow.traded.sum() == rows["tcbbo"]["size"].sum()


def test_trades_of_unknown_instruments_are_counted(tmp_path: Path) -> None:
    rows = feed()
    tape = write(tmp_path, *((s, r) for s, r in rows.items() if s != "tcbbo"))
    rows["tcbbo"]["instrument_id"][:7] = 9_999
    # A metadata mapping to nothing that is an option: an adjusted root and a stranger are apart.
    TapeWriter(tape.path).write(
        OPRA, "tcbbo", rows["tcbbo"], SYMBOLS | {9_999: "ABC1  250602C00100000"}, name="t.dbn"
    )
    session = replay(open_tape(tmp_path))
    assert session.market.flow.traded.sum() == rows["tcbbo"]["size"][7:].sum()
    assert any("adjusted" in said for said in session.notices())


def test_trades_before_the_first_quote_have_no_side_and_no_value(tmp_path: Path) -> None:
    rows = feed("trades")
    rows["cbbo-1s"]["ts_recv"] += np.uint64(SPAN * SECOND)
    rows["bbo-1s"]["ts_recv"] += np.uint64(SPAN * SECOND)
    _, session = played(tmp_path, rows)
    flow = session.market.flow
    assert flow.unsigned.sum() == rows["trades"]["size"].sum()
    assert not flow.bought.any()
    assert not flow.sold.any()
    assert flow.records[SideRule.NO_QUOTE] + flow.records[SideRule.STALE] == len(rows["trades"])
    assert answer(session)["metadata"]["classified_volume_pct"] == 0.0


def test_a_day_without_open_interest_lives_on_its_flow(tmp_path: Path) -> None:
    rows = feed()
    _, session = played(tmp_path, rows, settled=False)
    body = answer(session)
    assert "open interest of 2025-06-02 is missing" in body["warnings"]
    assert body["metadata"]["oi_as_of"] is None
    assert body["dealer_inventory"] is None
    assert body["flow_direction"]["settled_net_gex"] is None
    chain = session.chain("ABC")
    assert chain is not None
    instant = observe(session.market, [chain], session.now)[0].instant
    day = session.market.flow.turnover(chain.positions)
    expected = np.where(instant.listed, np.maximum(0.43 * day.growth, 0.0), np.nan)
    np.testing.assert_allclose(np.nan_to_num(instant.effective), np.nan_to_num(expected))
    assert 0.0 < instant.effective[instant.listed].sum() < 0.43 * day.traded.sum()
    assert np.isnan(instant.official).all()
    settled = json.loads(
        snapshot(session, "replay", ExposureQuery(symbol="ABC", strike_range=0.10))
    )
    assert settled["exposures"]["net_gex"] is None
    assert all(row["call_oi"] is None for row in settled["strikes"])


def test_a_tape_of_two_days_is_that_of_the_newest(tmp_path: Path) -> None:
    """A file of the evening before is of the day; what it has of the day before is left out."""
    rows = feed()
    early = rows["tcbbo"][:40].copy()
    early["ts_recv"] -= np.uint64(72 * 3600 * SECOND)
    rows["tcbbo"] = np.concatenate([early, rows["tcbbo"]])
    tape, session = played(tmp_path, rows)
    assert session.hours.date.isoformat() == "2025-06-02"
    assert session.market.flow.traded.sum() == rows["tcbbo"]["size"][40:].sum()
    assert any("40 records are from before the session" in said for said in tape.warnings)


@pytest.mark.parametrize("count", [0, 299, 301])
def test_conditions_of_another_length_say_so(tmp_path: Path, count: int) -> None:
    tape = write(tmp_path, *feed().items())
    name = next(file.name for file in tape.files if file.schema == "tcbbo")
    (tmp_path / (name + CONDITIONS_SUFFIX)).write_bytes(bytes(count))
    with pytest.raises(TapeError, match=f"{count} conditions for 300 trades"):
        replay(open_tape(tmp_path))


def test_two_datasets_that_disagree_on_spot_are_a_warning(tmp_path: Path) -> None:
    rows = feed()
    write(tmp_path, *rows.items())
    other = stock(SPAN)
    other["bid_px_00"] += 10**9
    other["ask_px_00"] += 10**9
    TapeWriter(tmp_path).write("ARCX.PILLAR", "bbo-1s", other, {1: "ABC"}, name="other.dbn")
    said = answer(replay(open_tape(tmp_path)))["warnings"]
    assert any("the tape's own prices of ABC lie" in text for text in said)


def test_prices_far_outside_the_quotes_count_and_are_said(tmp_path: Path) -> None:
    rows = feed()
    rows["tcbbo"]["price"][50:60] = 5_000 * 10**9
    _, session = played(tmp_path, rows)
    body = answer(session)
    assert session.market.flow.traded.sum() == rows["tcbbo"]["size"].sum()
    assert session.market.flow.records[SideRule.DIRTY] == 0
    assert "trades far outside of the quotes: 10" in body["warnings"]


@pytest.mark.parametrize("schema", ["tcbbo", "trades"])
def test_a_record_that_comes_again_later_counts_once(tmp_path: Path, schema: str) -> None:
    rows = feed(schema)
    size = rows[schema]["size"].sum()
    again = rows[schema][50:60]
    rows[schema] = np.concatenate([rows[schema][:200], again, rows[schema][200:]])
    _, session = played(tmp_path, rows)
    assert session.market.flow.traded.sum() == size
    assert "trades that came twice: 10 left out" in session.notices()


@pytest.mark.parametrize(
    ("schema", "numbered", "once"),
    [
        ("tcbbo", False, False),
        ("trades", False, False),
        ("trades", True, True),
        ("tbbo", True, True),
    ],
)
def test_equal_records_of_one_second(
    tmp_path: Path, schema: str, *, numbered: bool, once: bool
) -> None:
    rows = feed(schema)
    if numbered:
        rows[schema]["sequence"] = np.arange(1, 301)
    size = int(rows[schema]["size"].sum())
    more = int(rows[schema]["size"][100])
    rows[schema] = np.insert(rows[schema], 100, rows[schema][100])
    _, session = played(tmp_path, rows)
    assert session.market.flow.traded.sum() == size + (0 if once else more)
    assert session.market.repeats.count == once


def test_quotes_and_statistics_that_come_again_change_nothing(tmp_path: Path) -> None:
    _, once = played(tmp_path / "once", feed())
    rows = feed()
    rows["cbbo-1s"] = np.repeat(rows["cbbo-1s"], 2)
    rows["bbo-1s"] = np.repeat(rows["bbo-1s"], 2)
    tape = write(tmp_path / "again", *rows.items())
    for schema in ("definition", "statistics"):
        file = next(f for f in tape.files if f.schema == schema)
        (tmp_path / "again" / f"more.{schema}.dbn").write_bytes(file.path.read_bytes())
    first, again = answer(once), answer(replay(open_tape(tmp_path / "again")))
    for body in (first, again):
        body.pop("data_as_of")
        for block in (body, body["body"]):
            del block["metadata"]["inputs_digest"]
            block.pop("data_as_of", None)
    assert again == first


def test_feeds_of_a_tick_arrived_with_its_newest_record(tmp_path: Path) -> None:
    """In whatever order the records of a tick are."""
    rows = feed()
    last = rows["tcbbo"][-2:]
    last["ts_recv"] = [OPEN + SPAN * SECOND, OPEN + SPAN * SECOND - 1]
    _, session = played(tmp_path, rows)
    assert session.arrivals()["flow_feed"] == OPEN + SPAN * SECOND


def test_contracts_defined_late_move_nobody(tmp_path: Path) -> None:
    """Two sessions, one of which hears of half of the contracts a minute later, agree on flow."""
    rows = feed()
    odd = rows["tcbbo"]["instrument_id"] % 2 == 1
    before = rows["tcbbo"]["ts_recv"] <= OPEN + 60 * SECOND
    tape = write(tmp_path, *rows.items())
    early, late = begin(tape), start(tape)
    late.learn(OPRA, {n: name for n, name in SYMBOLS.items() if n % 2})
    unnoticed = rows["tcbbo"][~odd & before]
    for tick in tape.ticks():
        early.apply(tick)
        if tick.end == OPEN + 61 * SECOND:
            late.learn(OPRA, SYMBOLS)
        late.apply(dataclasses.replace(tick, definitions=()))
    contracts = late.market.contracts
    names = [format_osi(contracts.contract(at)) for at in range(len(contracts))]
    assert names[: len(SYMBOLS) // 2] == [name for n, name in SYMBOLS.items() if n % 2]
    traded = dict(zip(names, late.market.flow.traded.tolist(), strict=False))
    missed: Counter[str] = Counter()
    for row in unnoticed:
        missed[SYMBOLS[int(row["instrument_id"])]] += int(row["size"])
    full = early.market.contracts
    for at in range(len(full)):
        name = format_osi(full.contract(at))
        assert early.market.flow.traded[at] == traded[name] + missed[name], name
    assert any("records of unknown instruments" in said for said in late.notices())


def start(tape: Tape) -> Session:
    """A session that has not heard of any option."""
    kinds = {dataset: tape.kind(dataset) for dataset in tape.symbols}
    session = Session(tape.session, calendar(), kinds)
    session.learn("XNAS.ITCH", {1: "ABC"})
    return session
