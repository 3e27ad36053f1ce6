"""What the page says when answers fail, are late, are missing, or leave something unknown."""

import threading
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import pytest

from dashboard.conftest import Market, OpenTab, Tab, market
from dashboard.proxy import Ask, Proxy, Reply, changed, proxied, said
from dashboard.test_figures import address_at, past_of
from dashboard.test_states import STATE
from runtime.feeds_on_ports import eventually
from server.keyed import create_key

pytestmark = pytest.mark.drill

SNAPSHOT: Final = "/zero-dte/snapshot/"
SERIES: Final = "/zero-dte/series/SPX?bar=30s&minutes=390"
HEATMAP: Final = "/zero-dte/heatmap/"
#: Of a key whose plan has all but the map.
LOCKED: Final = "This needs the Alpha plan; your key has Growth."
Change: TypeAlias = Callable[[Any], Any]


@pytest.fixture
def proxy(still: Market) -> Iterator[Proxy]:
    """Between the page and its market."""
    with proxied(still.url) as between:
        yield between


def test_an_answer_that_never_comes_is_said(tab: OpenTab, proxy: Proxy) -> None:
    released = threading.Event()

    def hold(ask: Ask) -> Reply:
        released.wait(60)
        return ask()

    proxy.rules[SNAPSHOT] = hold
    with tab() as opened:
        page = opened.page
        page.clock.install()
        page.goto(f"{proxy.url}/?s=SPX&th=dark")
        eventually(lambda: proxy.count(SNAPSHOT) > 0)
        page.clock.fast_forward(30_000)
        page.wait_for_selector(".problem:not([hidden])")
        assert "does not answer" in opened.text(".problem")
        proxy.rules.clear()
        released.set()
        opened.wait("document.documentElement.dataset.ready === '1'")
        assert page.locator(".problem").is_hidden()


def test_a_market_that_warms_up_is_waited_for(tab: OpenTab, proxy: Proxy) -> None:
    message = "SPX has no smile yet: 12 of 90 strikes are quoted."
    proxy.rules[SNAPSHOT] = said(503, "warming_up", message)
    with tab() as opened:
        page = opened.page
        page.goto(f"{proxy.url}/?s=SPX&th=dark")
        opened.page.wait_for_selector(".problem:not([hidden])")
        assert message in opened.text(".problem")
        assert opened.page.evaluate(STATE) == "problem"
        proxy.rules.clear()
        opened.wait("document.documentElement.dataset.ready === '1'")
        opened.wait(f"{STATE} === 'live'")
        assert page.locator(".problem").is_hidden()


@pytest.mark.parametrize(
    ("status", "error"),
    [(500, "session_unreadable"), (503, "history_unavailable")],
)
def test_a_session_that_cannot_be_read_is_said(
    tab: OpenTab, proxy: Proxy, still: Market, status: int, error: str
) -> None:
    message = "The stored session of 2025-06-02 is damaged; the log has the cause."
    for path in (SNAPSHOT, SERIES):
        proxy.rules[path] = said(status, error, message)
    with tab() as opened:
        at = past_of(still, 40)
        opened.page.goto(address_at(still, at).replace(still.url, proxy.url))
        opened.wait(f"{STATE} === 'past'")
        opened.page.wait_for_selector(".problem:not([hidden])")
        assert message in opened.text(".problem")
        assert not opened.page.locator(".one").is_visible()


def test_a_day_without_samples_is_said(tab: OpenTab, still: Market) -> None:
    with tab() as opened:
        opened.page.goto(f"{still.url}/?s=SPX&d=2025-05-30&t=10:30:00&th=dark")
        opened.page.wait_for_selector(".problem:not([hidden])")
        assert "2025-05-30" in opened.text(".problem")


def test_a_closed_market_offers_its_last_session(tab: OpenTab, proxy: Proxy) -> None:
    message = "The session of 2025-06-03 has not begun; the last was on 2025-06-02."
    closed = {
        "symbol": "SPX",
        "session_closed": True,
        "last_session": "2025-06-02",
        "as_of": "2025-06-03T11:00:00Z",
        "message": message,
        "body": None,
    }
    # A past instant is answered as ever.
    proxy.rules["/snapshot/SPX?at="] = lambda ask: ask()
    proxy.rules[SNAPSHOT] = changed(lambda _: closed)
    with tab() as opened:
        page = opened.page
        page.goto(f"{proxy.url}/?s=SPX&th=dark")
        opened.page.wait_for_selector(".problem:not([hidden])")
        assert message in opened.text(".problem")
        assert opened.page.evaluate(STATE) == "problem"
        assert not page.locator(".one").is_visible()
        page.get_by_role("button", name="Replay 2025-06-02").click()
        opened.wait("location.search.includes('d=2025-06-02')")
        eventually(lambda: proxy.count("/snapshot/SPX?at=2025-06-02T20%3A00%3A00Z") == 1)


