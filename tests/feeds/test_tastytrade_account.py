"""tastytrade's REST session: keys, tokens that end, chains, and what a host may answer."""

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest

from feeds.gateway import simulated
from feeds.tasty import KEYS, REFRESH, SECRET, serving
from runtime.feeds_on_ports import eventually
from zerodte.feeds.chain_watch import ChainWatch
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.followed_contracts import OptionListing
from zerodte.feeds.http_listener import HttpListener, HttpRequestHandler
from zerodte.feeds.tastytrade.account import (
    CLIENT_SECRET,
    REFRESH_TOKEN,
    TastytradeAccount,
    TastytradeKeys,
    tastytrade_keys,
)
from zerodte.feeds.tastytrade.chain import listings, streamer_symbol
from zerodte.feeds.vendor_key import VendorKey
from zerodte.market.osi import find_osi, parse_osi

WRONG = TastytradeKeys(VendorKey(SECRET), VendorKey(REFRESH[::-1]))
CHAIN: dict[str, Any] = {"data": {"items": []}}


class Host:
    """Answers as it is told, and counts what it is asked."""

    def __init__(self) -> None:
        self.lasting = 900
        self.token = "access"  # noqa: S105  of a test
        self.status, self.body = HTTPStatus.OK, json.dumps(CHAIN).encode()
        self.asked: Counter[str] = Counter()
        self.url = ""
        self.bodies: list[dict[str, Any]] = []
        self.agents: set[str] = set()


@contextlib.contextmanager
def hosting() -> Iterator[Host]:
    """A host that answers by script."""
    told = Host()

    class Handler(HttpRequestHandler):
        def do_POST(self) -> None:  # noqa: N802
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.bodies.append(json.loads(body))
            told.asked["login"] += 1
            answer = {
                "access_token": f"{told.token}-{told.asked['login']}",
                "expires_in": told.lasting,
            }
            self._send(HTTPStatus.OK, json.dumps(answer).encode())

        def do_GET(self) -> None:  # noqa: N802
            told.asked[self.headers["Authorization"]] += 1
            told.agents.add(self.headers["User-Agent"])
            self._send(told.status, told.body)

        def _send(self, status: HTTPStatus, body: bytes) -> None:
            self.answer(status, body, {"Content-Length": str(len(body))})

    listener = HttpListener("127.0.0.1", 0, Handler)
    thread = threading.Thread(target=listener.run)
    thread.start()
    told.url = "http://{}:{}".format(*listener.address)
    try:
        yield told
    finally:
        listener.stop()
        thread.join(10)


def test_an_access_token_is_used_until_shortly_before_its_end() -> None:
    with hosting() as host:
        account = TastytradeAccount(KEYS, host.url)
        account.chain("SPX")
        account.chain("SPX")
        assert host.asked == {"login": 1, "Bearer access-1": 2}
        host.lasting = 59  # less than the minute before which a token is renewed
        account.forget_tokens()
        account.chain("SPX")
        account.chain("SPX")
        assert host.asked["Bearer access-2"] == host.asked["Bearer access-3"] == 1
    assert host.bodies[0] == {
        "grant_type": "refresh_token",
        "client_secret": SECRET,
        "refresh_token": REFRESH,
    }
    (agent,) = host.agents
    name, _, version = agent.partition("/")
    assert name == "zerodte"
    assert version


def test_a_refused_token_is_renewed_once_and_then_final() -> None:
    with hosting() as host:
        account = TastytradeAccount(KEYS, host.url)
        host.status = HTTPStatus.UNAUTHORIZED
        host.body = json.dumps({"error": {"code": "x", "message": f"no {REFRESH}"}}).encode()
        with pytest.raises(FeedRefusalError, match="answered 401 Unauthorized") as raised:
            account.quote_token()
        assert host.asked["login"] == 2
    assert REFRESH not in str(raised.value)
    assert "no ..." in str(raised.value)


def test_a_token_that_would_end_a_header_is_refused() -> None:
    with hosting() as host:
        host.token = "private\r\nHost: elsewhere"  # noqa: S105  of a test
        with pytest.raises(FeedError, match="a garbled access token") as raised:
            TastytradeAccount(KEYS, host.url).chain("SPX")
    assert "private" not in str(raised.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "a chain that cannot be read"),
        (b'{"data": {"items": 5}}', "a chain that cannot be read"),
        (b"[" * 10_000, "a chain that cannot be read"),
    ],
)
def test_answers_that_are_no_chain(body: bytes, said: str) -> None:
    with hosting() as host:
        host.body = body
        with pytest.raises(FeedError, match=said):
            TastytradeAccount(KEYS, host.url).chain("SPX")


