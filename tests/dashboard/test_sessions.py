"""The page between sessions: a closed market, a session that begins, and a tab that nobody sees."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page

from dashboard.conftest import Market, OpenTab, Tab, market
from dashboard.proxy import STREAM, proxied
from dashboard.test_faults import HEATMAP, SNAPSHOT
from dashboard.test_states import STATE, assert_same_as_fresh, newest, samples_of
from runtime.feeds_on_ports import eventually
from server.ports import served
from session.recordings import SPX
from views.market import served as service_of
from views.test_outside import after_the_close
from zerodte.importers.cboe_chain import import_chain
from zerodte.runtime.replay import replay
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings
from zerodte.session.session import Session
from zerodte.tape.folder import open_tape

pytestmark = pytest.mark.drill

EXPOSURE: Final = "/v1/exposure/zero-dte/SPX"
NEXT: Final = """(node) => Object.fromEntries([...node.rows].map((row) =>
  [...row.cells].map((cell) => cell.textContent)))"""
#: Counts what is drawn, and lets the page be hidden as a browser hides a tab behind others.
HIDE: Final = """
globalThis.drawn = 0;
globalThis.isAway = false;
for (const name of ["stroke", "fillRect", "drawImage"]) {
  const plain = CanvasRenderingContext2D.prototype[name];
  CanvasRenderingContext2D.prototype[name] = function (...words) {
    drawn += 1; return plain.apply(this, words); };
}
Object.defineProperty(document, "hidden", { get: () => isAway });
Object.defineProperty(document, "visibilityState", { get: () => (isAway ? "hidden" : "visible") });
globalThis.away = (value) => {
  isAway = value; document.dispatchEvent(new Event("visibilitychange")); };
"""


def check_closed(opened: Tab, session: Session, words: str) -> None:
    """The page says that the market is closed, and has the map of the next expiry."""
    with served(create_app(service_of(session), ServerSettings())) as url:
        page = opened.page
        page.goto(f"{url}/?s=SPX&th=dark")
        page.wait_for_selector(".problem:not([hidden])")
        assert words in opened.text(".problem")
        page.wait_for_selector(".card.next:not([hidden])")
        told = Market(None, url).get(EXPOSURE)["next_session"]  # type: ignore[arg-type]
        shown = page.locator(".card.next table").evaluate(NEXT)
        levels, flip = told["levels"], told["regime"]["gamma_flip"]
        assert shown["Spot"] == f"{told['underlying_price']:,.2f}"
        assert shown["Flip"] == f"{flip:,.2f}" if flip else shown["Flip"].startswith("withheld")
        for name, strike in (
            ("Call wall", levels["call_wall"]), ("Put wall", levels["put_wall"]),
            ("Magnet", told["magnet_strike"]), ("Max pain", told["max_pain"]),
        ):  # fmt: skip
            assert float(shown[name].replace(",", "")) == strike, name
        year, day = told["expiration"][:4], int(told["expiration"][8:])
        assert f"{day}, {year}" in opened.text(".card.next .headline")
        assert ("still to be published" in opened.text(".card.next")) == told["provisional"]
        assert not page.locator(".one").is_visible()
        opened.wait("document.querySelector('.state').textContent.includes('closed')")
        assert opened.faults() == []
        assert opened.barriers() == {}


def test_after_the_close_the_map_of_the_next_session_is_shown(tab: OpenTab) -> None:
    with tab() as opened:
        check_closed(opened, after_the_close(), "The session of 2022-03-23 is closed")


def test_on_a_weekend_the_map_of_the_next_session_is_shown(
    tab: OpenTab, recorded: Path, tmp_path: Path
) -> None:
    import_chain(recorded / SPX, "2022-03-20T11:00", tmp_path / "tape")
    with tab() as opened:
        closed = "The session of 2022-03-21 is not open before 09:30:00 New York."
        check_closed(opened, replay(open_tape(tmp_path / "tape")), closed)


@pytest.fixture(scope="module")
def moving() -> Iterator[Market]:
    """A market with two samples a second."""
    with market("--speed", "60") as running:
        yield running


def test_a_hidden_tab_does_nothing_and_is_current_on_return(tab: OpenTab, moving: Market) -> None:
    with proxied(moving.url) as proxy, tab() as opened:
        page = opened.page
        page.add_init_script(HIDE)
        opened.open(f"{proxy.url}/?s=SPX&th=dark")
        opened.wait(f"{STATE} === 'live'")
        page.evaluate("away(true)")
        # What was under way ends first.
        page.evaluate("() => new Promise((done) => setTimeout(done, 500))")
        drawn = page.evaluate("drawn")
        asked = {path: proxy.count(path) for path in (SNAPSHOT, HEATMAP, "/strike-flow/")}
        streams = proxy.count(STREAM)
        before = newest(opened)
        eventually(lambda: newest(opened) != before)
        titled = page.title()
        eventually(lambda: page.title() != titled)
        assert page.evaluate("drawn") == drawn
        assert {path: proxy.count(path) for path in asked} == asked
        page.evaluate("away(false)")
        eventually(lambda: all(proxy.count(path) > count for path, count in asked.items()))
        eventually(lambda: page.evaluate("drawn") > drawn)
        assert proxy.count(STREAM) == streams
        assert_same_as_fresh(page, moving)
        assert opened.faults() == []


def date_of(page: Page) -> str:
    """The session that is shown."""
    return str(page.locator(".timebar .date").input_value())


def test_a_session_that_begins_takes_the_place_of_the_one_before(tab: OpenTab) -> None:
    half_a_day = ("--date", "2025-07-03", "--speed", "1500")
    with market("--symbols", "IWM", *half_a_day) as running, tab() as opened:
        page = opened.open(f"{running.url}/?s=IWM&th=dark")
        assert date_of(page) == "2025-07-03"
        eventually(lambda: date_of(page) == "2025-07-07", 240)
        opened.wait(f"{STATE} === 'live'")
        eventually(lambda: len(samples_of(page)) > 0)
        assert {row[0][:10] for row in samples_of(page)} == {"2025-07-07"}
        days = page.locator(".timebar .date option").evaluate_all(
            "(all) => all.map((o) => o.value)"
        )
        assert days[0] == "2025-07-07"
        assert opened.faults() == []
