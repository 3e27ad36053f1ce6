"""A session with Massive's statuses word for word: what each one means."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from feeds.massive_host import KEY
from runtime.feeds_on_ports import eventually
from zerodte.feeds.contract_records import MessageBlock
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.massive.account import MassiveAccount
from zerodte.feeds.massive.protocol import MassiveMessage
from zerodte.feeds.massive.session import MassiveLimitError, MassiveSession
from zerodte.feeds.massive.values import MassiveValues
from zerodte.feeds.patience import VendorBusyError
from zerodte.feeds.vendor_key import VendorKey

Message = dict[str, Any]
CONNECTED = {"ev": "status", "status": "connected", "message": "Connected Successfully"}
AUTHENTICATED = {"ev": "status", "status": "auth_success", "message": "authenticated"}
TOO_MANY = {
    "ev": "status",
    "status": "max_connections",
    "message": "Maximum number of websocket connections exceeded. You may only use 1 connections "
    "at a time.",
}
TRADE = {"ev": "T", "sym": "O:SPXW261127C06800000", "x": 302, "p": 1.5, "s": 2, "c": [209]}
VALUE = {"ev": "V", "val": 6_801.25, "T": "I:SPX", "t": 1_795_791_600_123}
LISTENED = {"ev": "status", "status": "success", "message": "subscribed to: V.I:SPX"}
#: After all times of receipt, UTC ns.
EVER = 1 << 62
SUBSCRIBED = {"ev": "status", "status": "success", "message": "subscribed to: T.*"}


@contextlib.contextmanager
def answering(
    *answers: list[Message], close: int = 0, gate: threading.Event | None = None
) -> Iterator[tuple[MassiveAccount, list[Any]]]:
    """A host that greets, and answers each message of a client's with the next frame.

    After the last one it closes with a code, unless that is 0. What it was sent is noted; the first
    answer waits for the gate.
    """
    told: list[Any] = []

    def talk(client: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            client.send(json.dumps([CONNECTED]))
            for answer in answers:
                told.append(json.loads(client.recv()))
                if gate is not None:
                    gate.wait(30.0)
                client.send(json.dumps(answer))
            if close:
                client.close(close, "")
            while True:
                told.append(json.loads(client.recv()))

    with serve(talk, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        host, port = server.socket.getsockname()[:2]
        try:
            yield MassiveAccount(VendorKey(KEY), f"http://{host}:{port}"), told
        finally:
            server.shutdown()
            thread.join(10)


def status(name: str, text: str) -> list[Message]:
    return [{"ev": "status", "status": name, "message": text}]


def taken(session: MassiveSession) -> list[float | None]:
    """The prices of the trades that came."""
    return [one.price for block in session.take(5.0) for one in block.messages]


def test_a_session_authorizes_and_subscribes_in_the_vendors_words() -> None:
    quotes = [f"Q.O:{number}" for number in range(2)]
    confirmed = [
        {"ev": "status", "status": "success", "message": f"subscribed to: {one}"} for one in quotes
    ]
    with answering([AUTHENTICATED], [TRADE, SUBSCRIBED], confirmed) as (account, told):
        session = MassiveSession(account)
        with contextlib.closing(session):
            session.subscribe_trades()
            session.subscribe_quotes(["O:0", "O:1"])
            # Data that comes before a confirmation is not lost.
            assert taken(session) == [1.5]
            assert session.clock.speed == 1.0
    assert told == [
        {"action": "auth", "params": KEY},
        {"action": "subscribe", "params": "T.*"},
        {"action": "subscribe", "params": "Q.O:0,Q.O:1"},
    ]


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (status("auth_failed", "authentication failed"), FeedRefusalError, "; check the key"),
        ([TOO_MANY], VendorBusyError, "one program at a time may listen with an account"),
        (status("auth_timeout", "no auth in time"), FeedError, "it says auth_timeout: no auth in"),
        (status("error", "some trouble"), FeedError, "it says error: some trouble"),
    ],
)
def test_who_is_not_let_in_is_told_why(
    answer: list[Message], kind: type[FeedError], said: str
) -> None:
    with answering(answer) as (account, _), pytest.raises(kind, match=said) as raised:
        MassiveSession(account)
    assert type(raised.value) is kind
    assert KEY not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("not authorized", FeedRefusalError, "need the plan Options Advanced"),
        ("You are NOT AUTHORIZED for this", FeedRefusalError, "need the plan Options Advanced"),
        ("too many", MassiveLimitError, "it says error: too many"),
    ],
)
def test_a_subscription_that_is_refused(text: str, kind: type[FeedError], said: str) -> None:
    with answering([AUTHENTICATED], status("error", text)) as (account, _):
        session = MassiveSession(account)
        with contextlib.closing(session), pytest.raises(kind, match=said):
            session.subscribe_quotes(["O:0"])


def listen(session: MassiveSession) -> None:
    """Subscribe, and read until it ends."""
    session.subscribe_trades()
    read_on(session)


def read_on(session: MassiveSession) -> None:
    """Read until it ends."""
    while True:
        session.take(5.0)


@pytest.mark.parametrize(
    ("last", "close", "kind", "said"),
    [
        ([TOO_MANY], 1008, FeedRefusalError, "another program has connected with this account"),
        (status("force_disconnect", "bye"), 1000, FeedError, "it says force_disconnect: bye"),
        ([TRADE], 1000, FeedError, "it closed the connection: 1000"),
        ([TRADE], 1011, FeedError, "it closed the connection: 1011"),
    ],
)
def test_how_a_session_ends(
    last: list[Message], close: int, kind: type[FeedError], said: str
) -> None:
    answers = ([AUTHENTICATED], [SUBSCRIBED, *last])
    with answering(*answers, close=close) as (account, _):
        session = MassiveSession(account)
        with contextlib.closing(session), pytest.raises(kind, match=said) as raised:
            listen(session)
    assert type(raised.value) is kind


def test_who_reads_too_slowly_is_told_and_knows_what_is_lost() -> None:
    slow = status("slow_consumer", "you read too slowly")
    with answering([AUTHENTICATED], [SUBSCRIBED, TRADE, *slow], close=1008) as (account, _):
        session = MassiveSession(account)
        with contextlib.closing(session):
            session.subscribe_trades()
            assert taken(session) == [1.5]
            (loss,) = session.lost
            assert loss.reason == "the vendor skipped records: you read too slowly"
            assert loss.since <= loss.until
            ended = "it says slow_consumer: you read too slowly; it closed the connection: 1008"
            with pytest.raises(FeedError, match=ended):
                read_on(session)


def test_values_wait_until_the_clock_has_passed_them() -> None:
    with answering([AUTHENTICATED], [LISTENED, VALUE, VALUE]) as (account, _):
        values = MassiveValues(account, {"SPX": 1})
        with contextlib.closing(values):
            values.open()
            begin = time.time_ns()
            assert not values.take(begin)
            found: list[MessageBlock[MassiveMessage]] = []

            def has_come() -> bool:
                assert not values.take(begin)
                found.extend(values.take(time.time_ns()))
                return bool(found)

            eventually(has_come)
    (block,) = found
    assert [one.value for one in block.messages] == [6_801.25, 6_801.25]
    assert block.received[0] > begin


def test_a_connection_of_values_that_is_under_way_is_not_ousted_by_another() -> None:
    gate = threading.Event()
    with answering([AUTHENTICATED], [LISTENED, VALUE], gate=gate) as (account, told):
        values = MassiveValues(account, {"SPX": 1})
        with contextlib.closing(values):
            values.open()
            values.take(EVER)
            eventually(lambda: bool(told))
            values.close()
            values.open()
            values.take(EVER)
            gate.set()
            eventually(lambda: bool(values.take(EVER)))
    assert [one["action"] for one in told] == ["auth", "subscribe"]


def test_values_of_which_another_program_took_the_place_are_left_to_it() -> None:
    with answering([AUTHENTICATED], [LISTENED, TOO_MANY], close=1008) as (account, told):
        values = MassiveValues(account, {"SPX": 1})
        for _ in range(3):
            with contextlib.closing(values):
                values.open()
                eventually(lambda: not values.take(EVER) and bool(values.problem))
    assert "another program has connected with this account" in values.problem
    assert [one["action"] for one in told] == ["auth", "subscribe"]
