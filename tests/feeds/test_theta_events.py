"""The events of ThetaData's terminal: its documented messages, and what a client makes of them."""

import datetime
import json

import numpy as np
import pytest

from zerodte.clock import new_york
from zerodte.feeds.feed import FeedError
from zerodte.feeds.repeated_records import RepeatedRecords
from zerodte.feeds.thetadata.event_records import QUOTE_FIELDS, EventRecords, ThetaEventRecords
from zerodte.feeds.thetadata.event_session import events_url
from zerodte.feeds.thetadata.events import (
    EventRequest,
    TerminalEvents,
    decode_event,
    encode_event_request,
    event_contract,
    event_name,
    message_times,
)
from zerodte.feeds.thetadata.live_chain import ThetaQuote
from zerodte.market.osi import parse_osi
from zerodte.records.condition import Condition
from zerodte.records.dbn import UNDEF_PRICE

MS = 10**6
#: The vendor's samples, of its pages on streaming.
STATUS = '{"header":{"status":"CONNECTED","type":"STATUS"}}'
RESPONSE = """{"header":{"type":"REQ_RESPONSE","status":"CONNECTED","response":"SUBSCRIBED",
"req_id":0}}"""
QUOTE = """{"header":{"status":"CONNECTED","type":"QUOTE"},
"contract":{"security_type":"OPTION","root":"SPXW","expiration":20240315,"strike":4800000,
"right":"C"},
"quote":{"ms_of_day":26622025,"bid_size":7,"bid_exchange":5,"bid":110.2,"bid_condition":50,
"ask_size":7,"ask_exchange":5,"ask":110.5,"ask_condition":50,"date":20231219}}"""
TRADE = """{"header":{"status":"CONNECTED","type":"TRADE"},
"contract":{"security_type":"OPTION","root":"AAPL","expiration":20231222,"strike":200000,
"right":"C"},
"trade":{"ms_of_day":34389945,"sequence":772942264,"size":10,"condition":18,"price":0.31,
"exchange":31,"date":20231219}}"""
BULK_TRADE = """{"header":{"status":"CONNECTED","type":"TRADE"},
"contract":{"security_type":"OPTION","root":"QQQ","expiration":20231110,"strike":360000,
"right":"P"},
"trade":{"ms_of_day":49531278,"sequence":-563040482,"size":5,"condition":18,"price":1.06,
"exchange":65,"date":20231103}}"""
VALUE = """{"header":{"type":"TRADE","status":"CONNECTED"},
"contract":{"security_type":"INDEX","root":"SPX"},
"trade":{"ms_of_day":51952000,"sequence":0,"size":0,"condition":0,"price":5333.39,"exchange":5,
"date":20240809}}"""
BAR = """{"header":{"type":"OHLC","status":"CONNECTED"},
"contract":{"security_type":"INDEX","root":"SPX"},
"ohlc":{"ms_of_day":51952000,"open":5314.66,"high":5358.67,"low":5300.84,"close":5333.39,
"volume":0,"count":1135013,"date":20240809}}"""
#: Its samples of requests.
SUBSCRIBE = {
    "msg_type": "STREAM",
    "sec_type": "OPTION",
    "req_type": "QUOTE",
    "add": True,
    "id": 0,
    "contract": {"root": "SPXW", "expiration": 20240315, "strike": 4800000, "right": "C"},
}
NUMBERS = {"SPXW.20240315.4800000.C": 1, "AAPL.20231222.200000.C": 2, "QQQ.20231110.360000.P": 3}


def at(day: datetime.date, milliseconds: int) -> int:
    return new_york(day, datetime.time()) + milliseconds * MS


def read(
    found: ThetaEventRecords, received: int, *texts: str, recorded: RepeatedRecords | None = None
) -> EventRecords:
    found.make_room(3)
    messages = [decode_event(text) for text in texts]
    block = TerminalEvents(np.full(len(texts), received, np.int64), messages)
    return found.read(block, NUMBERS, 10, recorded)


def changed(text: str, kind: str, **fields: object) -> str:
    message = json.loads(text)
    message[kind] |= fields
    return json.dumps(message)


def quote_of_trade(**fields: object) -> str:
    """A quote of the contract of `TRADE`, of its millisecond."""
    contract = {"root": "AAPL", "expiration": 20231222, "strike": 200000}
    of_it = changed(QUOTE, "contract", **contract)
    return changed(of_it, "quote", **({"ms_of_day": 34_389_945} | fields))


def test_a_status_and_a_response() -> None:
    status = decode_event(STATUS).header
    assert (status.type, status.status) == ("STATUS", "CONNECTED")
    response = decode_event(RESPONSE).header
    assert (response.response, response.req_id) == ("SUBSCRIBED", 0)