def test_a_day_without_an_expiry_names_the_next(tab: OpenTab, proxy: Proxy) -> None:
    message = "SPX has no options that expire today; the next expire on 2025-06-04."
    none = {"symbol": "SPX", "no_zero_dte": True, "message": message, "body": None}
    proxy.rules[SNAPSHOT] = changed(lambda answer: {"as_of": answer["as_of"], **none})
    with tab() as opened:
        opened.page.goto(f"{proxy.url}/?s=SPX&th=dark")
        opened.page.wait_for_selector(".problem:not([hidden])")
        assert message in opened.text(".problem")
        assert opened.page.evaluate(STATE) == "problem"


def without_decision(answer: Any) -> Any:
    return answer | {"headline": None, "setup": None}


def without_trades(answer: Any) -> Any:
    return answer | {"dealer_inventory": None, "flow_direction": None}


def without_flip(status: str) -> Change:
    unknown = {"gamma_flip": None, "gamma_flip_status": status}
    return lambda answer: answer | {"regime": answer["regime"] | unknown}


def without_quality(answer: Any) -> Any:
    unknown = dict.fromkeys(("data_quality_score", "classified_volume_pct", "quotes_fresh_pct"))
    return answer | {"metadata": answer["metadata"] | unknown, "probabilities": None}


def after(first: Change, second: Change) -> Change:
    return lambda answer: second(first(answer))


UNKNOWN: Final = {
    "setup": "No decision",
    "why": "No setup",
    "regime": "no trades yet",
    "sure": "–",
}
REASONS: Final = {
    "sensitive_root": "withheld: ±10% of put open interest moves it far",
    "insufficient_quote_quality": "withheld: too few quotes can be trusted",
    "insufficient_local_coverage": "withheld: too few strikes are quoted near it",
    "no_boundary": "none: net GEX has one sign near spot",
}


@pytest.mark.parametrize(
    ("label", "net_gex", "agrees", "said"),
    [
        ("positive_gamma", -42.5e6, None, "Positive, unsettled"),
        ("negative_gamma", 42.5e6, True, "Negative, unsettled"),
        ("negative_gamma", -42.5e6, False, "Negative, disputed"),
        ("negative_gamma", -42.5e6, True, "Negative gamma"),
    ],
)
def test_a_regime_is_as_sure_as_its_figures(
    tab: OpenTab, proxy: Proxy, label: str, net_gex: float, agrees: bool | None, said: str
) -> None:
    def change(answer: Any) -> Any:
        return answer | {
            "regime": answer["regime"] | {"label": label},
            "exposures": answer["exposures"] | {"net_gex": net_gex},
            "dealer_inventory": (answer["dealer_inventory"] or {}) | {"agrees": agrees},
        }

    proxy.rules[SNAPSHOT] = changed(change)
    with tab() as opened:
        opened.open(f"{proxy.url}/?s=SPX&th=dark")
        headline = opened.page.locator(".card.regime .headline", has_text=said)
        headline.wait_for()
        is_amber = "amber" in (headline.get_attribute("class") or "")
        assert is_amber == (said != "Negative gamma")
        sentence = opened.page.locator(".card.regime .sentence").inner_text()
        behaves = "dampened" in sentence or "feed on themselves" in sentence
        assert behaves == (said == "Negative gamma")


def test_what_is_unknown_is_said_on_its_card(tab: OpenTab, proxy: Proxy, still: Market) -> None:
    change = without_flip("sensitive_root")
    for then in (without_decision, without_trades, without_quality):
        change = after(change, then)
    proxy.rules[SNAPSHOT] = changed(change)
    words = UNKNOWN | {"levels": REASONS["sensitive_root"]}
    with tab() as opened:
        opened.open(address_at(still, past_of(still, 40)).replace(still.url, proxy.url))
        assert {
            name for name, said in words.items() if said not in opened.text(f".{name}")
        } == set()
        assert opened.faults() == []


