"""Events of DXLink as records: corrections, cancels, repeats, open interest, what cannot be."""

import datetime
from typing import Any

import numpy as np
import pytest

from zerodte.clock import new_york
from zerodte.feeds.interest_records import InterestRecords
from zerodte.feeds.repeated_records import RepeatedRecords
from zerodte.feeds.tastytrade.protocol import EventBlock
from zerodte.feeds.tastytrade.records import QuoteRecords, summaries
from zerodte.feeds.tastytrade.trades import TimeAndSaleRecords
from zerodte.market.calendar import epoch_day
from zerodte.records.condition import Condition
from zerodte.records.dbn import UNDEF_PRICE, UNDEF_SIZE, UNDEF_TIME, records
from zerodte.tape.tick_assembler import Piece

DATE = datetime.date(2025, 6, 6)
NOON = new_york(DATE, datetime.time(12))
MS = NOON // 10**6

SALE = {
    "eventSymbol": "A",
    "index": 1,
    "time": MS,
    "timeNanoPart": 123_456,
    "price": 2.35,
    "size": 10.0,
    "bidPrice": 2.3,
    "askPrice": 2.4,
    "exchangeSaleConditions": "I",
    "aggressorSide": "BUY",
    "spreadLeg": False,
    "type": "NEW",
}
QUOTE = {
    "eventSymbol": "A",
    "bidTime": MS - 5,
    "bidPrice": 2.3,
    "bidSize": 11.0,
    "askTime": MS,
    "askPrice": 2.4,
    "askSize": 7.0,
}


def block(kind: str, defaults: dict[str, Any], *events: dict[str, Any]) -> EventBlock:
    rows = [defaults | event for event in events]
    return EventBlock(
        kind, np.full(len(rows), NOON), {name: [row[name] for row in rows] for name in defaults}
    )


def sales(*events: dict[str, Any]) -> EventBlock:
    return block("TimeAndSale", SALE, *events)


def taken(found: TimeAndSaleRecords, *events: dict[str, Any], first: int = 0) -> Piece:
    piece = found.piece(sales(*events), [5] * len(events), first)
    assert piece is not None
    return piece


def codes(piece: Piece) -> list[Condition]:
    assert piece.conditions is not None
    return [Condition(code) for code in piece.conditions]


def test_a_trade_has_the_vendors_fields() -> None:
    piece = taken(TimeAndSaleRecords(), {})
    (row,) = piece.records
    assert row["instrument_id"] == 5
    assert row["ts_event"] == MS * 10**6 + 123_456
    assert row["ts_recv"] == NOON
    assert (row["price"], row["size"]) == (2_350_000_000, 10)
    assert (row["bid_px_00"], row["ask_px_00"]) == (2_300_000_000, 2_400_000_000)
    assert (row["bid_sz_00"], row["ask_sz_00"]) == (UNDEF_SIZE, UNDEF_SIZE)
    assert row["side"] == b"B"
    assert codes(piece) == [Condition.REGULAR]


@pytest.mark.parametrize(
    ("event", "condition"),
    [
        ({"exchangeSaleConditions": "f"}, Condition.MULTI_LEG),
        ({"exchangeSaleConditions": "a   ", "spreadLeg": True}, Condition.AUCTION),
        ({"exchangeSaleConditions": " ", "spreadLeg": True}, Condition.MULTI_LEG),
        ({"exchangeSaleConditions": None}, Condition.REGULAR),
        ({"exchangeSaleConditions": "@"}, Condition.UNKNOWN),
    ],
)
def test_conditions_go_by_the_letter_then_by_the_leg(
    event: dict[str, Any], condition: Condition
) -> None:
    assert codes(taken(TimeAndSaleRecords(), event)) == [condition]


