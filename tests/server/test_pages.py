"""The plain pages."""

import hashlib
import re
from html.parser import HTMLParser

import httpx
import msgspec
import pytest

from server.example import ExampleService
from zerodte.server.app import ROUTES
from zerodte.server.overview import overview
from zerodte.server.page import table_page
from zerodte.service.market_service import MarketStatus
from zerodte.wire.health import Health
from zerodte.wire.query import Query

VOID = {"meta", "br", "link"}


class Reader(HTMLParser):
    """Keeps tags, ids, links and text; fails on a tag that is closed out of order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.scripts: list[str] = []
        self.text = ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a tag."""
        self.tags.add(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links |= {value or "" for name, value in attrs if name in ("href", "src")}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the tag opened last."""
        assert self.open.pop() == tag
        self.text += " "

    def handle_data(self, data: str) -> None:
        """Keep text outside the style and the script."""
        if self.open[-1:] == ["script"]:
            self.scripts.append(data)
        elif self.open[-1:] != ["style"]:
            self.text += data


@pytest.mark.parametrize("path", ["/table", "/docs"])
def test_pages_need_nothing_but_this_server(client: httpx.Client, path: str) -> None:
    page = client.get(path).text
    reader = Reader(page)
    assert reader.tags.isdisjoint({"img", "style", "iframe", "object"})
    assert all(link.startswith(("#", "/")) for link in reader.links)
    (style,) = (link for link in reader.links if link.endswith(".css"))
    sheet = client.get(style).text
    assert "url(" not in page + sheet
    assert "@import" not in sheet
    assert "prefers-color-scheme: dark" in sheet


def test_links_lead_somewhere(client: httpx.Client) -> None:
    for path in ("/table", "/docs"):
        reader = Reader(client.get(path).text)
        assert len(set(reader.ids)) == len(reader.ids)
        for link in reader.links:
            if link.startswith("#"):
                assert link[1:] in reader.ids
            else:
                assert client.get(link).status_code == 200


def test_the_reference_explains_every_route_and_field(client: httpx.Client) -> None:
    text = _unspaced(Reader(client.get("/docs").text).text)
    described = client.get("/openapi.json").json()
    for route in ROUTES:
        assert (route.path in text) == route.is_documented
        assert (_unspaced(route.endpoint.summary) in text) == route.is_documented
    for shape in described["components"]["schemas"].values():
        for field, schema in shape.get("properties", {}).items():
            assert field in text
            assert _unspaced(schema.get("description", "")) in text


def _unspaced(text: str) -> str:
    """A text without white space, and without the marks of code."""
    return "".join(text.replace("`", "").split())


def test_the_reference_links_every_route_and_shows_its_example(client: httpx.Client) -> None:
    reader = Reader(client.get("/docs").text)
    for path, operation in client.get("/openapi.json").json()["paths"].items():
        name = operation["get"]["operationId"]
        assert f"#{name}" in reader.links, path
        assert name in reader.ids
        ((_, content),) = operation["get"]["responses"]["200"]["content"].items()
        for example in content.get("examples", {}):
            assert f"Example: {example}" in reader.text


@pytest.mark.parametrize("path", ["/table", "/docs"])
def test_pages_run_no_script_but_the_servers_own_files(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    reader, policy = Reader(answer.text), answer.headers["content-security-policy"]
    assert len([link for link in reader.links if link.endswith(".js")]) == 1
    assert "script" in reader.tags
    assert reader.scripts == []
    assert "default-src 'none'; style-src 'self'; script-src 'self';" in policy


def test_files_of_pages_are_kept_for_good_under_names_of_their_content(
    client: httpx.Client,
) -> None:
    for link in Reader(client.get("/table").text).links:
        if link.startswith("/static/"):
            answer = client.get(link)
            assert "immutable" in answer.headers["cache-control"]
            digest = hashlib.blake2b(answer.content, digest_size=8).hexdigest()
            assert f".{digest}." in link
            assert client.get(link.replace(digest, digest[::-1])).status_code == 404


def test_the_table_shows_every_symbol_as_its_snapshot_says(client: httpx.Client) -> None:
    page = client.get("/table").text
    text = Reader(page).text
    said = client.get("/v1/flow/zero-dte/snapshot/SPX").json()
    levels, move = said["levels"], said["expected_move"]
    for figure in (
        said["underlying_price"],
        said["regime"]["gamma_flip"],
        levels["put_wall"],
        levels["call_wall"],
        said["pin_risk"]["magnet_strike"],
        move["remaining_1sd_dollars"],
    ):
        assert f"{figure:,.2f}" in text
    for words in (said["regime"]["label"], said["flow_direction"]["label"]):
        assert words.replace("_", " ") in text
    for symbol in ("QQQ", "TSLA"):
        degraded = client.get(f"/v1/flow/zero-dte/snapshot/{symbol}").json()
        assert degraded["message"] in text
    assert 'aria-label="levels around spot"' in page


def test_the_table_says_where_the_data_comes_from() -> None:
    said = {name: Reader(overview(Sourced(name))).text for name in ("simulated", "replay", "live")}
    assert "not market data" in said["simulated"]
    assert "Simulated" not in said["replay"] + said["live"]
    assert all("New York" in text for text in said.values())


class Sourced(ExampleService):
    """One symbol in session, from a source of one's choice; and one that is warming up."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def status(self) -> MarketStatus:
        """Two."""
        return MarketStatus(Health.of(), ("SPX", "WARM"))

    def answer(self, query: Query) -> bytes:
        """The example's, with its source."""
        answer = msgspec.json.decode(super().answer(query))
        return msgspec.json.encode(answer | {"source": self._name})


def test_the_table_says_of_a_symbol_that_it_is_warming_up() -> None:
    assert "WARM has not been seen enough yet." in Reader(overview(Sourced("live"))).text


def test_the_table_is_whole_where_nothing_is_known() -> None:
    """Every figure of the answer may be null."""

    class Unknown(Sourced):
        def answer(self, query: Query) -> bytes:
            return msgspec.json.encode(blank(msgspec.json.decode(super().answer(query))))

    text = Reader(overview(Unknown("live"))).text
    assert text.count("–") > 10
    assert "None" not in text
    assert "nan" not in text


def blank(said: object) -> object:
    """An answer with every number of its blocks unknown."""
    if isinstance(said, dict):
        return {name: blank(value) for name, value in said.items()}
    return None if isinstance(said, int | float) and not isinstance(said, bool) else said


def test_the_table_names_lines_that_work(client: httpx.Client) -> None:
    text = Reader(client.get("/table").text).text
    asked = re.findall(r"curl -s http://zerodte\.example(\S+)", text)
    assert len(asked) == 3
    assert all(client.get(path).status_code == 200 for path in asked)


def test_the_table_without_symbols_says_why() -> None:
    class Silent(ExampleService):
        def status(self) -> MarketStatus:
            return MarketStatus(super().status().health, ())

    silent = Silent()
    silent.reasons = ("starting: <soon>",)
    text = Reader(overview(silent)).text
    assert "No symbol yet" in text
    assert "starting: <soon>" in text


def test_the_table_with_hostile_names() -> None:
    class Hostile(ExampleService):
        def status(self) -> MarketStatus:
            return MarketStatus(Health.of(), ("<script>",))

    page = table_page("http://<i>", ["<b>"], overview(Hostile()))
    hostile = Reader(page.decode())
    assert "i" not in hostile.tags
    assert "<script> is not tracked" in hostile.text
    assert hostile.scripts == []


def test_openapi_is_what_the_page_was_made_of(client: httpx.Client) -> None:
    assert msgspec.json.decode(client.get("/openapi.json").content)["info"]["title"] == "zerodte"
