"""Alpaca's messages: bytes of the msgpack specification, and what a client makes of them."""

import datetime

import msgspec
import numpy as np
import pytest

from zerodte.feeds.alpaca.chain import SnapshotsAnswer, standing_quotes
from zerodte.feeds.alpaca.protocol import (
    AlpacaMessage,
    AlpacaRequest,
    decode_messages,
    encode_request,
    nanoseconds,
    read_time,
    subscriptions,
    write_time,
)
from zerodte.feeds.alpaca.records import AlpacaRecords
from zerodte.feeds.contract_records import MessageBlock
from zerodte.feeds.feed import FeedError
from zerodte.feeds.repeated_records import RepeatedRecords
from zerodte.records.condition import Condition
from zerodte.records.dbn import UNDEF_PRICE

#: 2024-03-12T13:59:58.897261568Z.
AT = 1_710_251_998_897_261_568
NUMBERS = {"SPXW240327P04925000": 1, "SPY240327C00510000": 2}


@pytest.mark.parametrize(
    ("content", "time"),
    [
        # The three forms of the specification: 32 bits, 64 bits with ns above 34 bits, 96 bits.
        (bytes.fromhex("d6ff") + (1_710_251_998).to_bytes(4), AT // 10**9 * 10**9),
        (bytes.fromhex("d7ff") + (897_261_568 << 34 | 1_710_251_998).to_bytes(8), AT),
        (bytes.fromhex("c70cff") + (897_261_568).to_bytes(4) + (1_710_251_998).to_bytes(8), AT),
        # Texts as the REST interface has them.
        (msgspec.msgpack.encode("2024-03-12T13:59:58.897261568Z"), AT),
        (msgspec.msgpack.encode("2024-03-12T09:59:58.897261568-04:00"), AT),
        # What is no time; and nothing.
        *((content, -1) for content in (b"\xd6\x01" + bytes(4), b"\xa1x", b"\xa0", b"\xc0")),
        (msgspec.msgpack.encode(AT), -1),
        (b"", 0),
    ],
)
def test_times_keep_their_nanoseconds(content: bytes, time: int) -> None:
    assert nanoseconds(msgspec.Raw(content)) == time


def test_times_of_the_rest_interface() -> None:
    assert read_time("2024-03-12T13:59:58.897261568Z") == AT
    assert read_time("2024-03-12T13:59:58Z") == AT // 10**9 * 10**9
    assert read_time("2024-03-12T13:59:58.8972Z") == AT // 10**9 * 10**9 + 897_200_000
    assert read_time("yesterday") == -1
    assert read_time("") == 0
    assert write_time(AT) == "2024-03-12T13:59:58.897261568Z"


def frame(*messages: dict[str, object]) -> bytes:
    return msgspec.msgpack.encode(messages)


def stamp(time: int) -> msgspec.msgpack.Ext:
    seconds, rest = divmod(time, 10**9)
    return msgspec.msgpack.Ext(-1, (rest << 34 | seconds).to_bytes(8))


def block(content: bytes, kind: str) -> MessageBlock[AlpacaMessage]:
    messages = [one for one in decode_messages(content) if one.kind == kind]
    return MessageBlock(kind, np.full(len(messages), AT + 5, np.int64), messages)


def quote(name: str, **fields: object) -> dict[str, object]:
    usual = {"bx": "C", "bp": 1.05, "bs": 3, "ax": "N", "ap": 1.1, "as": 4, "c": " "}
    return {"T": "q", "S": name, "t": stamp(AT), **usual, **fields}


def trade(name: str, **fields: object) -> dict[str, object]:
    return {"T": "t", "S": name, "t": stamp(AT), "p": 1.1, "s": 7, "x": "C", "c": "I", **fields}


def test_quotes_become_records() -> None:
    spxw, spy = NUMBERS
    found = AlpacaRecords()
    found.make_room(2)
    content = frame(
        quote(spxw),
        quote("AAPL240327C00170000"),
        quote(spy, bp=0, bs=0, ap=2, u=[1]),
        quote(spy, bp=50.0, ap=1.0),
    )
    rows = found.quotes(block(content, "q"), NUMBERS)
    assert rows["instrument_id"].tolist() == [1, 2]
    assert rows["ts_event"].tolist() == [AT, AT]
    assert rows["ts_recv"].tolist() == [AT + 5, AT + 5]
    assert rows["bid_px_00"].tolist() == [1_050_000_000, 0]
    assert rows["ask_px_00"].tolist() == [1_100_000_000, 2_000_000_000]
    assert rows["bid_sz_00"].tolist() == [3, 0]
    assert rows["ask_sz_00"].tolist() == [4, 4]
    assert b"T" not in rows["action"].tolist(), "no trade is among them"
    assert found.garbled_count == 1
    assert found.mids.tolist()[1:3] == pytest.approx([1.075, 1.0])


def test_a_quote_without_sides_takes_back_the_one_before() -> None:
    spxw, _ = NUMBERS
    found = AlpacaRecords()
    found.make_room(2)
    sides = ("bp", "bs", "ap", "as")
    withdrawn = {name: value for name, value in quote(spxw).items() if name not in sides}
    rows = found.quotes(block(frame(quote(spxw), withdrawn), "q"), NUMBERS)
    assert rows["instrument_id"].tolist() == [1, 1]
    assert rows["bid_px_00"].tolist() == [1_050_000_000, UNDEF_PRICE]
    assert rows["ask_px_00"].tolist() == [1_100_000_000, UNDEF_PRICE]
    assert np.isnan(found.mids[1])
    assert found.sentences() == []


def test_trades_become_records_with_conditions() -> None:
    spxw, spy = NUMBERS
    found = AlpacaRecords()
    content = frame(
        trade(spxw, c="f"), trade(spy, c=" "), trade(spy, c="A"), trade(spy, p=0), trade(spy, c="Z")
    )
    piece = found.trades(block(content, "t"), NUMBERS, 10, None)
    assert piece is not None
    assert piece.first == 10
    assert piece.records["price"].tolist() == [1_100_000_000] * 4
    assert piece.records["size"].tolist() == [7] * 4
    assert piece.conditions is not None
    assert piece.conditions.tolist() == [
        Condition.MULTI_LEG,
        Condition.REGULAR,
        Condition.CANCEL,
        Condition.UNKNOWN,
    ]
    assert found.garbled_count == 1
    assert found.conditions.sentences() == ["1 trades with the unknown sale condition 'Z'"]
    assert found.trades(block(frame(trade("AAPL240327C00170000")), "t"), NUMBERS, 0, None) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xc1",
        b"\x91",
        frame({"S": "X"}),
        frame({"T": "q", "bp": "1"}),
        b"\x80",
        b"\x91" * 9999,
    ],
)
def test_garbage_is_told(content: bytes) -> None:
    with pytest.raises(FeedError, match="a garbled message"):
        decode_messages(content)


