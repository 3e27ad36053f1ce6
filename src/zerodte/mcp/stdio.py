"""The tools over standard input and output, for a client that starts this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mcp.server.mcpserver import Context

from zerodte.client import AsyncClient
from zerodte.mcp.tools import mcp_server


def serve_stdio() -> None:
    """Serve until the input ends. The server asked is that of `ZERODTE_URL` and `ZERODTE_KEY`.

    Raises:
        SettingError: They cannot be used.
    """
    client = AsyncClient(retries=1)

    @asynccontextmanager
    async def shared(_: Context) -> AsyncIterator[AsyncClient]:
        yield client

    mcp_server(shared).run("stdio")
