"""Everything by the keyboard: each key does what the help and the documentation say."""

import re
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page

import zerodte.server
from dashboard.conftest import Market, OpenTab, Tab

DOCS: Final = Path(zerodte.server.__file__).parents[3] / "docs" / "dashboard.md"
#: Names of keys in the documentation, by what the browser calls them.
NAMES: Final = {"←": "ArrowLeft", "→": "ArrowRight", "Space": " "}


def documented() -> set[str]:
    """The keys of the documentation's table."""
    (section,) = (part for part in DOCS.read_text().split("\n## ") if part.startswith("Keys\n"))
    rows = re.findall(r"^\| (`.+?`.*?) \|", section, re.MULTILINE)
    keys = {NAMES.get(key, key) for row in rows for key in re.findall("`([^`]+)`", row)}
    return {key for key in keys if len(key) == 1 or key in {"Home", "End", *NAMES.values()}}


def says(tab: Tab, name: str, value: str) -> None:
    """Wait until the address says something."""
    tab.wait(f"new URLSearchParams(location.search).get('{name}') === {value}")


def press_and_close(page: Page, key: str, dialog: str) -> None:
    page.keyboard.press(key)
    page.wait_for_selector(f"dialog.{dialog}[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector(f"dialog.{dialog}:not([open])", state="attached")


@pytest.mark.drill
def test_the_help_and_the_documentation_have_the_same_keys(tab: OpenTab, still: Market) -> None:
    with tab() as opened:
        page = opened.open(f"{still.url}/?s=SPX&th=dark")
        page.keyboard.press("?")
        shown = page.locator(".help .keys kbd").all_inner_texts()
        pages = {"Space": " ", "space": " "} | NAMES
        keys = {pages.get(key, key) for key in shown if not key.startswith(("Shift", "⇧"))}
        numbers = {str(number) for number in range(1, 10)}
        assert keys - numbers == documented() - numbers
        assert {"1", "9"} <= documented()


def test_every_key_does_its_work(tab: OpenTab, still: Market) -> None:
    with tab() as opened:
        page = opened.open(f"{still.url}/?s=SPX&th=dark")
        order = page.locator(".symbols button b").all_inner_texts()
        for key, metric in zip("dvcofg", ("dex", "vex", "chex", "oi", "signed_flow"), strict=False):
            page.keyboard.press(key)
            says(opened, "m", f"'{metric}'")
        page.keyboard.press("g")
        says(opened, "m", "null")
        for key, name, value in (
            ("r", "mode", "'delta'"), ("r", "mode", "null"), ("]", "bar", "'5m'"),
            ("[", "bar", "null"), ("b", "th", "'light'"), ("b", "th", "'dark'"),
            ("m", "view", "'grid'"), ("m", "view", "null"),
        ):  # fmt: skip
            page.keyboard.press(key)
            says(opened, name, value)
        page.keyboard.press("p")
        opened.wait("document.querySelector('.profile [data-value=oi]').ariaPressed === 'true'")
        page.keyboard.press("Home")
        says(opened, "t", "'09:30:30'")
        for key, time in (
            ("ArrowRight", "09:31:00"), ("Shift+ArrowRight", "09:36:00"),
            ("ArrowLeft", "09:35:30"), ("Shift+ArrowLeft", "09:30:30"),
        ):  # fmt: skip
            page.keyboard.press(key)
            says(opened, "t", f"'{time}'")
        page.keyboard.press("Space")
        page.wait_for_selector('.play[aria-label="Pause"]')
        page.keyboard.press("Space")
        page.wait_for_selector('.play[aria-label="Play"]')
        page.keyboard.press("l")
        says(opened, "t", "null")
        page.keyboard.press("Home")
        page.keyboard.press("End")
        says(opened, "t", "null")
        for key, dialog in (("t", "numbers"), ("e", "export"), ("a", "alerts"), ("?", "help")):
            press_and_close(page, key, dialog)
        other = str(order.index("IWM") + 1)
        page.keyboard.press(other)
        says(opened, "s", "'IWM'")
        page.keyboard.press("/")
        page.wait_for_selector("dialog.find[open]")
        page.keyboard.type("spx")
        page.keyboard.press("Enter")
        says(opened, "s", "'SPX'")
        assert opened.faults() == []


@pytest.mark.drill
def test_keys_of_the_browser_and_of_fields_are_left_alone(tab: OpenTab, still: Market) -> None:
    with tab() as opened:
        page = opened.open(f"{still.url}/?s=SPX&th=dark")
        opened.wait("document.querySelector('.timebar .date').options.length > 0")
        page.keyboard.press("Control+b")
        page.keyboard.press("Alt+b")
        page.locator(".timebar .date").focus()
        page.keyboard.press("b")
        page.keyboard.press("?")
        page.locator("body").evaluate("() => document.activeElement.blur()")
        page.keyboard.press("?")
        page.wait_for_selector("dialog.help[open]")
        page.keyboard.press("b")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog.help:not([open])", state="attached")
        page.keyboard.press("b")
        opened.wait("document.documentElement.dataset.theme === 'light'")


@pytest.mark.drill
def test_everything_is_reached_by_tab(tab: OpenTab, still: Market) -> None:
    focusable = "button, select, input, a[href], [tabindex='0']"
    visible = f"""[...document.querySelectorAll("{focusable}")].filter((each) =>
      each.checkVisibility() && !each.closest("dialog:not([open])") && !each.disabled).length"""
    with tab() as opened:
        page = opened.open(f"{still.url}/?s=SPX&th=dark")
        wanted = page.evaluate(visible)
        page.evaluate("globalThis.met = new Set()")
        for _ in range(3 * wanted):
            page.keyboard.press("Tab")
            page.evaluate("met.add(document.activeElement)")
        page.evaluate("met.delete(document.body)")
        assert page.evaluate("met.size") == wanted > 30