def test_a_cancel_names_its_trade_by_the_index() -> None:
    found = TimeAndSaleRecords()
    taken(found, {"index": 7}, {"index": 8}, first=100)
    piece = taken(found, {"index": 8, "type": "CANCEL"}, {"index": 9}, first=102)
    assert codes(piece) == [Condition.CANCEL, Condition.REGULAR]
    assert piece.cancel_pairs.tolist() == [[102, 101]]
    again = sales({"index": 8, "type": "CANCEL"}, {"index": 8})
    assert found.piece(again, [5, 5], 104) is None, "a second cancel, and the trade once more"
    assert found.repeated_count == 2


@pytest.mark.parametrize(
    "fields", [{"price": "NaN", "size": "NaN"}, {"size": 0.0}, {"price": "NaN", "time": "NaN"}]
)
def test_a_cancel_may_tell_the_index_alone(fields: dict[str, Any]) -> None:
    found = TimeAndSaleRecords()
    cancel = {"index": 7, "type": "CANCEL", **fields}
    # In the block of its trade; of a trade before, once more, and of one that did not come.
    piece = taken(found, {"index": 6}, {"index": 7, "size": 4.0}, cancel)
    assert codes(piece) == [Condition.REGULAR, Condition.REGULAR, Condition.CANCEL]
    assert piece.cancel_pairs.tolist() == [[2, 1]]
    assert piece.records["price"].tolist() == [2_350_000_000] * 3
    assert piece.records["size"].tolist() == [10, 4, 4]
    later = sales(cancel | {"index": 6}, cancel, cancel | {"index": 9})
    again = found.piece(later, [5] * 3, 3)
    assert again is not None
    assert again.cancel_pairs.tolist() == [[3, 0]]
    assert again.records["size"].tolist() == [10]
    assert (found.repeated_count, found.garbled_count) == (1, 1)


def test_a_cancel_of_another_instruments_index_is_none_of_this_one() -> None:
    found = TimeAndSaleRecords()
    taken(found, {"index": 7})
    piece = found.piece(sales({"index": 7, "type": "CANCEL"}), [6], 1)
    assert piece is not None
    assert codes(piece) == [Condition.CANCEL]
    assert len(piece.cancel_pairs) == 0


@pytest.mark.parametrize("kind", ["CORRECTION", "NEW"])
def test_a_correction_is_a_cancel_and_a_new_trade(kind: str) -> None:
    found = TimeAndSaleRecords()
    taken(found, {"index": 7})
    corrected = {"index": 7, "type": kind, "price": 2.4, "size": 3.0}
    piece = taken(found, corrected, first=1)
    assert codes(piece) == [Condition.CANCEL, Condition.REGULAR]
    assert piece.cancel_pairs.tolist() == [[1, 0]]
    assert piece.records["size"].tolist() == [3, 3]
    assert found.piece(sales(corrected), [5], 3) is None, "the same correction again"
    last = taken(found, {"index": 7, "type": "CANCEL"}, first=3)
    assert last.cancel_pairs.tolist() == [[3, 2]], "of the corrected trade"


def test_what_a_recording_did_not_commit_is_new_again() -> None:
    found = TimeAndSaleRecords()
    taken(found, {"index": 7}, {"index": 8})
    found.restart(1)
    piece = found.piece(sales({"index": 7}, {"index": 8}), [5, 5], 1)
    assert piece is not None
    assert len(piece.records) == 1


def test_a_recordings_tail_is_left_out_as_often_as_it_has_it() -> None:
    """Another process does not know the indices, and has its own times of receipt."""
    tail = taken(TimeAndSaleRecords(), {"index": 1}, {"index": 2}).records.copy()
    tail["ts_recv"] -= np.uint64(3 * 10**9)
    recorded = RepeatedRecords(tail, received_here=True)
    events = [{"index": index} for index in (11, 12, 13)]
    piece = TimeAndSaleRecords().piece(sales(*events), [5] * 3, 2, recorded=recorded)
    assert piece is not None
    assert len(piece.records) == 1, "two equal fills are there, the third is not"


