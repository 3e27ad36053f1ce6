"""Tradier's REST interface: its documented answers, refusals, and what its stream says of them."""

import contextlib
import datetime
import threading
from collections.abc import Callable, Iterator
from email.message import Message
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from websockets.sync.server import ServerConnection

from feeds.gateway import simulated
from feeds.tradier_host import TOKEN, serving
from runtime.feeds_on_ports import eventually
from zerodte.feeds.chain_watch import ChainWatch
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.http_listener import HttpListener, HttpRequestHandler
from zerodte.feeds.patience import VendorBusyError
from zerodte.feeds.tradier.account import (
    TRADIER_TOKEN,
    TradierAccount,
    tradier_token,
)
from zerodte.feeds.tradier.session import TradierSession, TradierSessionError
from zerodte.feeds.vendor_key import VendorKey
from zerodte.feeds.websocket_listener import WebsocketListener

DATE = datetime.date(2019, 5, 17)
SESSION = "9D1C7018CFEB6F8ECF8CAA58B33"
#: The examples of Tradier's documentation, with the fields that it has.
DOCUMENTED_SESSION = {
    "stream": {"url": "https://stream.tradier.com/v1/markets/events", "sessionid": SESSION}
}
DOCUMENTED_STOCK = {
    "symbol": "AAPL",
    "description": "Apple Inc",
    "exch": "Q",
    "type": "stock",
    "last": 208.21,
    "change": -3.54,
    "volume": 25288395,
    "open": 204.29,
    "high": 208.71,
    "low": 203.5,
    "close": None,
    "bid": 208.19,
    "ask": 208.21,
    "change_percentage": -1.68,
    "average_volume": 27215269,
    "last_volume": 100,
    "trade_date": 1557168406000,
    "prevclose": 211.75,
    "week_52_high": 233.47,
    "week_52_low": 142.0,
    "bidsize": 12,
    "bidexch": "Q",
    "bid_date": 1557168406000,
    "asksize": 1,
    "askexch": "Y",
    "ask_date": 1557168406000,
    "root_symbols": "AAPL",
}
DOCUMENTED_PUT = {
    "symbol": "VXX190517P00016000",
    "description": "VXX May 17 2019 $16.00 Put",
    "exch": "Z",
    "type": "option",
    "last": None,
    "change": None,
    "volume": 0,
    "open": None,
    "high": None,
    "low": None,
    "close": None,
    "bid": 0.0,
    "ask": 0.01,
    "underlying": "VXX",
    "strike": 16.0,
    "change_percentage": None,
    "average_volume": 0,
    "last_volume": 0,
    "trade_date": 0,
    "prevclose": None,
    "week_52_high": 0.0,
    "week_52_low": 0.0,
    "bidsize": 0,
    "bidexch": "J",
    "bid_date": 1557171657000,
    "asksize": 611,
    "askexch": "Z",
    "ask_date": 1557172096000,
    "open_interest": 10,
    "contract_size": 100,
    "expiration_date": "2019-05-17",
    "expiration_type": "standard",
    "option_type": "put",
    "root_symbol": "VXX",
    "greeks": {"delta": 1.0, "smv_vol": 0.380002, "updated_at": "2019-08-29 14:59:08"},
}
DOCUMENTED_CALL = DOCUMENTED_PUT | {
    "symbol": "VXX190517C00016000",
    "bid": 10.85,
    "ask": 11.0,
    "bidsize": 55,
    "asksize": 80,
    "open_interest": 0,
    "option_type": "call",
}


class Host:
    """Answers by path, and notes what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.status = HTTPStatus.OK
        self.answers: dict[str, Any] = {}
        self.body = b""
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.tokens: set[str] = set()

    def account(self) -> TradierAccount:
        """A user's account there."""
        return TradierAccount(VendorKey(TOKEN), self.url)


