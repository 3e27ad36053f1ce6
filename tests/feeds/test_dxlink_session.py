"""DXLink's client side: the order of messages, parts, fields, and what the other side may do."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from feeds.dxlink_host import TOKEN, DXLinkScript, speaking
from runtime.feeds_on_ports import eventually
from zerodte.feeds import websocket_reader
from zerodte.feeds.feed import FeedError
from zerodte.feeds.tastytrade.account import QuoteToken
from zerodte.feeds.tastytrade.protocol import EventBlock
from zerodte.feeds.tastytrade.session import DXLinkChannel, DXLinkSession, DXLinkTokenError
from zerodte.feeds.vendor_key import VendorKey

QUOTES = DXLinkChannel(1, "TICKER", 1.0, ("Quote",))
SALES = DXLinkChannel(3, "STREAM", 0.0, ("TimeAndSale",))


@pytest.fixture
def script() -> DXLinkScript:
    return DXLinkScript()


@pytest.fixture
def token(script: DXLinkScript) -> Iterator[QuoteToken]:
    with speaking(script) as found:
        yield found


def opened(token: QuoteToken, *channels: DXLinkChannel) -> DXLinkSession:
    session = DXLinkSession(token, is_loopback=True)
    for channel in channels:
        session.open(channel)
    return session


def taken(session: DXLinkSession) -> list[EventBlock]:
    """The next events; an end of the session is raised."""
    found: list[EventBlock] = []

    def has_come() -> bool:
        found.extend(session.take(0.2))
        return bool(found)

    eventually(has_come, 20.0)
    return found


def test_messages_come_in_order_each_after_its_answer(
    script: DXLinkScript, token: QuoteToken
) -> None:
    session = opened(token, QUOTES, SALES)
    session.subscribe(QUOTES, "Quote", ["SPX"])
    eventually(lambda: "FEED_SUBSCRIPTION" in script.types())
    session.close()
    opening = ["CHANNEL_REQUEST", "FEED_SETUP"]
    assert script.types() == ["SETUP", "AUTH", *opening, *opening, "FEED_SUBSCRIPTION"]
    setup, auth, request, feed, *_, subscription = script.heard
    assert (setup["keepaliveTimeout"], setup["acceptKeepaliveTimeout"]) == (60, 60)
    assert auth == {"type": "AUTH", "channel": 0, "token": TOKEN}
    assert request["service"] == "FEED"
    assert request["parameters"] == {"contract": "TICKER"}
    assert feed["acceptAggregationPeriod"] == 1.0
    assert feed["acceptDataFormat"] == "COMPACT"
    assert set(feed["acceptEventFields"]) == {"Quote"}
    assert script.heard[5]["acceptAggregationPeriod"] == 0.0
    assert subscription["add"] == [{"type": "Quote", "symbol": "SPX"}]


def test_subscriptions_go_in_parts(script: DXLinkScript, token: QuoteToken) -> None:
    session = opened(token, QUOTES)
    names = [f".SPXW261128C{strike}" for strike in range(5000, 6201)]
    session.subscribe(QUOTES, "Quote", names)
    eventually(lambda: len(script.types()) == 7)
    session.close()
    parts = [said["add"] for said in script.heard if said["type"] == "FEED_SUBSCRIPTION"]
    assert [len(part) for part in parts] == [500, 500, 201]
    assert [one["symbol"] for part in parts for one in part] == names
    assert script.size < 1 << 16


def test_data_is_read_in_the_order_that_the_server_told(
    script: DXLinkScript, token: QuoteToken
) -> None:
    """A server may leave fields out, and change its mind."""
    config = {
        "type": "FEED_CONFIG",
        "channel": 1,
        "eventFields": {"Quote": ["askPrice", "eventSymbol", "bidPrice"]},
    }
    script.answers["FEED_SUBSCRIPTION"] = lambda _: [
        config,
        {"type": "NEWS_OF_A_LATER_VERSION", "channel": 0, "what": {"ever": 1}},
        {
            "type": "FEED_DATA",
            "channel": 1,
            "data": ["Quote", [2.5, "A", 2, "NaN", "B", None, "Infinity", "C", 1]],
        },
    ]
    session = opened(token, QUOTES)
    session.subscribe(QUOTES, "Quote", ["A", "B", "C"])
    (block,) = taken(session)
    assert block.texts("eventSymbol") == ["A", "B", "C"]
    assert block.numbers("bidPrice").tolist()[::2] == [2.0, 1.0]
    assert str(block.numbers("askPrice").tolist()) == "[2.5, nan, inf]"
    assert str(block.numbers("bidSize").tolist()) == "[nan, nan, nan]", "not given is unknown"
    assert block.integers("askTime") == [-1, -1, -1]
    session.close()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ('{"type":"FEED_DATA","channel":1,"data":["Quote",[1', "a garbled message"),
        ("[]", "a garbled message"),
        ("nonsense", "a garbled message"),
        (b"\x00\x01", "a garbled message: it is binary"),
        ({"type": "FEED_DATA", "channel": 1, "data": ["Quote"]}, "a kind without values"),
        ({"type": "FEED_DATA", "channel": 1, "data": ["Quote", [1, 2]]}, "2 values of 'Quote'"),
        ({"type": "FEED_DATA", "channel": 1, "data": ["Candle", [1]]}, "values of 'Candle'"),
        ({"type": "FEED_DATA", "channel": 9, "data": ["Quote", [1]]}, "values of 'Quote'"),
        ({"type": "FEED_CONFIG", "channel": 1, "dataFormat": "FULL"}, "expected: COMPACT"),
        ({"type": "CHANNEL_CLOSED", "channel": 1}, "it closed channel 1"),
        (
            {"type": "ERROR", "channel": 0, "error": "TIMEOUT", "message": "too late"},
            "it says TIMEOUT: too late",
        ),
    ],
)
def test_what_ends_a_session_is_said(
    script: DXLinkScript, token: QuoteToken, answer: dict[str, object] | str | bytes, said: str
) -> None:
    script.answers["FEED_SUBSCRIPTION"] = lambda _: [answer]
    session = opened(token, QUOTES)
    session.subscribe(QUOTES, "Quote", ["A"])
    with pytest.raises(FeedError, match=said):
        taken(session)
    session.close()


@pytest.mark.parametrize("sent", ["ten", 10**400])
def test_a_garbled_number_is_said(script: DXLinkScript, token: QuoteToken, sent: str | int) -> None:
    fields = {"Quote": ["eventSymbol", "bidPrice"]}
    script.answers["FEED_SUBSCRIPTION"] = lambda _: [
        {"type": "FEED_CONFIG", "channel": 1, "eventFields": fields},
        {"type": "FEED_DATA", "channel": 1, "data": ["Quote", ["A", sent]]},
    ]
    session = opened(token, QUOTES)
    session.subscribe(QUOTES, "Quote", ["A"])
    (block,) = taken(session)
    with pytest.raises(FeedError, match="a garbled Quote: bidPrice"):
        block.numbers("bidPrice")
    session.close()


def test_a_token_that_is_not_accepted(script: DXLinkScript, token: QuoteToken) -> None:
    wrong = QuoteToken(VendorKey(TOKEN[::-1]), token.url, token.level)
    with pytest.raises(DXLinkTokenError, match="does not accept the token") as raised:
        DXLinkSession(wrong, is_loopback=True)
    assert TOKEN[::-1] not in str(raised.value)


@pytest.mark.parametrize(
    "answer",
    [
        {"type": "AUTH_STATE", "channel": 0, "state": "UNAUTHORIZED"},
        {"type": "ERROR", "channel": 0, "error": "UNAUTHORIZED", "message": "it ended"},
    ],
)
def test_a_token_that_ends(
    script: DXLinkScript, token: QuoteToken, answer: dict[str, object]
) -> None:
    script.answers["FEED_SUBSCRIPTION"] = lambda _: [answer]
    session = opened(token, QUOTES)
    session.subscribe(QUOTES, "Quote", ["A"])
    with pytest.raises(DXLinkTokenError):
        taken(session)
    session.close()


def test_a_copy_holds_what_came_and_no_token(
    script: DXLinkScript, token: QuoteToken, tmp_path: Path
) -> None:
    session = DXLinkSession(token, is_loopback=True, capture=tmp_path / "copy")
    session.open(QUOTES)
    session.close()
    (file,) = (tmp_path / "copy").iterdir()
    kinds = [json.loads(line)["type"] for line in file.read_text().splitlines()]
    assert kinds == ["SETUP", "AUTH_STATE", "AUTH_STATE", "CHANNEL_OPENED", "FEED_CONFIG"]
    assert TOKEN not in file.read_text()


def test_a_connection_that_outruns_us_ends_and_says_so(
    script: DXLinkScript, token: QuoteToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has come before is still read; then everything is asked for again."""
    monkeypatch.setattr(websocket_reader, "WEBSOCKET_BUFFER", 5_000)
    data = {"type": "FEED_DATA", "channel": 1, "data": ["Quote", ["A"] * 100]}
    script.answers["FEED_SETUP"] = lambda _: [
        {"type": "FEED_CONFIG", "channel": 1, "eventFields": {"Quote": ["eventSymbol"]}}
    ]
    script.answers["FEED_SUBSCRIPTION"] = lambda _: [data] * 50
    session = opened(token, QUOTES)
    session.subscribe(QUOTES, "Quote", ["A"])
    eventually(lambda: "websocket" not in {thread.name for thread in threading.enumerate()})
    (block,) = session.take(0.0)
    assert 0 < block.count < 5_000
    with pytest.raises(FeedError, match="we read too slowly"):
        session.take(0.0)
    session.close()


def test_a_host_that_is_not_there(script: DXLinkScript) -> None:
    with speaking(script) as token:
        pass
    with pytest.raises(FeedError, match="its websocket cannot be reached: Connection refused"):
        DXLinkSession(token, is_loopback=True)
