"""Index values of Cboe's live feed: the same ones as an import of the bodies has."""

import json
from pathlib import Path

import pytest

from importers.test_cboe_json import VALUES, index_body
from zerodte.clock import parse_new_york, parse_utc
from zerodte.feeds.cboe.feed import CboeFeed
from zerodte.feeds.cboe.http import CboeAnswer, CboeClient
from zerodte.tape.recent_records import RecordingPosition


class OneBodyClient(CboeClient):
    """A client whose host has one body, published now."""

    def __init__(self, published: str, traded: str | None) -> None:
        super().__init__()
        self.answer = CboeAnswer(
            json.dumps(index_body(published, traded)).encode(),
            etag="",
            now=parse_utc(published.replace(" ", "T") + "Z"),
            speed=1.0,
        )

    def get(self, symbol: str, etag: str = "") -> CboeAnswer:
        """The body."""
        assert (symbol, etag) == ("SPX", "")
        return self.answer


@pytest.mark.parametrize(("published", "traded", "stamped"), VALUES)
def test_an_index_value_is_of_its_own_time_or_left_out(
    tmp_path: Path, published: str, traded: str | None, stamped: str
) -> None:
    feed = CboeFeed(OneBodyClient(published, traded), ["SPX"], tmp_path)
    try:
        connection = feed.connect()
        streams = connection.manifest.streams
        connection.start(RecordingPosition(dict.fromkeys((one.name for one in streams), 0)))
        arrivals = connection.receive(1.0)
    finally:
        feed.stop()
    pieces = [arrival.piece for arrival in arrivals if "trades" in arrival.name]
    times = [time for piece in pieces if piece for time in piece.records["ts_recv"].tolist()]
    assert times == ([parse_new_york(stamped)] if stamped else [])
    said = "SPX: its index value is not of the session, and left out"
    assert (said in feed.warnings()) == (not stamped)