@contextlib.contextmanager
def hosting() -> Iterator[Host]:
    told = Host()

    class Handler(HttpRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            path, _, query = self.path.partition("?")
            self.reply("GET", path, query)

        def do_POST(self) -> None:  # noqa: N802
            size = int(self.headers["Content-Length"])
            self.reply("POST", self.path, self.rfile.read(size).decode())

        def reply(self, method: str, path: str, query: str) -> None:
            told.asked.append((method, path.removeprefix("/v1/markets/"), dict(parse_qsl(query))))
            told.tokens.add(self.headers["Authorization"])
            found = told.answers.get(path.removeprefix("/v1/markets/"), {})
            body = told.body or msgspec.json.encode(found)
            self.answer(told.status, body, {"Content-Length": str(len(body)), **told.headers})

    listener = HttpListener("127.0.0.1", 0, Handler)
    thread = threading.Thread(target=listener.run)
    thread.start()
    told.url = "http://{}:{}".format(*listener.address)
    try:
        yield told
    finally:
        listener.stop()
        thread.join(10)


def test_the_documented_session() -> None:
    with hosting() as host:
        host.answers["events/session"] = DOCUMENTED_SESSION
        account = host.account()
        ticket = account.ticket()
    assert ticket.session.reveal() == SESSION
    assert SESSION not in repr(ticket)
    assert host.asked == [("POST", "events/session", {})]
    assert host.tokens == {f"Bearer {TOKEN}"}


def test_the_stream_is_the_vendors_own_wherever_the_answer_points(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = TradierAccount(VendorKey(TOKEN))
    answer = msgspec.json.encode(DOCUMENTED_SESSION)
    monkeypatch.setattr(
        "zerodte.feeds.tradier.account.read_answer", lambda *_: (answer, _no_headers())
    )
    assert account.ticket().url == "wss://ws.tradier.com/v1/markets/events"


def _no_headers() -> Message:
    return Message()


def test_the_documented_quotes() -> None:
    with hosting() as host:
        host.answers["quotes"] = {"quotes": {"quote": [DOCUMENTED_STOCK, DOCUMENTED_PUT]}}
        stock, put = host.account().quotes(["AAPL", "VXX190517P00016000"])
    assert (stock.name, stock.last, stock.close) == ("AAPL", 208.21, 211.75)
    assert (stock.bid, stock.ask) == (208.19, 208.21)
    assert stock.traded == 1557168406 * 10**9
    assert (put.bid, put.bid_size, put.ask, put.ask_size) == (0.0, 0, 0.01, 611)
    assert put.at == 1557172096 * 10**9, "the later of both sides"
    assert host.asked == [
        ("POST", "quotes", {"symbols": "AAPL,VXX190517P00016000", "greeks": "false"})
    ]


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        ({"quotes": {"quote": DOCUMENTED_STOCK, "unmatched_symbols": {"symbol": "NOPE"}}}, 1),
        ({"quotes": {"unmatched_symbols": {"symbol": ["NOPE", "NO"]}}}, 0),
        ({"quotes": None}, 0),
        ({"quotes": {"quote": None}}, 0),
    ],
)
def test_one_entry_is_no_array_and_none_is_null(answer: dict[str, Any], count: int) -> None:
    with hosting() as host:
        host.answers["quotes"] = answer
        assert len(host.account().quotes(["AAPL"])) == count


def test_many_symbols_go_in_parts() -> None:
    with hosting() as host:
        host.answers["quotes"] = {"quotes": {"quote": DOCUMENTED_PUT}}
        host.account().quotes([f"S{number}" for number in range(1_001)])
    assert [len(one["symbols"].split(",")) for _, _, one in host.asked] == [500, 500, 1]


def test_the_documented_chain() -> None:
    days = ["2019-05-17", "2019-05-24", "2019-05-31", "2019-06-07", "2019-06-21", "2019-07-19"]
    with hosting() as host:
        host.answers["options/expirations"] = {"expirations": {"date": days}}
        entries = [DOCUMENTED_PUT, DOCUMENTED_CALL, {"symbol": "nonsense"}]
        host.answers["options/chains"] = {"options": {"option": entries}}
        chain = host.account().chain("VXX", DATE)
    put, call = "VXX   190517P00016000", "VXX   190517C00016000"
    assert {one.raw for one in chain.listings} == {put, call}
    assert chain.interest == {put: 10, call: 0}, "the vendor's 0 is a figure"
    assert chain.mids[call] == pytest.approx(10.925)
    assert host.asked[0] == (
        *("GET", "options/expirations"),
        {"symbol": "VXX", "includeAllRoots": "true"},
    )
    asked = [query for _, path, query in host.asked if path == "options/chains"]
    assert [one["expiration"] for one in asked] == days[:3], "its own and the next two"


