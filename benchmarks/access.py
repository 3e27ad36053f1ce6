"""What keys cost: answers that are kept, to a key and to anybody, from servers side by side.

    python -m benchmarks.access serve [PLACE]     serve fixed answers, to the keys of a file or URL

The servers take turns on a core, and each figure is the best turn, because others may use the core
too. A limited plan commits to the key file before each answer, an unlimited one does not.
"""

import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from benchmarks.harness import Row
from benchmarks.load import HEATMAP, SNAPSHOT, cost, server
from benchmarks.serving import CORE
from zerodte.access.key import KeyRecord, digest_of, new_id, new_key
from zerodte.access.key_file import KeyFile
from zerodte.access.keyring import Keyring
from zerodte.access.plan import Plan, PlanTable
from zerodte.cli.options import is_stream
from zerodte.server.app import ROUTES, create_app
from zerodte.server.key_access import KeyAccess
from zerodte.server.run import Listener, Server
from zerodte.server.settings import ServerSettings
from zerodte.service.market_service import MarketStats, MarketStatus
from zerodte.wire.health import Health
from zerodte.wire.query import Changes, Query
from zerodte.wire.stream import SampleEvent, StreamQuery

_TURNS = 6
_IDLE_KEYS = 10_000
#: As many numbers as a snapshot of the demo has, about.
_NUMBERS = 2_000
#: The limit of `growth` is one that no load reaches.
PLANS = PlanTable(
    [
        Plan("free", "Free"),
        Plan("basic", "Basic"),
        Plan("growth", "Growth", 10**9),
        Plan("alpha", "Alpha"),
    ]
)


class FixedService:
    """A market whose answers never change."""

    def answer(self, query: Query) -> bytes:
        """Numbers."""
        del query
        return msgspec.json.encode({f"figure_{n}": n * n / 7 for n in range(_NUMBERS)})

    def version(self, query: Query) -> int:
        """Always the same."""
        del query
        return 1

    def reads_history(self, query: Query) -> bool:
        """Never."""
        del query
        return False

    def events(self, query: StreamQuery, after: int | None) -> Sequence[SampleEvent]:
        """None."""
        del query, after
        return ()

    def tick(self, query: StreamQuery) -> bytes | None:
        """Nothing."""
        del query
        return None

    def subscribe(
        self, call: Callable[[], None], changes: Changes = "sample"
    ) -> Callable[[], None]:
        """Nothing to announce."""
        del call, changes
        return lambda: None

    def status(self) -> MarketStatus:
        """Healthy."""
        return MarketStatus(Health.of(), ("SPY",))

    def stats(self) -> MarketStats:
        """Zeros."""
        return MarketStats()


def rows() -> list[Row]:
    """A key of an unlimited plan, one among many, and one of a limited plan."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        few, growth = _keys(folder / "few.db", 0)
        many, _ = _keys(folder / "many.db", _IDLE_KEYS)
        anybody, one, among = (
            stack.enter_context(server("serve", *file, module="benchmarks.access"))
            for file in ((), (folder / "few.db",), (folder / "many.db",))
        )
        for started in (anybody, one, among):
            assert started.size("/health")
        measured = []
        for name, path in (("snapshot", SNAPSHOT), ("heatmap", HEATMAP)):
            turns = [
                (cost(anybody, path), cost(one, path, few), cost(among, path, many))
                for _ in range(_TURNS)
            ]
            free, keyed, idle = (min(costs) * 1e6 for costs in zip(*turns, strict=True))
            measured += [
                Row(f"kept {name} to a key, cpu", keyed, "without keys", free),
                Row(f"kept {name}, {_IDLE_KEYS:,} idle keys, cpu", idle, "two keys", keyed),
            ]
        limited = min(cost(one, SNAPSHOT, growth) for _ in range(_TURNS)) * 1e6
        free = measured[0].peer_us
        return [*measured, Row("kept snapshot, limited plan, cpu", limited, "without keys", free)]


def _keys(path: Path, idle: int) -> tuple[str, str]:
    """A key file with keys of an unlimited and of a limited plan, and idle ones beside them."""
    with KeyFile(path, create=True) as store:
        known = store.create("alpha")[1], store.create("growth")[1]
    others = [KeyRecord(f"{new_id()}{n}", "", "alpha", digest_of(new_key().encode()), 0)
              for n in range(idle)]  # fmt: skip
    with sqlite3.connect(path) as database:
        database.executemany(
            "INSERT INTO keys VALUES (?, '', 'alpha', ?, 0, NULL)",
            [(record.id, record.digest) for record in others],
        )
    database.close()
    return known


def serve(path: str = "") -> None:
    """Serve until told to stop, with the keys of a file or NATS server if there is one."""
    os.sched_setaffinity(0, {CORE})
    keyring = Keyring(path if is_stream(path) else Path(path)) if path else None
    access = KeyAccess(keyring, ROUTES, PLANS) if keyring else None
    app = create_app(FixedService(), ServerSettings(), access)
    listener = Listener("127.0.0.1", 0)
    print(listener.url, flush=True)
    try:
        Server(app, listener, app.stop, app.count_abort).run()
    finally:
        if keyring is not None:
            keyring.close()


if __name__ == "__main__":
    serve(*sys.argv[2:])