def test_a_quote_becomes_a_record() -> None:
    now = at(datetime.date(2023, 12, 19), 26_622_100)
    found = ThetaEventRecords({})
    rows = read(found, now, QUOTE).quotes
    assert rows["instrument_id"].tolist() == [1]
    assert rows["ts_event"].tolist() == [at(datetime.date(2023, 12, 19), 26_622_025)]
    assert rows["ts_recv"].tolist() == [now]
    assert rows["bid_px_00"].tolist() == [110_200_000_000]
    assert rows["ask_px_00"].tolist() == [110_500_000_000]
    assert (rows["bid_sz_00"].tolist(), rows["ask_sz_00"].tolist()) == ([7], [7])
    assert found.mids[1] == pytest.approx(110.35)


def test_a_trade_has_the_quote_that_came_before_it() -> None:
    now = at(datetime.date(2023, 12, 19), 34_389_950)
    found = ThetaEventRecords({})
    before = quote_of_trade(bid=0.3, ask=0.31)
    after = changed(before, "quote", bid=0.29)
    read_all = read(found, now, before, TRADE, after)
    assert len(read_all.quotes) == 2
    piece = read_all.trades
    assert piece is not None
    assert piece.first == 10
    (row,) = piece.records
    assert (row["instrument_id"], row["price"], row["size"]) == (2, 310_000_000, 10)
    assert row["ts_event"] == at(datetime.date(2023, 12, 19), 34_389_945)
    assert (row["bid_px_00"], row["ask_px_00"]) == (300_000_000, 310_000_000)
    assert (row["publisher_id"], row["side"]) == (31, b"N")
    assert piece.conditions is not None
    assert piece.conditions.tolist() == [Condition.REGULAR]


def test_a_quote_without_sides_takes_back_the_one_before() -> None:
    now = at(datetime.date(2023, 12, 19), 34_389_990)
    found = ThetaEventRecords({})
    withdrawn = json.loads(quote_of_trade())
    for name in ("bid", "bid_size", "ask", "ask_size"):
        del withdrawn["quote"][name]
    rows = read(found, now, quote_of_trade(bid=0.3, ask=0.31), json.dumps(withdrawn), TRADE)
    assert rows.quotes["bid_px_00"].tolist() == [300_000_000, UNDEF_PRICE]
    assert rows.quotes["ask_px_00"].tolist() == [310_000_000, UNDEF_PRICE]
    assert np.isnan(found.mids[2])
    assert found.garbled_count == 0
    assert rows.trades is not None
    assert rows.trades.records["bid_px_00"].tolist() == [UNDEF_PRICE]


def test_a_trade_before_the_first_quote_has_none() -> None:
    """Its number in OPRA's sequence is below zero: the terminal gives it a sign."""
    piece = read(ThetaEventRecords({}), at(datetime.date(2023, 11, 3), 49_531_300), BULK_TRADE)
    assert piece.trades is not None
    (row,) = piece.trades.records
    assert (row["instrument_id"], row["price"]) == (3, 1_060_000_000)
    assert row["bid_px_00"] == row["ask_px_00"] == UNDEF_PRICE


def test_an_index_value_becomes_a_trade_without_size() -> None:
    found = ThetaEventRecords({"SPX": 1})
    rows = read(found, at(datetime.date(2024, 8, 9), 51_952_100), BAR, VALUE)
    assert rows.trades is None
    assert not len(rows.quotes)
    (row,) = rows.values
    assert (row["instrument_id"], row["price"], row["size"]) == (1, 5_333_390_000_000, 0)
    assert row["ts_event"] == at(datetime.date(2024, 8, 9), 51_952_000)
    assert found.spots == {"SPX": 5333.39}
    assert not len(read(ThetaEventRecords({}), 0, VALUE).values), "nobody asked for it"


