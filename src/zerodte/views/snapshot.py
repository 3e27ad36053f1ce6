"""Snapshots: what a session knows of a symbol, as the bytes of the wire."""

import datetime
import math
from typing import Any

import msgspec
import numpy as np

from zerodte.clock import new_york_clock
from zerodte.constants import CLOSING_MINUTES, HOUR, MINUTE, SPOT_DISAGREEMENT, STRIKE_RANGE
from zerodte.engine.state import overruled, sources_disagree
from zerodte.session.reading import Reading, reading_at
from zerodte.session.session import Session
from zerodte.views import blocks
from zerodte.views.frame import Frame, data_as_of
from zerodte.views.strikes import strike_rows
from zerodte.wire.base import timestamp
from zerodte.wire.envelope import Source
from zerodte.wire.errors import ApiError
from zerodte.wire.exposure import ChainQuery, ExposureBlocks, ExposureQuery, Head, encode
from zerodte.wire.numbers import number
from zerodte.wire.snapshot import NoZeroDte, SessionClosed, SnapshotBlocks
from zerodte.wire.strikes import Strike


def snapshot(session: Session, source: Source, query: ChainQuery) -> bytes:
    """The JSON of a snapshot, or of the degraded answer that stands in its place.

    Args:
        session: The day.
        source: live, replay or simulated.
        query: What is asked; an `ExposureQuery` is answered on the morning's open interest, without
            the decision blocks.

    Raises:
        ApiError: symbol_not_found, expiry_not_found or warming_up.
    """
    symbol, expiry = query.symbol, query.expiry
    if symbol not in session.symbols():
        known = ", ".join(session.symbols()[:20]) or "none"
        raise ApiError("symbol_not_found", f"{symbol} is not tracked; tracked symbols: {known}")
    chain = session.chain(symbol, expiry)
    if expiry is not None and chain is None:
        raise ApiError("expiry_not_found", _no_expiry(session, symbol, expiry))
    if not session.is_open:
        return msgspec.json.encode(_closed(session, source, symbol))
    if chain is None:
        return msgspec.json.encode(_no_zero_dte(session, source, symbol))
    reading = session.reading(chain, settled=isinstance(query, ExposureQuery))
    if reading is None:
        raise ApiError("warming_up", _warming_up(chain.symbol, chain.expiry, session.now))
    return _whole(reading, source, query)


def snapshot_at(frame: Frame, query: ChainQuery) -> bytes:
    """The JSON of a snapshot at the last sample not after a past instant, as it was then.

    Args:
        frame: The symbol, the instant, the samples.
        query: As for `snapshot`; its expiry is None or the day's own, whose chain alone is sampled.

    Raises:
        ApiError: symbol_not_found, invalid_expiry, invalid_at or warming_up.
    """
    day = frame.day
    if day is not None and query.expiry not in (None, day.expiry):
        message = f"with at, expiry must be left out or the day's own, {day.expiry}"
        raise ApiError("invalid_expiry", message)
    reading = _reading_at(frame, settled=isinstance(query, ExposureQuery))
    return _whole(reading, frame.source, query)


def summary_at(frame: Frame) -> bytes:
    """The same without `strikes` and `body`, on effective open interest.

    Raises:
        ApiError: symbol_not_found, invalid_at or warming_up.
    """
    reading = _reading_at(frame)
    head, shown = _head(reading, frame.source), _shown(reading, STRIKE_RANGE, [])
    fields = msgspec.structs.asdict(head) | msgspec.structs.asdict(shown)
    del fields["strikes"]
    return msgspec.json.encode(fields)


def _reading_at(frame: Frame, *, settled: bool = False) -> Reading:
    day, asked = frame.day, new_york_clock(frame.at)
    if day is None:
        message = f"no samples of a same-day chain of {frame.symbol} are kept of {asked.date()}"
        raise ApiError("symbol_not_found", message)
    if frame.row < 0:
        first = _time(day.contexts[0].at)
        message = f"{asked:%H:%M:%S} is before the first sample of {day.expiry}, taken at {first}"
        raise ApiError("invalid_at", message)
    reading = reading_at(day, frame.row, settled=settled)
    if reading is None:
        at = day.contexts[frame.row].at
        raise ApiError("warming_up", _warming_up(day.symbol, day.expiry, at))
    return reading


def _whole(reading: Reading, source: Source, query: ChainQuery) -> bytes:
    strike_range = query.strike_range
    head, rows = _head(reading, source), strike_rows(reading.state, strike_range)
    if isinstance(query, ExposureQuery):
        return encode(head, ExposureBlocks(**_blocks(reading, strike_range), strikes=rows))
    return encode(head, _shown(reading, strike_range, rows))


def _shown(reading: Reading, strike_range: float, rows: list[Strike]) -> SnapshotBlocks:
    book = blocks.inventory_block(reading)
    shared = _blocks(reading, strike_range)
    return SnapshotBlocks(**shared, strikes=rows, dealer_inventory=book)