@pytest.mark.parametrize("url", ["ws://example.com/x", "http://127.0.0.1/x", "wss:///x", "ws://"])
def test_quotes_come_encrypted_or_from_this_machine(url: str) -> None:
    with hosting() as host:
        answer = {"data": {"token": "t", "dxlink-url": url, "level": "api"}}
        host.body = json.dumps(answer).encode()
        with pytest.raises(FeedError, match=r"expected: a websocket, wss|is no address"):
            TastytradeAccount(KEYS, host.url).quote_token()


@pytest.mark.parametrize("url", ["http://api.tastyworks.com", "ftp://127.0.0.1", "https://a@b/"])
def test_keys_go_to_no_other_address(url: str) -> None:
    with pytest.raises(FeedError, match="expected: one such as https://api"):
        TastytradeAccount(KEYS, url)


def test_a_host_that_is_not_there() -> None:
    with hosting() as host:
        pass
    with pytest.raises(FeedError, match="cannot be reached: Connection refused"):
        TastytradeAccount(KEYS, host.url).chain("SPX")


def test_wrong_keys_are_final_and_not_repeated_in_words() -> None:
    with serving(simulated(), 1.0) as host:
        with pytest.raises(FeedRefusalError, match="The grant is not valid") as raised:
            host.account(WRONG).quote_token()
        assert SECRET not in str(raised.value)
        account = host.account()
        token = account.quote_token()
        assert token.url.startswith("ws://127.0.0.1:")
        assert not token.is_delayed
        assert account.quote_token() is token
        account.forget_tokens()
        assert account.quote_token().token.reveal() != token.token.reveal()
        with pytest.raises(FeedError, match=r"answered 404 Not Found.*it has no such symbol"):
            account.chain("AMD")
    with serving(simulated(), 1.0, level="demo") as host:
        assert host.account().quote_token().is_delayed


def test_a_chain_has_every_contract_of_the_tape() -> None:
    tape = simulated()
    with serving(tape, 1.0) as host:
        chain = host.account().chain("NVDA")
    wanted = set(tape.symbols["OPRA.PILLAR"].values())
    assert {listing.raw for listing in chain} == wanted
    for listing in chain:
        assert parse_osi(listing.raw) == listing.contract
        assert listing.name == streamer_symbol(listing.contract)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("SPXW  261128C06800000", ".SPXW261128C6800"),
        ("SPY   261128P00590500", ".SPY261128P590.5"),
        ("XSP   261128C00000010", ".XSP261128C0.01"),
    ],
)
def test_names_of_contracts(raw: str, name: str) -> None:
    """Where the vendor leaves its own out they are built."""
    contract = find_osi(raw)
    assert contract is not None
    strike = {"strike-price": "1", "call": raw}
    answer = {"data": {"items": [{"expirations": [{"strikes": [strike]}]}]}}
    (listing,) = listings(json.dumps(answer).encode())
    assert (listing.raw, listing.name) == (raw, name)


def test_keys_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.setenv(CLIENT_SECRET, SECRET)
    monkeypatch.delenv(REFRESH_TOKEN, raising=False)
    with pytest.raises(FeedRefusalError, match="set TASTYTRADE_REFRESH_TOKEN, or write") as raised:
        tastytrade_keys()
    assert 'refresh_token = "..."' in str(raised.value)
    monkeypatch.setenv(REFRESH_TOKEN, REFRESH)
    assert tastytrade_keys().refresh_token.reveal() == REFRESH
    assert SECRET not in repr(tastytrade_keys())


def test_new_listings_are_looked_for_and_a_failure_is_said() -> None:
    strike = {"call": "SPXW  261128C06800000"}
    chain = {"data": {"items": [{"expirations": [{"strikes": [strike]}]}]}}
    with hosting() as host:
        host.body = json.dumps(chain).encode()
        watch = ChainWatch(TastytradeAccount(KEYS, host.url).chain, ["SPX"], 0.0)
        found: dict[str, list[OptionListing]] = {}

        def has_come() -> bool:
            found.update(watch.take())
            return bool(found)

        eventually(has_come)
        assert [listing.name for listing in found["SPX"]] == [".SPXW261128C6800"]
        assert not watch.problem
        host.status, host.body = HTTPStatus.BAD_GATEWAY, b"<html>"
        eventually(lambda: not watch.take() and "answered 502" in watch.problem)
        assert watch.problem.startswith("new contracts of SPX are not known: ")
