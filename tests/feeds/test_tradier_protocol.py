"""Tradier's documented messages, word for word, and what a client makes of them."""

import datetime
import math
from typing import Any

import msgspec
import numpy as np
import pytest

from zerodte.clock import new_york
from zerodte.feeds.feed import FeedError
from zerodte.feeds.repeated_records import RepeatedRecords
from zerodte.feeds.tradier.chain import QuoteEntry, quotes_of
from zerodte.feeds.tradier.protocol import (
    TradierEvent,
    decode_events,
    decode_subscription,
    encode_subscription,
)
from zerodte.feeds.tradier.records import TradierBlock, TradierQuotes, TradierUnderlyings
from zerodte.feeds.tradier.trades import TimesaleRecords
from zerodte.records.condition import Condition
from zerodte.records.dbn import UNDEF_PRICE, UNDEF_SIZE
from zerodte.tape.tick_assembler import Piece

NOON = new_york(datetime.date(2026, 11, 30), datetime.time(12))
MS = NOON // 10**6
NUMBERS = {"SPXW261130C06800000": 1, "SPY261130P00590000": 2}
SPXW, SPY = NUMBERS

#: The examples of Tradier's documentation of streaming responses; of a trade and a tradex the
#: fields are its own, and not all figures.
DOCUMENTED_QUOTE = (
    '{"type":"quote","symbol":"C","bid":281.84,"bidsz":60,"bidexch":"M","biddate":"1557757189000",'
    '"ask":281.85,"asksz":6,"askexch":"Z","askdate":"1557757190000"}'
)
DOCUMENTED_TRADE = (
    '{"type":"trade","symbol":"SPY","exch":"J","price":"281.85","size":"100","cvol":"34507070",'
    '"date":"1557757204760","last":"281.85"}'
)
DOCUMENTED_SUMMARY = (
    '{"type":"summary","symbol":"SPY","open":"282.42","high":"283.49","low":"281.07",'
    '"prevClose":"288.1"}'
)
DOCUMENTED_TIMESALE = (
    '{"type":"timesale","symbol":"SPY","exch":"Q","bid":"282.08","ask":"282.09","last":"282.09",'
    '"size":"100","date":"1557758874355","seq":352795,"flag":"","cancel":false,'
    '"correction":false,"session":"normal"}'
)
DOCUMENTED_TRADEX = (
    '{"type":"tradex","symbol":"SPY","exch":"J","price":"281.85","size":"100","cvol":"34507070",'
    '"date":"1557757204760","last":"281.85"}'
)
DOCUMENTED_ERROR = '{"error":"1234 is not a valid symbol"}'


def test_the_documented_quote() -> None:
    (event,) = decode_events(DOCUMENTED_QUOTE)
    assert (event.kind, event.symbol) == ("quote", "C")
    assert (event.bid, event.bidsz, event.ask, event.asksz) == (281.84, 60, 281.85, 6)
    assert (event.biddate, event.askdate) == (1557757189000, 1557757190000)
    block = TradierBlock("quote", np.array([NOON]), [event])
    assert block.times().tolist() == [1557757190 * 10**9], "the later of both sides"


def test_the_documented_timesale() -> None:
    (event,) = decode_events(DOCUMENTED_TIMESALE)
    assert (event.kind, event.symbol) == ("timesale", "SPY")
    assert (event.bid, event.ask, event.last, event.size) == (282.08, 282.09, 282.09, 100)
    assert (event.date, event.seq, event.flag) == (1557758874355, 352795, "")
    assert (event.cancel, event.correction) == (False, False)


def test_the_documented_trade_and_tradex() -> None:
    for text, kind in ((DOCUMENTED_TRADE, "trade"), (DOCUMENTED_TRADEX, "tradex")):
        (event,) = decode_events(text)
        assert (event.kind, event.last, event.size) == (kind, 281.85, 100)
        assert event.date == 1557757204760


def test_the_documented_summary_and_error() -> None:
    (summary,) = decode_events(DOCUMENTED_SUMMARY)
    assert (summary.kind, summary.symbol, summary.error) == ("summary", "SPY", "")
    (error,) = decode_events(DOCUMENTED_ERROR)
    assert (error.kind, error.error) == ("", "1234 is not a valid symbol")


def test_payloads_of_a_frame_are_lines() -> None:
    events = decode_events(f"{DOCUMENTED_QUOTE}\n{DOCUMENTED_TIMESALE}\n")
    assert [one.kind for one in events] == ["quote", "timesale"]
    assert decode_events("\n") == []


@pytest.mark.parametrize(
    "content",
    ["{", '{"type":"quote","bid":0.5oops', "[]", '{"type":1}', '{"bid":"none"}', "[" * 9999],
)
def test_garbage_is_told(content: str) -> None:
    with pytest.raises(FeedError, match="a garbled message"):
        decode_events(content)