def test_a_cancel_is_no_repetition_of_its_trade() -> None:
    """It repeats all fields of it, after a restart too."""
    found = TimeAndSaleRecords()
    sold = taken(found, {"index": 7})
    recorded = RepeatedRecords(sold.records, received_here=True)
    piece = found.piece(sales({"index": 7, "type": "CANCEL"}), [5], 1, recorded=recorded)
    assert piece is not None
    assert piece.cancel_pairs.tolist() == [[1, 0]]


def test_old_trades_of_a_new_subscription_are_left_out() -> None:
    found = TimeAndSaleRecords()
    events = sales({"index": 1, "time": MS - 60_000}, {"index": 2})
    piece = found.piece(events, [5, 5], 0, since=NOON - 30 * 10**9)
    assert piece is not None
    assert len(piece.records) == 1
    assert found.repeated_count == 1


def test_what_is_told_late_is_new_however_old_its_trade_is() -> None:
    found = TimeAndSaleRecords()
    taken(found, {"index": 1, "time": MS - 60_000}, {"index": 2, "time": MS - 60_000})
    old = {"time": MS - 60_000}
    events = sales(
        old | {"index": 1, "type": "CANCEL"},
        old | {"index": 2, "type": "CORRECTION", "price": 2.3},
        old | {"index": 3, "exchangeSaleConditions": "D"},
        {"index": 4, "exchangeSaleConditions": "D", "time": MS - 24 * 3_600_000},
    )
    piece = found.piece(events, [5] * 4, 2, since=NOON - 30 * 10**9)
    assert piece is not None
    conditions = [Condition.CANCEL, Condition.CANCEL, Condition.REGULAR, Condition.LATE]
    assert codes(piece) == conditions
    assert found.repeated_count == 1, "that of yesterday"


@pytest.mark.parametrize(
    "event",
    [
        {"price": 1e6},
        {"price": 0.0},
        {"price": "NaN"},
        {"size": 0.0},
        {"size": "NaN"},
        {"size": 1e12},
        {"size": 0.5},
        {"size": 2.5},
        {"bidPrice": 50.0, "askPrice": 2.4},
        {"type": "WHAT"},
        {"index": -5},
    ],
)
def test_trades_that_cannot_be_are_counted(event: dict[str, Any]) -> None:
    found = TimeAndSaleRecords()
    assert found.piece(sales(event), [5], 0) is None
    assert found.garbled_count == 1