def test_a_single_expiry_is_a_text() -> None:
    unknown = DOCUMENTED_PUT | {"open_interest": None}
    with hosting() as host:
        host.answers["options/expirations"] = {"expirations": {"date": "2019-05-17"}}
        host.answers["options/chains"] = {"options": {"option": unknown}}
        chain = host.account().chain("VXX", DATE)
        assert len(chain.listings) == 1
        assert chain.interest == {}, "no figure is unknown, not 0"
        host.answers["options/expirations"] = {"expirations": None}
        assert host.account().chain("NOPE", DATE).listings == []


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (
            401,
            b"Invalid Access Token",
            FeedRefusalError,
            "session: Invalid Access Token; it needs ",
        ),
        (403, b"", FeedRefusalError, "answered 403 Forbidden to /v1/markets/events/session; it n"),
        (
            400,
            b"too many sessions requested",
            VendorBusyError,
            "; one program at a time may stream",
        ),
        (403, b'{"error":"too many sessions requested"}', VendorBusyError, "one program at a time"),
        (429, b'{"fault":{"faultstring":"Rate limit quota violation"}}', VendorBusyError, "violat"),
        (400, b'{"errors":{"error":["no ' + TOKEN.encode() + b'"]}}', FeedError, r"no \.\.\."),
        (502, b"<html>Bad Gateway</html>", FeedError, "answered 502 Bad Gateway to /v1/markets/e"),
    ],
)
def test_refusals(status: int, body: bytes, kind: type[FeedError], said: str) -> None:
    with hosting() as host:
        host.status, host.body = HTTPStatus(status), body
        with pytest.raises(kind, match=said) as raised:
            host.account().ticket()
    assert type(raised.value) is kind
    assert TOKEN not in str(raised.value)
    assert "<html>" not in str(raised.value)


def test_a_limit_of_requests_says_for_how_long() -> None:
    """Nothing is asked for meanwhile, in whatever thread."""
    with hosting() as host:
        account = host.account()
        host.status, host.body, host.headers = HTTPStatus(429), b"x", {"Retry-After": "70"}
        with pytest.raises(VendorBusyError) as raised:
            account.ticket()
        assert raised.value.wait == 70.0
        host.status = HTTPStatus.OK
        with pytest.raises(VendorBusyError, match=r"answered 429 .* seconds are left") as raised:
            account.quotes(["SPY"])
        assert 0.0 < raised.value.wait <= 70.0
    assert [path for _, path, _ in host.asked] == ["events/session"]


def test_a_watch_leaves_a_vendor_alone_that_has_enough() -> None:
    with hosting() as host:
        host.status, host.body, host.headers = HTTPStatus(429), b"x", {"Retry-After": "70"}
        watch = ChainWatch(lambda one: host.account().quotes([one]), ["SPX", "NDX"], 0.0)
        eventually(lambda: not watch.take() and bool(watch.problem))
        for _ in range(10):
            assert not watch.take()
    assert len(host.asked) == 1
    assert "new contracts of SPX are not known: " in watch.problem


def test_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.delenv(TRADIER_TOKEN, raising=False)
    with pytest.raises(FeedRefusalError, match="set TRADIER_TOKEN, or write") as raised:
        tradier_token()
    assert 'token = "..."' in str(raised.value)
    monkeypatch.setenv(TRADIER_TOKEN, TOKEN)
    assert tradier_token().reveal() == TOKEN


@pytest.mark.parametrize("url", ["https://sandbox.tradier.com", "https://sandbox.tradier.com:443"])
def test_the_sandbox_is_refused(url: str) -> None:
    with pytest.raises(FeedRefusalError, match="15 minutes late, and no stream"):
        TradierAccount(VendorKey(TOKEN), url)


