"""OPRA's records as the vendor encodes them: one contract of AAPL, four trades, all of side N.

They were made within two seconds of the open, where nothing is signed; a minute later they would
have been signed as is worked out here by hand.
"""

import datetime
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from session.minutes import MINUTE, contents
from zerodte.engine.aggressor import BUY, SELL, SideRule
from zerodte.records.tick import Tick
from zerodte.runtime.replay import replay
from zerodte.session.market_state import ClassifiedTrades
from zerodte.session.session import Session
from zerodte.tape.folder import Tape, open_tape
from zerodte.tape.writer import TapeWriter

OPEN_INTEREST = 57_924
CONTRACT = {16_783_963: "AAPL  250221C00250000"}

#: Price and quote before it, cents, and their sizes; side, rule, customer's side.
BY_HAND = [
    (24, 24, 25, 1, 4, SELL, SideRule.AT_BID, BUY),  # of the size of the bid only
    (20, 18, 22, 3, 3, SELL, SideRule.TICK, SELL),  # at the mid, as deep on both sides, after 0.24
    (19, 18, 22, 3, 3, SELL, SideRule.BELOW_MID, SELL),
    (19, 19, 21, 4, 4, SELL, SideRule.AT_BID, SELL),  # of both sizes: the size says nothing
]


@pytest.fixture
def fixtures(recorded: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "fixtures"
    folder.mkdir()
    for file in (recorded / "opra_dbn").glob("test_data.*"):
        if "cmbp-1" not in file.name:
            shutil.copy(file, folder)
    return folder


@pytest.fixture
def later(fixtures: Path, tmp_path: Path) -> Callable[..., Tape]:
    """The fixtures a minute later, without the files of some schemas."""

    def moved(*without: str) -> Tape:
        writer = TapeWriter(tmp_path / "later")
        for name, dataset, schema, records in contents(open_tape(fixtures)):
            if schema in without:
                continue
            records["ts_recv"] += np.uint64(0 if schema in ("definition", "statistics") else MINUTE)
            writer.write(dataset, schema, records, CONTRACT, name=name)
        return open_tape(tmp_path / "later")

    return moved


def played(tape: Tape) -> tuple[Session, list[ClassifiedTrades]]:
    heard: list[ClassifiedTrades] = []

    def watch(_: Session, __: Tick, judged: list[ClassifiedTrades]) -> None:
        heard.extend(judged)

    return replay(tape, watch=watch), heard


def test_the_vendors_files_are_a_tape(fixtures: Path) -> None:
    tape = open_tape(fixtures)
    assert tape.session.date == datetime.date(2025, 2, 20)
    session, heard = played(tape)
    rules = np.concatenate([judged.classifications.rule for judged in heard])
    assert rules.tolist() == [SideRule.OUTSIDE_SESSION] * 4, "the first seconds have no side"
    assert session.market.flow.unsigned[0] == 8
    assert not session.notices()


def test_open_interest_of_several_publishers_is_one_fact(fixtures: Path) -> None:
    publishers = {
        number
        for _, _, schema, records in contents(open_tape(fixtures))
        if schema == "statistics"
        for number in records["publisher_id"].tolist()
    }
    assert len(publishers) > 1
    session, _ = played(open_tape(fixtures))
    assert session.market.settled.open_interest[0] == OPEN_INTEREST
    assert len(session.market.contracts) == 1


def test_trades_of_side_n_are_signed_by_the_quote_that_they_carry(
    later: Callable[..., Tape],
) -> None:
    session, heard = played(later())
    records = np.concatenate([judged.batch.records for judged in heard])
    assert (records["side"] == b"N").all()
    assert {judged.batch.schema for judged in heard} == {"tbbo"}
    seen = [
        (int(price) // 10**7, int(bid) // 10**7, int(ask) // 10**7, int(bids), int(asks))
        for price, bid, ask, bids, asks in records[
            ["price", "bid_px_00", "ask_px_00", "bid_sz_00", "ask_sz_00"]
        ].tolist()
    ]
    assert seen == [line[:5] for line in BY_HAND], "the records are those worked out by hand"
    for field, column in (("side", 5), ("rule", 6), ("customer", 7)):
        decided = np.concatenate([getattr(judged.classifications, field) for judged in heard])
        assert decided.tolist() == [line[column] for line in BY_HAND], field
    flow = session.market.flow
    assert (flow.bought[0], flow.sold[0], flow.unsigned[0]) == (0, 8, 0)


def test_plain_trades_are_signed_by_the_quote_that_stands(later: Callable[..., Tape]) -> None:
    """Before the first second is over nothing stands; in the next, 0.10 bid for 0.25."""
    _, heard = played(later("tbbo"))
    assert {judged.batch.schema for judged in heard} == {"trades"}
    rules = np.concatenate([judged.classifications.rule for judged in heard])
    sides = np.concatenate([judged.classifications.side for judged in heard])
    assert rules.tolist() == [
        SideRule.NO_QUOTE,
        SideRule.ABOVE_MID,
        SideRule.ABOVE_MID,
        SideRule.ABOVE_MID,
    ]
    assert sides.tolist() == [0, BUY, BUY, BUY]
