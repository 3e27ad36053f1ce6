"""Answers that are kept: made once, true at their version, in every coding, bounded."""

import asyncio
import gzip
import json
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import brotli
import httpx
import pytest
import zstandard

from server.example import ExampleSource
from server.ports import served
from zerodte.server import app as application
from zerodte.server.answers import Answers, Kept
from zerodte.server.route import Answer
from zerodte.server.settings import ServerSettings
from zerodte.wire.errors import ApiError

SPX = "/v1/flow/zero-dte/snapshot/SPX"
READERS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": zstandard.ZstdDecompressor().decompress,
}


def raw(client: httpx.Client, path: str, **headers: str) -> httpx.Response:
    """A response whose body is as it came."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with client.stream("GET", path, headers={"accept-encoding": "identity"} | named) as response:
        response._content = b"".join(response.iter_raw())
    return response


def test_an_answer_is_made_once_a_tick(client: httpx.Client, source: ExampleSource) -> None:
    first = client.get(SPX)
    for spelling in (SPX, SPX + "/", SPX.replace("SPX", "%20spx"), SPX + "?n=x&strike_range=0.03"):
        assert client.get(spelling).content == first.content
    assert client.head(SPX).headers["etag"] == first.headers["etag"]
    assert len(source.asked) == 1
    source.ticks += 1
    assert client.get(SPX).content == first.content
    assert len(source.asked) == 2
    client.get(SPX + "?expiry=2026-05-29")
    client.get(SPX + "?strike_range=0.05")
    assert source.asked[2:] == [(date(2026, 5, 29), 0.03, None), (None, 0.05, None)]


def test_what_never_changes_outlives_ticks(client: httpx.Client, source: ExampleSource) -> None:
    tag = client.get("/openapi.json").headers["etag"]
    source.ticks += 1
    assert client.get("/openapi.json", headers={"if-none-match": tag}).status_code == 304


def test_errors_are_not_kept(client: httpx.Client, source: ExampleSource) -> None:
    for _ in range(2):
        assert client.get(SPX.replace("SPX", "WARM")).status_code == 503
    assert len(source.asked) == 2


@pytest.mark.parametrize("coding", READERS)
def test_every_coding_says_the_same(client: httpx.Client, coding: str) -> None:
    plain, coded = raw(client, SPX), raw(client, SPX, accept_encoding=coding)
    assert coded.headers.get("content-encoding", "identity") == coding
    assert int(coded.headers["content-length"]) == len(coded.content)
    assert READERS[coding](coded.content) == plain.content
    assert coded.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert (coded.headers["etag"] == plain.headers["etag"]) == (coding == "identity")
    assert not coded.headers["etag"].startswith("W/")
    head = client.head(SPX, headers={"accept-encoding": coding})
    assert head.headers.items() >= dict(coded.headers).items() - {("date", coded.headers["date"])}


def test_short_answers_are_sent_as_they_are(client: httpx.Client) -> None:
    short = "/v1/flow/zero-dte/snapshot/TSLA"
    everything = raw(client, short, accept_encoding="gzip, br, zstd")
    assert len(everything.content) < 1024
    assert "content-encoding" not in everything.headers
    assert raw(client, short, accept_encoding="gzip, identity;q=0").headers["content-encoding"]


def test_who_accepts_nothing_is_told_what_there_is(client: httpx.Client) -> None:
    answer = raw(client, SPX, accept_encoding="identity;q=0, *;q=0")
    assert answer.status_code == 406
    body = json.loads(answer.content)
    assert body["error"] == "not_acceptable"
    assert all(coding in body["message"] for coding in READERS)


@pytest.mark.parametrize("coding", READERS)
def test_who_has_an_answer_is_not_sent_it_again(
    client: httpx.Client, source: ExampleSource, coding: str
) -> None:
    got = raw(client, SPX, accept_encoding=coding)
    tag = got.headers["etag"]
    source.ticks += 1
    for said in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = raw(client, SPX, accept_encoding=coding, if_none_match=said)
        assert (again.status_code, again.content) == (304, b"")
        for name in ("etag", "vary", "cache-control"):
            assert again.headers[name] == got.headers[name]
        assert "content-type" not in again.headers
    for said in ('"other"', tag.strip('"'), tag + tag, "-"):
        again = raw(client, SPX, accept_encoding=coding, if_none_match=said)
        assert (again.status_code, again.content) == (200, got.content)


def test_a_tag_is_of_one_coding(client: httpx.Client) -> None:
    tag = raw(client, SPX).headers["etag"]
    assert raw(client, SPX, accept_encoding="gzip", if_none_match=tag).status_code == 200
    assert client.head(SPX, headers={"if-none-match": "*"}).status_code == 304


class SlowSource(ExampleSource):
    """Answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Event()

    def snapshot(
        self, symbol: str, expiry: date | None, strike_range: float, at: int | None = None
    ) -> bytes:
        """As the example, later."""
        assert self.let.wait(30)
        return super().snapshot(symbol, expiry, strike_range, at)