def test_the_documented_request() -> None:
    """Its example, and each parameter in the form of its table."""
    plain = decode_subscription(
        '{"symbols": ["SPY"], "sessionid": "SESSION_ID", "linebreak": true}'
    )
    assert (plain.symbols, plain.sessionid, plain.linebreak) == (["SPY"], "SESSION_ID", True)
    said = msgspec.json.decode(encode_subscription([SPXW], "9D1C7018CFEB6F8ECF8CAA58B33"))
    assert said == {
        "symbols": [SPXW],
        "sessionid": "9D1C7018CFEB6F8ECF8CAA58B33",
        "filter": ["quote", "trade", "timesale"],
        "linebreak": True,
        "validOnly": False,
        "advancedDetails": True,
    }


def event(kind: str, **fields: Any) -> TradierEvent:
    (found,) = decode_events(msgspec.json.encode({"type": kind, **fields}))
    return found


def quote(symbol: str, **fields: Any) -> TradierEvent:
    usual = {
        "bid": 1.05,
        "bidsz": 3,
        "biddate": str(MS),
        "ask": 1.1,
        "asksz": 4,
        "askdate": str(MS),
    }
    return event("quote", symbol=symbol, **(usual | fields))


def sale(symbol: str, seq: int | None = 1, **fields: Any) -> TradierEvent:
    usual = {"bid": "1.05", "ask": "1.10", "last": "1.1", "size": "7", "date": str(MS)}
    return event("timesale", symbol=symbol, **({"seq": seq} if seq else {}), **(usual | fields))


def block(*events: TradierEvent) -> TradierBlock:
    return TradierBlock(events[0].kind, np.full(len(events), NOON + 5, np.int64), events)


def taken(found: TimesaleRecords, *events: TradierEvent, first: int = 0) -> Piece:
    piece = found.piece(block(*events), NUMBERS, first)
    assert piece is not None
    return piece


def codes(piece: Piece) -> list[Condition]:
    assert piece.conditions is not None
    return [Condition(code) for code in piece.conditions]


def test_quotes_become_records() -> None:
    found = TradierQuotes()
    found.last.make_room(2)
    events = (
        quote(SPXW),
        quote("AAPL261130C00170000"),
        quote(SPY, bid=0, bidsz=0, ask=2),
        quote(SPY, bid=50.0, ask=1.0),
        quote(SPY, bid=None, bidsz=None, ask=3),
        quote(SPY, bid=None, bidsz=0, ask=None, asksz=0),
    )
    rows = found.take(block(*events), NUMBERS)
    assert rows["instrument_id"].tolist() == [1, 2, 2, 2]
    assert rows["ts_event"].tolist() == [NOON] * 4
    assert rows["ts_recv"].tolist() == [NOON + 5] * 4
    assert rows["bid_px_00"].tolist() == [1_050_000_000, 0, UNDEF_PRICE, UNDEF_PRICE]
    assert rows["ask_px_00"].tolist() == [1_100_000_000, 2_000_000_000, 3_000_000_000, UNDEF_PRICE]
    assert rows["bid_sz_00"].tolist() == [3, 0, UNDEF_SIZE, 0]
    assert found.last.garbled_count == 1
    assert found.last.mids[1] == pytest.approx(1.075)
    assert np.isnan(found.last.mids[2]), "the last one has no side"


def test_a_trade_has_its_quote_and_no_condition() -> None:
    found = TimesaleRecords()
    piece = taken(found, sale(SPXW), sale(SPY, flag="f", session="post"), sale("SPY"))
    assert piece.records["instrument_id"].tolist() == [1, 2]
    row = piece.records[0]
    assert (row["ts_event"], row["ts_recv"]) == (NOON, NOON + 5)
    assert (row["price"], row["size"]) == (1_100_000_000, 7)
    assert (row["bid_px_00"], row["ask_px_00"]) == (1_050_000_000, 1_100_000_000)
    assert (row["bid_sz_00"], row["side"]) == (UNDEF_SIZE, b"N")
    assert codes(piece) == [Condition.UNKNOWN] * 2
    assert found.sentences() == [
        "1 of 2 trades have flags, whose meaning the vendor does not publish: 'f' 1"
    ]


def test_a_cancel_by_the_number_of_its_trade() -> None:
    found = TimesaleRecords()
    taken(found, sale(SPXW, 7), sale(SPXW, 8), first=100)
    later = str(MS + 60_000)
    piece = taken(found, sale(SPXW, 8, cancel=True, date=later), sale(SPXW, 9), first=102)
    assert codes(piece) == [Condition.CANCEL, Condition.UNKNOWN]
    assert piece.cancel_pairs.tolist() == [[102, 101]]
    again = block(sale(SPXW, 8, cancel=True, date=later), sale(SPXW, 8))
    assert found.piece(again, NUMBERS, 104) is None, "a second cancel, and the trade once more"
    assert found.repeated_count == 2


