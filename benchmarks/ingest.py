"""Databento's live data from the socket to committed, compressed ticks.

Peers: the vendor's own client, which calls back with every record and keeps none; and a replay of
what was recorded. Both clients get the same bytes from a process of its own that does nothing but
send them: what our gateway sent of half an hour of a desk's names, captured once, and then the
same as if it were of each of the next half hours.

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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import databento
import numpy as np

from benchmarks.harness import Row
from zerodte.arrays import U8
from zerodte.constants import MINUTE
from zerodte.feeds.databento.blocks import RecordBlock, RecordSplitter
from zerodte.feeds.databento.feed import DatabentoFeed
from zerodte.feeds.databento.protocol import ERROR, METADATA_PREFIX, SYSTEM, SystemCode
from zerodte.feeds.databento.session import DATABENTO_KEY, DatabentoGateway
from zerodte.feeds.simulator.names import NAMES
from zerodte.feeds.simulator.output import write_tape
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.feeds.socket_reader import ReceivedBytes
from zerodte.feeds.vendor_key import VendorKey
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.roots import roots_of
from zerodte.records.dbn import UNDEF_TIME
from zerodte.runtime.feed_client import FeedClient
from zerodte.runtime.replay import replay
from zerodte.runtime.tick_batches import TickBatches
from zerodte.tape.folder import open_tape, session_span
from zerodte.tape.recorder import Recorder

_KEY = "db-0123456789abcdefghijklmnopqrs"
_DATE = datetime.date(2025, 6, 6)
_DATASET = "OPRA.PILLAR"
_NAMES = tuple(NAMES)
#: The minutes that are captured, from the open, and how often they are sent.
_MINUTES, _REPEATS = 30, 12
#: A minute later, so that all is the past.
_CLOCK, _AFTER = "10:01", (_REPEATS * _MINUTES + 1) * MINUTE
#: Records between two looks at memory.
_LOOK = 4_000_000
#: Records that the vendor's client gets.
_THEIRS = 4_000_000


def rows() -> list[Row]:
    """A row a peer: microseconds per thousand records."""
    hours = calendar().session(_DATE)
    assert hours is not None
    with TemporaryDirectory() as folder:
        tape, root, copy = (Path(folder) / name for name in ("tape", "recordings", "copy"))
        simulation = Simulation(hours, tuple(NAMES.values()), 7, minutes=_MINUTES)
        write_tape(simulation, tape, lambda _: None)
        words = ("zerodte", "feed", str(tape), "--as", "databento", "--from", _CLOCK, "--port", "0")
        with _sending(*words) as gateway:
            _, few = _record(replace(gateway, capture=copy), Path(folder) / "first", hours)
        with _sending("benchmarks.ingest", str(copy)) as gateway:
            ours, count = _record(gateway, root, hours)
            theirs = _call_back(gateway, _THEIRS)
        begin = time.perf_counter()
        replay(open_tape(Path(folder) / "first" / _DATE.isoformat()))
        playing = (time.perf_counter() - begin) / few
    name = f"socket to committed ticks, 1,000 of {count:,} records"
    return [
        Row(name, ours * 1e9, "databento client, callbacks", theirs * 1e9),
        Row("the same", ours * 1e9, "replay of the first part", playing * 1e9),
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
    # Captured in this order.
    reference, *streams = sorted(folder.iterdir())
    head, records = _parts(reference)
    bodies = {b"definition": [records.tobytes()]}
    for schema, path in zip((b"cbbo-1s", b"tcbbo"), streams, strict=True):
        bodies[schema] = list(_later(_parts(path)[1]))
    hours = calendar().session(_DATE)
    assert hours is not None
    hello = f"lsg_version=zerodte;speed=1;now={hours.open + _AFTER}\ncram=x\n".encode()
    with socket.create_server(("127.0.0.1", 0)) as server:
        print("Feed on {}:{};".format(*server.getsockname()), flush=True)
        while True:
            client, _ = server.accept()
            answer = threading.Thread(target=_answer, args=(client, hello, head, bodies))
            answer.daemon = True
            answer.start()


def _parts(path: Path) -> tuple[bytes, U8]:
    """The metadata of a captured session, and its records; not that a root has no contracts."""
    content = np.frombuffer(path.read_bytes(), np.uint8).copy()
    size = METADATA_PREFIX + int.from_bytes(content[4:METADATA_PREFIX].tobytes(), "little")
    blocks = _blocks(content, size)
    return content[:size].tobytes(), np.concatenate(
        [block.records.view(np.uint8) for block in blocks if block.rtype != ERROR]
    )


def _blocks(content: U8, start: int = 0) -> Iterator[RecordBlock]:
    return RecordSplitter().split([ReceivedBytes(content, start, len(content))])


def _later(records: U8) -> Iterator[bytes]:
    """The records again and again, each time later; the replay is over only at the end."""
    blocks = list(_blocks(records))
    sizes = [block.records.nbytes for block in blocks]
    over = next(i for i, block in enumerate(blocks) if _tells_end(block))
    for repeat in range(_REPEATS):
        later, position = records.copy(), 0
        for block, size in zip(blocks, sizes, strict=True):
            rows = later[position : position + size].view(block.records.dtype)
            position += size
            for name in {"ts_event", "ts_recv"}.intersection(rows.dtype.names or ()):
                is_known = rows[name] != UNDEF_TIME
                rows[name] += np.where(is_known, repeat * _MINUTES * MINUTE, 0).astype(np.uint64)
        yield later[: sum(sizes[:over]) if repeat < _REPEATS - 1 else None].tobytes()


def _tells_end(block: RecordBlock) -> bool:
    is_system = block.rtype == SYSTEM
    return is_system and bool((block.records["code"] == SystemCode.REPLAY_COMPLETED).any())


def _answer(
    client: socket.socket, hello: bytes, head: bytes, bodies: Mapping[bytes, Sequence[bytes]]
) -> None:
    with client, contextlib.suppress(OSError):
        client.sendall(hello)
        lines = client.makefile("rb")
        lines.readline()
        client.sendall(b"success=1|session_id=1\n")
        asked = b""
        while not (line := lines.readline()).startswith(b"start_session"):
            asked += line
        client.sendall(head)
        for schema, parts in bodies.items():
            for part in parts if b"schema=" + schema in asked else ():
                client.sendall(part)
        lines.readline()


def _record(gateway: DatabentoGateway, root: Path, hours: TradingSession) -> tuple[float, int]:
    """Seconds a record, and the number of records."""
    feed = DatabentoFeed(gateway, _NAMES, root)
    begin = time.perf_counter()
    connection = feed.connect()
    span = session_span(hours)
    recorder = Recorder(root / _DATE.isoformat(), connection.manifest, span)
    client = FeedClient(feed, connection, hours, span, 0)
    looks = [f"{_resident():.0f} MiB before"]
    batches, is_caught_up = TickBatches(client, recorder), False
    while not is_caught_up:
        ticks, frames, is_caught_up = batches.take()
        recorder.commit(ticks, frames)
        count = sum(recorder.position.counts.values())
        if count >= len(looks) * _LOOK:
            looks.append(f"{_resident():.0f} after {count / 1e6:.1f} M records")
    elapsed = time.perf_counter() - begin
    print("resident memory:", ", ".join(looks), flush=True)
    client.close()
    recorder.close()
    return elapsed / count, count


def _resident() -> float:
    """Memory of this process, MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


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
