"""Records docs/mcp-conversation.md: five questions of a trader, answered from tools' texts alone.

`python -m model_context.record_conversation` in `tests` writes the page anew, from a simulated
market. The answers are made by rules that see nothing but the texts, as a model would.
"""

import asyncio
import json
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from client.market import simulated_market
from model_context.sessions import stdio_session, text_of
from server.ports import served
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings

PAGE: Final = Path(__file__).parents[2] / "docs" / "mcp-conversation.md"
_HEAD: Final = (
    "# A conversation\n\n"
    "Five questions about a simulated market, each with the calls of [the tools](mcp.md), their "
    "texts as they came, and an answer from these texts alone.\n"
    "A script made the answers by rules, so they show what the texts can carry, not how a model "
    "writes; a test finds every figure of an answer in a text above it.\n"
)
_VALUE: Final = r"(-?\d+(?:,\d{3})*(?:\.\d+)?|[A-Za-z_]+)"


@dataclass(frozen=True)
class Question:
    """A question, the tools that it takes, and how their texts answer it.

    Attributes:
        words: The question.
        calls: Tools and their arguments, in order.
        answer: Makes the answer from the texts, in that order.
    """

    words: str
    calls: Sequence[tuple[str, dict[str, Any]]]
    answer: Callable[[Sequence[str]], str]


@dataclass(frozen=True)
class Exchange:
    """A question with the texts of its tools and its answer."""

    question: Question
    texts: Sequence[str]
    answer: str


def value(text: str, name: str, after: str = "") -> str:
    """The value of a name in a text, from a word on."""
    found = re.search(rf"\b{name} {_VALUE}", text.partition(after)[2] if after else text)
    assert found is not None, name
    return found[1]


def _now(texts: Sequence[str]) -> str:
    (text,) = texts
    label, net = value(text, "label"), value(text, "net_gex")
    effect = "dampens moves" if label == "positive_gamma" else "feeds moves"
    return (
        f"SPX is at {value(text, 'spot')} dollars. The regime is {label}: on the usual convention "
        f"dealers' hedging {effect}, with net GEX of {net} dollars per one-percent move. It would "
        f"turn at {value(text, 'gamma_flip')}. The data is {value(text, 'source')}, its quality "
        f"score {value(text, 'Data quality score:')}, and dealers' positions are a model, so the "
        "sign itself may be wrong."
    )


def _levels(texts: Sequence[str]) -> str:
    (text,) = texts
    return (
        f"Above, the call wall at {value(text, 'call_wall')}; below, the put wall at "
        f"{value(text, 'put_wall')}. The magnet is {value(text, 'magnet_strike')}, max pain "
        f"{value(text, 'max_pain')}. One sigma to the close is "
        f"{value(text, 'lower_bound')} to {value(text, 'upper_bound')}, and the flip at "
        f"{value(text, 'gamma_flip')} is {value(text, 'distance_to_flip_sigmas')} sigmas away."
    )


def _setup(texts: Sequence[str]) -> str:
    (text,) = texts
    found = re.search(r"Primary: (.+?), confidence (\w+)\.", text)
    assert found is not None
    reasons = re.search(r"Against it: (.+)", text)
    missing = f" What fails: {reasons[1]}." if reasons else ""
    return f"The rules say {found[1]}, with {found[2]} confidence.{missing} That is no advice."


def _chances(texts: Sequence[str]) -> str:
    (text,) = texts
    sigma, pin = "within one sigma:", "at the magnet:"
    interval = re.search(r"within one sigma:.*interval (\S+) to (\S+)", text)
    assert interval is not None
    return (
        f"The chance of a close between {value(text, 'low', sigma)} and "
        f"{value(text, 'high', sigma)} is {value(text, 'value', sigma)}, within "
        f"{interval[1]} to {interval[2]}; as the options price it, "
        f"{value(text, 'risk_neutral', sigma)}. At the magnet it is {value(text, 'value', pin)}, "
        f"where an arbitrary place has {value(text, 'base_rate', pin)}. The scale rests on "
        f"{value(text, 'sessions', 'Evidence:')} sessions of this server's own."
    )


def _flow(texts: Sequence[str]) -> str:
    flow, quality = texts
    last = re.findall(r"^(\S+): bar (\S+), since the open (\S+),", flow, re.MULTILINE)[-1]
    side = "sold" if last[1].startswith("-") else "bought"
    return (
        f"In the bar to {last[0]} dealers {side} to stay hedged, {last[1]} delta dollars; since "
        f"the open it is {last[2]}. Take it with care: "
        f"{value(quality, 'classified_volume_pct')} percent of volume has a side, and "
        f"{value(quality, 'quotes_fresh_pct')} percent of quotes can be used."
    )


_SPX: Final = {"symbol": "SPX"}
QUESTIONS: Final = (
    Question("Where is SPX now, and does hedging calm it?", [("snapshot", _SPX)], _now),
    Question("Which levels matter into the close?", [("levels", _SPX)], _levels),
    Question("Is there a setup, and why or why not?", [("setups", _SPX)], _setup),
    Question(
        "How likely is a close within one sigma, and how well is that founded?",
        [("probabilities", _SPX)],
        _chances,
    ),
    Question(
        "What did flow do lately, and can I trust it?",
        [("hedge_flow", {**_SPX, "minutes": 15}), ("data_quality", _SPX)],
        _flow,
    ),
)


async def converse(url: str) -> list[Exchange]:
    """Ask the tools over a server, and answer."""
    out = []
    async with stdio_session(url) as client:
        for question in QUESTIONS:
            texts = [
                text_of(await client.call_tool(tool, arguments))
                for tool, arguments in question.calls
            ]
            out.append(Exchange(question, texts, question.answer(texts)))
    return out


def page(exchanges: Sequence[Exchange]) -> str:
    """The page of a conversation."""
    parts = [_HEAD]
    for exchange in exchanges:
        parts.append(f"## {exchange.question.words}\n")
        for (tool, arguments), text in zip(exchange.question.calls, exchange.texts, strict=True):
            parts.append(f"`{tool}` with `{json.dumps(arguments)}`:\n\n```text\n{text}\n```\n")
        parts.append(f"> {exchange.answer}\n")
    return "\n".join(parts)


def main() -> None:
    """Record, and write the page."""
    with (
        tempfile.TemporaryDirectory() as folder,
        simulated_market(Path(folder) / "tape") as service,
        served(create_app(service, ServerSettings())) as url,
    ):
        PAGE.write_text(page(asyncio.run(converse(url))))


if __name__ == "__main__":
    main()
