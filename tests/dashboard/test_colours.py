"""Inks are readable on every ground (WCAG 2.2), and told apart by eyes of every kind."""

import re
from pathlib import Path
from typing import Final

import numpy as np
import pytest

import zerodte.server
from zerodte.arrays import F64

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


themes = pytest.mark.parametrize(
    "selector", [":root {", '[data-theme="light"] {'], ids=["dark", "light"]
)


@themes
@pytest.mark.parametrize("ink", INKS)
@pytest.mark.parametrize("ground", GROUNDS)
def test_an_ink_is_readable(selector: str, ink: str, ground: str) -> None:
    theme = colours(selector)
    low, high = sorted((luminance(theme[ink]), luminance(theme[ground])))
    assert (high + 0.05) / (low + 0.05) >= LEAST


#: What stands side by side and means different things: signs, and lines of one chart.
PAIRS: Final = (
    ("positive", "negative"),
    ("flip", "ink"),
    ("flip", "magnet"),
    ("magnet", "ink"),
    ("hedge", "ink"),
)
#: Linear sRGB as it is seen without one kind of cone (Machado, Oliveira, Fernandes 2009, table 1,
#: severity 1).
EYES: Final = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
#: From linear sRGB to the cones, and from their cube roots to Oklab (Ottosson 2020).
TO_CONES: Final = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB: Final = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
#: In Oklab; two patches that just differ are 0.02 apart.
APART: Final = 0.1


def oklab(colour: str, eye: F64) -> F64:
    """How an sRGB colour is seen."""
    channels = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    seen = np.clip(eye @ linear, 0.0, 1.0)
    lab: F64 = TO_LAB @ np.cbrt(TO_CONES @ seen)
    return lab


def distance(one: str, other: str, eye: F64) -> float:
    """Between two colours as an eye sees them."""
    return float(np.linalg.norm(oklab(one, eye) - oklab(other, eye)))


def test_the_measure_tells_what_eyes_confuse() -> None:
    # White and black are 1 apart; red and green of traders' charts are near for two of the eyes.
    assert distance("#ffffff", "#000000", EYES["normal"]) == pytest.approx(1.0, abs=1e-3)
    green, red = "#6e9b2f", "#c2702f"
    assert distance(green, red, EYES["normal"]) > APART > distance(green, red, EYES["deuteranopia"])


@themes
@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_colours_are_told_apart(selector: str, eye: str, one: str, other: str) -> None:
    theme = colours(selector)
    assert distance(theme[one], theme[other], EYES[eye]) >= APART