@pytest.mark.parametrize("told", [MS // 1_000, MS * 1_000, 5])
def test_a_time_that_cannot_be_is_counted_and_that_of_receipt_stands(told: int) -> None:
    """Such as one in seconds or in microseconds."""
    trades = TimeAndSaleRecords()
    events = {"time": told}, {"index": 2}, {"index": 3, "time": "NaN"}, {"index": 4, "time": told}
    piece = trades.piece(sales(*events), [5, 5, 5, 0], 0)
    assert piece is not None
    assert piece.records["ts_event"].tolist() == [NOON, MS * 10**6 + 123_456, NOON]
    assert trades.undated_count == 1, "one that is not told is unknown, and one is not ours"
    found = QuoteRecords(["SPX"])
    found.make_room(2)
    quoted = block("Quote", QUOTE, {"bidTime": told, "askTime": told}, {"bidTime": 0, "askTime": 0})
    assert set(found.options(quoted, [1, 2])["ts_event"].tolist()) == {UNDEF_TIME}
    defaults = {"eventSymbol": "SPX", "time": told, "price": 6000.25}
    _, values = found.underlying(block("Trade", defaults, {}))
    assert values["ts_event"].tolist() == [NOON]
    assert found.undated_count == 2


def test_quotes_of_contracts() -> None:
    found = QuoteRecords(["SPX"])
    found.make_room(9)
    events = block(
        "Quote",
        QUOTE,
        {},
        {"bidPrice": "NaN", "bidSize": "NaN", "bidTime": 0},
        {"bidPrice": 0.0},
        {"bidPrice": 100.0},
        {"askPrice": 2e6},
        {"eventSymbol": "unknown"},
    )
    rows = found.options(events, [1, 2, 3, 4, 5, 0])
    assert rows["instrument_id"].tolist() == [1, 2, 3]
    assert rows["bid_px_00"].tolist() == [2_300_000_000, UNDEF_PRICE, 0]
    assert rows["ask_px_00"].tolist() == [2_400_000_000] * 3
    assert rows["bid_sz_00"].tolist() == [11, UNDEF_SIZE, 11]
    assert rows["ts_event"].tolist() == [MS * 10**6] * 3
    assert set(rows["ts_recv"].tolist()) == {NOON}
    assert found.garbled_count == 2
    assert found.mids[1] == pytest.approx(2.35)
    assert np.isnan(found.mids[2])


def test_indices_have_values_and_stocks_have_quotes() -> None:
    found = QuoteRecords(["SPX", "SPY"])
    defaults = {"eventSymbol": "SPX", "time": MS, "price": 6000.25}
    name, values = found.underlying(block("Trade", defaults, {}, {"eventSymbol": "SPY"}))
    assert name.startswith("zerodte.index.trades")
    assert values["price"].tolist() == [6_000_250_000_000]
    quotes = block("Quote", QUOTE, {"eventSymbol": "SPY"}, {"eventSymbol": "SPX"})
    name, rows = found.underlying(quotes)
    assert name.startswith("tasty.equity.bbo-1s")
    assert rows["bid_px_00"].tolist() == [2_300_000_000]
    assert found.spots == {"SPX": 6000.25, "SPY": pytest.approx(2.35)}


def test_an_index_without_a_value_has_its_mid_for_the_window() -> None:
    found = QuoteRecords(["SPX"])
    _, rows = found.underlying(block("Quote", QUOTE, {"eventSymbol": "SPX"}))
    assert not len(rows)
    assert found.spots == {"SPX": pytest.approx(2.35)}


def test_the_close_before_stands_in_for_a_price() -> None:
    found = QuoteRecords(["SPX"])
    defaults = {"eventSymbol": "SPX", "prevDayClosePrice": 5990.0}
    found.learn_closes(block("Summary", defaults, {}))
    assert found.spots == {"SPX": 5990.0}
    trade = {"eventSymbol": "SPX", "time": MS, "price": 6000.0}
    found.underlying(block("Trade", trade, {}))
    found.learn_closes(block("Summary", defaults, {}))
    assert found.spots == {"SPX": 6000.0}


def summary(received: int, *figures: tuple[int, int | str]) -> EventBlock:
    days, counts = zip(*figures, strict=True)
    columns = {"eventSymbol": ["A"] * len(days), "dayId": days, "openInterest": counts}
    return EventBlock("Summary", np.full(len(days), received), columns)


def test_open_interest_is_dated_of_its_morning() -> None:
    today = epoch_day(DATE)
    morning = new_york(DATE, datetime.time(6, 30))
    found = InterestRecords(DATE, records("statistics", 0))
    early = new_york(DATE, datetime.time(7))
    rows = summaries(found, summary(early, (today, 10), (today - 1, 9), (today, "NaN")), [1, 2, 3])
    assert rows["quantity"].tolist() == [10, 9], "no figure is unknown, not 0"
    assert rows["ts_event"].tolist()[0] == morning
    assert rows["ts_event"].tolist()[1] < morning
    assert set(rows["stat_type"].tolist()) == {9}
    assert summaries(found, summary(early, (today, 10)), [1]).size == 0
    assert summaries(found, summary(early, (today, 12)), [1])["quantity"].tolist() == [12]
    assert summaries(found, summary(NOON, (today, 15)), [1]).size == 0, "it flips after the open"
    assert found.changed_count == 1
    assert summaries(found, summary(NOON, (today, 0)), [4])["quantity"].tolist() == [0], (
        "the vendor says"
    )
    again = InterestRecords(DATE, rows)
    assert summaries(again, summary(NOON, (today, 10)), [1]).size == 0, "a recording has it"
