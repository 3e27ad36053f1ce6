"""The address of a stream."""

from collections.abc import Sequence

from zerodte.client.call import target_of
from zerodte.wire.endpoints import ENDPOINTS
from zerodte.wire.stream import StreamQuery, StreamsQuery


def stream_target(symbols: str | Sequence[str], *, ticks: bool) -> tuple[str, str | None]:
    """The path and query string of a stream, and its symbol if it has only one."""
    wanted = {"ticks": ticks or None}
    if isinstance(symbols, str):
        symbol = symbols.strip().upper()
        return target_of(ENDPOINTS[StreamQuery].path, {"symbol": symbol, **wanted}), symbol
    joined = {"symbols": ",".join(symbols), **wanted}
    return target_of(ENDPOINTS[StreamsQuery].path, joined), None
