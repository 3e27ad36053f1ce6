"""The query and the answer of `/v1/exposure/zero-dte/{symbol}`, also outside the session."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from zerodte.constants import STRIKE_RANGE, STRIKE_RANGE_BOUNDS
from zerodte.wire.base import Number, Timestamp, about
from zerodte.wire.conditions import Decay, ExpectedMove, Flow, Liquidity, Metadata, VolContext
from zerodte.wire.envelope import Envelope
from zerodte.wire.field import describe
from zerodte.wire.positioning import (
    Exposures,
    GammaProfile,
    Hedging,
    Levels,
    PinRisk,
    Regime,
)
from zerodte.wire.query import SymbolQuery
from zerodte.wire.strikes import Strike

_ENCODER = msgspec.json.Encoder()
_NARROWEST, _WIDEST = STRIKE_RANGE_BOUNDS


class Head(Envelope, frozen=True, kw_only=True, gc=False):
    """The head of an answer about one chain: which chain, and when."""

    symbol: Annotated[str, about("As asked, trimmed and upper-cased.")]
    underlying_price: Annotated[Number, about("Spot, dollars.")]
    expiration: Annotated[date, about("The chain's expiry, US/Eastern.")]
    as_of: Annotated[Timestamp, about("The instant this describes, UTC.")]
    market_open: Annotated[bool, about("Whether the options trade at as_of.")]
    time_to_close_hours: Annotated[Number, about("Session hours to the expiry's close.")]
    time_to_close_pct: Annotated[Number, about("Elapsed share of the session, percent.")]


class ChainBlocks(Struct, frozen=True, kw_only=True, gc=False):
    """The analytics of one chain; they appear at the top level and again under `body`."""

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
    gamma_profile: Annotated[
        GammaProfile | None, about("Net GEX over spot (ours); null where net GEX is withheld.")
    ]
    strikes: Annotated[list[Strike], about("Strikes within strike_range of spot, ascending.")]
    warnings: Annotated[list[str], about("What to know before trusting this; often empty.")]


class NextSession(Struct, frozen=True, kw_only=True, gc=False):
    """The map of the next expiry: its chain on settled open interest and the last quotes."""

    expiration: Annotated[
        date, about("The next expiry, US/Eastern; not always the next session's date.")
    ]
    provisional: Annotated[
        bool, about("Whether that morning's open interest is still to be published.")
    ]
    as_of: Annotated[Timestamp, about("When the last of the quotes was received, UTC.")]
    underlying_price: Annotated[Number, about("Spot then, dollars.")]
    net_gex: Annotated[Number, about("Dollars per 1% move; calls plus, puts minus.")]
    regime: Regime
    levels: Levels
    magnet_strike: Annotated[Number, about("Strike of the largest |net GEX|.")]
    max_pain: Annotated[Number, about("Strike of the least intrinsic value to holders.")]
    expected_move: ExpectedMove
    warnings: Annotated[list[str], about("What to know before trusting this; often empty.")]


class ExposureBlocks(ChainBlocks, frozen=True, kw_only=True, gc=False):
    """The blocks on settled open interest."""

    next_session: Annotated[
        NextSession | None, about("The next expiry's map; null while the session is open.")
    ] = None


def encode(head: Head, blocks: ChainBlocks) -> bytes:
    """The whole answer: `head`, then the blocks, then the same bytes of the blocks as `body`."""
    flat = _ENCODER.encode(blocks)
    return b"".join((_ENCODER.encode(head)[:-1], b",", flat[1:-1], b',"body":', flat, b"}"))


class ChainQuery(SymbolQuery, frozen=True, kw_only=True, gc=False):
    """A query about one chain of a symbol."""

    codes = ("expiry_not_found", "session_unreadable", "history_unavailable", "warming_up")
    changes = "tick"

    expiry: Annotated[date | None, about("An expiry other than today's, US/Eastern.")] = None
    # Rounded, so that nearly equal ranges share one cached answer.
    strike_range: Annotated[
        float,
        about(
            "Width of `strikes` on each side of spot, a fraction of spot; clamped to "
            f"{_NARROWEST} to {_WIDEST}. Aggregates always use the whole chain."
        ),
        Meta(ge=_NARROWEST, le=_WIDEST),
        describe(unit="a fraction of spot", digits=4),
    ] = STRIKE_RANGE


class ExposureQuery(ChainQuery, frozen=True, kw_only=True, gc=False):
    """Asks for a chain on settled open interest."""
