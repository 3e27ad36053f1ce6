"""The official client of the protocol, over standard input and output."""

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import CallToolResult, TextContent

#: Every tool with arguments.
CALLS: dict[str, dict[str, Any]] = {
    "snapshot": {"symbol": "SPX"},
    "levels": {"symbol": "SPX"},
    "setups": {"symbol": "SPX"},
    "probabilities": {"symbol": "SPX"},
    "data_quality": {"symbol": "SPX"},
    "hedge_flow": {"symbol": "SPX", "minutes": 15},
    "heatmap": {"symbol": "SPX", "minutes": 20},
    "leaderboard": {"metric": "abs_flow"},
}


@asynccontextmanager
async def stdio_session(url: str, **environment: str) -> AsyncIterator[Client]:
    """The tools of `zerodte mcp`, which asks the server at `url`."""
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "zerodte", "mcp"],
        env={"PYTHONPATH": os.pathsep.join(sys.path), "ZERODTE_URL": url, **environment},
    )
    async with Client(stdio_client(parameters)) as client:
        yield client


def text_of(result: CallToolResult) -> str:
    """The text of a tool's result, which has no other part."""
    (part,) = result.content
    assert isinstance(part, TextContent)
    return part.text


async def texts(client: Client, calls: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    """The texts of tools by name; none of them is an error."""
    out = {}
    for name, arguments in calls.items():
        result = await client.call_tool(name, arguments)
        assert not result.is_error, text_of(result)
        out[name] = text_of(result)
    return out
