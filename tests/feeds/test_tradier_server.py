"""A tape in Tradier's words, held against the vendor's documented messages field by field."""

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from feeds.carried_content import TRADIER, content_of
from feeds.gateway import DATE, simulated
from feeds.test_tradier_account import DOCUMENTED_PUT, DOCUMENTED_SESSION, DOCUMENTED_STOCK
from feeds.test_tradier_protocol import (
    DOCUMENTED_ERROR,
    DOCUMENTED_QUOTE,
    DOCUMENTED_TIMESALE,
    DOCUMENTED_TRADE,
)
from feeds.tradier_host import TOKEN, TradierHost, serving
from zerodte.feeds.tradier.gateway import TradierGatewayState

#: A minute in two seconds.
SPEED = 30.0


def ask(
    host: TradierHost,
    path: str,
    query: dict[str, str] | None = None,
    *,
    form: dict[str, str] | None = None,
    token: str = TOKEN,
) -> Any:
    """The answer to a GET, or to a POST with a form."""
    url = f"{host.url}/v1/markets/{path}?{urllib.parse.urlencode(query or {})}"
    body = None if form is None else urllib.parse.urlencode(form).encode()
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    request = urllib.request.Request(url, body, headers)  # noqa: S310  of this machine
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return json.load(answer)


def stream_of(host: TradierHost) -> tuple[ClientConnection, str]:
    """A websocket, and the market session that it needs."""
    stream = ask(host, "events/session", form={})["stream"]
    url = f"ws{stream['url'].removeprefix('http')}"
    return connect(url, compression=None, proxy=None), stream["sessionid"]


def payloads(
    client: ClientConnection, session: str, kinds: int, **wishes: Any
) -> list[dict[str, Any]]:
    """The payloads of a subscription until some kinds have come, in whatever frames they do."""
    client.send(json.dumps({"sessionid": session, **wishes}))
    found: list[dict[str, Any]] = []
    while len({one["type"] for one in found}) < kinds:
        found += [json.loads(line) for line in str(client.recv(20)).splitlines()]
    return found


def shape(payload: dict[str, Any]) -> dict[str, type]:
    """The fields of a message and the kinds of their values, whatever is null."""
    return {name: type(value) for name, value in payload.items() if value is not None}


def raws(symbol: str = "NVDA") -> list[str]:
    return sorted(content_of(simulated(10, symbol), TRADIER).quoted)


@pytest.mark.drill
def test_payloads_have_the_documented_fields() -> None:
    names = [raw.replace(" ", "") for raw in raws()]
    with serving(simulated(), SPEED) as host:
        client, session = stream_of(host)
        with client:
            wishes = {"linebreak": True, "validOnly": False, "advancedDetails": True}
            found = payloads(client, session, 2, symbols=[*names, "NVDA"], **wishes)
    by_kind = {one["type"]: one for one in found}
    assert by_kind.keys() == {"quote", "timesale"}
    assert list(by_kind["quote"]) == list(json.loads(DOCUMENTED_QUOTE))
    assert shape(by_kind["quote"]) == shape(json.loads(DOCUMENTED_QUOTE))
    assert list(by_kind["timesale"]) == list(json.loads(DOCUMENTED_TIMESALE))
    assert shape(by_kind["timesale"]) == shape(json.loads(DOCUMENTED_TIMESALE))


def test_an_index_is_sent_as_trades() -> None:
    with serving(simulated(2, "SPX"), SPEED) as host:
        client, session = stream_of(host)
        with client:
            client.send(json.dumps({"symbols": ["SPX"], "sessionid": session, "filter": ["trade"]}))
            found = json.loads(client.recv(20))
    assert list(found) == list(json.loads(DOCUMENTED_TRADE))
    assert shape(found) == shape(json.loads(DOCUMENTED_TRADE))


@pytest.mark.drill
def test_wishes_are_obeyed() -> None:
    names = [raw.replace(" ", "") for raw in raws()]
    with serving(simulated(), SPEED) as host:
        client, session = stream_of(host)
        with client:
            first = payloads(client, session, 1, symbols=names, filter=["timesale"])
            client.send(json.dumps({"symbols": ["NVDA"], "sessionid": session}))
            while (last := json.loads(client.recv(20)))["symbol"] != "NVDA":
                continue
    assert {one["type"] for one in first} == {"timesale"}
    details = {"seq", "flag", "cancel", "correction", "session"}
    assert not details & first[0].keys(), "they come with advancedDetails alone"
    assert last["type"] == "quote", "a list replaces the one before"


def test_errors_are_those_of_the_documentation() -> None:
    with serving(simulated(), 1.0) as host:
        client, session = stream_of(host)
        with client:
            client.send(json.dumps({"symbols": ["SPY"], "sessionid": "9D1C7018CFEB"}))
            assert json.loads(client.recv(20)) == {"error": "session not found"}
            client.send(json.dumps({"symbols": ["1234"], "sessionid": session}))
            assert json.loads(client.recv(20)) == json.loads(DOCUMENTED_ERROR)
            with pytest.raises(urllib.error.HTTPError, match="400") as busy:
                ask(host, "events/session", form={})
            assert busy.value.read() == b"too many sessions requested"
        with pytest.raises(urllib.error.HTTPError, match="401") as wrong:
            ask(host, "quotes", {"symbols": "NVDA"}, token=TOKEN[::-1])
        assert wrong.value.read() == b"Invalid Access Token"


@pytest.mark.drill
def test_answers_have_the_documented_fields() -> None:
    tape = simulated()
    name = raws()[0].replace(" ", "")
    with serving(tape, 1.0, late=120.0) as host:
        session = ask(host, "events/session", form={})
        quotes = ask(host, "quotes", form={"symbols": f"NVDA,{name},NOPE", "greeks": "false"})
        one = ask(host, "quotes", {"symbols": "NVDA"})
        days = ask(host, "options/expirations", {"symbol": "NVDA", "includeAllRoots": "true"})
        query = {"symbol": "NVDA", "expiration": DATE.isoformat(), "greeks": "false"}
        chain = ask(host, "options/chains", query)
        nothing = ask(host, "options/chains", query | {"symbol": "NOPE"})
    assert session["stream"].keys() - {"clock"} == DOCUMENTED_SESSION["stream"].keys()
    stock, option = quotes["quotes"]["quote"]
    assert stock.keys() == DOCUMENTED_STOCK.keys()
    assert option.keys() == DOCUMENTED_PUT.keys() - {"greeks"}
    assert quotes["quotes"]["unmatched_symbols"] == {"symbol": "NOPE"}
    assert one["quotes"]["quote"]["symbol"] == "NVDA", "one entry is no array"
    assert DATE.isoformat() in days["expirations"]["date"]
    entries = chain["options"]["option"]
    assert entries[0].keys() == DOCUMENTED_PUT.keys() - {"greeks"}
    documented = shape({k: v for k, v in DOCUMENTED_PUT.items() if k != "greeks"})
    assert shape(option).items() <= (documented | shape(DOCUMENTED_STOCK)).items() | {
        ("last", float)
    }
    figures = {key[0].replace(" ", ""): key[2] for key in content_of(tape, TRADIER).interest}
    assert {one["symbol"]: one["open_interest"] for one in entries}.items() <= figures.items()
    assert nothing == {"options": None}


def test_no_second_stream_begins_beside_one() -> None:
    """Even with a market session of before it."""
    state = TradierGatewayState()
    first, second = state.new_session(0), state.new_session(0)
    assert state.use(first)
    assert not state.use(second)
    state.leave()
    assert state.use(second)
