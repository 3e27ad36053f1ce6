"""The tools as a model sees them: read-only, short, sourced, and every figure the API's own."""

import asyncio
import os
import re
import subprocess
import sys

import pytest

from model_context.figures import SOURCES, figures, known, times
from model_context.sessions import CALLS, stdio_session, text_of, texts
from zerodte.mcp.text import MODEL_NOTE, MOST_BYTES, joined


@pytest.fixture(scope="module")
def told(url: str) -> dict[str, str]:
    """The text of every tool."""

    async def ask() -> dict[str, str]:
        async with stdio_session(url) as client:
            return await texts(client, CALLS)

    return asyncio.run(ask())


def test_the_tools_are_few_and_read_only(url: str) -> None:
    async def ask() -> None:
        async with stdio_session(url) as client:
            tools = (await client.list_tools()).tools
            assert {tool.name for tool in tools} == CALLS.keys() == SOURCES.keys()
            for tool in tools:
                assert tool.annotations is not None
                assert tool.annotations.read_only_hint
                assert tool.description
                if tool.name != "leaderboard":
                    assert {"symbol", "at"} <= tool.input_schema["properties"].keys()
            assert "zerodte" in (client.instructions or "")

    asyncio.run(ask())


@pytest.mark.parametrize("tool", CALLS)
def test_every_figure_of_a_tool_is_in_an_answer_of_the_api(
    url: str, told: dict[str, str], tool: str
) -> None:
    numbers, known_times = known(url, tool)
    text = told[tool]
    assert set(figures(text)) - numbers == set()
    assert times(text) - known_times == set()
    assert len(figures(text)) >= 3


@pytest.mark.parametrize("tool", CALLS)
def test_every_tool_says_source_age_quality_and_what_is_a_model(
    told: dict[str, str], tool: str
) -> None:
    text = told[tool]
    assert "source simulated" in text
    assert re.search(r"Age: .* \d", text)
    assert "ata quality" in text
    assert MODEL_NOTE in text
    assert len(text.encode()) <= 5_000


def test_a_text_that_is_too_long_ends_at_a_line() -> None:
    text = joined(f"line {number} of é" for number in range(2_000))
    *lines, last = text.splitlines()
    assert 4_800 < len(text.encode()) <= MOST_BYTES == 5_000
    assert lines == [f"line {number} of é" for number in range(len(lines))]
    assert "left out" in last


@pytest.mark.drill
def test_a_past_instant_is_answered_as_of_then(url: str) -> None:
    async def ask() -> dict[str, str]:
        at = "2025-06-02T09:40:00"
        async with stdio_session(url) as client:
            calls = {name: {**a, "at": at} for name, a in CALLS.items() if "symbol" in a}
            return await texts(client, calls)

    for text in asyncio.run(ask()).values():
        assert "SPX as of 2025-06-02T13:40:00Z" in text


@pytest.mark.drill
@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("snapshot", {"symbol": "NOPE"}, "symbol_not_found: NOPE is not tracked"),
        ("levels", {"symbol": "SPX", "at": "noon"}, "invalid_at: at must be a US/Eastern time"),
        ("heatmap", {"symbol": "SPX", "at": "2020-01-06"}, "No samples in this window"),
        ("heatmap", {"symbol": "SPX", "metric": "speed"}, "'gex', 'dex'"),
        ("setups", {"symbol": "TSLA"}, "No 0DTE expiry for TSLA today"),
    ],
)
def test_what_cannot_be_answered_is_said_in_words(
    url: str, tool: str, arguments: dict[str, str], words: str
) -> None:
    async def ask() -> str:
        async with stdio_session(url) as client:
            return text_of(await client.call_tool(tool, arguments))

    text = asyncio.run(ask())
    assert words in text
    assert "Traceback" not in text


@pytest.mark.drill
def test_the_prompts_name_tools_that_exist(url: str) -> None:
    arguments = {
        "brief_before_open": {"symbol": "SPX", "last_session": "2025-05-30"},
        "what_changed_since": {"symbol": "SPX", "since": "2025-06-02T09:40:00"},
        "compare_with_session": {"symbol": "SPX", "then": "2025-05-30T09:50:00"},
    }

    async def ask() -> None:
        async with stdio_session(url) as client:
            prompts = (await client.list_prompts()).prompts
            assert {prompt.name for prompt in prompts} == arguments.keys()
            for name, given in arguments.items():
                (message,) = (await client.get_prompt(name, given)).messages
                words = set(re.findall(r"\w+", str(message.content)))
                assert len(words & CALLS.keys()) >= 3
                assert given["symbol"] in words

    asyncio.run(ask())


@pytest.mark.drill
def test_nobody_there_is_said_in_words() -> None:
    async def ask() -> str:
        async with stdio_session("http://127.0.0.1:9", ZERODTE_KEY="zk_secret") as client:
            return text_of(await client.call_tool("snapshot", {"symbol": "SPX"}))

    text = asyncio.run(ask())
    assert "no answer from http://127.0.0.1:9" in text
    assert "zk_secret" not in text


@pytest.mark.drill
def test_a_setting_that_cannot_be_used_is_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "zerodte", "mcp"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "ZERODTE_URL": "nowhere"},
        stdin=subprocess.DEVNULL,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: 'nowhere' is not the address")
    assert "Traceback" not in done.stderr


@pytest.mark.drill
@pytest.mark.parametrize("package", ["mcp", "httpx"])
def test_without_the_extra_it_is_named(package: str) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None; from zerodte.cli import main; main(['mcp'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"Error: zerodte mcp needs the package {package}; install the extra: pip install "
        '"zerodte[mcp]"\n'
    )
