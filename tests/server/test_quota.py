"""Daily limits: exact under concurrency, between servers, over kills, and until midnight UTC."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

import httpx
import pytest

from runtime.feeds_on_ports import eventually
from server.keyed import create_key, key_place, keyed_server
from server.keyed_process import keyed_process
from server.paths import LEADERBOARD, SNAPSHOT
from zerodte.access.key_place import KeyPlace, open_keys

ACCOUNT: Final = "/v1/account"
SPX: Final = SNAPSHOT + "SPX"
#: 2026-05-29 23:59:50 UTC.
LATE: Final = 1_780_099_190


@pytest.fixture(params=["file", "nats"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KeyPlace]:
    with key_place(request.param, tmp_path) as found:
        yield found


def stored(place: KeyPlace, day: str = "") -> list[int]:
    """Answers of a day, of all keys that have any."""
    with open_keys(place) as store:
        return list(store.usage(day or datetime.now(tz=UTC).date().isoformat()).values())


async def ask(url: str, key: str) -> httpx.Response:
    """An answer, over a connection of its own."""
    host, _, path = url.removeprefix("http://").partition("/")
    reader, writer = await asyncio.open_connection(*host.split(":"))
    writer.write(
        f"GET /{path} HTTP/1.1\r\nhost: {host}\r\nx-api-key: {key}\r\n"
        "connection: close\r\n\r\n".encode()
    )
    head, _, content = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    status, *lines = head.decode().split("\r\n")
    headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    return httpx.Response(int(status.split()[1]), headers=headers, content=content)


def ask_at_once(urls: Sequence[str], key: str, count: int) -> list[httpx.Response]:
    """So many answers to requests that are all under way at the same time."""

    async def ask_all() -> list[httpx.Response]:
        return await asyncio.gather(*(ask(urls[n % len(urls)], key) for n in range(count)))

    return asyncio.run(ask_all())


@pytest.mark.parametrize(
    ("plan", "limit", "next_plan"), [("free", 5, "Basic"), ("basic", 250, "Growth")]
)
def test_a_limit_is_exact_under_concurrency(
    place: KeyPlace, plan: str, limit: int, next_plan: str
) -> None:
    _, key = create_key(place, plan)
    with keyed_server(place) as server:
        answers = ask_at_once([server.url + ACCOUNT], key, 200)
        answers += ask_at_once([server.url + ACCOUNT], key, 200)
        refused = [answer for answer in answers if answer.status_code == 429]
        given = [answer for answer in answers if answer.status_code == 200]
        assert (len(given), len(refused)) == (limit, 400 - limit)
        left = sorted(int(answer.headers["x-ratelimit-remaining"]) for answer in given)
        assert left == list(range(limit))
    assert stored(place) == [limit]
    for answer in refused:
        body = answer.json()
        reset = int(answer.headers["x-ratelimit-reset"])
        assert body.pop("message").startswith(f"The {plan.title()} plan has {limit} answers")
        assert datetime.fromisoformat(body.pop("reset_at")).timestamp() == reset
        assert body == {
            "status": "ERROR",
            "error": "Quota exceeded",
            "current_plan": plan.title(),
            "limit": limit,
            "upgrade_to": next_plan,
        }
        wait = int(answer.headers["retry-after"])
        now = parsedate_to_datetime(answer.headers["date"])
        assert abs(now.timestamp() + wait - reset) <= 5
        assert answer.headers["x-ratelimit-remaining"] == "0"


def test_a_limit_holds_for_all_servers_of_a_store(place: KeyPlace) -> None:
    _, key = create_key(place, "basic")
    with keyed_server(place) as one, keyed_server(place) as other:
        answers = ask_at_once([one.url + ACCOUNT, other.url + ACCOUNT], key, 300)
    assert Counter(answer.status_code for answer in answers) == {200: 250, 429: 50}
    assert stored(place) == [250]


def test_errors_and_options_do_not_count(place: KeyPlace) -> None:
    _, key = create_key(place, "growth")
    headers = {"x-api-key": key}
    with keyed_server(place) as server:
        tag = server.get(SPX, key).headers["etag"]
        assert server.get(SPX, key, **{"if-none-match": tag}).status_code == 304
        assert server.client.head(SPX, headers=headers).status_code == 200
        for path_, status in [
            (SNAPSHOT + "XYZ", 404),
            (SNAPSHOT + "WARM", 503),
            (SNAPSHOT + "BROKEN", 500),
            (SPX + "?expiry=x", 400),
            ("/v1/flow/zero-dte/heatmap/SPX", 403),
            ("/v1/nowhere", 404),
        ]:
            assert server.get(path_, key).status_code == status
        assert server.client.post(SPX, headers=headers).status_code == 405
        assert server.client.options(SPX, headers=headers).status_code == 204
        refused = server.client.get(SPX, headers=headers | {"accept-encoding": "*;q=0"})
        assert refused.status_code == 406
        answer = server.get(ACCOUNT, key)
    assert answer.json()["usage_today"] == 4
    assert stored(place) == [4]


def test_a_new_day_begins_at_midnight_utc(place: KeyPlace) -> None:
    _, key = create_key(place, "free")
    now = [float(LATE)]
    with keyed_server(place, now=lambda: now[0]) as server:
        answers = [server.get(ACCOUNT, key) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert answers[-1].headers["retry-after"] == "10"
        assert answers[-1].json()["reset_at"] == "2026-05-30T00:00:00Z"
        now[0] += 9.9
        assert server.get(ACCOUNT, key).status_code == 429
        now[0] += 0.1
        first = server.get(ACCOUNT, key)
        assert (first.status_code, first.json()["usage_today"]) == (200, 1)
        assert first.headers["x-ratelimit-reset"] == str(LATE + 10 + 86_400)
    assert stored(place, "2026-05-29") == [5]
    assert stored(place, "2026-05-30") == [1]


def test_rotation_keeps_the_usage_and_revocation_ends_a_key(place: KeyPlace) -> None:
    which, key = create_key(place, "free")
    with keyed_server(place) as server:
        assert [server.get(ACCOUNT, key).status_code for _ in range(3)] == [200] * 3
        with open_keys(place) as store:
            _, new = store.rotate(which)
        # Refused either way, so that waiting does not count.
        eventually(lambda: server.get(LEADERBOARD, key).status_code == 401)
        assert server.get(ACCOUNT, new).headers["x-ratelimit-remaining"] == "1"
        with open_keys(place) as store:
            store.revoke(which)
        eventually(lambda: server.get(LEADERBOARD, new).status_code == 401)
        _, later = create_key(place, "alpha")
        eventually(lambda: server.get(ACCOUNT, later).status_code == 200)


def test_unlimited_answers_are_added_within_about_a_second_and_at_the_end(place: KeyPlace) -> None:
    _, key = create_key(place, "alpha")
    with keyed_server(place) as server:
        for _ in range(30):
            assert server.get(SPX, key).headers["x-ratelimit-remaining"] == "unlimited"
        eventually(lambda: stored(place) == [30], 10)
        assert server.get(ACCOUNT, key).json()["usage_today"] == 31
    assert stored(place) == [31]


def test_a_limit_is_exact_over_kills(place: KeyPlace) -> None:
    """Whatever was received is counted, and no more than a request per client beside it."""
    _, key = create_key(place, "basic")
    clients, received, kills = 4, 0, 0
    while True:
        given = Counter[int]()
        with keyed_process(place) as server:

            def poll(url: str, given: Counter[int], stop: threading.Event) -> None:
                with httpx.Client(trust_env=False, timeout=30) as client:
                    # A kill that comes late finds something left of the limit for the next one.
                    while not stop.is_set() and given[200] < 100:
                        try:
                            answer = client.get(url, headers={"x-api-key": key})
                        except httpx.HTTPError:
                            return
                        given[answer.status_code] += 1

            stop = threading.Event()
            threads = [
                threading.Thread(target=poll, args=(server.url + ACCOUNT, given, stop))
                for _ in range(clients)
            ]
            for thread in threads:
                thread.start()
            eventually(lambda given=given: given[200] >= 60 or given[429] > 0)  # type: ignore[misc]
            server.running.kill()
            stop.set()
            for thread in threads:
                thread.join()
        received += given[200]
        if given[429]:
            break
        kills += 1
        assert given.keys() == {200}
        assert received <= stored(place)[0] <= received + clients * kills
    assert kills >= 2
    assert stored(place) == [250]
    assert 250 - clients * kills <= received <= 250
