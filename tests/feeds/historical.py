"""Tapes served as Databento's historical API."""

import contextlib
import datetime
import threading
from collections.abc import Iterator, Mapping, Sequence

from feeds.gateway import KEY
from zerodte.feeds.databento.historical_server import HistoricalFault, HistoricalServer
from zerodte.feeds.vendor_key import VendorKey
from zerodte.tape.folder import Tape

RECORDS = "timeseries.get_range"


@contextlib.contextmanager
def serving_past(
    *tapes: Tape,
    faults: Sequence[HistoricalFault | None] = (),
    conditions: Mapping[datetime.date, str] | None = None,
) -> Iterator[HistoricalServer]:
    """A server of the API for as long as the context lasts."""
    server = HistoricalServer(
        tapes, key=VendorKey(KEY), host="127.0.0.1", port=0, conditions=conditions, faults=faults
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(10)
        assert not thread.is_alive()
