"""Prompts: what to ask of the tools, and how to say it."""

from typing import Annotated, Final

from mcp.server.mcpserver import MCPServer
from pydantic import Field

_RULES: Final = (
    "Use only figures that the tools give, each with its time. Begin with source, age and data "
    "quality, and say that dealers' positions are a model. Give no advice to trade."
)


def add_prompts(server: MCPServer) -> None:
    """Add the prompts to a server."""

    @server.prompt(title="A brief before the open")
    def brief_before_open(
        symbol: Annotated[str, Field(description="The underlying, such as SPX.")],
        last_session: Annotated[
            str, Field(description="The date of the session before, yyyy-MM-dd.")
        ],
    ) -> str:
        """What the last session left behind, before the next one opens."""
        return (
            f"Write a brief on {symbol} before the open. Call snapshot, levels and hedge_flow with "
            f"at={last_session} for the close of the session before, then snapshot without at for "
            "what is known now. Say in at most ten lines: the regime at the close and where it "
            "flips, the walls and the magnet, what flow did that day, the expected move, and what "
            f"to watch at the open. {_RULES}"
        )

    @server.prompt(title="What changed since")
    def what_changed_since(
        symbol: Annotated[str, Field(description="The underlying, such as SPX.")],
        since: Annotated[str, Field(description="The instant, US/Eastern yyyy-MM-ddTHH:mm:ss.")],
    ) -> str:
        """What is different now from an instant before."""
        return (
            f"Say what changed in {symbol} since {since}. Call snapshot and levels with at={since} "
            "and again without at, then heatmap and hedge_flow for the minutes between. Name each "
            "figure that moved with both its values and times, the largest first; say what stayed. "
            f"{_RULES}"
        )

    @server.prompt(title="Compare with a past session")
    def compare_with_session(
        symbol: Annotated[str, Field(description="The underlying, such as SPX.")],
        then: Annotated[
            str,
            Field(description="The same time of the past session, yyyy-MM-ddTHH:mm:ss."),
        ],
    ) -> str:
        """Today beside a stored session at the same time of day."""
        return (
            f"Compare {symbol} now with {then}. Call snapshot, probabilities and hedge_flow with "
            f"at={then} and without at. Put regime, net GEX, expected move, pin score, flow and "
            "setup side by side in a table, then say in three lines what is alike and what is not. "
            f"One past session is no statistic. {_RULES}"
        )