@pytest.mark.parametrize(("status", "words"), REASONS.items())
def test_a_flip_is_withheld_with_its_reason(
    tab: OpenTab, proxy: Proxy, still: Market, status: str, words: str
) -> None:
    proxy.rules[SNAPSHOT] = changed(without_flip(status))
    with tab() as opened:
        opened.open(address_at(still, past_of(still, 40)).replace(still.url, proxy.url))
        assert words in opened.text(".card.levels")
        assert opened.faults() == []


def test_a_gap_is_marked(tab: OpenTab, proxy: Proxy, still: Market) -> None:
    bars = still.bars()
    reason = "no trades of options"
    gap = {"start": bars[20]["t"], "end": bars[40]["t"], "reason": reason}
    proxy.rules[SERIES] = changed(lambda answer: answer | {"gap_intervals": [gap]})
    with tab() as opened:
        page = opened.open(f"{proxy.url}/?s=SPX&th=dark")
        box = page.locator(".card.map .u-over").bounding_box()
        assert box is not None
        for minutes, is_gap in ((15, True), (5, False), (25, False)):
            page.mouse.move(box["x"] + box["width"] * minutes / 390, box["y"] + box["height"] / 2)
            assert (f"gap: {reason}" in opened.text(".crosshair")) == is_gap
        assert opened.faults() == []


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Market, dict[str, str]]]:
    """A market with a key of every plan."""
    path = tmp_path_factory.mktemp("keys") / "keys.db"
    keys = {plan: create_key(path, plan)[1] for plan in ("free", "basic", "growth")}
    with market("--keys", str(path), "--symbols", "IWM") as running:
        yield running, keys


def enter(tab: Tab, of: Market, key: str) -> None:
    """Open the page and give it a key."""
    tab.page.goto(f"{of.url}/?s=IWM&th=dark")
    tab.page.get_by_label("Key", exact=True).fill(key)
    tab.page.get_by_role("button", name="Use").click()


def check_locked(opened: Tab) -> None:
    """The map is locked with its reason, and all else is live."""
    opened.page.wait_for_selector(".locked:not([hidden])")
    assert LOCKED in opened.text(".locked")
    opened.wait(f"{STATE} === 'live'")
    assert len(opened.text(".card.regime .body")) > 20


def test_a_plan_without_the_map_has_everything_else(
    tab: OpenTab, keyed: tuple[Market, dict[str, str]]
) -> None:
    of, keys = keyed
    with tab() as opened:
        enter(opened, of, keys["growth"])
        check_locked(opened)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ("basic", "This needs the Growth plan; your key has Basic."),
        ("wrong", "Invalid API key."),
    ],
)
def test_a_key_that_does_not_do_is_said(
    tab: OpenTab, keyed: tuple[Market, dict[str, str]], plan: str, words: str
) -> None:
    of, keys = keyed
    with tab() as opened:
        enter(opened, of, keys.get(plan, "0123456789"))
        opened.page.wait_for_selector(".problem:not([hidden])")
        opened.wait(f"document.querySelector('.problem').textContent.includes({words!r})")
        opened.wait(f"{STATE} !== 'live'")
        assert words in opened.text(".problem")


def test_a_view_beyond_the_plan_is_locked(tab: OpenTab, proxy: Proxy) -> None:
    proxy.rules[HEATMAP] = said(403, "tier_restricted", LOCKED)
    with tab() as opened:
        opened.page.goto(f"{proxy.url}/?s=SPX&th=dark")
        check_locked(opened)


def test_a_quota_that_is_used_up_is_said(tab: OpenTab, proxy: Proxy) -> None:
    message = "The Basic plan has 250 answers per UTC day, and they are used up."
    proxy.rules[SNAPSHOT] = said(429, "Quota exceeded", message)
    with tab() as opened:
        opened.page.goto(f"{proxy.url}/?s=SPX&th=dark")
        opened.page.wait_for_selector(".problem:not([hidden])")
        assert message in opened.text(".problem")
        asked = proxy.count(SNAPSHOT)
        opened.page.clock.install()
        opened.page.clock.fast_forward(20_000)
        # Whoever asks again and again only learns the same.
        assert proxy.count(SNAPSHOT) == asked
