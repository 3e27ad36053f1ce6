"""Databento's live data from the socket to committed, compressed ticks.

Peers: the vendor's own client, which calls back with every record and keeps none; and a replay of
what was recorded. The gateway is a process of its own, and all that it sends is the past.
"""

import contextlib
import datetime
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import databento

from benchmarks.harness import Row
from zerodte.feeds.databento_feed import DatabentoFeed
from zerodte.feeds.databento_session import DATABENTO_KEY, DatabentoGateway
from zerodte.feeds.simulator.names import NAMES
from zerodte.feeds.simulator.output import write_tape
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.feeds.vendor_key import VendorKey
from zerodte.market.calendar import TradingSession, calendar
from zerodte.runtime.feed_client import FeedClient
from zerodte.runtime.replay import replay
from zerodte.tape.folder import open_tape, session_span
from zerodte.tape.recorder import Recorder

_KEY = "db-0123456789abcdefghijklmnopqrs"
_DATE = datetime.date(2025, 6, 6)
_MINUTES = 195
_DATASET = "OPRA.PILLAR"


def rows() -> list[Row]:
    """A row a peer: microseconds per thousand records."""
    hours = calendar().session(_DATE)
    assert hours is not None
    with TemporaryDirectory() as folder:
        tape, root = Path(folder) / "tape", Path(folder) / "recordings"
        write_tape(Simulation(hours, (NAMES["SPX"],), 7, minutes=_MINUTES), tape, lambda _: None)
        with _gateway(tape) as gateway:
            ours, count = _record(gateway, root, hours)
            theirs = _call_back(gateway, count)
        begin = time.perf_counter()
        replay(open_tape(root / _DATE.isoformat()))
        playing = (time.perf_counter() - begin) / count
    name = f"socket to committed ticks, 1,000 of {count:,} records"
    return [
        Row(name, ours * 1e9, "databento client, callbacks", theirs * 1e9),
        Row("the same", ours * 1e9, "replay of the recording", playing * 1e9),
    ]


@contextlib.contextmanager
def _gateway(tape: Path) -> Iterator[DatabentoGateway]:
    code = "from zerodte.cli import main; main()"
    words = ["feed", str(tape), "--as", "databento", "--from", "16:10", "--port", "0"]
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", code, *words],
        env=os.environ | {DATABENTO_KEY: _KEY},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split(";")[0].removeprefix("Feed on ")
            host, _, port = address.rpartition(":")
            yield DatabentoGateway(VendorKey(_KEY), host, int(port))
        finally:
            process.terminate()


def _record(gateway: DatabentoGateway, root: Path, hours: TradingSession) -> tuple[float, int]:
    """Seconds a record, and the number of records."""
    feed = DatabentoFeed(gateway, ["SPX"], root)
    begin = time.perf_counter()
    connection = feed.connect()
    span = session_span(hours)
    recorder = Recorder(root / _DATE.isoformat(), connection.manifest, span)
    client = FeedClient(feed, connection, hours, span, 0)
    while not client.is_caught_up:
        recorder.commit(client.ticks(recorder.position))
    elapsed = time.perf_counter() - begin
    count = sum(recorder.position.counts.values())
    client.close()
    recorder.close()
    return elapsed / count, count


def _call_back(gateway: DatabentoGateway, count: int) -> float:
    """Seconds a record that the vendor's client calls back with."""
    live = databento.Live(key=_KEY, gateway=gateway.host, port=gateway.port)
    enough, seen = threading.Event(), 0

    def take(_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == count:
            enough.set()

    for schema in ("definition", "statistics", "cbbo-1s", "tcbbo"):
        live.subscribe(_DATASET, schema, ["SPX.OPT", "SPXW.OPT"], "parent", start=0)
    live.add_callback(take)
    begin = time.perf_counter()
    live.start()
    enough.wait(300)
    elapsed = time.perf_counter() - begin
    live.terminate()
    return elapsed / count