def test_the_vendors_numbers_of_conditions() -> None:
    now = at(datetime.date(2023, 12, 19), 34_389_950)
    texts = [changed(TRADE, "trade", condition=number) for number in (130, 138, 127, 125, 40, 999)]
    found = ThetaEventRecords({})
    piece = read(found, now, *texts).trades
    assert piece is not None
    assert piece.conditions is not None
    assert piece.conditions.tolist() == [
        Condition.MULTI_LEG,
        Condition.STOCK_OPTION,
        Condition.CROSS,
        Condition.AUCTION,
        Condition.CANCEL,
        Condition.UNKNOWN,
    ]
    assert found.sentences() == ["1 trades with the unknown sale condition 999"]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("trade", {"size": 2.5}),
        ("quote", {"bid": -1.0}),
        ("quote", {"ask": 1e7}),
        ("quote", {"bid": 50.0, "ask": 1.0}),
        ("quote", {"bid_size": 2e9}),
        ("quote", {"ms_of_day": 99_999_999}),
        ("quote", {"date": 20231218}),
        ("quote", {"date": 20231399}),
        ("trade", {"price": 0.0}),
        ("trade", {"price": 2e6}),
        ("trade", {"size": 0}),
        ("trade", {"size": -3}),
        ("trade", {"ms_of_day": -5}),
        ("trade", {"ms_of_day": 10**19}),
        ("quote", {"date": 10**19}),
    ],
)
def test_what_cannot_be_is_counted(kind: str, fields: dict[str, object]) -> None:
    """A decoder that is out of step, or the vendor's server of a past day."""
    text, ms = (QUOTE, 26_622_025) if kind == "quote" else (TRADE, 34_389_945)
    found = ThetaEventRecords({})
    now = at(datetime.date(2023, 12, 19), ms)
    rows = read(found, now, changed(text, kind, **fields))
    assert not len(rows.quotes)
    assert rows.trades is None
    assert found.garbled_count == 1
    assert found.sentences() == [
        "1 messages have prices, sizes or times that cannot be; they are left out"
    ]


def test_what_is_recorded_is_left_out_as_often_as_it_is_there() -> None:
    now = at(datetime.date(2023, 12, 19), 34_389_950)
    first = read(ThetaEventRecords({}), now, TRADE).trades
    assert first is not None
    found = ThetaEventRecords({})
    recorded = RepeatedRecords(first.records, received_here=True)
    piece = read(found, now + 5, TRADE, TRADE, recorded=recorded).trades
    assert piece is not None
    assert len(piece.records) == 1, "equal fills are two"
    assert found.repeated_count == 1


def test_a_trade_that_comes_again_without_its_quote_is_left_out() -> None:
    now = at(datetime.date(2023, 12, 19), 34_389_950)
    first = read(ThetaEventRecords({}), now, quote_of_trade(bid=0.3, ask=0.31), TRADE).trades
    assert first is not None
    recorded = RepeatedRecords(first.records, received_here=True, apart_from=QUOTE_FIELDS)
    found = ThetaEventRecords({})
    other = changed(TRADE, "trade", price=0.32)
    piece = read(found, now + 5, TRADE, TRADE, other, recorded=recorded).trades
    assert piece is not None
    assert piece.records["price"].tolist() == [310_000_000, 320_000_000], "equal fills are two"
    assert found.repeated_count == 1


def test_a_cancel_takes_back_a_trade_of_the_connection_before() -> None:
    now = at(datetime.date(2023, 12, 19), 34_389_950)
    cancel = changed(TRADE, "trade", condition=40)
    others = [changed(TRADE, "trade", price=price) for price in (0.5, 0.6, 0.7, 0.8, 0.9)]
    texts = [TRADE, TRADE, cancel, *others, TRADE, cancel]
    before = read(ThetaEventRecords({}), now, *texts).trades
    assert before is not None
    assert len(before.records) == 10
    found = ThetaEventRecords({})
    found.resume(before.records)
    piece = read(found, now + 5, cancel, cancel).trades
    assert piece is not None
    assert piece.cancel_pairs.tolist() == [[10, 0]], "the others are taken back already"


def test_a_cancel_takes_back_the_newest_trade_that_is_like_it() -> None:
    now = at(datetime.date(2023, 12, 19), 34_389_950)
    cancel = changed(TRADE, "trade", condition=40)
    other = changed(TRADE, "trade", price=0.32)
    piece = read(ThetaEventRecords({}), now, TRADE, TRADE, other, *3 * [cancel]).trades
    assert piece is not None
    assert piece.first == 10
    assert piece.cancel_pairs.tolist() == [[13, 11], [14, 10]], "and one takes back nothing"
    assert piece.conditions is not None
    assert piece.conditions.tolist()[3:] == [Condition.CANCEL] * 3


def test_last_quotes_give_way_to_newer_ones() -> None:
    found = ThetaEventRecords({})
    now = at(datetime.date(2023, 12, 19), 26_622_100)
    message = decode_event(QUOTE)
    assert message.quote is not None
    older = ThetaQuote("SPXW.20240315.4800000.C", now - 200 * MS, message.quote)
    newer = ThetaQuote("SPXW.20240315.4800000.C", now, message.quote)
    unknown = ThetaQuote("SPY.20240315.400000.C", now, message.quote)
    read(found, now, QUOTE)
    assert not len(found.standing([older, unknown], NUMBERS, now))
    assert found.standing([newer], NUMBERS, now)["ts_event"].tolist() == [now]


