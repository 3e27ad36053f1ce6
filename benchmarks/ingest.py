"""Databento's live data from the socket to committed, compressed ticks.

Peers: the vendor's own client, which calls back with every record and keeps none; and a replay of
what was recorded. Both clients get the same bytes from a process of its own that does nothing but
send them: what our gateway sent of an hour of a desk's names, captured once.

    python -m benchmarks.ingest FOLDER     sends what was captured there
"""

import contextlib
import datetime
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import databento
import numpy as np

from benchmarks.harness import Row
from zerodte.constants import MINUTE
from zerodte.feeds.databento.blocks import RecordSplitter
from zerodte.feeds.databento.feed import DatabentoFeed
from zerodte.feeds.databento.protocol import ERROR, METADATA_PREFIX
from zerodte.feeds.databento.session import DATABENTO_KEY, DatabentoGateway
from zerodte.feeds.simulator.names import NAMES
from zerodte.feeds.simulator.output import write_tape
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.feeds.socket_reader import ReceivedBytes
from zerodte.feeds.vendor_key import VendorKey
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.roots import roots_of
from zerodte.runtime.feed_client import FeedClient
from zerodte.runtime.replay import replay
from zerodte.tape.folder import open_tape, session_span
from zerodte.tape.recorder import Recorder

_KEY = "db-0123456789abcdefghijklmnopqrs"
_DATE = datetime.date(2025, 6, 6)
_DATASET = "OPRA.PILLAR"
_NAMES = ("SPX", "SPY", "QQQ", "IWM", "NVDA", "TSLA", "AAPL", "AMD")
_MINUTES = 60
#: A minute later, so that all is the past.
_CLOCK, _AFTER = "10:31", 61 * MINUTE


def rows() -> list[Row]:
    """A row a peer: microseconds per thousand records."""
    hours = calendar().session(_DATE)
    assert hours is not None
    with TemporaryDirectory() as folder:
        tape, root, copy = (Path(folder) / name for name in ("tape", "recordings", "copy"))
        names = tuple(NAMES[name] for name in _NAMES)
        write_tape(Simulation(hours, names, 7, minutes=_MINUTES), tape, lambda _: None)
        words = ("zerodte", "feed", str(tape), "--as", "databento", "--from", _CLOCK, "--port", "0")
        with _sending(*words) as gateway:
            _record(replace(gateway, capture=copy), Path(folder) / "first", hours)
        with _sending("benchmarks.ingest", str(copy)) as gateway:
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
def _sending(module: str, *words: str) -> Iterator[DatabentoGateway]:
    """A process that sends; its first line names its address."""
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", module, *words],
        env=os.environ | {DATABENTO_KEY: _KEY},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split(";")[0].removeprefix("Feed on ")
            host, _, port = address.strip().rpartition(":")
            yield DatabentoGateway(VendorKey(_KEY), host, int(port))
        finally:
            process.terminate()


def _serve(folder: Path) -> None:
    """Send what was captured to every client, as fast as it takes it."""
    heads, bodies = zip(*map(_parts, sorted(folder.iterdir())), strict=True)
    hours = calendar().session(_DATE)
    assert hours is not None
    hello = f"lsg_version=zerodte;speed=1;now={hours.open + _AFTER}\ncram=x\n".encode()
    with socket.create_server(("127.0.0.1", 0)) as server:
        print("Feed on {}:{};".format(*server.getsockname()), flush=True)
        while True:
            client, _ = server.accept()
            answer = threading.Thread(target=_answer, args=(client, hello, heads[0], bodies))
            answer.daemon = True
            answer.start()


def _parts(path: Path) -> tuple[bytes, bytes]:
    """The metadata of a captured session, and its records; not that a root has no contracts."""
    content = path.read_bytes()
    size = METADATA_PREFIX + int.from_bytes(content[4:METADATA_PREFIX], "little")
    received = ReceivedBytes(np.frombuffer(content, np.uint8).copy(), size, len(content))
    blocks = RecordSplitter().split([received])
    records = b"".join(block.records.tobytes() for block in blocks if block.rtype != ERROR)
    return content[:size], records


def _answer(client: socket.socket, hello: bytes, head: bytes, bodies: tuple[bytes, ...]) -> None:
    with client, contextlib.suppress(OSError):
        client.sendall(hello)
        lines = client.makefile("rb")
        lines.readline()
        client.sendall(b"success=1|session_id=1\n")
        asked = b""
        while not (line := lines.readline()).startswith(b"start_session"):
            asked += line
        client.sendall(head)
        # Captured in this order: reference data, quotes, trades.
        for schema, body in zip((b"definition", b"cbbo-1s", b"tcbbo"), bodies, strict=True):
            if b"schema=" + schema in asked:
                client.sendall(body)
        lines.readline()


def _record(gateway: DatabentoGateway, root: Path, hours: TradingSession) -> tuple[float, int]:
    """Seconds a record, and the number of records."""
    feed = DatabentoFeed(gateway, _NAMES, root)
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

    parents = [f"{root}.OPT" for name in _NAMES for root in roots_of(name)]
    for schema in ("definition", "statistics", "cbbo-1s", "tcbbo"):
        live.subscribe(_DATASET, schema, parents, "parent", start=0)
    live.add_callback(take)
    begin = time.perf_counter()
    live.start()
    enough.wait(300)
    elapsed = time.perf_counter() - begin
    live.terminate()
    return elapsed / count


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
