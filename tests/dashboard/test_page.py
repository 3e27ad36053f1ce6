"""The dashboard in a real browser against a real server: what holds whatever it shows."""

import json
from typing import Final
from urllib.parse import urlsplit

import pytest

from dashboard.conftest import DESK, PHONE, Market, OpenTab

LOOKS: Final = [
    pytest.param(size, theme, id=f"{name}-{theme}", marks=() if is_smoke else pytest.mark.drill)
    for size, theme, name, is_smoke in (
        (DESK, "dark", "desk", True),
        (PHONE, "light", "phone", True),
        (DESK, "light", "desk", False),
        (PHONE, "dark", "phone", False),
    )
]
looks = pytest.mark.parametrize(("size", "theme"), LOOKS)


@looks
def test_a_page_breaks_no_rule(
    tab: OpenTab, still: Market, size: tuple[int, int], theme: str
) -> None:
    with tab(size) as opened:
        page = opened.open(f"{still.url}/?s=SPX&th={theme}")
        page.mouse.move(size[0] / 4, size[1] / 2)
        page.mouse.move(size[0] / 3, size[1] / 2)
        assert "SPX" in page.title()
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        assert {urlsplit(url).netloc for url in opened.requests} == {urlsplit(still.url).netloc}
        assert opened.faults() == []


@pytest.mark.drill
@looks
def test_axe_finds_nothing_serious(
    tab: OpenTab, still: Market, size: tuple[int, int], theme: str
) -> None:
    with tab(size) as opened:
        opened.open(f"{still.url}/?s=SPX&th={theme}")
        serious = opened.barriers()
        assert serious == {}, json.dumps(serious, indent=1)
