"""What our client of Databento's historical API makes of answers that may come."""

import base64
import contextlib
import dataclasses
import http.server
import json
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import databento as db
import pytest

from feeds.gateway import DATE, KEY, OPRA
from zerodte.feeds.databento.historical import HistoricalClient, HistoricalQuery
from zerodte.feeds.databento.historical_http import HistoricalHost
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.history_host import HistoryBusyError
from zerodte.feeds.slice_folder import SliceFolder
from zerodte.feeds.vendor_key import VendorKey

QUERY = HistoricalQuery(OPRA, "tcbbo", ("NVDA  250606C00180000",), 0, 1)


class Host:
    """A host that answers what a test says: status, headers, body.

    Attributes:
        answers: What it answers next; the last one again and again.
        requests: The fields of each request, with the name and password of its user.
    """

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.requests: list[dict[str, str]] = []
        host = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.do_POST()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                query = body or urllib.parse.urlsplit(self.path).query
                user = base64.b64decode(self.headers["Authorization"].removeprefix("Basic "))
                host.requests.append({**dict(urllib.parse.parse_qsl(query)), "user": user.decode()})
                status, headers, answer = host.answers.pop(0)
                if not host.answers:
                    host.answers.append((status, headers, answer))
                self.send_response(status)
                for name, text in headers.items():
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Not logged."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextlib.contextmanager
    def running(self) -> Iterator["Host"]:
        """Answer for as long as the context lasts."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join(10)

    def says(self, *answers: Any, status: int = 200) -> None:
        """Answer in JSON."""
        self.answers = [(status, {}, json.dumps(answer).encode()) for answer in answers]


@pytest.fixture
def host() -> Iterator[Host]:
    with Host().running() as found:
        yield found


def client(host: Host) -> HistoricalClient:
    return HistoricalClient(HistoricalHost(VendorKey(KEY), host.url, first_wait=0.001))


def test_a_request_has_the_key_as_user_and_no_password(host: Host) -> None:
    host.says(1.25)
    assert client(host).cost(QUERY) == 1.25
    (request,) = host.requests
    assert request.pop("user") == f"{KEY}:"
    assert request == {
        "dataset": OPRA,
        "schema": "tcbbo",
        "symbols": "NVDA  250606C00180000",
        "stype_in": "raw_symbol",
        "stype_out": "instrument_id",
        "start": "0",
        "end": "1",
    }


def test_a_parent_may_be_answered_by_its_contracts_or_by_their_ids(host: Host) -> None:
    names = {number: f"NVDA  250606C{number:08}" for number in range(1, 2_502)}
    intervals = {
        name: [{"d0": f"{DATE}", "d1": f"{DATE}", "s": f"{n}"}] for n, name in names.items()
    }
    host.says({"result": intervals})
    assert client(host).contracts(OPRA, ["NVDA.OPT"], DATE) == names
    assert len(host.requests) == 1
    pairs = [(f"{number}", [{"s": name}]) for number, name in names.items()]
    host.says(
        {"result": {"NVDA.OPT": [{"s": number} for number, _ in pairs]}},
        {"result": dict(pairs[:2_000])},
        {"result": dict(pairs[2_000:])},
    )
    assert client(host).contracts(OPRA, ["NVDA.OPT"], DATE) == names
    assert [len(request["symbols"].split(",")) for request in host.requests] == [1, 1, 2_000, 501]


@pytest.mark.parametrize("answer", ["many", None, -1, True, {"detail": 3}])
def test_an_answer_that_is_no_number_is_no_cost(host: Host, answer: object) -> None:
    host.says(answer)
    with pytest.raises(FeedError, match=r"answered no number to metadata\.get_cost"):
        client(host).cost(QUERY)


def test_answers_of_another_kind_are_said(host: Host) -> None:
    host.answers = [(200, {}, b"<html>")]
    with pytest.raises(FeedError, match=r"answered no JSON to metadata\.get_billable_size"):
        client(host).size(QUERY)
    host.says({"start": "2013-04-01"})
    with pytest.raises(FeedError, match=r"does not tell when it has OPRA\.PILLAR"):
        client(host).span_of(OPRA)
    host.says(["what"])
    assert client(host).contracts(OPRA, ["NVDA.OPT"], DATE) == {}
    assert client(host).condition_of(OPRA, DATE) == ""


@pytest.mark.parametrize(
    "detail",
    [
        f"not entitled, {KEY}",
        {"case": "license_not_found", "message": f"not entitled, {KEY}", "status_code": 403},
    ],
    ids=["text", "object"],
)
def test_a_refusal_has_the_vendors_words_without_the_key(host: Host, detail: object) -> None:
    host.says({"detail": detail}, status=403)
    with pytest.raises(FeedRefusalError) as refused:
        client(host).cost(QUERY)
    assert str(refused.value).endswith("answered 403 Forbidden: not entitled, ...")
    assert len(host.requests) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_busy_vendor_is_asked_again(host: Host, status: int) -> None:
    host.answers = [(status, {"Retry-After": "0"}, b""), (status, {}, b"what"), (200, {}, b"7")]
    assert client(host).size(QUERY) == 7
    assert len(host.requests) == 3


def test_the_key_follows_no_redirect(host: Host) -> None:
    with Host().running() as other:
        other.says(1.0)
        host.answers = [(307, {"Location": f"{other.url}/v0/metadata.get_cost"}, b"")]
        with pytest.raises(FeedRefusalError, match="answered 307"):
            client(host).cost(QUERY)
        assert other.requests == []


def test_half_a_body_is_no_body(host: Host) -> None:
    host.answers = [(200, {"Content-Length": "10"}, b"12345"), (200, {}, b"7")]
    assert client(host).size(QUERY) == 7
    host.answers = [(200, {"Content-Length": "10"}, b"12345")]
    found: list[bytes] = []
    with pytest.raises(HistoryBusyError, match="half a body, 5 bytes are missing"):
        client(host).download(QUERY, found.append)


@pytest.mark.parametrize("schema", ["definition", "statistics", "cbbo-1s"])
def test_the_vendors_own_files_are_slices(
    host: Host, recorded: Path, tmp_path: Path, schema: str
) -> None:
    body = (recorded / "opra_dbn" / f"test_data.{schema}.dbn.zst").read_bytes()
    query = dataclasses.replace(QUERY, schema=schema)
    # Nothing but its compression tells that the first answer is half of one.
    host.answers = [(200, {}, body[: len(body) // 2]), (200, {}, body)]
    with SliceFolder(tmp_path, DATE, client(host)) as slices:
        slices.fetch(query)
        assert slices.has(query)
        file, chunks = slices.read(query)
    assert len(host.requests) == 2
    wanted = [bytes(record) for record in db.DBNStore.from_bytes(body)]
    assert [row.tobytes() for rows in chunks for row in rows] == wanted
    assert file.metadata.mappings["AAPL  250221C00250000"][0]["symbol"] == "16783963"


def test_records_that_cannot_be_read_are_not_paid_for_a_third_time(
    host: Host, tmp_path: Path
) -> None:
    host.answers = [(200, {}, b"no records")]
    with (
        SliceFolder(tmp_path, DATE, client(host)) as slices,
        pytest.raises(FeedError, match=r"sent records that cannot be read: .*: damaged"),
    ):
        slices.fetch(QUERY)
    assert len(host.requests) == 2
    assert not slices.has(QUERY)


@pytest.mark.parametrize(
    "url", ["hist.databento.com", "http://hist.databento.com", "ftp://127.0.0.1", "https://", "x:y"]
)
def test_an_address_is_one_of_https_or_of_this_machine(url: str) -> None:
    with pytest.raises(FeedError, match="is no address; expected: one such as https://"):
        HistoricalHost(VendorKey(KEY), url)
