"""Tapes sent in Databento's protocol, and what of them a recording has to hold."""

import contextlib
import datetime
import functools
import itertools
import socket
import threading
from collections import Counter
from collections.abc import Iterator

from processes import lasting_folder
from zerodte.feeds.databento.gateway import DatabentoGatewayServer
from zerodte.feeds.databento.session import DatabentoGateway
from zerodte.feeds.fault_script import FaultScript
from zerodte.feeds.simulator.names import NAMES
from zerodte.feeds.simulator.output import write_tape
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.feeds.vendor_key import VendorKey
from zerodte.market.calendar import calendar
from zerodte.records.tick import Batch
from zerodte.tape.folder import Tape, open_tape

DATE = datetime.date(2025, 6, 6)
OPRA = "OPRA.PILLAR"
#: As long as a vendor's.
KEY = "db-0123456789abcdefghijklmnopqrs"
SCHEMAS = ("definition", "statistics", "cbbo-1s", "tcbbo")


@functools.cache
def simulated(minutes: int = 10, symbol: str = "NVDA") -> Tape:
    """The first minutes of a session."""
    session = calendar().session(DATE)
    assert session is not None
    out = lasting_folder("zerodte-gateway-") / "tape"
    write_tape(Simulation(session, (NAMES[symbol],), 7, minutes=minutes), out, lambda _: None)
    return open_tape(out)


@contextlib.contextmanager
def serving(
    tape: Tape,
    speed: float,
    *,
    faults: FaultScript | None = None,
    late: float = 0.0,
    port: int = 0,
) -> Iterator[DatabentoGateway]:
    """A gateway for as long as the context lasts, as clients with the right key name it.

    Its clock begins `late` seconds after the open.
    """
    start = tape.session.open + round(late * 10**9)
    server = DatabentoGatewayServer(
        tape, speed, key=VendorKey(KEY), host="127.0.0.1", port=port, start=start, faults=faults
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield DatabentoGateway(VendorKey(KEY), *server.address)
    finally:
        server.stop()
        thread.join(10)
        assert not thread.is_alive()


@contextlib.contextmanager
def never_sending(port: int) -> Iterator[threading.Event]:
    """A gateway that lets a client in and sends nothing; the event tells that one has begun."""
    has_begun = threading.Event()

    def serve() -> None:
        with contextlib.suppress(OSError), server.accept()[0] as client:
            client.sendall(b"lsg_version=0.6.1\ncram=abc\n")
            client.recv(1 << 16)
            client.sendall(b"success=1|session_id=5\n")
            while content := client.recv(1 << 16):
                if b"start_session" in content:
                    has_begun.set()

    with socket.create_server(("127.0.0.1", port)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield has_begun
        finally:
            thread.join(20)


def batches(tape: Tape) -> Iterator[tuple[int, str, Batch]]:
    """The end of the tick, the gap and the records of every batch of options of a tape."""
    for tick in tape.ticks():
        for batch in itertools.chain(tick.definitions, tick.statistics, tick.quotes, tick.trades):
            if batch.dataset == OPRA:
                yield tick.end, tick.gap, batch


def content(tape: Tape, among: Tape) -> dict[str, Counter[bytes]]:
    """The records of the contracts that another tape knows, by schema, each as its bytes."""
    known = among.symbols[OPRA]
    assert known.items() <= tape.symbols[OPRA].items(), "ids keep their symbols"
    found: dict[str, Counter[bytes]] = {schema: Counter() for schema in SCHEMAS}
    for _, _, batch in batches(tape):
        rows = batch.records
        chosen = [number in known for number in rows["instrument_id"].tolist()]
        found[batch.schema].update(row.tobytes() for row in rows[chosen])
    return found
