"""A tape in Databento's protocol, read by the vendor's own client; and clients that misbehave."""

import hashlib
import socket
from collections import Counter
from collections.abc import Callable
from typing import Any

import databento as db
import pytest

from feeds.gateway import KEY, OPRA, SCHEMAS, batches, serving, simulated
from runtime.feeds_on_ports import eventually
from zerodte.feeds.databento.session import DatabentoGateway

#: Ten minutes in a tenth of a second.
FAST = 6000.0


def client(gateway: DatabentoGateway, key: str = KEY) -> Any:
    """The vendor's client."""
    return db.Live(key=key, gateway=gateway.host, port=gateway.port, heartbeat_interval_s=5)


def collected(
    gateway: DatabentoGateway, is_complete: Callable[[Counter[str]], bool], **subscription: Any
) -> tuple[dict[str, list[bytes]], Any]:
    """Records by their type, until there are enough; and the client."""
    live = client(gateway)
    found: dict[str, list[bytes]] = {}

    def take(record: Any) -> None:
        found.setdefault(type(record).__name__, []).append(bytes(record))

    for schema in SCHEMAS:
        live.subscribe(dataset=OPRA, schema=schema, **subscription)
    live.add_callback(take)
    live.start()
    try:
        eventually(lambda: is_complete(Counter({kind: len(rows) for kind, rows in found.items()})))
    finally:
        live.terminate()
    return found, live


def test_the_vendors_client_gets_every_record_in_order() -> None:
    tape = simulated()
    wanted: dict[str, list[bytes]] = {}
    names = {
        "definition": "InstrumentDefMsg",
        "statistics": "StatMsg",
        "cbbo-1s": "CBBOMsg",
        "tcbbo": "CMBP1Msg",
    }
    for _, _, batch in batches(tape):
        wanted.setdefault(names[batch.schema], []).extend(row.tobytes() for row in batch.records)
    with serving(tape, FAST) as gateway:
        found, live = collected(
            gateway,
            lambda counts: all(counts[name] >= len(rows) for name, rows in wanted.items()),
            stype_in="parent",
            symbols=["NVDA.OPT"],
            start=0,
        )
    for name, rows in wanted.items():
        assert found[name] == rows, f"{name}: every field of every record, in the order of the tape"
    assert live.symbology_map == tape.symbols[OPRA]


def test_a_replay_begins_where_it_is_asked_to_and_holds_no_other_contract() -> None:
    tape = simulated()
    raws = [raw for raw in tape.symbols[OPRA].values() if "C" in raw[12:13]][:40]
    numbers = {number for number, raw in tape.symbols[OPRA].items() if raw in raws}
    since = tape.session.open + 200 * 10**9
    wanted = Counter[str]()
    for _, _, batch in batches(tape):
        if batch.schema in ("cbbo-1s", "tcbbo"):
            for number, at in batch.records[["instrument_id", "ts_recv"]].tolist():
                wanted[batch.schema] += number in numbers and at >= since
    assert wanted["tcbbo"] > 10
    with serving(tape, FAST) as gateway:
        found, _ = collected(
            gateway,
            lambda counts: (
                counts["CBBOMsg"] >= wanted["cbbo-1s"] and counts["CMBP1Msg"] >= wanted["tcbbo"]
            ),
            symbols=raws,
            start=since,
        )
    assert len(found["CBBOMsg"]) == wanted["cbbo-1s"]
    assert len(found["CMBP1Msg"]) == wanted["tcbbo"]
    assert "InstrumentDefMsg" not in found, "they are of the morning"


def test_a_wrong_key_is_refused() -> None:
    with serving(simulated(), 1.0) as gateway:
        live = client(gateway, KEY[:-1] + "x")
        with pytest.raises(db.BentoError, match="Authentication failed"):
            live.subscribe(dataset=OPRA, schema="tcbbo", symbols="ALL_SYMBOLS")
        live = client(gateway)
        with pytest.raises(db.BentoError, match=r"no dataset 'XNAS\.ITCH'; expected: one of"):
            live.subscribe(dataset="XNAS.ITCH", schema="trades", symbols="ALL_SYMBOLS")


def greeted(gateway: DatabentoGateway) -> tuple[socket.socket, str]:
    """A connection by hand, and the challenge."""
    connection = socket.create_connection((gateway.host, gateway.port), timeout=10)
    read = connection.makefile("rb")
    assert read.readline().startswith(b"lsg_version=")
    return connection, read.readline().decode().strip().partition("=")[2]


def authenticated(gateway: DatabentoGateway) -> socket.socket:
    connection, challenge = greeted(gateway)
    digest = hashlib.sha256(f"{challenge}|{KEY}".encode()).hexdigest()
    connection.sendall(f"auth={digest}-{KEY[-5:]}|dataset={OPRA}|encoding=dbn|ts_out=0\n".encode())
    assert connection.recv(100).startswith(b"success=1|session_id=")
    return connection


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"schema=ohlcv-1s|stype_in=parent|symbols=SPX.OPT\n", b"schema 'ohlcv-1s'; expected"),
        (b"schema=tcbbo|stype_in=smart|symbols=SPX\n", b"stype_in 'smart'; expected"),
        (b"schema=tcbbo|stype_in=parent|symbols=SPX.OPT|start=noon\n", b"start 'noon'; expected"),
        (b"tcbbo please\n", b"expected: NAME=VALUE"),
        (b"schema=tcbbo\xff\n", b"other characters than ASCII"),
        (b"x" * 100_000, b"an endless line"),
    ],
)
def test_a_clients_mistake_is_told(line: bytes, said: bytes) -> None:
    with serving(simulated(), 1.0) as gateway, authenticated(gateway) as connection:
        connection.sendall(line)
        answer = b""
        while content := connection.recv(1 << 16):
            answer += content
        assert said in answer


def test_garbage_before_authentication_ends_it() -> None:
    with serving(simulated(), 1.0) as gateway:
        connection, _ = greeted(gateway)
        with connection:
            connection.sendall(b"auth=" + b"0" * 64 + b"-abcde|dataset=OPRA.PILLAR\n")
            assert b"success=0|error=Authentication failed." in connection.recv(1000)
            assert connection.recv(1000) == b""


def test_a_silent_market_has_heartbeats() -> None:
    with serving(simulated(), 50.0) as gateway, authenticated(gateway) as connection:
        connection.sendall(b"start_session=0\n")
        content = b""
        while content.count(b"Heartbeat") < 2 and (part := connection.recv(1 << 16)):
            content += part
    assert content.count(b"Heartbeat") >= 2
