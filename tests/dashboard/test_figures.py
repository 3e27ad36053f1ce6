"""What the dashboard shows is what the API answers: under the crosshair, in words and in tables."""

import re
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, Route

from dashboard.conftest import DESK, PHONE, Market, OpenTab
from runtime.feeds_on_ports import eventually

pytestmark = pytest.mark.drill

FLOW: Final = "/v1/flow/zero-dte"
OPEN: Final = datetime(2025, 6, 2, 9, 30, tzinfo=ZoneInfo("America/New_York"))
SESSION_MINUTES: Final = 390
METRICS: Final = ("gex", "dex", "vex", "chex", "oi", "signed_flow")
CHARTS: Final = ("map", "profile", "traded", "close", "session", "moves")
#: How many colours the largest canvas of a card has; a blank one has one.
COLOURS: Final = """(name) => Math.max(0, ...[...document.querySelectorAll(`.card.${name} canvas`)]
  .filter((canvas) => canvas.width && canvas.height).map((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  }))"""

LABEL: Final = "document.querySelector('.crosshair')"
#: Whether the crosshair is over a cell that has come.
HAS_VALUE: Final = f"({LABEL}.dataset.value ?? '') !== ''"


def past_of(of: Market, index: int) -> str:
    """The instant of a sample."""
    return str(of.bars()[index]["t"])


def address_at(of: Market, at: str, theme: str = "dark") -> str:
    """The page of an instant."""
    then = datetime.fromisoformat(at).astimezone(OPEN.tzinfo)
    return f"{of.url}/?s=SPX&d={then:%Y-%m-%d}&t={then:%H:%M:%S}&th={theme}"


def number(text: str) -> float:
    """A number as the page writes it."""
    return float(text.replace(",", "").replace("−", "-").replace("±", ""))


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_no_view_is_empty(tab: OpenTab, still: Market, size: tuple[int, int]) -> None:
    with tab(size) as opened:
        page = opened.open(f"{still.url}/?s=SPX&th=dark")
        for name in CHARTS:
            page.locator(f".card.{name}").scroll_into_view_if_needed()
            opened.wait(f"({COLOURS})('{name}') > 3")
        for name in ("regime", "levels", "dealers", "setup", "sure"):
            assert len(page.locator(f".card.{name} .body").inner_text()) > 20, name
        # What is blank would be found.
        page.evaluate("""() => { const card = document.createElement("section");
            card.className = "card blank"; card.append(document.createElement("canvas"));
            document.body.append(card); }""")
        assert page.evaluate(COLOURS, "blank") == 1
        assert page.evaluate(COLOURS, "missing") == 0


