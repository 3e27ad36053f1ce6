"""The dashboard while things happen: samples arrive, the server goes and comes, keys are asked."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Page

from dashboard.conftest import Market, OpenTab, Tab, market
from dashboard.proxy import STREAM, Proxy, proxied, said
from runtime.feeds_on_ports import eventually
from server.keyed import create_key

pytestmark = pytest.mark.drill

STATE: Final = "document.documentElement.dataset.state"
SAMPLES: Final = """(node) => [...node.rows].slice(1).map((row) =>
  [...row.cells].slice(0, 3).map((cell) => cell.textContent))"""
FAST: Final = ("--speed", "60")
WHOLE_DAY: Final = "/zero-dte/series/SPX?bar=30s&minutes=390"


@pytest.fixture(scope="module")
def moving() -> Iterator[Market]:
    """A market with two samples a second."""
    with market(*FAST) as running:
        yield running


@pytest.fixture
def proxy(moving: Market) -> Iterator[Proxy]:
    """Between the page and its market."""
    with proxied(moving.url) as between:
        yield between


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def samples_of(page: Page) -> list[list[str]]:
    """Time, spot and net GEX of every sample that the page has, oldest first."""
    page.keyboard.press("t")
    rows: list[list[str]] = page.locator(".numbers table").evaluate(SAMPLES)
    page.keyboard.press("Escape")
    return rows[::-1]


def assert_same_as_fresh(page: Page, of: Market) -> None:
    """The page has the samples that the API answers up to its newest, and no other."""
    shown = samples_of(page)
    answer = of.bars(at=shown[-1][0])
    assert [row[0] for row in shown] == [bar["t"] for bar in answer]
    for (_, spot, gex), bar in zip(shown, answer, strict=True):
        for text, value in ((spot, bar["spot"]), (gex, bar["net_gex"])):
            assert text == "–" if value is None else float(text) == value


def newest(tab: Tab) -> Any:
    return tab.page.locator(".top .clock b").inner_text()


def test_live_samples_arrive_and_leave_the_view_alone(tab: OpenTab, moving: Market) -> None:
    with tab() as opened:
        page = opened.open(f"{moving.url}/?s=SPX&th=dark")
        opened.wait(f"{STATE} === 'live'")
        page.locator(".card.map .u-over").hover()
        page.mouse.wheel(0, 300)
        opened.wait("location.search.includes('y=')")
        zoomed = page.url
        page.locator(".card.map .u-over").focus()
        before = newest(opened)
        eventually(lambda: newest(opened) != before)
        count = len(samples_of(page))
        page.locator(".card.map .u-over").focus()
        opened.wait(f"{STATE} === 'live'")
        eventually(lambda: len(samples_of(page)) >= count + 4)
        assert page.url == zoomed
        second = page.locator(".symbols button").nth(1)
        second.focus()
        moved = second.inner_text()
        eventually(lambda: second.inner_text() != moved)
        assert second.evaluate("(node) => node === document.activeElement")
        assert_same_as_fresh(page, moving)
        assert opened.faults() == []


def test_a_simulated_market_is_marked(tab: OpenTab, moving: Market) -> None:
    with tab() as opened:
        page = opened.open(f"{moving.url}/?s=SPX&th=dark")
        assert "SIMULATED" in page.locator(".simulated").inner_text()
        assert page.locator(".stripe").is_visible()
        page.goto(f"{moving.url}/?s=SPX&view=grid&th=dark")
        opened.wait("document.documentElement.classList.contains('is-simulated')")
        assert page.locator(".simulated").is_visible()


def test_tabs_share_one_stream(tab: OpenTab, moving: Market) -> None:
    def readers() -> float:
        text = httpx.get(f"{moving.url}/metrics", trust_env=False, timeout=60).text
        (line,) = [each for each in text.splitlines() if each.startswith("zerodte_stream_readers ")]
        return float(line.split()[1])

    eventually(lambda: readers() == 0)
    with tab() as opened:
        pages = [opened.page, *(opened.page.context.new_page() for _ in range(5))]
        for page in pages:
            page.goto(f"{moving.url}/?s=SPX&th=dark")
        for page in pages:
            eventually(lambda page=page: page.evaluate(STATE) == "live")  # type: ignore[misc]
        assert readers() == 1
    eventually(lambda: readers() == 0)


def test_an_unknown_symbol_is_said_and_stays_text(tab: OpenTab, moving: Market) -> None:
    with tab() as opened:
        page = opened.page
        page.goto(f"{moving.url}/?s=%3Cimg%20src=x%20onerror=alert(1)%3E&th=dark")
        opened.wait(f"{STATE} === 'problem'")
        assert page.locator(".problem").inner_text()
        assert page.locator("img").count() == 0
        assert page.evaluate("violations") == []


def test_a_server_that_is_killed_and_comes_back(tab: OpenTab) -> None:
    port = free_port()
    with tab() as opened:
        with market(*FAST, port=port) as first:
            page = opened.open(f"{first.url}/?s=SPX&th=dark")
            opened.wait(f"{STATE} === 'live'")
            first.process.kill()
            opened.wait(f"{STATE} === 'lost'")
            assert page.locator(".lost").is_visible()
            assert "No answer since" in page.locator(".lost").inner_text()
        with market(*FAST, port=port) as second:
            opened.wait(f"{STATE} === 'live'")
            assert not page.locator(".lost").is_visible()
            before = newest(opened)
            eventually(lambda: newest(opened) != before)
            assert_same_as_fresh(page, second)


@pytest.mark.parametrize("is_kept", [False, True])
def test_a_key_is_asked_for_and_appears_nowhere(
    tab: OpenTab, tmp_path: Path, is_kept: bool
) -> None:
    path = tmp_path / "keys.db"
    _, key = create_key(path, "alpha")
    with market("--keys", str(path), "--symbols", "IWM") as keyed, tab() as opened:
        page = opened.page
        page.goto(f"{keyed.url}/?s=IWM&th=dark")
        page.get_by_label("Key", exact=True).fill(key)
        if is_kept:
            page.locator(".help input[type=checkbox]").check()
        page.get_by_role("button", name="Use").click()
        opened.wait("document.documentElement.dataset.ready === '1'")
        opened.wait(f"{STATE} === 'live'")
        kept = page.evaluate("Object.values(localStorage)")
        assert (key in kept) == is_kept
        assert not any(key in url for url in [page.url, *opened.requests])
        assert key not in page.content()
        # The browser itself reports refused requests; nothing else may be said.
        assert all("401" in said and key not in said for said in opened.faults())
        page.keyboard.press("?")
        page.get_by_role("button", name="Forget").click()
        assert key not in page.evaluate("Object.values(localStorage)")


def is_sample(event: str) -> bool:
    return "event: bar" in event or "event: snapshot" in event


def test_a_stream_without_samples_is_late(tab: OpenTab, proxy: Proxy, moving: Market) -> None:
    with tab() as opened:
        page = opened.page
        page.clock.install()
        opened.open(f"{proxy.url}/?s=SPX&th=dark")
        opened.wait(f"{STATE} === 'live'")
        proxy.relay = lambda event: "" if is_sample(event) else event
        page.wait_for_timeout(300)
        page.clock.fast_forward(80_000)
        opened.wait(f"{STATE} === 'late'")
        assert "no sample for " in opened.text(".state")
        assert page.locator(".state.amber").is_visible()
        assert not page.locator(".lost").is_visible()
        proxy.relay = str
        opened.wait(f"{STATE} === 'live'")
        assert "live" in opened.text(".state")
        assert opened.faults() == []


def test_a_stream_that_is_cut_goes_on_after_its_last_event(
    tab: OpenTab, proxy: Proxy, moving: Market
) -> None:
    with tab() as opened:
        page = opened.open(f"{proxy.url}/?s=SPX&th=dark")
        opened.wait(f"{STATE} === 'live'")
        before = newest(opened)
        eventually(lambda: newest(opened) != before)
        proxy.rules[STREAM] = said(503, "warming_up", "Starting.")
        proxy.cut()
        opened.wait(f"{STATE} === 'lost'")
        assert "No answer since" in opened.text(".lost")
        assert "figures of" in opened.text(".lost")
        opened.wait("/Again in [0-9]+ s/.test(document.querySelector('.lost').textContent)")
        grey = page.locator(".charts").evaluate("(node) => getComputedStyle(node).filter")
        assert grey == "grayscale(1)"
        proxy.rules.clear()
        opened.wait(f"{STATE} === 'live'")
        assert not page.locator(".lost").is_visible()
        reopened = [headers for path, headers in proxy.asked if STREAM in path][-1]
        assert "last-event-id" in reopened
        before = newest(opened)
        eventually(lambda: newest(opened) != before)
        assert_same_as_fresh(page, moving)


def test_a_stream_that_stalls_is_lost(tab: OpenTab, proxy: Proxy) -> None:
    with tab() as opened:
        page = opened.open(f"{proxy.url}/?s=SPX&th=dark")
        opened.wait(f"{STATE} === 'live'")
        proxy.relay = lambda _: ""
        opened.wait(f"{STATE} === 'lost'")
        proxy.relay = str
        opened.wait(f"{STATE} === 'live'")
        assert not page.locator(".lost").is_visible()


def test_skipped_samples_are_loaded_again(tab: OpenTab, proxy: Proxy, moving: Market) -> None:
    with tab() as opened:
        page = opened.open(f"{proxy.url}/?s=SPX&th=dark")
        opened.wait(f"{STATE} === 'live'")
        kept: list[str] = []

        def keep(event: str) -> str:
            if is_sample(event):
                kept.append(event)
                return ""
            return event

        proxy.relay = keep
        eventually(lambda: len(kept) >= 6)
        asked = proxy.count(WHOLE_DAY)
        skipped = 'event: skipped\ndata: {"symbol":"SPX","samples":3}\n\n'

        def go_on(event: str) -> str:
            proxy.relay = str
            return skipped + event

        proxy.relay = go_on
        eventually(lambda: proxy.count(WHOLE_DAY) > asked)
        before = len(samples_of(page))
        eventually(lambda: len(samples_of(page)) > before)
        assert_same_as_fresh(page, moving)
        assert opened.faults() == []
