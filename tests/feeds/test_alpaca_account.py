"""Alpaca's REST interface: pages, open interest and its dates, and what refusals mean."""

import contextlib
import datetime
import json
import threading
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest

from feeds.alpaca_host import KEY, KEYS, SECRET
from zerodte.feeds.alpaca.account import (
    KEY_ID,
    SECRET_KEY,
    AlpacaAccount,
    AlpacaKeys,
    alpaca_keys,
)
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.followed_contracts import FollowedContracts
from zerodte.feeds.http_listener import HttpListener, HttpRequestHandler
from zerodte.feeds.patience import VendorBusyError
from zerodte.feeds.recorded import RecordedContracts
from zerodte.feeds.universe import parity
from zerodte.feeds.vendor_key import VendorKey
from zerodte.market.osi import parse_osi

DATE = datetime.date(2026, 11, 27)
#: As the vendor documents it, with fields that are not read.
CONTRACT = {
    "id": "98359ef7-5124-49f3-85ea-5cf02df6defa",
    "symbol": "SPXW261127C06800000",
    "status": "active",
    "expiration_date": "2026-11-27",
    "strike_price": "6800",
    "open_interest": "237",
    "open_interest_date": "2026-11-25",
    "close_price": "148.38",
}


class Host:
    """Answers by path and page, and notes what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.status = HTTPStatus.OK
        self.pages: list[Any] = []
        self.headers: dict[str, str] = {}
        self.asked: list[dict[str, str]] = []
        self.keys: list[tuple[str, str]] = []


@contextlib.contextmanager
def hosting() -> Iterator[Host]:
    told = Host()

    class Handler(HttpRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            told.asked.append({"path": parts.path, **query})
            told.keys.append((self.headers["APCA-API-KEY-ID"], self.headers["APCA-API-SECRET-KEY"]))
            body = json.dumps(told.pages[int(query.get("page_token", 0))]).encode()
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


def test_contracts_come_page_by_page() -> None:
    other = CONTRACT | {"symbol": "SPXW261127P06800000", "open_interest": None, "close_price": "x"}
    with hosting() as host:
        host.pages = [
            {"option_contracts": [CONTRACT, {"symbol": "nonsense"}], "next_page_token": "1"},
            {"option_contracts": [other], "next_page_token": None},
        ]
        chain = AlpacaAccount(KEYS, host.url).chain("SPX", DATE)
    call, put = "SPXW  261127C06800000", "SPXW  261127P06800000"
    assert [one.raw for one in chain.listings] == [call, put]
    assert [one.name for one in chain.listings] == [call.replace(" ", ""), put.replace(" ", "")]
    assert (chain.interest[call].day, chain.interest[call].figure) == (
        datetime.date(2026, 11, 25),
        237,
    )
    assert put not in chain.interest, "no figure is unknown, not 0"
    assert chain.closes[call] == 148.38
    assert host.keys == [(KEY, SECRET)] * 2
    assert host.asked[0]["path"] == "/v2/options/contracts"
    assert host.asked[0]["underlying_symbols"] == "SPX"
    assert host.asked[0]["expiration_date_gte"] == "2026-11-27"
    assert host.asked[1]["page_token"] == "1"  # noqa: S105  of a page


def test_last_quotes() -> None:
    sides = {"bp": 1.05, "bs": 3, "ap": 1.1, "as": 4, "t": "2026-11-27T14:30:00.000000007Z"}
    snapshots = {"SPXW261127C06800000": {"latestQuote": sides}, "SPXW261127P06800000": {}}
    with hosting() as host:
        host.pages = [{"snapshots": snapshots, "next_page_token": None}]
        (found,) = AlpacaAccount(KEYS, host.url).quotes("SPX", DATE, 6_700.0, 6_900.0)
    assert (found.name, found.at % 10**9) == ("SPXW261127C06800000", 7)
    assert (found.bid, found.bid_size, found.ask, found.ask_size) == (1.05, 3, 1.1, 4)
    assert host.asked == [
        {
            "path": "/v1beta1/options/snapshots/SPX",
            "feed": "opra",
            "expiration_date": "2026-11-27",
            "limit": "1000",
            "strike_price_gte": "6700",
            "strike_price_lte": "6900",
        }
    ]


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (401, FeedRefusalError, "answered 401 Unauthorized to /v2/options/contracts: no ... here"),
        (403, FeedRefusalError, "need the plan Algo Trader Plus"),
        (429, VendorBusyError, "answered 429 Too Many Requests"),
        (500, FeedError, "answered 500 Internal Server Error"),
    ],
)
def test_refusals(status: int, kind: type[FeedError], said: str) -> None:
    with hosting() as host:
        host.status, host.pages = HTTPStatus(status), [{"message": f"no {SECRET} here"}]
        host.headers = {"Retry-After": "7"}
        with pytest.raises(kind, match=said) as raised:
            AlpacaAccount(KEYS, host.url).chain("SPX", DATE)
    assert SECRET not in str(raised.value)
    if isinstance(raised.value, VendorBusyError):
        assert raised.value.wait == 7.0


def test_pages_without_end() -> None:
    with hosting() as host:
        host.pages = [{"option_contracts": [], "next_page_token": "0"}]
        with pytest.raises(FeedError, match="has no end of the contracts of SPX"):
            AlpacaAccount(KEYS, host.url).chain("SPX", DATE)


def test_keys_tell_the_host() -> None:
    paper = AlpacaAccount(AlpacaKeys(VendorKey("PK0123456789ABCDEF01"), KEYS.secret_key))
    assert paper.hosts.trading == "https://paper-api.alpaca.markets"
    assert AlpacaAccount(KEYS).hosts.trading == "https://api.alpaca.markets"
    assert AlpacaAccount(KEYS).stream_url == "wss://stream.data.alpaca.markets/v1beta1/opra"
    with pytest.raises(FeedError, match="is no address"):
        AlpacaAccount(KEYS, "http://example.com")


def test_keys_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.setenv(KEY_ID, KEY)
    monkeypatch.delenv(SECRET_KEY, raising=False)
    with pytest.raises(FeedRefusalError, match="set APCA_API_SECRET_KEY, or write") as raised:
        alpaca_keys()
    assert 'secret_key = "..."' in str(raised.value)
    monkeypatch.setenv(SECRET_KEY, SECRET)
    assert alpaca_keys().secret_key.reveal() == SECRET
    assert SECRET not in repr(alpaca_keys())


def test_a_limit_takes_the_nearest_expiry_first_and_of_it_the_nearest_strikes() -> None:
    days = ("2026-11-27", "2026-11-30", "2026-12-01", "2026-12-04")
    listed = [
        CONTRACT | {"symbol": f"SPXW{day[2:4]}{day[5:7]}{day[8:]}{right}{strike * 1000:08}"}
        for day in days
        for strike in range(6_700, 6_905, 5)
        for right in "CP"
    ]
    with hosting() as host:
        host.pages = [{"option_contracts": listed, "next_page_token": None}]
        chain = AlpacaAccount(KEYS, host.url).chain("SPX", DATE)
    found = FollowedContracts(["SPX"], DATE, RecordedContracts({}, ()), 100)
    found.add("SPX", chain.listings)
    nothing = np.full(1, np.nan)
    names = found.follow(nothing, {"SPX": 6_801.0})
    contracts = [parse_osi(name) for name in names]
    assert len(names) == 100
    assert sum(one.expiry == DATE for one in contracts) == 82, "all of the first expiry"
    rest = [one for one in contracts if one.expiry != DATE]
    assert {one.expiry for one in rest} == {datetime.date(2026, 11, 30)}
    assert {one.strike for one in rest} == set(np.arange(6_780.0, 6_825.0, 5.0).tolist())
    assert found.beyond == {"SPX": 4 * 82 - 100}
    assert found.follow(nothing, {"SPX": 6_801.0}) == []


def test_parity_is_where_calls_and_puts_agree() -> None:
    symbols = ("SPY261127C00590000", "SPY261127P00590000", "SPY261127C00595000")
    contracts = [parse_osi(one) for one in (*symbols, "SPY261130C00500000", "SPY261130P00500000")]
    mids = np.array([3.1, 1.9, 0.5, 200.0, 1.0])
    assert parity(contracts, mids) == pytest.approx(591.2)
    assert np.isnan(parity(contracts, np.full(5, np.nan)))
