"""A tape's events as a client of the terminal sees them, held against the vendor's samples."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection

from feeds.gateway import DATE, simulated
from feeds.test_theta_events import BAR, QUOTE, RESPONSE, STATUS, SUBSCRIBE, TRADE, VALUE
from feeds.theta_host import ThetaHost, serving
from zerodte.feeds.thetadata.client import ThetaQuery
from zerodte.feeds.thetadata.event_gateway import TerminalEventState
from zerodte.feeds.thetadata.event_session import ThetaEventSession
from zerodte.feeds.thetadata.events import EventContract, TerminalState
from zerodte.feeds.websocket_listener import WebsocketListener
from zerodte.market.osi import parse_osi

Message = dict[str, Any]
BULK = {"msg_type": "STREAM_BULK", "sec_type": "OPTION", "req_type": "TRADE", "add": True, "id": 7}


class Client:
    """A client of the websocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def ask(self, request: Message) -> Message:
        """The answer to a request."""
        self._socket.send(json.dumps(request))
        number = request.get("id")
        return self.first(lambda one: one["header"].get("req_id") == number)

    def stop(self) -> None:
        """End all streams."""
        self._socket.send('{"msg_type":"STOP"}')

    def first(self, is_wanted: Callable[[Message], bool]) -> Message:
        """The first message that is wanted."""
        return next(one for one in self.messages() if is_wanted(one))

    def messages(self) -> Iterator[Message]:
        """Messages, as they come."""
        while True:
            yield json.loads(self._socket.recv(30))


@contextlib.contextmanager
def client_of(host: ThetaHost) -> Iterator[Client]:
    port = host.terminal.events.address[1]
    assert port == host.terminal.address[1] + 17
    with connect(f"ws://127.0.0.1:{port}/v1/events", proxy=None) as socket:
        yield Client(socket)


def shape(message: Message | str) -> dict[str, Any]:
    """The names of a message's fields, as they are nested."""
    found = json.loads(message) if isinstance(message, str) else message
    return {name: sorted(one) if isinstance(one, dict) else None for name, one in found.items()}


def kind(message: Message) -> str:
    return str(message["header"]["type"])


def contract_of(raw: str) -> Message:
    found = parse_osi(raw)
    expiration, strike = int(f"{found.expiry:%Y%m%d}"), round(found.strike * 1000)
    told = {"root": found.root, "expiration": expiration, "strike": strike}
    return told | {"right": found.right}


def busiest(symbol: str = "NVDA") -> str:
    """A contract that trades often."""
    tape = simulated(4, symbol)
    counts: dict[str, int] = {}
    for tick in tape.ticks():
        for batch in tick.trades:
            for number in batch.records["instrument_id"].tolist():
                raw = tape.symbols[batch.dataset][number]
                counts[raw] = counts.get(raw, 0) + 1
    return max(counts, key=lambda raw: counts[raw])


@pytest.mark.drill
def test_messages_have_the_fields_of_the_vendors_samples() -> None:
    tape = simulated(4, "SPX")
    contract = contract_of(busiest("SPX"))
    asked = SUBSCRIBE | {"contract": contract}
    with serving(tape, 20.0) as host, client_of(host) as client:
        first = client.first(lambda one: kind(one) == "STATUS")
        assert first["header"]["status"] == "DISCONNECTED", "it connects with the first request"
        answer = client.ask(asked)
        assert shape(answer) == shape(RESPONSE)
        assert answer["header"] == json.loads(RESPONSE)["header"]
        assert client.ask(asked | {"req_type": "TRADE", "id": 1})["header"]["req_id"] == 1
        index = {"sec_type": "INDEX", "req_type": "TRADE", "id": 2, "contract": {"root": "SPX"}}
        assert client.ask(asked | index)["header"]["response"] == "SUBSCRIBED"
        found: dict[tuple[str, str], Message] = {}
        while len(found) < 6:
            one = client.first(lambda _: True)
            found[kind(one), one.get("contract", {}).get("security_type", "")] = one
    samples = {
        ("STATUS", ""): STATUS,
        ("QUOTE", "OPTION"): QUOTE,
        ("TRADE", "OPTION"): TRADE,
        ("TRADE", "INDEX"): VALUE,
        ("OHLC", "INDEX"): BAR,
    }
    for key, sample in samples.items():
        assert shape(found[key]) == shape(sample)
        assert found[key]["header"]["status"] == "CONNECTED"
    assert found["QUOTE", "OPTION"]["contract"] == {"security_type": "OPTION", **contract}
    assert found["TRADE", "OPTION"]["trade"]["date"] == int(f"{DATE:%Y%m%d}")