@pytest.mark.parametrize("mode", ["raw", "delta"])
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("bar", ["1m", "5m"])
def test_the_crosshair_says_what_the_api_answers(
    tab: OpenTab, still: Market, metric: str, mode: str, bar: str
) -> None:
    length = int(bar.removesuffix("m"))
    with tab() as opened:
        page = opened.open(f"{still.url}/?s=SPX&m={metric}&mode={mode}&bar={bar}&th=dark")
        box = page.locator(".card.map .u-over").bounding_box()
        assert box is not None
        met = set()
        for column, height in ((2, 0.5), (3, 0.3), (24 // length, 0.6), (24 // length, 0.45)):
            x = box["x"] + box["width"] * (column + 0.5) * length / SESSION_MINUTES
            page.mouse.move(x, box["y"] + box["height"] * height)
            # A pixel may lie across the border of a column; which one it is, the page says.
            end = OPEN + timedelta(minutes=(column + 1) * length)
            borders = [(end + timedelta(minutes=by)).timestamp() * 1e3 for by in (-length, length)]
            # The last hour of the map comes before the rest of the day.
            opened.wait(
                f"{HAS_VALUE} && Date.parse({LABEL}.dataset.t) >= {borders[0]}"
                f" && Date.parse({LABEL}.dataset.t) <= {borders[1]}"
            )
            said = page.locator(".crosshair").evaluate("(label) => ({ ...label.dataset })")
            answer = still.get(
                f"{FLOW}/heatmap/SPX",
                metric=metric,
                mode=mode,
                bar=bar,
                minutes=SESSION_MINUTES,
                at=said["t"],
                digits=4,
            )
            row = answer["strikes_grid"].index(float(said["strike"]))
            (asked,) = [each for each in answer["bars"] if each["t"] == said["t"]]
            value = asked["values"][row]
            if value is None:
                assert said["value"] == "null"
            else:
                assert float(said["value"]) == value
                met.add(value)
        assert met, "no cell had a value"
        assert opened.faults() == []


def test_a_resting_crosshair_is_filled_when_the_rest_of_the_day_comes(
    tab: OpenTab, still: Market
) -> None:
    eventually(lambda: len(still.bars()) >= 150)
    held: list[Route] = []
    is_holding = True
    with tab() as opened:
        whole = re.compile(rf"/heatmap/.*minutes={SESSION_MINUTES}")

        def hold(route: Route) -> None:
            held.append(route) if is_holding else route.continue_()

        opened.page.route(whole, hold)
        page = opened.open(f"{still.url}/?s=SPX&bar=1m&th=dark")
        while not held:
            page.wait_for_timeout(20)
        box = page.locator(".card.map .u-over").bounding_box()
        assert box is not None
        second = 2.5 / SESSION_MINUTES
        page.mouse.move(box["x"] + box["width"] * second, box["y"] + box["height"] * 0.5)
        opened.wait(f"!{LABEL}.hidden")
        assert not page.evaluate(HAS_VALUE)
        is_holding = False
        for each in held:
            each.continue_()
        opened.wait(HAS_VALUE)
        assert opened.faults() == []


def table(page: Page, name: str) -> tuple[list[str], list[list[str]]]:
    """The head and rows of a table of numbers."""
    page.locator(".numbers .segments button", has_text=re.compile(f"^{name}$")).click()
    read = "(node) => [...node.rows].map((row) => [...row.cells].map((cell) => cell.textContent))"
    head, *rows = page.locator(".numbers table").evaluate(read)
    return head, rows


def cell(value: object) -> str:
    """A value of an answer as a table shows it: as JavaScript writes numbers."""
    if value is None:
        return "–"
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def same(shown: str, value: object) -> bool:
    """Whether a cell shows a value."""
    if isinstance(value, int | float):
        return float(shown) == value
    return shown == cell(value)


def test_tables_have_the_numbers_of_the_api(tab: OpenTab, still: Market) -> None:
    at = past_of(still, 41)
    with tab() as opened:
        page = opened.open(address_at(still, at))
        page.wait_for_selector(".past:not([hidden])")
        page.keyboard.press("t")
        head, rows = table(page, "By strike")
        strikes = still.get(f"{FLOW}/snapshot/SPX", at=at)["strikes"]
        assert len(rows) == len(strikes) > 10
        for row, strike in zip(rows, strikes, strict=True):
            for field, shown in zip(head, row, strict=True):
                assert same(shown, strike[field]), (field, shown, strike[field])
        head, rows = table(page, "Session")
        answered = still.bars(at=at)
        assert len(rows) == len(answered)
        for row, bar in zip(reversed(rows), answered, strict=True):
            for field, shown in zip(head, row, strict=True):
                assert same(shown, bar[field]), (field, shown, bar[field])


def test_a_past_instant_is_that_of_the_api(tab: OpenTab, still: Market) -> None:
    at = past_of(still, 40)
    query = f"{still.url}{FLOW}/snapshot/SPX?at={at}"
    said = still.get(f"{FLOW}/snapshot/SPX", at=at)
    with tab() as opened:
        page = opened.open(address_at(still, at, "light"))
        assert f"digest {said['metadata']['inputs_digest']}" in page.locator(".past").inner_text()
        assert f"{said['underlying_price']:,.2f}" in page.title()
        assert page.evaluate("document.documentElement.dataset.state") == "past"
        levels = page.locator(".card.levels .body tr").evaluate_all(
            "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent))"
        )
        shown = {name: cells[0] for name, *cells in levels}
        prices = {
            "Call wall": said["levels"]["call_wall"],
            "Put wall": said["levels"]["put_wall"],
            "Magnet": said["pin_risk"]["magnet_strike"],
            "▸ Spot": said["underlying_price"],
        }
        for name, price in prices.items():
            (row,) = [text for names, text in shown.items() if name.lower() in names.lower()]
            assert number(row) == pytest.approx(price, abs=0.005), name
        tags = page.evaluate(
            """async (url) => { const read = async () => { const answer = await fetch(url);
            return [answer.headers.get("etag"), await answer.text()]; };
            return [await read(), await read()]; }""",
            query,
        )
        assert tags[0] == tags[1]
        assert opened.faults() == []


def test_the_slider_moves_to_a_sample_and_back_to_now(tab: OpenTab, still: Market) -> None:
    with tab() as opened:
        page = opened.open(f"{still.url}/?s=SPX&th=dark")
        page.keyboard.press("Home")
        first = still.bars()[0]
        page.wait_for_selector(".past:not([hidden])")
        opened.wait(f"document.title.includes('{first['spot']:,.2f}')")
        assert "t=" in page.url
        page.keyboard.press("l")
        opened.wait("document.documentElement.dataset.state !== 'past'")
        assert "t=" not in page.url
        assert opened.faults() == []
