"""Massive's messages as its documentation has them, and what a client makes of them."""

import json

import msgspec
import numpy as np
import pytest

from zerodte.feeds.contract_records import MessageBlock
from zerodte.feeds.feed import FeedError
from zerodte.feeds.massive.chain import SnapshotsPage, snapshot_of
from zerodte.feeds.massive.conditions import MASSIVE_LETTERS, MassiveConditionReader
from zerodte.feeds.massive.protocol import (
    MassiveMessage,
    MassiveRequest,
    decode_messages,
    encode_request,
    quote_subscriptions,
    subscribed,
)
from zerodte.feeds.massive.records import MassiveRecords, value_records
from zerodte.records.condition import Condition
from zerodte.records.dbn import UNDEF_PRICE

SPXW, SPY = "O:SPXW261127C06800000", "O:SPY261127P00600000"
NUMBERS = {SPXW: 1, SPY: 2}
#: 2026-11-27 15:00 UTC, in milliseconds and in nanoseconds.
MS = 1_795_791_600_123
AT = MS * 10**6
#: As the vendor documents them, with fields that are not read.
TRADE = {"ev": "T", "sym": SPXW, "x": 65, "p": 31.25, "s": 3, "c": [227], "t": MS, "q": 184}
QUOTE = {
    "ev": "Q",
    "sym": SPXW,
    "bx": 302,
    "ax": 303,
    "bp": 1.05,
    "ap": 1.1,
    "bs": 3,
    "as": 4,
    "t": MS,
    "q": 844090872,
}
VALUE = {"ev": "V", "val": 6_801.25, "T": "I:SPX", "t": MS}


def block(kind: str, *messages: dict[str, object]) -> MessageBlock[MassiveMessage]:
    decoded = decode_messages(json.dumps(messages))
    return MessageBlock(kind, np.full(len(messages), AT + 5, np.int64), decoded)


def test_quotes_become_records() -> None:
    found = MassiveRecords()
    found.make_room(2)
    sent = (QUOTE, QUOTE | {"sym": "O:X"}, QUOTE | {"sym": SPY, "bp": 0}, QUOTE | {"bp": 50.0})
    rows = found.quotes(block("Q", *sent), NUMBERS)
    assert rows["instrument_id"].tolist() == [1, 2]
    assert rows["ts_event"].tolist() == [AT, AT]
    assert rows["ts_recv"].tolist() == [AT + 5, AT + 5]
    assert rows["bid_px_00"].tolist() == [1_050_000_000, 0]
    assert rows["ask_px_00"].tolist() == [1_100_000_000, 1_100_000_000]
    assert (rows["bid_sz_00"].tolist(), rows["ask_sz_00"].tolist()) == ([3, 3], [4, 4])
    assert found.garbled_count == 1


def test_a_quote_without_sides_takes_back_the_one_before() -> None:
    found = MassiveRecords()
    found.make_room(2)
    sides = ("bp", "bs", "ap", "as")
    withdrawn = {name: value for name, value in QUOTE.items() if name not in sides}
    rows = found.quotes(block("Q", QUOTE, withdrawn), NUMBERS)
    assert rows["instrument_id"].tolist() == [1, 1]
    assert rows["bid_px_00"].tolist() == [1_050_000_000, UNDEF_PRICE]
    assert rows["ask_px_00"].tolist() == [1_100_000_000, UNDEF_PRICE]
    assert np.isnan(found.mids[1])
    assert found.sentences() == []