def test_a_quote_that_has_stood_for_hours_is_recorded() -> None:
    found = ThetaEventRecords({})
    found.make_room(3)
    now = at(datetime.date(2023, 12, 19), 39_600_000)
    message = decode_event(QUOTE)
    assert message.quote is not None
    old = ThetaQuote("SPXW.20240315.4800000.C", now - 89 * 60_000 * MS, message.quote)
    assert found.standing([old], NUMBERS, now)["ts_event"].tolist() == [old.at]
    assert found.mids[1] == pytest.approx(110.35)
    coming = ThetaQuote("QQQ.20231110.360000.P", now + 89 * 60_000 * MS, message.quote)
    assert not len(found.standing([coming], NUMBERS, now))
    assert found.garbled_count == 1


def test_a_trade_keeps_the_good_quote_before_a_garbled_one() -> None:
    now = at(datetime.date(2023, 12, 19), 34_389_950)
    good = quote_of_trade(bid=0.3, ask=0.31)
    for text in (
        quote_of_trade(bid=-5.0, ask=0.31),
        quote_of_trade(bid=0.2, ask=0.21, ask_size=2e9),
        quote_of_trade(bid=0.2, ask=0.21, date=20231218),
    ):
        found = ThetaEventRecords({})
        both = [read(found, now, good, text, TRADE).trades, read(found, now, text, TRADE).trades]
        for piece in both:
            assert piece is not None
            assert piece.records["bid_px_00"].tolist() == [300_000_000]
            assert piece.records["ask_px_00"].tolist() == [310_000_000]
        assert found.garbled_count == 2


def test_a_trade_has_the_last_quote_that_was_asked_for() -> None:
    found = ThetaEventRecords({})
    now = at(datetime.date(2023, 12, 19), 34_389_950)
    found.make_room(3)
    newer = decode_event(quote_of_trade(bid=0.2, ask=0.21)).quote
    garbled = decode_event(quote_of_trade(bid=-5.0, ask=0.31)).quote
    assert newer is not None
    assert garbled is not None
    name = "AAPL.20231222.200000.C"
    found.standing([ThetaQuote(name, now - 1, garbled)], NUMBERS, now)
    found.standing([ThetaQuote(name, now, newer)], NUMBERS, now)
    piece = read(found, now, TRADE).trades
    assert piece is not None
    assert piece.records["bid_px_00"].tolist() == [200_000_000]


def test_requests_are_as_the_vendor_documents_them() -> None:
    contract = event_contract(parse_osi("SPXW  240315C04800000"))
    request = EventRequest("STREAM", "OPTION", "QUOTE", True, 0, contract)
    assert json.loads(encode_event_request(request)) == SUBSCRIBE
    request.add, request.id = False, 1
    assert json.loads(encode_event_request(request)) == SUBSCRIBE | {"add": False, "id": 1}
    bulk = EventRequest("STREAM_BULK", "OPTION", "TRADE", True, 0)
    assert json.loads(encode_event_request(bulk)) == {
        "msg_type": "STREAM_BULK",
        "sec_type": "OPTION",
        "req_type": "TRADE",
        "add": True,
        "id": 0,
    }
    assert encode_event_request(EventRequest("STOP")) == '{"msg_type":"STOP"}'
    assert event_name(parse_osi("TTWO  231103C00140000")) == "TTWO.20231103.140000.C"


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"header":{}}', '{"header":{"type":"QUOTE"}}', QUOTE[:-1], "[" * 9999,
     QUOTE.replace('"quote"', '"trade"'), TRADE.replace('"contract"', '"contrast"')],
)  # fmt: skip
def test_garbage_is_told(content: str) -> None:
    with pytest.raises(FeedError, match="a garbled message"):
        decode_event(content)


def test_times_are_of_new_york() -> None:
    summer, winter = 20250606, 20251128
    assert message_times([summer, winter, 0], [34_200_000] * 3).tolist() == [
        round(datetime.datetime(2025, 6, 6, 13, 30, tzinfo=datetime.UTC).timestamp()) * 10**9,
        round(datetime.datetime(2025, 11, 28, 14, 30, tzinfo=datetime.UTC).timestamp()) * 10**9,
        0,
    ]
    assert message_times([summer, 10**19, summer], [10**19, 0, -(10**19)]).tolist() == [0, 0, 0]


def test_the_websocket_is_seventeen_ports_above() -> None:
    assert events_url("http://127.0.0.1:25503") == "ws://127.0.0.1:25520/v1/events"
    assert events_url("http://[::1]:25503") == "ws://[::1]:25520/v1/events"
    assert events_url("https://example.com:25503") == "wss://example.com:25520/v1/events"
    with pytest.raises(FeedError, match="has no port"):
        events_url("https://example.com")