def _blocks(reading: Reading, strike_range: float) -> dict[str, Any]:
    """The blocks that a snapshot shares with the morning's baseline, but for its strikes.

    What trades have done since is the same in both.
    """
    state = reading.state
    return {
        "regime": blocks.regime_block(state),
        "exposures": blocks.exposures_block(state, reading.total_net_gex),
        "expected_move": blocks.expected_move_block(state),
        "pin_risk": blocks.pin_block(state),
        "hedging": blocks.hedging_block(state),
        "decay": blocks.decay_block(state),
        "vol_context": blocks.volatility_block(state, reading.context.vix),
        "flow": blocks.flow_block(state),
        "levels": blocks.levels_block(state),
        "liquidity": blocks.liquidity_block(state, strike_range),
        "metadata": blocks.metadata_block(reading),
        "warnings": warnings(reading),
        "flow_direction": blocks.flow_direction_block(reading.live),
    }


def warnings(reading: Reading) -> list[str]:
    """What a reader should know before trusting a snapshot, most important first."""
    state, apart = reading.state, reading.apart
    now, clock = state.instant, state.instant.clock
    left = clock.hours_left * HOUR / MINUTE
    apart_from_parity = 100.0 * state.spot.disagreement
    unknown = int((now.listed & np.isnan(now.official)).sum())
    faults = now.quotes.faults
    smile_at, straddle = state.smile_at, state.straddle
    notices = [
        (not now.fresh, f"quotes are stale: the chain has been silent since {_time(now.newest)}"),
        (now.oi_as_of is None, f"open interest of {new_york_clock(clock.now).date()} is missing"),
        (
            now.oi_as_of is not None and unknown > 0,
            f"open interest is unknown of {unknown} of {int(now.listed.sum())} contracts",
        ),
        (left < CLOSING_MINUTES, f"{left:.1f} minutes to the close: greeks are extreme"),
        (
            overruled(state.spot),
            (
                f"the underlying's own price is not used: it lies {apart_from_parity:.2f}% from "
                f"the parity of many strikes, {state.spot.value:.2f}"
            ),
        ),
        (
            sources_disagree(state.spot),
            f"spot ({state.spot.source}) lies {apart_from_parity:.2f}% from parity",
        ),
        (
            reading.smile_is_old,
            f"no quote could be inverted since: volatilities are those of {_time(smile_at)}",
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
            "quotes left out: " + ", ".join(f"{n} {name}" for name, n in faults.items()),
        ),
    ]
    return [text for applies, text in notices if applies] + list(reading.context.notices)


def _head(reading: Reading, source: Source) -> Head:
    state, context = reading.state, reading.context
    chain, clock = state.instant.chain, state.instant.clock
    return Head(
        source=source,
        data_as_of=data_as_of(context.arrivals),
        symbol=chain.symbol,
        underlying_price=number(state.spot.value),
        expiration=chain.expiry,
        as_of=timestamp(context.at),
        market_open=True,
        time_to_close_hours=number(clock.hours_left),
        time_to_close_pct=number(clock.elapsed_pct),
    )


def _closed(session: Session, source: Source, symbol: str) -> SessionClosed:
    hours = session.hours
    over = session.now > hours.close
    last = hours.date if over else session.previous_date
    state = "closed" if over else f"not open before {_time(hours.open)}"
    return SessionClosed(
        source=source,
        data_as_of=data_as_of(session.arrivals(symbol)),
        symbol=symbol,
        last_session=last,
        as_of=timestamp(session.now),
        message=f"The session of {hours.date} is {state}. Last session: {last}.",
    )


def _no_zero_dte(session: Session, source: Source, symbol: str) -> NoZeroDte:
    date, following = session.hours.date, session.next_expiry(symbol)
    spot = session.spot(symbol)
    then = f"Next expiry: {following}." if following else "The tape has no later expiry."
    return NoZeroDte(
        source=source,
        data_as_of=data_as_of(session.arrivals(symbol)),
        symbol=symbol,
        underlying_price=number(spot.value) if spot else None,
        as_of=timestamp(session.now),
        market_open=session.is_open,
        next_zero_dte_expiry=following,
        message=f"No 0DTE expiry for {symbol} today ({date:%A}). {then}",
    )


def _no_expiry(session: Session, symbol: str, expiry: datetime.date) -> str:
    following = session.next_expiry(symbol)
    hint = f"; the next one after {session.hours.date} is {following}" if following else ""
    return f"{symbol} has no PM-settled chain that expires on {expiry}{hint}"


def _warming_up(symbol: str, expiry: datetime.date, at: int) -> str:
    return (
        f"no quote of {symbol} {expiry} can be used at {_time(at)}: it needs "
        "a strike with two-sided, uncrossed, fresh quotes"
    )


def _time(at: int | None) -> str:
    return "the start" if at is None else f"{new_york_clock(at):%H:%M:%S} New York"
