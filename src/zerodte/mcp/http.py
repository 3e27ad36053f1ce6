"""The tools over HTTP, mounted by a server that answers for them itself."""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from mcp.server.mcpserver import Context
from mcp.server.transport_security import TransportSecuritySettings

from zerodte.client import AsyncClient
from zerodte.mcp.tools import mcp_server

_KEY_HEADER: Final = "x-api-key"
_KEY_PARAMETER: Final = "apiKey"


class McpApplication:
    """Streamable HTTP without sessions: each POST is answered whole, with the caller's own key.

    Args:
        url: Where the server answers on this machine; the tools ask it as any client does, so
            that keys, plans and quotas hold.

    Attributes:
        path: Where it is mounted.
    """

    path = "/mcp"

    def __init__(self, url: str) -> None:
        self._url = url
        server = mcp_server(self._client_of)
        # The server that mounts it checks hosts, origins and the size of bodies.
        server.streamable_http_app(
            streamable_http_path=self.path,
            json_response=True,
            stateless_http=True,
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        self._manager = server.session_manager

    def running(self) -> AbstractAsyncContextManager[None]:
        """Run it while the server does; once."""
        return self._manager.run()

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        """Answer a POST."""
        await self._manager.handle_request(scope, receive, send)

    @asynccontextmanager
    async def _client_of(self, context: Context) -> AsyncIterator[AsyncClient]:
        """A client with the caller's key."""
        request: Any = context.request_context.request
        key = request.headers.get(_KEY_HEADER) or request.query_params.get(_KEY_PARAMETER)
        async with AsyncClient(self._url, key or "", retries=0, cache_size=0) as client:
            yield client
