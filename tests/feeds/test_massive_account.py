"""Massive's REST interface: pages, open interest and its dates, and what refusals mean."""

import contextlib
import datetime
import email.utils
import json
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from feeds.massive_host import KEY
from zerodte.cli.doctor.feed_session import examine_offset
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.http_listener import HttpListener, HttpRequestHandler
from zerodte.feeds.massive.account import MASSIVE_KEY, POLYGON_KEY, MassiveAccount, massive_key
from zerodte.feeds.patience import VendorBusyError
from zerodte.feeds.vendor_key import VendorKey

DATE = datetime.date(2026, 11, 27)
CALL, PUT = "SPXW  261127C06800000", "SPXW  261127P06800000"
CONTRACTS, INTEREST = "/v3/reference/options/contracts", "/options/v1/open-interest"


class Host:
    """Answers by path and page, and notes what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.status = HTTPStatus.OK
        self.pages: dict[str, list[Any]] = {}
        self.headers: dict[str, str] = {}
        self.asked: list[dict[str, str]] = []
        self.keys: list[str] = []


@contextlib.contextmanager
def hosting() -> Iterator[Host]:
    told = Host()

    class Handler(HttpRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            told.asked.append({"path": parts.path, **query})
            told.keys.append(self.headers["Authorization"])
            body = json.dumps(told.pages[parts.path][int(query.get("cursor", 0))]).encode()
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


def account(host: Host) -> MassiveAccount:
    return MassiveAccount(VendorKey(KEY), host.url)


def contract(raw: str) -> dict[str, Any]:
    """As the vendor documents it, with fields that are not read."""
    return {
        "cfi": "OCASPS",
        "contract_type": "call",
        "expiration_date": "2026-11-27",
        "shares_per_contract": 100,
        "ticker": f"O:{raw.replace(' ', '')}",
        "underlying_ticker": "SPX",
    }


def test_contracts_come_page_by_page_and_the_key_stays_with_its_host() -> None:
    with hosting() as host:
        # The address of the next page is another host's: its path alone is taken.
        host.pages[CONTRACTS] = [
            {
                "results": [contract(CALL), {"ticker": "O:nonsense"}],
                "next_url": f"https://elsewhere.example{CONTRACTS}?cursor=1",
            },
            {"results": [contract(PUT)]},
        ]
        rows = [
            {"ticker": f"O:{CALL.replace(' ', '')}", "date": "2026-11-24", "open_interest": 5},
            {"ticker": f"O:{CALL.replace(' ', '')}", "date": "2026-11-25", "open_interest": 237},
            {"ticker": f"O:{PUT.replace(' ', '')}", "date": "nonsense", "open_interest": 1},
        ]
        host.pages[INTEREST] = [{"results": rows}]
        chain = account(host).chain("SPX", DATE)
    assert [one.raw for one in chain.listings] == [CALL, PUT]
    assert [one.name for one in chain.listings] == [
        f"O:{CALL.replace(' ', '')}",
        f"O:{PUT.replace(' ', '')}",
    ]
    newest = chain.interest[CALL]
    assert (newest.day, newest.figure) == (datetime.date(2026, 11, 25), 237)
    assert PUT not in chain.interest, "no figure is unknown, not 0"
    assert host.keys == [f"Bearer {KEY}"] * 3
    first, second, interest = host.asked
    assert first["underlying_ticker"] == "SPX"
    assert first["expiration_date.gte"] == "2026-11-27"
    assert second["cursor"] == "1"
    assert interest == {
        "path": INTEREST,
        "ticker.gte": "O:SPXW261127C",
        "ticker.lt": "O:SPXW261127Q",
        # The two sessions before; 26 November 2026 is a holiday.
        "date.gte": "2026-11-24",
        "limit": "1000",
    }


def test_last_quotes() -> None:
    quote = {
        "bid": 1.05,
        "bid_size": 3,
        "ask": 1.1,
        "ask_size": 4,
        "last_updated": 1_795_791_600_123_456_789,
        "timeframe": "DELAYED",
    }
    row = {
        "details": {"ticker": "O:SPXW261127C06800000"},
        "last_quote": quote,
        "day": {"close": 1.2},
        "underlying_asset": {"ticker": "I:SPX", "value": 6_801.5},
    }
    bare = {"details": {"ticker": "O:SPXW261127P06800000"}}
    with hosting() as host:
        host.pages["/v3/snapshot/options/I:SPX"] = [{"results": [row, bare]}]
        host.pages["/v3/snapshot/options/SPY"] = [{"results": []}]
        found = account(host).snapshot("SPX", DATE, 6_700.0, 6_900.0)
        assert account(host).snapshot("SPY", DATE).quotes == []
    (one,) = found.quotes
    # To the millisecond, as the stream has it.
    assert (one.name, one.at) == ("O:SPXW261127C06800000", 1_795_791_600_123_000_000)
    assert (one.bid, one.bid_size, one.ask, one.ask_size) == (1.05, 3, 1.1, 4)
    assert (found.spot, found.is_delayed) == (6_801.5, True)
    assert found.closes == {"O:SPXW261127C06800000": 1.2}
    assert host.asked[0] == {
        "path": "/v3/snapshot/options/I:SPX",
        "expiration_date": "2026-11-27",
        "limit": "250",
        "strike_price.gte": "6700",
        "strike_price.lte": "6900",
    }


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (401, FeedRefusalError, f"answered 401 Unauthorized to {CONTRACTS}: no ... here; check"),
        (403, FeedRefusalError, "need the plan Options Advanced"),
        (429, VendorBusyError, "answered 429 Too Many Requests"),
        (500, FeedError, "answered 500 Internal Server Error"),
    ],
)
def test_refusals(status: int, kind: type[FeedError], said: str) -> None:
    with hosting() as host:
        host.status = HTTPStatus(status)
        host.pages[CONTRACTS] = [{"status": "ERROR", "error": f"no {KEY} here"}]
        host.headers = {"Retry-After": "7"}
        with pytest.raises(kind, match=said) as raised:
            account(host).chain("SPX", DATE)
    assert KEY not in str(raised.value)
    if isinstance(raised.value, VendorBusyError):
        assert raised.value.wait == 7.0


def test_pages_without_end() -> None:
    with hosting() as host:
        host.pages[CONTRACTS] = [{"results": [], "next_url": f"{CONTRACTS}?cursor=0"}]
        with pytest.raises(FeedError, match=f"has no end of the pages of {CONTRACTS}"):
            account(host).chain("SPX", DATE)


def test_a_clock_that_the_host_does_not_tell_is_not_called_right() -> None:
    with hosting() as host:
        host.pages["/v3/snapshot/options/SPY"] = [{"results": []}]
        asking = account(host)
        asking.snapshot("SPY", DATE)
        found = examine_offset(asking.offset)
        assert (found.state, found.found) == ("warning", "unknown: the host does not tell its time")
        for ahead, state in ((0.0, "ok"), (60.0, "warning")):
            host.headers["Date"] = email.utils.formatdate(time.time() + ahead, usegmt=True)
            asking.snapshot("SPY", DATE)
            assert examine_offset(asking.offset).state == state


def test_addresses() -> None:
    key = VendorKey(KEY)
    assert MassiveAccount(key).stream_url("options") == "wss://socket.massive.com/options"
    own = MassiveAccount(key, "http://127.0.0.1:8")
    assert own.stream_url("indices") == "ws://127.0.0.1:8/indices"
    with pytest.raises(FeedError, match="is no address"):
        MassiveAccount(key, "http://example.com")


def test_the_key_from_the_environment_or_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(MASSIVE_KEY, raising=False)
    monkeypatch.delenv(POLYGON_KEY, raising=False)
    with pytest.raises(FeedRefusalError, match="no key for massive; set MASSIVE_API_KEY, or"):
        massive_key()
    file = tmp_path / ".config" / "zerodte" / "feeds.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'[massive]\napi_key = "{KEY[::-1]}"\n')
    file.chmod(0o600)
    assert massive_key().reveal() == KEY[::-1]
    monkeypatch.setenv(POLYGON_KEY, KEY[1:])
    assert massive_key().reveal() == KEY[1:]
    monkeypatch.setenv(MASSIVE_KEY, KEY)
    assert massive_key().reveal() == KEY
    assert KEY not in repr(massive_key())