def test_a_cancel_with_a_number_of_its_own_cancels_an_unknown_trade() -> None:
    found = TimesaleRecords()
    taken(found, sale(SPXW, 7))
    piece = taken(found, sale(SPXW, 8, cancel=True), sale(SPY, 7, cancel=True), first=1)
    assert codes(piece) == [Condition.CANCEL] * 2
    assert len(piece.cancel_pairs) == 0
    assert "2 cancels name a trade that did not come" in found.sentences()


def test_a_correction_is_a_cancel_and_a_new_trade() -> None:
    found = TimesaleRecords()
    taken(found, sale(SPXW, 7))
    piece = taken(found, sale(SPXW, 7, last="1.2", correction=True), first=1)
    assert codes(piece) == [Condition.CANCEL, Condition.UNKNOWN]
    assert piece.cancel_pairs.tolist() == [[1, 0]]
    assert piece.records["price"].tolist() == [1_200_000_000] * 2
    gone = taken(found, sale(SPXW, 7, last="1.2", cancel=True), first=3)
    assert gone.cancel_pairs.tolist() == [[3, 2]], "what was corrected is what a cancel means"


def test_equal_fills_are_two_and_a_number_may_be_used_again() -> None:
    found = TimesaleRecords()
    taken(found, sale(SPXW, 7), sale(SPXW, 8))
    again = taken(found, sale(SPXW, 7, date=str(MS + 1), last="1.3"), first=2)
    assert codes(again) == [Condition.UNKNOWN], "at another time it is another trade"
    assert found.piece(block(sale(SPXW, 7)), NUMBERS, 3) is None
    assert found.repeated_count == 1


def test_a_number_of_several_trades() -> None:
    """No number takes a trade back that no cancel or correction takes back."""
    found = TimesaleRecords()
    fills = (sale(SPXW, 7, size="1"), sale(SPXW, 7, size="5"), sale(SPXW, 7, size="1"))
    piece = taken(found, *fills)
    assert codes(piece) == [Condition.UNKNOWN] * 2
    assert piece.records["size"].tolist() == [1, 5]
    assert (found.reused_count, found.repeated_count) == (1, 1)
    assert found.piece(block(*fills), NUMBERS, 2) is None, "all of it again"
    gone = taken(found, sale(SPXW, 7, size="1", cancel=True), first=2)
    assert gone.cancel_pairs.tolist() == [[2, 0]], "the one of that size"


def test_a_trade_that_was_corrected_comes_again() -> None:
    found = TimesaleRecords()
    both = sale(SPXW, 7), sale(SPXW, 7, last="1.2", correction=True)
    taken(found, *both)
    assert found.piece(block(*both), NUMBERS, 3) is None
    assert found.repeated_count == 2


def test_without_advanced_details_every_trade_counts() -> None:
    found = TimesaleRecords()
    piece = taken(found, sale(SPXW, None), sale(SPXW, None))
    assert codes(piece) == [Condition.UNKNOWN] * 2


def test_a_cancel_without_a_number_cancels_an_unknown_trade() -> None:
    found = TimesaleRecords()
    piece = taken(found, sale(SPXW, None), sale(SPXW, None, cancel=True))
    assert codes(piece) == [Condition.UNKNOWN, Condition.CANCEL]
    corrected = taken(found, sale(SPXW, None, correction=True), first=2)
    assert codes(corrected) == [Condition.CANCEL, Condition.UNKNOWN]
    assert len(piece.cancel_pairs) == len(corrected.cancel_pairs) == 0
    assert (found.count, found.unknown_cancels) == (2, 2)


@pytest.mark.parametrize("fields", [{"size": "0"}, {"last": "0", "size": None}])
def test_a_cancel_may_tell_the_number_alone(fields: dict[str, Any]) -> None:
    found = TimesaleRecords()
    taken(found, sale(SPXW, 7))
    gone = taken(found, sale(SPXW, 7, cancel=True, **fields), first=1)
    assert gone.cancel_pairs.tolist() == [[1, 0]]
    assert (gone.records["price"][0], gone.records["size"][0]) == (1_100_000_000, 7)
    assert found.piece(block(sale(SPXW, 8, cancel=True, **fields)), NUMBERS, 2) is None
    assert found.garbled_count == 1


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"cancel": True}, [Condition.CANCEL]),
        ({"correction": True, "last": "1.2"}, [Condition.CANCEL, Condition.UNKNOWN]),
    ],
)
def test_what_was_not_committed_is_taken_back_again(
    fields: dict[str, Any], expected: list[Condition]
) -> None:
    found = TimesaleRecords()
    both = sale(SPXW, 7), sale(SPXW, 7, **fields)
    for event, first in zip(both, (0, 5), strict=True):
        taken(found, event, first=first)
    found.restart(5)
    piece = taken(found, *both, first=5)
    assert codes(piece) == expected
    assert piece.cancel_pairs.tolist() == [[5, 0]]
    found.restart(0)
    assert codes(taken(found, *both)) == [Condition.UNKNOWN, *expected]