def test_trades_of_ours_become_records_with_conditions() -> None:
    found = MassiveRecords()
    sent = (
        TRADE,
        TRADE | {"sym": "O:AAPL261127C00200000", "c": [999]},
        TRADE | {"c": [232]},
        {name: value for name, value in TRADE.items() if name != "c"},
        TRADE | {"sym": SPY, "c": [201]},
        TRADE | {"c": [211]},
        TRADE | {"p": 0},
    )
    piece = found.trades(block("T", *sent), NUMBERS, 10, None)
    assert piece is not None
    assert piece.first == 10
    assert piece.records["price"].tolist() == [31_250_000_000] * 5
    assert piece.records["ts_event"].tolist() == [AT] * 5
    assert piece.conditions is not None
    assert piece.conditions.tolist() == [
        Condition.AUCTION,
        Condition.MULTI_LEG,
        Condition.REGULAR,
        Condition.CANCEL,
        Condition.UNKNOWN,
    ]
    # What the rest of the market has is not counted.
    assert found.sentences() == [
        "1 trades with the unknown sale condition 211",
        "1 messages have prices or sizes that cannot be; they are left out",
    ]
    assert found.trades(block("T", TRADE | {"sym": "O:X"}), NUMBERS, 0, None) is None


@pytest.mark.parametrize("sizes", [(-4, 4), (3, -1), (5e9, 4), (3, 5e9)])
def test_quotes_with_sizes_that_cannot_be_are_left_out(sizes: tuple[float, float]) -> None:
    found = MassiveRecords()
    found.make_room(2)
    bid, ask = sizes
    rows = found.quotes(block("Q", QUOTE | {"bs": bid, "as": ask}, QUOTE | {"sym": SPY}), NUMBERS)
    assert rows["instrument_id"].tolist() == [2]
    assert np.isnan(found.mids[1])
    assert found.garbled_count == 1


@pytest.mark.parametrize("told", [10**19, AT, 10 * MS, -(10**15)])
def test_a_time_that_cannot_be_is_counted_and_that_of_receipt_stands(told: int) -> None:
    """Such as one in nanoseconds, which has no room."""
    found = MassiveRecords()
    found.make_room(2)
    rows = found.quotes(block("Q", QUOTE, QUOTE | {"t": told}), NUMBERS)
    assert rows["ts_event"].tolist() == [AT, AT + 5]
    piece = found.trades(block("T", TRADE, TRADE | {"t": told}), NUMBERS, 0, None)
    assert piece is not None
    assert piece.records["ts_event"].tolist() == [AT, AT + 5]
    rows = value_records(block("V", VALUE, VALUE | {"t": told}), {"SPX": 1})
    assert rows["ts_event"].tolist() == [AT, AT + 5]
    (said,) = found.sentences()
    assert said.startswith("2 messages have times that cannot be; that of receipt counts")


def test_a_last_quote_of_a_time_that_cannot_be_is_left_out() -> None:
    found = MassiveRecords()
    found.make_room(2)
    states = [
        {
            "details": {"ticker": name},
            "last_quote": {"bid": 1.0, "ask": 1.1, "last_updated": told},
        }
        for name, told in ((SPXW, 10**19), (SPY, AT))
    ]
    page = msgspec.json.decode(json.dumps({"results": states}), type=SnapshotsPage)
    rows = found.standing(snapshot_of([page]).quotes, NUMBERS, AT + 5)
    assert rows["instrument_id"].tolist() == [2]
    (said,) = found.sentences()
    assert said.startswith("1 messages have times that cannot be")


@pytest.mark.parametrize("size", [0, 0.5, 2.5, -1, 1e8])
def test_trades_without_whole_contracts_are_left_out(size: float) -> None:
    found = MassiveRecords()
    piece = found.trades(block("T", TRADE | {"s": size}, TRADE), NUMBERS, 0, None)
    assert piece is not None
    assert piece.records["size"].tolist() == [3]
    assert found.garbled_count == 1


def test_values_become_trades_of_no_size() -> None:
    other = VALUE | {"T": "I:NDX"}
    rows = value_records(block("V", VALUE, other, VALUE | {"val": 0}), {"SPX": 1})
    assert rows["price"].tolist() == [6_801_250_000_000]
    assert (rows["size"].tolist(), rows["instrument_id"].tolist()) == ([0], [1])
    assert rows["ts_event"].tolist() == [AT]