@pytest.mark.parametrize(("symbol", "status"), [("SPX", 200), ("WARM", 503), ("BROKEN", 500)])
def test_who_asks_at_once_shares_one_computation(
    symbol: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, arrived = SlowSource(), threading.Semaphore(0)
    monkeypatch.setattr(application, "GUARDS", [lambda *_: arrived.release()])
    path = SPX.replace("SPX", symbol)
    with (
        served(application.create_app(source, ServerSettings())) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
        ThreadPoolExecutor(20) as pool,
    ):
        waiting = [pool.submit(client.get, path) for _ in range(20)]
        # One that gives up does not call off what others wait for; others are answered meanwhile.
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as impatient:
            impatient.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            for _ in range(21):
                assert arrived.acquire(timeout=30)
        assert client.get("/health").status_code == 200
        source.let.set()
        answers = [future.result(30) for future in waiting]
    assert {answer.status_code for answer in answers} == {status}
    assert len({answer.json().get("symbol") for answer in answers}) == 1
    assert len(source.asked) == 1


def fill(answers: Answers, *asked: tuple[str, int, bytes]) -> None:
    """Make answers of a body, by key and version."""

    async def make() -> None:
        for key, version, body in asked:

            async def handler(body: bytes = body) -> Answer:
                return Answer(body)

            kept, lookup = await answers.make(key, version, [], handler)
            assert lookup == "miss"
            assert isinstance(kept, Kept)
            await answers.form(kept, "gzip")

    asyncio.run(make())


def test_what_is_kept_is_bounded_by_count() -> None:
    answers = Answers(most=2)
    fill(answers, ("a", 1, b"1"), ("b", 1, b"2"))
    assert answers.find("a", 1), "and so it is newer than b"
    fill(answers, ("c", 1, b"3"))
    assert [bool(answers.find(key, 1)) for key in "abc"] == [True, False, True]
    assert len(answers) == 2


def test_what_is_kept_is_bounded_by_bytes() -> None:
    answers = Answers(most_bytes=10_000)
    for key in range(50):
        fill(answers, (str(key), 1, bytes(2_000)))
        assert answers.size <= 10_000
    assert 3 <= len(answers) <= 4
    fill(answers, ("large", 1, bytes(20_000)))
    assert len(answers) == answers.size == 0


def test_a_newer_version_takes_the_place_of_an_older_and_not_the_other_way() -> None:
    answers = Answers()
    fill(answers, ("a", 1, b"one"), ("a", 3, b"three"), ("a", 2, b"two"))
    assert [bool(answers.find("a", version)) for version in (1, 2, 3)] == [False, False, True]
    size = answers.size
    fill(answers, ("a", 4, b"three"))
    assert (answers.size, len(answers)) == (size, 1)


def test_a_defect_is_told_to_all_who_wait_and_forgotten() -> None:
    async def broken() -> Answer:
        raise ApiError("warming_up", "not yet")

    async def make() -> None:
        answers = Answers()
        both = asyncio.gather(
            *(answers.make("a", 1, [], broken) for _ in range(2)), return_exceptions=True
        )
        assert [type(error) for error in await both] == [ApiError, ApiError]
        with pytest.raises(ApiError):
            await answers.make("a", 1, [], broken)

    asyncio.run(make())