def test_a_cancel_is_no_repetition_of_the_trade_that_a_recording_has() -> None:
    recorded = RepeatedRecords(taken(TimesaleRecords(), sale(SPXW, 7)).records, received_here=True)
    found = TimesaleRecords()
    piece = found.piece(block(sale(SPXW, 7, cancel=True)), NUMBERS, 1, recorded)
    assert piece is not None
    assert codes(piece) == [Condition.CANCEL]


def test_a_flag_is_kept_short() -> None:
    found = TimesaleRecords()
    taken(found, sale(SPXW, flag="f" * 1_000))
    assert list(found.flags) == ["f" * 8]


def test_what_a_recording_has_is_left_out_as_often_as_it_has_it() -> None:
    first = taken(TimesaleRecords(), sale(SPXW, 7), sale(SPXW, 7, cancel=True))
    found = TimesaleRecords()
    recorded = RepeatedRecords(first.records, received_here=True)
    again = sale(SPXW, 7), sale(SPXW, 8), sale(SPXW, 7, cancel=True)
    piece = found.piece(block(*again), NUMBERS, 2, recorded)
    assert piece is not None
    assert codes(piece) == [Condition.UNKNOWN]
    assert found.repeated_count == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"last": "0"},
        {"last": "2e6"},
        {"size": "0"},
        {"size": "2.5"},
        {"bid": "50", "ask": "1"},
        {"last": None},
    ],
)
def test_what_cannot_be_is_counted(fields: dict[str, Any]) -> None:
    found = TimesaleRecords()
    assert found.piece(block(sale(SPXW, **fields)), NUMBERS, 0) is None
    assert found.garbled_count == 1


def test_underlyings() -> None:
    found = TradierUnderlyings(["SPX", "SPY"])
    assert [one.name for one in found.streams] == [
        *("zerodte.index.trades.dbn.zst", "tradier.equity.cmbp-1.dbn.zst")
    ]
    assert found.numbered == {"ZERODTE.INDEX": {1: "SPX"}, "TRADIER.EQUITY": {1: "SPY"}}
    assert found.came == frozenset()
    rows = found.quotes(block(quote("SPY", bid=590.1, ask=590.2), quote("SPX", bid=1, ask=2)))
    assert rows["instrument_id"].tolist() == [1]
    assert found.spots["SPY"] == pytest.approx(590.15)
    assert math.isnan(found.spots["SPX"]), "an index's bid and ask are no value"
    told = ((6800.5, MS), (6800.7, MS + 1000), (6800.7, MS + 1000))
    values = [event("trade", symbol="SPX", last=f"{price}", date=f"{at}") for price, at in told]
    rows = found.values(block(*values, event("trade", symbol="SPY", last="1", date=f"{MS}")))
    assert rows["price"].tolist() == [6_800_500_000_000, 6_800_700_000_000]
    assert rows["ts_event"].tolist() == [NOON, NOON + 10**9]
    assert found.spots["SPX"] == 6800.7
    assert found.came == {"SPX", "SPY"}


def test_a_last_price_is_none_of_the_session() -> None:
    found = TradierUnderlyings(["SPX"])
    close = QuoteEntry(symbol="SPX", prevclose=6790.5)
    found.learn(quotes_of([close]))
    assert found.spots == {"SPX": 6790.5}
    assert not found.came


def test_a_value_of_the_future_is_unknown() -> None:
    """It would hold up all that come after it."""
    found = TradierUnderlyings(["SPX"])
    told = ((6800.5, MS), (6800.6, MS + 86_400_000), (6800.7, MS + 900))
    values = [event("trade", symbol="SPX", last=f"{price}", date=f"{at}") for price, at in told]
    rows = found.values(block(*values))
    assert rows["price"].tolist() == [6_800_500_000_000, 6_800_600_000_000, 6_800_700_000_000]
    assert rows["ts_event"].tolist() == [NOON, NOON + 5, NOON + 900 * 10**6]
    asked = QuoteEntry(symbol="SPX", last=6801.0, trade_date=MS + 86_400_000)
    assert not len(found.asked(quotes_of([asked]), NOON, NOON + 10**9))