@pytest.mark.parametrize(
    ("number", "letter"),
    [
        # As the vendor lists them: Canceled, Late, Automatic Execution, Reopening Trade,
        # Intermarket Sweep Order, and by the names of the letters (SLAN, SLFT, MLET, TLAT, MASL,
        # TFSL, CBMO, EXHT).
        *((201, "A"), (204, "D"), (209, "I"), (210, "J"), (219, "S")),
        *((227, "a"), (231, "e"), (232, "f"), (237, "k"), (238, "l"), (245, "s"), (246, "t")),
        (248, "v"),
    ],
)
def test_numbers_stand_for_letters(number: int, letter: str) -> None:
    assert MASSIVE_LETTERS[number] == letter


def test_of_several_conditions_the_first_that_is_not_regular_decides() -> None:
    reader = MassiveConditionReader()
    assert reader.read([]) == Condition.REGULAR
    assert reader.read([209, 229]) == Condition.CROSS
    assert reader.read([219]) == Condition.REGULAR
    assert reader.read([226, 209]) == Condition.UNKNOWN
    assert reader.sentences() == ["1 trades with the unknown sale condition 226"]


def test_requests_and_confirmations() -> None:
    assert json.loads(encode_request(MassiveRequest("auth", "k"))) == {
        "action": "auth",
        "params": "k",
    }
    names = [f"O:{number}" for number in range(600)]
    parts = list(quote_subscriptions(names))
    assert [one for part in parts for one in part] == [f"Q.{name}" for name in names]
    assert len(parts) == 3
    assert subscribed("subscribed to: T.*") == ["T.*"]
    assert subscribed("subscribed to: Q.O:A,Q.O:B") == ["Q.O:A", "Q.O:B"]
    assert subscribed("authenticated") == []


#: A field of another type; how often it is counted of a trade and of a quote of ours.
ODD = [
    ({"p": None, "bp": None}, (1, 0)),
    ({"p": "much", "bp": "much"}, (1, 1)),
    ({"s": {}, "as": []}, (1, 1)),
    ({"t": None}, (1, 1)),
    ({"t": "noon"}, (1, 1)),
]


@pytest.mark.parametrize(("fields", "counts"), ODD, ids=str)
def test_a_field_of_another_type_is_counted_and_the_rest_of_the_frame_stays(
    fields: dict[str, object], counts: tuple[int, int]
) -> None:
    foreign = {"sym": "O:AAPL261127C00200000"}
    for kind, usual, count in (("T", TRADE, counts[0]), ("Q", QUOTE, counts[1])):
        found = MassiveRecords()
        found.make_room(2)
        sent = [usual | fields, usual | {"sym": SPY}]
        if kind == "T":
            piece = found.trades(block("T", usual | fields | foreign, *sent), NUMBERS, 0, None)
            assert piece is not None
            rows = piece.records
        else:
            rows = found.quotes(block("Q", *sent), NUMBERS)
        assert rows["instrument_id"].tolist()[-1] == 2
        assert found.garbled_count + found.undated_count == count


def test_numbers_may_be_text() -> None:
    (found,) = decode_messages(json.dumps([TRADE | {"p": "31.25", "s": "3", "t": str(MS)}]))
    assert (found.price, found.size, found.time) == (31.25, 3.0, AT)


def test_an_odd_condition_is_unknown() -> None:
    found = MassiveRecords()
    piece = found.trades(block("T", TRADE | {"c": ["x"]}), NUMBERS, 0, None)
    assert piece is not None
    assert piece.conditions is not None
    assert piece.conditions.tolist() == [Condition.UNKNOWN]


def test_a_kind_that_is_not_known_is_passed_over() -> None:
    bar = {"ev": "AM", "sym": 5, "c": 31.2, "s": "x", "t": {}, "val": [1]}
    found = decode_messages(json.dumps([bar, TRADE, {"ev": "status", "message": None}]))
    assert [one.kind for one in found] == ["AM", "T", "status"]
    assert found[1].price == TRADE["p"]


@pytest.mark.parametrize(
    "content",
    ["", "[", "{}", '[{"sym":"X"}]', '[{"ev":5}]', '[{"ev":"Q"},1]', '[{"ev":"Q","bp":NaN}]'],
)
def test_garbage_is_told(content: str) -> None:
    with pytest.raises(FeedError, match="a garbled message"):
        decode_messages(content)