def test_subscriptions_fit_the_vendors_frames() -> None:
    names = [f"SPXW{datetime.date(2026, 11, 30):%y%m%d}C{n:08}" for n in range(1_001)]
    parts = list(subscriptions(names, with_trades=True))
    assert max(len(encode_request(part)) for part in parts) <= 32 << 10
    assert [name for part in parts for name in part.quotes] == names
    assert [name for part in parts for name in part.trades] == names
    assert not any(part.trades for part in subscriptions(names, with_trades=False))
    said = msgspec.msgpack.decode(encode_request(AlpacaRequest("auth", "k", "s")))
    assert said == {"action": "auth", "key": "k", "secret": "s"}


def test_a_time_as_text_is_the_vendors() -> None:
    spxw, _ = NUMBERS
    first = AlpacaRecords().trades(block(frame(trade(spxw)), "t"), NUMBERS, 0, None)
    assert first is not None
    found = AlpacaRecords()
    recorded = RepeatedRecords(first.records, received_here=True)
    again = block(frame(trade(spxw, t="2024-03-12T13:59:58.897261568Z")), "t")
    assert found.trades(again, NUMBERS, 1, recorded) is None, "it came before"
    assert found.repeated_count == 1


@pytest.mark.parametrize("told", [AT, None, "noon", ""])
def test_a_time_that_is_none_is_counted_and_that_of_receipt_stands(told: object) -> None:
    spxw, _ = NUMBERS
    found = AlpacaRecords()
    piece = found.trades(block(frame(trade(spxw, t=told)), "t"), NUMBERS, 0, None)
    assert piece is not None
    assert piece.records["ts_event"].tolist() == [AT + 5]
    (said,) = found.sentences()
    assert said.startswith("1 messages have times that cannot be; that of receipt counts")


def test_a_last_quote_of_no_time_is_left_out_and_counted() -> None:
    found = AlpacaRecords()
    found.make_room(2)
    snapshots = {
        name: {"latestQuote": {"t": told, "bp": 1.05, "bs": 3, "ap": 1.1, "as": 4}}
        for name, told in zip(NUMBERS, ("noon", "2024-03-12T13:59:58Z"), strict=True)
    }
    answer = msgspec.convert({"snapshots": snapshots}, SnapshotsAnswer)
    rows = found.standing(standing_quotes(answer), NUMBERS, AT)
    assert rows["instrument_id"].tolist() == [2]
    assert found.undated_count == 1


def test_a_cancel_with_every_field_of_its_trade_is_no_repetition() -> None:
    spxw, _ = NUMBERS
    first = AlpacaRecords().trades(block(frame(trade(spxw)), "t"), NUMBERS, 0, None)
    assert first is not None
    found = AlpacaRecords()
    recorded = RepeatedRecords(first.records, received_here=True)
    again = block(frame(trade(spxw, c="A"), trade(spxw), trade(spxw)), "t")
    piece = found.trades(again, NUMBERS, 1, recorded)
    assert piece is not None
    assert piece.conditions is not None
    assert piece.conditions.tolist() == [Condition.CANCEL, Condition.REGULAR], "equal fills are two"
    assert found.repeated_count == 1
