"""The tools and prompts: few, read-only, each a question that a trader asks."""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Annotated, Final, Literal, TypeAlias

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

import zerodte
from zerodte.client import AbsenceError, AnswerError, AsyncClient, ClientError, Snapshot
from zerodte.mcp.chain_texts import (
    absence_text,
    brief_text,
    levels_text,
    probabilities_text,
    quality_text,
    setups_text,
)
from zerodte.mcp.prompts import add_prompts
from zerodte.mcp.window_texts import heatmap_text, hedge_flow_text, leaderboard_text
from zerodte.wire.heatmap import HeatmapMetric
from zerodte.wire.hedge_flow import Side
from zerodte.wire.leaderboard import LeaderMetric

Symbol: TypeAlias = Annotated[str, Field(description="The underlying, such as SPX or SPY.")]
At: TypeAlias = Annotated[
    str | None,
    Field(
        description="A past instant, US/Eastern yyyy-MM-ddTHH:mm:ss, the same in UTC with a Z, or "
        "yyyy-MM-dd for the close of that day; left out for now."
    ),
]
Minutes: TypeAlias = Annotated[
    int, Field(description="Length of the window up to the last sample, one session at most.")
]
#: The client of whoever calls.
ClientOf: TypeAlias = Callable[[Context], AbstractAsyncContextManager[AsyncClient]]

_READ_ONLY: Final = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
_INSTRUCTIONS: Final = (
    "Figures of options that expire today, from a zerodte server. Begin with the tool snapshot. "
    "Cite figures as the tools give them, with their time; say when they are simulated, old or of "
    "low quality. Dealers' positions are a model. None of it is investment advice."
)


def mcp_server(client_of: ClientOf) -> MCPServer:
    """The server of tools and prompts.

    Args:
        client_of: The client of the caller of a tool.
    """
    server: MCPServer = MCPServer(
        "zerodte",
        title="zerodte: 0DTE options flow",
        instructions=_INSTRUCTIONS,
        version=zerodte.__version__,
        log_level="WARNING",
    )
    _add_chain_tools(server, client_of)
    _add_window_tools(server, client_of)
    add_prompts(server)
    return server


def _add_chain_tools(server: MCPServer, client_of: ClientOf) -> None:
    """Those that read a snapshot."""

    async def about(
        text: Callable[[Snapshot], str], symbol: str, at: str | None, ctx: Context
    ) -> str:
        with _errors_as_words():
            async with client_of(ctx) as client:
                answer = await client.snapshot(symbol, at=at)
        return text(answer) if isinstance(answer, Snapshot) else absence_text(answer)

    @server.tool(annotations=_READ_ONLY, structured_output=False)
    async def snapshot(symbol: Symbol, ctx: Context, at: At = None) -> str:
        """The moment in short: regime, exposures, expected move, walls, pin, flow, headline."""
        return await about(brief_text, symbol, at, ctx)

    @server.tool(annotations=_READ_ONLY, structured_output=False)
    async def levels(symbol: Symbol, ctx: Context, at: At = None) -> str:
        """The strikes that matter: walls, gamma flip, magnet, max pain, one sigma."""
        return await about(levels_text, symbol, at, ctx)

    @server.tool(annotations=_READ_ONLY, structured_output=False)
    async def setups(symbol: Symbol, ctx: Context, at: At = None) -> str:
        """The setup that stands, alternatives and what to avoid, each with its reasons."""
        return await about(setups_text, symbol, at, ctx)

    @server.tool(annotations=_READ_ONLY, structured_output=False)
    async def probabilities(symbol: Symbol, ctx: Context, at: At = None) -> str:
        """Where the close is likely to be, with the evidence behind the probabilities."""
        with _errors_as_words():
            async with client_of(ctx) as client:
                answer = await client.snapshot(symbol, at=at)
                if not isinstance(answer, Snapshot):
                    return absence_text(answer)
                try:
                    calibration = await client.calibration(symbol)
                except AbsenceError:  # a server without it
                    calibration = None
        return probabilities_text(answer, calibration)

    @server.tool(annotations=_READ_ONLY, structured_output=False)
    async def data_quality(symbol: Symbol, ctx: Context, at: At = None) -> str:
        """How far to trust the figures: quotes, sides, arrivals of inputs, warnings, health."""
        with _errors_as_words():
            async with client_of(ctx) as client:
                answer = await client.snapshot(symbol, at=at)
                if not isinstance(answer, Snapshot):
                    return absence_text(answer)
                return quality_text(answer, await client.health())


def _add_window_tools(server: MCPServer, client_of: ClientOf) -> None:
    """Those that read windows of samples; the series' last bar has their quality."""

    @server.tool(annotations=_READ_ONLY, structured_output=False)
    async def hedge_flow(
        symbol: Symbol,
        ctx: Context,
        at: At = None,
        minutes: Minutes = 60,
        bar: Literal["1m", "5m", "15m"] = "5m",
        side: Side = "all",
    ) -> str:
        """What dealers had to trade to stay hedged against the day's trades, bar by bar."""
        with _errors_as_words():
            async with client_of(ctx) as client:
                flow = await client.hedge_flow(symbol, side=side, bar=bar, minutes=minutes, at=at)
                series = await client.series(symbol, minutes=1, at=at)
        return hedge_flow_text(flow, series)

    @server.tool(annotations=_READ_ONLY, structured_output=False)
    async def heatmap(
        symbol: Symbol,
        ctx: Context,
        metric: HeatmapMetric = "gex",
        at: At = None,
        minutes: Minutes = 60,
    ) -> str:
        """One metric over strikes and time: the largest cells now, and the largest changes."""
        with _errors_as_words():
            async with client_of(ctx) as client:
                cells = await client.heatmap(
                    symbol, metric=metric, bar="5m", minutes=minutes, digits=5, at=at
                )
                series = await client.series(symbol, minutes=1, at=at)
        return heatmap_text(cells, series)

    @server.tool(annotations=_READ_ONLY, structured_output=False)
    async def leaderboard(ctx: Context, metric: LeaderMetric = "heat", n: int = 10) -> str:
        """The symbols with a same-day chain, ranked by one metric."""
        with _errors_as_words():
            async with client_of(ctx) as client:
                return leaderboard_text(await client.leaderboard(metric=metric, n=n))


@contextmanager
def _errors_as_words() -> Iterator[None]:
    """Turns an error of the API into the words of a tool's error."""
    try:
        yield
    except AnswerError as error:
        raise ToolError(f"{error.code or error.status}: {error.message}") from error
    except ClientError as error:
        raise ToolError(str(error)) from error
