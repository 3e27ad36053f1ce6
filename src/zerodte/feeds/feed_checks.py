"""What is believed of a feed: its description of a session, its clock, and its trades' conditions.

A feed is another program, perhaps a broken or a hostile one. Nothing that it names becomes a path
and nothing that it sends reaches a recording before it has passed here.
"""

import datetime
import math
import re
from typing import Final

import numpy as np

from zerodte.clock import new_york_clock
from zerodte.constants import SECOND
from zerodte.feeds.feed import FeedError, FeedStart
from zerodte.records.condition import Condition
from zerodte.records.dbn import SCHEMAS, TRADE_SCHEMAS, records
from zerodte.tape.feed_manifest import FeedManifest, FeedStream
from zerodte.tape.tick_assembler import Piece

#: A dataset becomes a part of file names; DBN's metadata holds at most 15 characters.
_DATASET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}")
#: What a `raw_symbol` of DBN holds.
_SYMBOL: Final = re.compile(r"[ -~]{1,70}")
_MAX_STREAMS: Final = 64
_MAX_ID: Final = 2**32 - 1
#: Times the wall clock.
_SPEEDS: Final = (1e-6, 1e9)
#: UTC ns; times beyond are no times of a market.
MAX_TIME: Final = 2**62
#: Hosts whose word on a simulated clock is taken.
LOOPBACK_HOSTS: Final = ("127.0.0.1", "::1", "localhost")
#: Seconds of the wall clock that a feed's clock may be ahead of where it started and its speed.
_MAX_LEAD: Final = 5.0


def check_manifest(manifest: FeedManifest) -> None:
    """Check the session that a feed describes.

    Raises:
        FeedError: If a name in it cannot be a part of a file's name, a stream comes twice or has
            an unknown schema, or a symbol or its id cannot be written to a tape.
    """
    if not 0 < len(manifest.streams) <= _MAX_STREAMS:
        raise FeedError(f"{len(manifest.streams)} streams; expected: 1 to {_MAX_STREAMS}")
    for stream in manifest.streams:
        _check_dataset(stream.dataset)
        _check_stream(stream)
    names = [stream.name for stream in manifest.streams]
    if len(set(names)) < len(names):
        raise FeedError("a stream comes twice in its manifest; expected: each once")
    for dataset, symbols in manifest.symbols.items():
        _check_dataset(dataset)
        for instrument_id, symbol in symbols.items():
            if not 0 <= instrument_id <= _MAX_ID or not _SYMBOL.fullmatch(symbol):
                raise FeedError(
                    f"instrument {instrument_id} with symbol {symbol[:80]!r}; expected: an id up "
                    f"to {_MAX_ID:,} and a symbol of 1 to 70 printable ASCII characters"
                )


def _check_dataset(dataset: str) -> None:
    if not _DATASET.fullmatch(dataset):
        raise FeedError(
            f"dataset {dataset[:80]!r}; expected: 1 to 15 of the characters A-Z, a-z, 0-9, '.', "
            "'_' and '-', the first a letter or digit"
        )


def _check_stream(stream: FeedStream) -> None:
    if stream.schema not in SCHEMAS:
        raise FeedError(f"schema {stream.schema[:80]!r}; expected: one of {', '.join(SCHEMAS)}")
    has_codes = stream.has_conditions or stream.has_cancels
    if has_codes and stream.schema not in TRADE_SCHEMAS:
        raise FeedError(f"{stream.name}: conditions; expected: only with trades")
    if stream.has_cancels and not stream.has_conditions:
        raise FeedError(f"{stream.name}: cancels without conditions; expected: both")


def check_start(start: FeedStart, date: datetime.date, wall: int) -> None:
    """Check a feed's clock and speed.

    Args:
        start: The feed's answer.
        date: Its session's.
        wall: The wall clock, UTC ns. A feed at the market's own speed cannot be ahead of it.

    Raises:
        FeedError: If the speed is not a reasonable number, or the clock is no time or ahead.
    """
    low, high = _SPEEDS
    if not (math.isfinite(start.speed) and low <= start.speed <= high):
        raise FeedError(f"speed {start.speed:g}; expected: a number from {low:g} to {high:g}")
    if not 0 <= start.now <= MAX_TIME:
        raise FeedError(f"a clock at {start.now}; expected: nanoseconds since 1970")
    is_past = date <= new_york_clock(wall).date()
    if start.speed == 1.0 and is_past and start.now > wall + _MAX_LEAD * SECOND:
        lead = (start.now - wall) / SECOND
        raise FeedError(f"its clock is {lead:,.0f} seconds ahead of this machine's")


def allowed_lead(speed: float) -> int:
    """How far a feed's clock may be ahead of its start and its speed, ns of its clock."""
    return round(_MAX_LEAD * max(speed, 1.0) * SECOND)


def blank_unreadable(piece: Piece, schema: str) -> tuple[Piece, int]:
    """Blank the trades whose condition a tape cannot hold; returns how many there are.

    A blank record keeps its position, by which a feed resumes, and says nothing about the market.
    """
    conditions = piece.conditions
    if conditions is None or not len(conditions) or conditions.max() <= max(Condition):
        return piece, 0
    rows = np.flatnonzero(conditions > max(Condition))
    kept, codes = piece.records.copy(), np.array(conditions, np.uint8)
    kept[rows] = records(schema, len(rows))
    kept.flags.writeable = False
    codes[rows] = Condition.UNKNOWN
    pairs = piece.cancel_pairs
    pairs = pairs[~np.isin(pairs[:, 0] - piece.first, rows)]
    return Piece(piece.first, kept, codes, pairs), len(rows)
