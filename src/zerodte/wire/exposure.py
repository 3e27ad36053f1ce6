"""The answer of `/v1/exposure/zero-dte/{symbol}`: its head, its blocks, their bytes."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Struct

from zerodte.wire.base import Number, Timestamp, about
from zerodte.wire.conditions import Decay, ExpectedMove, Flow, Liquidity, Metadata, VolContext
from zerodte.wire.envelope import Envelope
from zerodte.wire.positioning import Exposures, FlowDirection, Hedging, Levels, PinRisk, Regime
from zerodte.wire.strikes import Strike

_ENCODER = msgspec.json.Encoder()


class Head(Envelope, frozen=True, kw_only=True, gc=False):
    """What is being answered, and when."""

    symbol: Annotated[str, about("As asked, trimmed and upper-cased.")]
    underlying_price: Annotated[Number, about("Spot, dollars.")]
    expiration: Annotated[date, about("The chain's expiry, US/Eastern.")]
    as_of: Annotated[Timestamp, about("The instant this describes, UTC.")]
    market_open: Annotated[bool, about("Whether as_of lies in the session.")]
    time_to_close_hours: Annotated[Number, about("Session hours to the expiry's close.")]
    time_to_close_pct: Annotated[Number, about("Elapsed share of the session, percent.")]


class ExposureBlocks(Struct, frozen=True, kw_only=True, gc=False):
    """The analytics of one chain; they stand at the top level and again under `body`."""

    regime: Regime
    exposures: Exposures
    expected_move: ExpectedMove
    pin_risk: PinRisk
    hedging: Hedging
    decay: Decay
    vol_context: VolContext
    flow: Flow
    levels: Levels
    liquidity: Liquidity
    metadata: Metadata
    strikes: Annotated[list[Strike], about("Strikes within strike_range of spot, ascending.")]
    warnings: Annotated[list[str], about("What to know before trusting this; often empty.")]
    flow_direction: FlowDirection


def encode(head: Head, blocks: ExposureBlocks) -> bytes:
    """The whole answer: `head`, then the blocks, then the same bytes of the blocks as `body`."""
    flat = _ENCODER.encode(blocks)
    return b"".join((_ENCODER.encode(head)[:-1], b",", flat[1:-1], b',"body":', flat, b"}"))
