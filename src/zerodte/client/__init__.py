"""A client of this API, of a server of one's own or of the published one; needs httpx.

It imports the wire alone: no market, no numba, no pyarrow. docs/client.md describes it.
"""

try:
    import httpx as _httpx  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'zerodte.client needs httpx; install the extra: pip install "zerodte[client]"', name="httpx"
    ) from error

from zerodte.client.awaiting import AsyncClient
from zerodte.client.blocking import Client
from zerodte.client.errors import (
    AbsenceError,
    AnswerError,
    ClientError,
    KeyRefusalError,
    LibraryError,
    RefusalError,
    ServerSideError,
    SettingError,
    ShapeError,
    TransportError,
)
from zerodte.client.events import BarEvent, SkipEvent, SnapshotEvent, StreamEvent, TickEvent
from zerodte.client.tables import (
    HeatmapTable,
    HedgeFlowTable,
    LeaderboardTable,
    SeriesTable,
    StrikeFlowTable,
)
from zerodte.wire.flat import Exposure, Snapshot
from zerodte.wire.snapshot import NoZeroDte, SessionClosed

__all__ = [
    "AbsenceError",
    "AnswerError",
    "AsyncClient",
    "BarEvent",
    "Client",
    "ClientError",
    "Exposure",
    "HeatmapTable",
    "HedgeFlowTable",
    "KeyRefusalError",
    "LeaderboardTable",
    "LibraryError",
    "NoZeroDte",
    "RefusalError",
    "SeriesTable",
    "ServerSideError",
    "SessionClosed",
    "SettingError",
    "ShapeError",
    "SkipEvent",
    "Snapshot",
    "SnapshotEvent",
    "StreamEvent",
    "StrikeFlowTable",
    "TickEvent",
    "TransportError",
]
