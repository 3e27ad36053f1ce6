"""The plain pages."""

import re
from html.parser import HTMLParser

import httpx
import msgspec
import pytest

from zerodte.server.app import ROUTES
from zerodte.server.page import home_page

VOID = {"meta", "br", "link"}


class Reader(HTMLParser):
    """Keeps tags, ids, links and text; fails on a tag that is closed out of order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: set[str] = set()
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
        """Keep text outside the style."""
        if self.open[-1:] != ["style"]:
            self.text += data


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_need_nothing_but_this_server(client: httpx.Client, path: str) -> None:
    page = client.get(path).text
    reader = Reader(page)
    assert reader.tags.isdisjoint({"script", "img", "link", "iframe", "object"})
    assert all(link.startswith(("#", "/")) for link in reader.links)
    assert "url(" not in page
    assert "@import" not in page
    assert "prefers-color-scheme: dark" in page


def test_links_lead_somewhere(client: httpx.Client) -> None:
    for path in ("/", "/docs"):
        reader = Reader(client.get(path).text)
        assert len(set(reader.ids)) == len(reader.ids)
        for link in reader.links:
            if link.startswith("#"):
                assert link[1:] in reader.ids
            else:
                assert client.get(link).status_code == 200


def test_the_reference_explains_every_route_and_field(client: httpx.Client) -> None:
    text = Reader(client.get("/docs").text).text
    described = client.get("/openapi.json").json()
    for route in ROUTES:
        assert route.path in text
        assert route.summary in text
    for shape in described["components"]["schemas"].values():
        for field, schema in shape.get("properties", {}).items():
            assert field in text
            assert schema.get("description", "") in text


def test_home_names_symbols_and_lines_that_work(client: httpx.Client) -> None:
    text = Reader(client.get("/").text).text
    assert all(symbol in text for symbol in ("QQQ", "SPX", "TSLA"))
    asked = re.findall(r"curl -s http://zerodte\.example(\S+)", text)
    assert len(asked) == 3
    assert all(client.get(path).status_code == 200 for path in asked)


def test_home_without_symbols_and_with_hostile_ones() -> None:
    assert "no symbol yet" in Reader(home_page("http://x", []).decode()).text
    hostile = Reader(home_page("http://<i>", ["<script>"]).decode())
    assert "script" not in hostile.tags
    assert "i" not in hostile.tags
    assert "<script>" in hostile.text


def test_openapi_is_what_the_page_was_made_of(client: httpx.Client) -> None:
    assert msgspec.json.decode(client.get("/openapi.json").content)["info"]["title"] == "zerodte"