@pytest.mark.drill
def test_the_full_trade_stream_has_a_quote_and_a_bar_before_each_trade() -> None:
    with serving(simulated(4), 20.0) as host, client_of(host) as client:
        assert client.ask(BULK)["header"]["response"] == "SUBSCRIBED"
        data = (one for one in client.messages() if "contract" in one)
        seen = [next(data) for _ in range(3_000)]
    quotes_after: dict[str, int] = {}
    trades = 0
    for place, one in enumerate(seen):
        name = json.dumps(one["contract"])
        if kind(one) == "TRADE":
            before = seen[place - 2 : place]
            assert [kind(other) for other in before] == ["QUOTE", "OHLC"]
            assert all(other["contract"] == one["contract"] for other in before)
            quotes_after[name] = 0
            trades += 1
        elif kind(one) == "QUOTE" and seen[place + 1 : place + 2]:
            is_before = kind(seen[place + 1]) == "OHLC"
            if not is_before:
                quotes_after[name] = quotes_after.get(name, 2) + 1
                assert quotes_after[name] <= 2, "the next two quotes of a contract, no more"
    assert trades > 100
    assert any(quotes_after.values())


@pytest.mark.parametrize(
    ("state", "request_of", "said"),
    [
        (TerminalEventState(has_bulk=False), BULK, "INVALID_PERMS"),
        (TerminalEventState(has_options=False), SUBSCRIBE, "INVALID_PERMS"),
        (TerminalEventState(most=0), SUBSCRIBE, "MAX_STREAMS_REACHED"),
        (TerminalEventState(), SUBSCRIBE, "SUBSCRIBED"),
        (TerminalEventState(), {**SUBSCRIBE, "contract": None}, "ERROR"),
        (TerminalEventState(state=TerminalState.UNVERIFIED), SUBSCRIBE, "ERROR"),
    ],
)
def test_answers(state: TerminalEventState, request_of: Message, said: str) -> None:
    """A contract that does not exist is subscribed to all the same."""
    with serving(simulated(4), 1.0, state=state) as host, client_of(host) as client:
        assert client.ask(request_of)["header"]["response"] == said


@pytest.mark.drill
def test_streams_end() -> None:
    contract = contract_of(busiest())
    asked = {**SUBSCRIBE, "req_type": "TRADE", "contract": contract}
    with serving(simulated(4), 20.0) as host, client_of(host) as client:
        client.ask(asked)
        client.first(lambda one: kind(one) == "TRADE")
        client.ask({**asked, "add": False, "id": 1})
        client.ask({**SUBSCRIBE, "contract": contract, "id": 2})
        later = [client.first(lambda one: "contract" in one) for _ in range(20)]
        assert {kind(one) for one in later} == {"QUOTE"}
        client.ask({**asked, "id": 3})
        client.first(lambda one: kind(one) == "TRADE")
        client.stop()
        client.ask({**SUBSCRIBE, "id": 4})
        statuses = [client.first(lambda _: True) for _ in range(20)]
        assert {kind(one) for one in statuses} == {"STATUS"}


def test_last_quotes_are_of_the_clock() -> None:
    tape = simulated(4)
    first = min(parse_osi(raw).expiry for raw in tape.symbols["OPRA.PILLAR"].values())
    with serving(tape, 0.01, late=100.0) as host:
        table = host.client().table(ThetaQuery("cmbp-1", "NVDA", DATE, first))
    assert table.count > 50
    begin = tape.session.open
    assert begin < table.integers("timestamp").max() <= begin + 100 * 10**9


def test_answers_in_any_order() -> None:
    """Nothing says that the answers to many requests come in the order of these."""
    first, second = (
        EventContract("SPXW", "", 20240315, strike, "C") for strike in (4_800_000, 4_805_000)
    )

    def talk(client: ServerConnection) -> None:
        client.send(STATUS)
        asked: list[int] = []
        while len(asked) < 4:
            request = json.loads(client.recv(10))
            asked += [request["id"]] if request["msg_type"] == "STREAM" else []
        header = json.loads(RESPONSE)["header"]
        for number in reversed(asked):
            response = "ERROR" if number == asked[-1] else "SUBSCRIBED"
            client.send(json.dumps({"header": header | {"req_id": number, "response": response}}))
        client.recv(10)

    listener = WebsocketListener("127.0.0.1", 0, talk, largest=1 << 20)
    thread = threading.Thread(target=listener.run)
    thread.start()
    try:
        url = f"http://127.0.0.1:{listener.address[1] - 17}"
        session = ThetaEventSession(url, is_loopback=True, first_id=40)
        with contextlib.closing(session):
            session.subscribe([first, second])
            assert session.failed == {second.name}
            assert session.next_id == 44
    finally:
        listener.stop()
        thread.join(10)
