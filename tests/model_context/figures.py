"""The figures of a text, and those of answers of the API."""

import re
from collections.abc import Iterator
from typing import Any

import httpx

#: Names with digits of their own, and times.
_NAMES = re.compile(r"[A-Za-z_]+\w*|\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\dZ)?|\b\d+m\b")
_FIGURE = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")
_FLOW = "/v1/flow/zero-dte"
#: What each tool reads.
SOURCES = {
    "snapshot": [f"{_FLOW}/snapshot/SPX"],
    "levels": [f"{_FLOW}/snapshot/SPX"],
    "setups": [f"{_FLOW}/snapshot/SPX"],
    "probabilities": [f"{_FLOW}/snapshot/SPX", f"{_FLOW}/calibration/SPX"],
    "data_quality": [f"{_FLOW}/snapshot/SPX", "/health"],
    "hedge_flow": [f"{_FLOW}/hedge-flow/SPX?bar=5m&minutes=15", f"{_FLOW}/series/SPX?minutes=1"],
    "heatmap": [
        f"{_FLOW}/heatmap/SPX?bar=5m&minutes=20&digits=5",
        f"{_FLOW}/series/SPX?minutes=1",
    ],
    "leaderboard": [f"{_FLOW}/leaderboard?metric=abs_flow&n=10"],
}


def figures(text: str) -> list[float]:
    """The numbers of a text, without those within names and times."""
    return [float(found.replace(",", "")) for found in _FIGURE.findall(_NAMES.sub(" ", text))]


def times(text: str) -> set[str]:
    """The times of a text."""
    return set(re.findall(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\dZ)?", text))


def leaves(value: Any) -> Iterator[Any]:
    """Every value within a body."""
    match value:
        case dict():
            for inner in value.values():
                yield from leaves(inner)
        case list():
            for inner in value:
                yield from leaves(inner)
        case _:
            yield value


def known(url: str, tool: str) -> tuple[set[float], set[str]]:
    """The figures and times in the answers that a tool reads, those within sentences too."""
    values = [
        leaf
        for path in SOURCES[tool]
        for leaf in leaves(httpx.get(url + path, trust_env=False, timeout=60).json())
    ]
    sentences = [value for value in values if isinstance(value, str)]
    numbers = {float(value) for value in values if isinstance(value, int | float)}
    numbers |= {number for sentence in sentences for number in figures(sentence)}
    return numbers, {time for sentence in sentences for time in times(sentence)}
