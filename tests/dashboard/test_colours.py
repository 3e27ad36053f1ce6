"""Inks are readable on every ground of both themes (WCAG 2.2, contrast of text)."""

import re
from pathlib import Path
from typing import Final

import pytest

import zerodte.server

STYLE: Final = (Path(zerodte.server.__file__).parent / "ui" / "app.css").read_text()
GROUNDS: Final = ("page", "panel", "pressed")
INKS: Final = ("ink", "muted", "positive", "negative", "flip", "amber", "good", "poor")
#: What WCAG asks of text of ordinary size.
LEAST: Final = 4.5


def colours(selector: str) -> dict[str, str]:
    """The six-digit colours that a rule of the style sheet names."""
    rule = STYLE[STYLE.index(selector) :].partition("}")[0]
    return dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", rule))


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour, 0 to 1."""
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("selector", [":root {", '[data-theme="light"] {'], ids=["dark", "light"])
@pytest.mark.parametrize("ink", INKS)
@pytest.mark.parametrize("ground", GROUNDS)
def test_an_ink_is_readable(selector: str, ink: str, ground: str) -> None:
    theme = colours(selector)
    low, high = sorted((luminance(theme[ink]), luminance(theme[ground])))
    assert (high + 0.05) / (low + 0.05) >= LEAST
