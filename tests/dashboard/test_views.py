"""What can be called up: inventory, net GEX over spot, a pin, a measure, a CSV, a date."""

import csv
import io
import math
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Locator, Page

from dashboard.conftest import Market, OpenTab
from dashboard.test_figures import COLOURS, FLOW, address_at, past_of, same, table

pytestmark = pytest.mark.drill

#: What a cell of the map says, as the label of the crosshair has it.
SAID: Final = "(label) => ({ ...label.dataset, text: label.textContent })"


def test_the_inventory_by_strike_is_that_of_the_api(tab: OpenTab, still: Market) -> None:
    at = past_of(still, 41)
    wanted = still.get(f"{FLOW}/snapshot/SPX", at=at, inventory=1)["dealer_inventory"]["strikes"]
    assert len(wanted) > 100
    with tab() as opened:
        page = opened.open(address_at(still, at))
        page.wait_for_selector(".past:not([hidden])")
        assert not any("inventory" in url for url in opened.requests), "it is asked for when shown"
        with page.expect_response(lambda answer: "inventory=1" in answer.url):
            page.locator(".profile [data-value=inventory]").click()
        page.keyboard.press("t")
        head, rows = table(page, "Inventory")
        assert head == list(wanted[0])
        assert len(rows) == len(wanted)
        for row, strike in zip(rows, wanted, strict=True):
            assert all(same(shown, strike[name]) for name, shown in zip(head, row, strict=True))
        page.keyboard.press("Escape")
        opened.wait(f"({COLOURS})('profile') > 3")
        assert opened.faults() == []


def test_live_samples_keep_the_inventory(tab: OpenTab, still: Market) -> None:
    with tab() as opened:
        page = opened.open(f"{still.url}/?s=SPX&th=dark")
        page.locator(".profile [data-value=inventory]").click()
        with page.expect_response(lambda answer: "inventory=1" in answer.url):
            pass
        page.keyboard.press("t")
        _, rows = table(page, "Inventory")
        assert len(rows) > 100
        assert opened.faults() == []


def test_net_gex_over_spot_is_that_of_the_api(tab: OpenTab, still: Market) -> None:
    at = past_of(still, 41)
    wanted = still.get(f"{FLOW}/snapshot/SPX", at=at)["gamma_profile"]
    with tab() as opened:
        page = opened.open(address_at(still, at))
        page.locator(".moves [data-value=gex]").click()
        opened.wait(f"({COLOURS})('moves') > 3")
        page.keyboard.press("t")
        head, rows = table(page, "GEX over spot")
        assert head == ["spot", "net_gex", "low", "high"]
        columns = [wanted[name] for name in ("spots", "net_gex", "low", "high")]
        assert [[float(cell) for cell in row] for row in rows] == [
            list(row) for row in zip(*columns, strict=True)
        ]
        assert opened.faults() == []


def point(page: Page, over: Locator, minutes: float, height: float) -> tuple[float, float]:
    """Px of a place of the map: minutes after the open, and a share of its height."""
    box = over.bounding_box()
    assert box is not None
    return box["x"] + box["width"] * minutes / 390, box["y"] + box["height"] * height


def test_a_click_pins_a_cell_and_shift_measures_from_it(tab: OpenTab, still: Market) -> None:
    with tab() as opened:
        page = opened.open(address_at(still, past_of(still, 59)))
        over, pinned = page.locator(".card.map .u-over"), page.locator(".pinned")
        page.mouse.move(*point(page, over, 3.5, 0.5))
        first = page.locator(".crosshair").evaluate(SAID)
        page.mouse.down()
        page.mouse.up()
        page.wait_for_selector(".pinned:not([hidden])")
        assert pinned.text_content() == first["text"]
        page.mouse.move(*point(page, over, 23.5, 0.3))
        assert pinned.text_content() == first["text"], "it stays where it was put"
        second = page.locator(".crosshair").evaluate(SAID)
        page.keyboard.down("Shift")
        page.mouse.down()
        page.mouse.up()
        page.keyboard.up("Shift")
        opened.wait("document.querySelector('.pinned').textContent.startsWith('Δ')")
        change = float(second["value"]) - float(first["value"])
        assert math.isclose(float(pinned.get_attribute("data-value") or "nan"), change)
        rise = float(second["strike"]) - float(first["strike"])
        text = pinned.text_content() or ""
        assert f"+{rise:.2f}" in text
        assert "+20 min" in text
        # A drag pans, and pins nothing.
        page.mouse.move(*point(page, over, 60, 0.5))
        page.mouse.down()
        page.mouse.move(*point(page, over, 60, 0.6), steps=4)
        page.mouse.up()
        assert pinned.text_content() == text
        over.focus()
        page.keyboard.press("Escape")
        page.wait_for_selector(".pinned[hidden]", state="attached")
        assert opened.faults() == []


def test_the_keyboard_pins_too(tab: OpenTab, still: Market) -> None:
    with tab() as opened:
        page = opened.open(address_at(still, past_of(still, 59)))
        over = page.locator(".card.map .u-over")
        page.mouse.move(*point(page, over, 10.5, 0.4))
        over.focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(".pinned:not([hidden])")
        for _ in range(4):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Shift+Enter")
        opened.wait("document.querySelector('.pinned').textContent.startsWith('Δ')")
        page.keyboard.press("Escape")
        page.wait_for_selector(".pinned[hidden]", state="attached")
        assert opened.faults() == []


def test_the_csv_of_the_map_has_all_digits(tab: OpenTab, still: Market, tmp_path: Path) -> None:
    at = past_of(still, 41)
    wanted = still.get(f"{FLOW}/heatmap/SPX", metric="gex", minutes=390, at=at)
    with tab() as opened:
        page = opened.open(address_at(still, at))
        page.wait_for_selector(".past:not([hidden])")
        page.keyboard.press("e")
        with page.expect_download() as download:
            page.get_by_role("button", name="Map (CSV)").click()
        path = tmp_path / "map.csv"
        download.value.save_as(path)
        assert "SIMULATED" in download.value.suggested_filename
        told, called, *lines = path.read_text().splitlines()
        assert "SIMULATED" in told
        assert f"{FLOW}/heatmap/SPX" in called
        head, *rows = csv.reader(io.StringIO("\n".join(lines)))
        assert [float(strike) for strike in head[1:]] == wanted["strikes_grid"]
        for row, bar in zip(rows, wanted["bars"], strict=True):
            assert row[0] == bar["t"]
            assert [float(cell) if cell else None for cell in row[1:]] == bar["values"]
        assert opened.faults() == []


def test_dates_are_those_of_the_sessions_that_are_kept(tab: OpenTab, still: Market) -> None:
    sessions = still.get("/v1/sessions")["sessions"]
    wanted = [each["date"] for each in sessions if "SPX" in each["symbols"]]
    assert wanted
    with tab() as opened:
        page = opened.open(f"{still.url}/?s=SPX&th=dark")
        choices = "[...document.querySelector('.timebar .date').options].map((o) => o.value)"
        opened.wait(f"JSON.stringify({choices}) === '{str(wanted).replace(chr(39), chr(34))}'")
        assert page.locator(".timebar .date").input_value() == wanted[0]
        assert opened.faults() == []