@contextlib.contextmanager
def streaming(talk: Callable[[ServerConnection], None]) -> Iterator[Host]:
    """A host whose stream is a function."""
    listener = WebsocketListener("127.0.0.1", 0, talk, largest=1 << 20)
    thread = threading.Thread(target=listener.run)
    thread.start()
    host, port = listener.address
    with hosting() as rest:
        url = f"http://{host}:{port}/v1/markets/events"
        rest.answers["events/session"] = {"stream": {"url": url, "sessionid": SESSION}}
        try:
            yield rest
        finally:
            listener.stop()
            thread.join(10)


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        ("session not found", TradierSessionError, "a session ends if it is not used within five"),
        ("too many sessions requested", VendorBusyError, "one program at a time may stream"),
        (f"no {SESSION}", FeedError, r"it says: no \.\.\.$"),
        ("1234 is not a valid symbol", FeedError, "1234 is not a valid symbol"),
    ],
)
def test_what_the_stream_says(error: str, kind: type[FeedError], said: str) -> None:
    def talk(client: ServerConnection) -> None:
        for _ in client:
            client.send(msgspec.json.encode({"error": error}).decode())

    with streaming(talk) as host:
        session = TradierSession(host.account())
        with contextlib.closing(session), pytest.raises(kind, match=said):
            session.subscribe(["SPY"], ["SPY"])


def test_a_symbol_that_the_vendor_does_not_know_is_left_out() -> None:
    """The documented error of a validation, and what is asked for after it."""
    asked: list[list[str]] = []

    def talk(client: ServerConnection) -> None:
        for content in client:
            symbols = msgspec.json.decode(content)["symbols"]
            asked.append(symbols)
            known = {"error": "1234 is not a valid symbol"} if "1234" in symbols else {
                "type": "quote", "symbol": "SPY", "bid": 1.0, "ask": 1.1}  # fmt: skip
            client.send(msgspec.json.encode(known).decode())

    with streaming(talk) as host:
        session = TradierSession(host.account())
        with contextlib.closing(session):
            session.subscribe(["SPY", "1234"], ["SPY", "1234"])
            (block,) = session.take(5.0)
            session.subscribe(["SPY", "1234", "QQQ"], ["SPY"])
    assert asked == [["SPY", "1234"], ["SPY"], ["SPY", "QQQ"]]
    assert [one.symbol for one in block.events] == ["SPY"]
    assert session.refused == ["1234"]


def test_an_unknown_symbol_that_is_told_again_ends_no_stream() -> None:
    """Neither that stream nor the next one, which does not ask for it."""
    asked: list[list[str]] = []
    refused: list[str] = []

    def talk(client: ServerConnection) -> None:
        for content in client:
            asked.append(msgspec.json.decode(content)["symbols"])
            for _ in range(2):
                client.send('{"error":"1234 is not a valid symbol"}')
            client.send('{"type":"quote","symbol":"SPY","bid":1.0,"ask":1.1}')

    with streaming(talk) as host:
        for _ in range(2):
            session = TradierSession(host.account(), refused=refused)
            with contextlib.closing(session):
                session.subscribe(["SPY", "1234"], ["SPY"])
                assert {one.symbol for one in session.take(5.0)[0].events} == {"SPY"}
    assert asked[0] == ["SPY", "1234"]
    assert asked[1:] in ([["SPY"]], [["SPY"]] * 2)
    assert refused == ["1234"]


def test_a_market_session_that_has_ended_is_replaced() -> None:
    answers = iter(['{"error":"session not found"}', '{"type":"quote","symbol":"SPY"}'])

    def talk(client: ServerConnection) -> None:
        for _ in client:
            client.send(next(answers))

    with streaming(talk) as host:
        session = TradierSession(host.account())
        with contextlib.closing(session):
            session.subscribe(["SPY"], ["SPY"])
            assert [one.kind for one in session.take(5.0)] == ["quote"]
    assert [path for _, path, _ in host.asked] == ["events/session"] * 2


def _take_all(session: TradierSession) -> None:
    while True:
        session.take(0.25)


@pytest.mark.drill
def test_a_stream_that_was_open_over_night_is_begun_anew_before_the_open() -> None:
    with serving(simulated(), 60.0, late=-1_000.0) as host:
        session = TradierSession(host.account())
        said = "a stream that was open over night goes silent; a new one is begun"
        with contextlib.closing(session), pytest.raises(FeedError, match=said):
            _take_all(session)
        again = TradierSession(host.account())
        with contextlib.closing(again):
            assert again.take(0.25) == []
