"""The parts of an answer about one chain: its head, its blocks, its warnings."""

import datetime
import math
from typing import Any, Final

import numpy as np

from zerodte.arrays import F64
from zerodte.clock import new_york_clock
from zerodte.constants import CLOSING_MINUTES, HOUR, MINUTE, SPOT_DISAGREEMENT
from zerodte.engine.quality import lone_interest
from zerodte.session.decision import Decision
from zerodte.session.reading import Reading
from zerodte.views import blocks
from zerodte.views.frame import data_as_of
from zerodte.views.sentences import NET_GEX_WITHHELD
from zerodte.views.strikes import strike_rows
from zerodte.wire.base import timestamp
from zerodte.wire.envelope import Source
from zerodte.wire.errors import ApiError
from zerodte.wire.exposure import Head
from zerodte.wire.numbers import number

#: What is said of a fault whose own name says less: a quote that came may be taken back.
_FAULTS: Final = {"never quoted": "without bid or ask"}


def chain_head(reading: Reading, source: Source, *, market_open: bool) -> Head:
    """Which chain an answer is about, and when."""
    state, context = reading.state, reading.context
    chain, clock = state.instant.chain, state.instant.clock
    return Head(
        source=source,
        data_as_of=data_as_of(context.arrivals),
        symbol=chain.symbol,
        underlying_price=number(state.spot.value),
        expiration=chain.expiry,
        as_of=timestamp(context.at),
        market_open=market_open,
        time_to_close_hours=number(clock.hours_left),
        time_to_close_pct=number(clock.elapsed_pct),
    )


def chain_blocks(
    reading: Reading,
    strike_range: float,
    decision: Decision | None = None,
    *,
    market_open: bool,
) -> dict[str, Any]:
    """The blocks that a snapshot shares with the morning's baseline.

    Args:
        reading: The chain.
        strike_range: Of the strikes, a fraction of spot.
        decision: Of its last sample, whose regime label stands; None where there is none.
        market_open: Whether the chain trades then.
    """
    state = reading.state
    return {
        "regime": blocks.regime_block(state, decision),
        "exposures": blocks.exposures_block(state, reading.total_net_gex),
        "expected_move": blocks.expected_move_block(state),
        "pin_risk": blocks.pin_block(state),
        "hedging": blocks.hedging_block(state),
        "decay": blocks.decay_block(state, is_open=market_open),
        "vol_context": blocks.volatility_block(state, reading.context.vix),
        "flow": blocks.flow_block(state),
        "levels": blocks.levels_block(state),
        "liquidity": blocks.liquidity_block(state, strike_range),
        "metadata": blocks.metadata_block(reading),
        "gamma_profile": blocks.gamma_profile_block(state),
        "strikes": strike_rows(state, strike_range),
        "warnings": warnings(reading, market_open=market_open),
    }


def warnings(reading: Reading, *, market_open: bool = False) -> list[str]:
    """What a reader should know before trusting figures, most important first.

    Args:
        reading: The chain.
        market_open: Whether it trades then.
    """
    state, apart = reading.state, reading.apart
    now, clock = state.instant, state.instant.clock
    left = clock.hours_left * HOUR / MINUTE
    apart_from_parity = 100.0 * state.spot.disagreement
    unknown = int((now.listed & np.isnan(now.official)).sum())
    faults, lone = now.quotes.faults, lone_text(now.official)
    smile_at, straddle = state.smile_at, state.straddle
    notices = [
        (
            not now.fresh,
            f"quotes are stale: the chain has been silent since {clock_text(now.newest)}",
        ),
        (now.oi_as_of is None, f"open interest of {new_york_clock(clock.now).date()} is missing"),
        (
            now.oi_as_of is not None and unknown > 0,
            f"open interest is unknown of {unknown} of {int(now.listed.sum())} contracts",
        ),
        (bool(lone), lone),
        (state.exposures.is_withheld, NET_GEX_WITHHELD),
        (
            int(state.surface.smile.quoted.sum()) == 1,
            "volatilities rest on one quote, which no other bears out",
        ),
        (not reading.has_trades, f"no trade of {now.chain.symbol} has come: its flow is unknown"),
        (
            market_open and left < CLOSING_MINUTES,
            f"{left:.1f} minutes to the close: greeks are extreme",
        ),
        (clock.is_floored, "less than a minute is left: sigma and volatility are not known"),
        (
            state.spot.is_overruled,
            (
                f"the underlying's own price is not used: it lies {apart_from_parity:.2f}% from "
                f"the parity of many strikes, {state.spot.value:.2f}"
            ),
        ),
        (
            state.spot.is_disputed,
            f"spot ({state.spot.source}) lies {apart_from_parity:.2f}% from parity",
        ),
        (
            reading.smile_is_old,
            f"no quote could be inverted since: volatilities are those of {clock_text(smile_at)}",
        ),
        (
            math.isnan(straddle) and now.fresh,
            "straddle withheld: no strike with two good quotes lies near the forward",
        ),
        (
            apart > SPOT_DISAGREEMENT,
            f"the tape's own prices of {now.chain.symbol} lie {100.0 * apart:.2f}% apart",
        ),
        (
            bool(faults),
            "quotes left out: " + ", ".join(f"{n} {_FAULTS.get(f, f)}" for f, n in faults.items()),
        ),
    ]
    return [text for applies, text in notices if applies] + list(reading.context.warnings)


def lone_text(official: F64) -> str:
    """The warning of contracts that `lone_interest` doubts; empty without one.

    Args:
        official: Settled open interest, contracts; NaN where unknown.
    """
    counts, share = lone_interest(official)
    if not share:
        return ""
    who = "one contract has" if len(counts) == 1 else f"{len(counts)} contracts have"
    return (
        f"{who} {100.0 * share:.1f}% of all open interest, {counts.sum():,.0f}: "
        "no regime is claimed on it"
    )


def without_quotes(symbol: str, expiry: datetime.date | None, at: int) -> ApiError:
    """The refusal of what needs a price, and where stands what needs none.

    Args:
        symbol: Of the underlying.
        expiry: None for all expiries.
        at: UTC ns.
    """
    return ApiError(
        "warming_up",
        f"no quote of {symbol} {expiry or 'options'} can be used at {clock_text(at)}: it needs "
        "a strike with two-sided, uncrossed, fresh quotes; "
        f"/v1/flow/oi/{symbol} and /v1/maxpain/{symbol} need none",
    )


def clock_text(at: int | None) -> str:
    """An instant (UTC ns) as the clock of New York shows it; None is the start of the day."""
    return "the start" if at is None else f"{new_york_clock(at):%H:%M:%S} New York"
