"""Tickets: fetched with a key, good for one stream."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from runtime.feeds_on_ports import eventually
from server.keyed import KeyedServer, create_key, keyed_server
from server.paths import SNAPSHOT, STREAM
from zerodte.access.key_file import KeyFile
from zerodte.access.stream_tickets import StreamTickets

TICKET: Final = "/v1/stream-ticket"
SPX: Final = STREAM + "SPX"
START: Final = 1_780_000_000.0


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        """What it shows."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, str]:
    return {plan: create_key(tmp_path / "keys.db", plan, plan)[1] for plan in ("basic", "growth")}


@pytest.fixture
def server(tmp_path: Path, keys: dict[str, str], clock: Clock) -> Iterator[KeyedServer]:
    with keyed_server(tmp_path / "keys.db", now=clock) as running:
        running.service.sample("first")
        yield running


def opened(server: KeyedServer, ticket: str, path: str = SPX) -> tuple[int, str]:
    """The status of a stream, and its first bar."""
    with server.client.stream("GET", path, params={"ticket": ticket}) as stream:
        if stream.status_code != 200:
            return stream.status_code, stream.read().decode()
        return 200, next(line for line in stream.iter_lines() if line.startswith("data:"))


def test_a_ticket_opens_one_stream(server: KeyedServer, keys: dict[str, str]) -> None:
    answer = server.get(TICKET, keys["growth"])
    body = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert body["expires_at"] == "2026-05-28T20:27:10Z"
    assert opened(server, body["ticket"]) == (200, 'data: {"said":"first"}')
    status, said = opened(server, body["ticket"])
    assert status == 401
    assert "fetch a new one from /v1/stream-ticket" in said
    # Fetching it counts, and so does the stream.
    assert server.get("/v1/account", keys["growth"]).json()["usage_today"] == 3


def test_a_ticket_expires(server: KeyedServer, keys: dict[str, str], clock: Clock) -> None:
    one, other = (server.get(TICKET, keys["growth"]).json()["ticket"] for _ in range(2))
    assert one != other
    clock.now += 29
    assert opened(server, one)[0] == 200
    clock.now += 1
    assert opened(server, other)[0] == 401


def test_a_ticket_is_no_key(server: KeyedServer, keys: dict[str, str]) -> None:
    ticket = server.get(TICKET, keys["growth"]).json()["ticket"]
    for url in (
        f"{SNAPSHOT}SPX?ticket={ticket}",
        f"{SPX}?apiKey={ticket}",
        f"{TICKET}?ticket={ticket}",
    ):
        assert server.client.get(url).status_code == 401
    assert server.get(SPX, ticket).status_code == 401
    for wrong in ("", "x", "%00", ticket[:-1], ticket + "0", "a" * 5_000):
        assert server.client.get(f"{SPX}?ticket={wrong}").status_code == 401
    assert opened(server, ticket)[0] == 200, "none of these has used it up"


def test_a_ticket_needs_the_plan_of_a_stream(server: KeyedServer, keys: dict[str, str]) -> None:
    assert server.get(TICKET, keys["basic"]).status_code == 403
    assert server.get(TICKET).status_code == 401


def test_a_revoked_key_has_no_ticket_and_no_stream(
    server: KeyedServer, keys: dict[str, str], tmp_path: Path
) -> None:
    ticket, unused = (server.get(TICKET, keys["growth"]).json()["ticket"] for _ in range(2))
    with server.client.stream("GET", SPX, params={"ticket": ticket}) as stream:
        lines = stream.iter_lines()
        assert any("first" in line for line in lines)
        with KeyFile(tmp_path / "keys.db") as store:
            store.revoke("growth")
        eventually(lambda: server.get("/v1/account", keys["growth"]).status_code == 401)
        server.service.sample("not for it")
        rest = "".join(lines)
    assert "not for it" not in rest
    assert opened(server, unused)[0] == 401


def test_a_rotated_key_leaves_no_ticket(
    server: KeyedServer, keys: dict[str, str], tmp_path: Path
) -> None:
    """Whoever has the old key has fetched it, and may have it no more."""
    unused = server.get(TICKET, keys["growth"]).json()["ticket"]
    with KeyFile(tmp_path / "keys.db") as store:
        _, new = store.rotate("growth")
    eventually(lambda: server.get("/v1/account", keys["growth"]).status_code == 401)
    assert opened(server, unused)[0] == 401
    assert opened(server, server.get(TICKET, new).json()["ticket"])[0] == 200


def test_where_no_key_is_needed_a_ticket_works_as_well(client: httpx.Client) -> None:
    answer = client.get(TICKET)
    assert (answer.status_code, len(answer.json()["ticket"])) == (200, 48)


def test_unused_tickets_are_bounded() -> None:
    now = [START]
    tickets = StreamTickets(lambda: now[0])
    first, *others = [tickets.issue(b"one").text for _ in range(40)]
    assert len(tickets) == 32
    assert tickets.redeem(first) is None
    assert tickets.redeem(others[-1]) == b"one"
    for number in range(12_000):
        tickets.issue(b"key %d" % number)
    assert len(tickets) == 10_000
    now[0] += 31
    assert len(tickets) == 0
