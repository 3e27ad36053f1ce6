"""Snapshots: what a session knows of a symbol, as the bytes of the wire."""

import datetime

import msgspec

from zerodte.clock import new_york_clock
from zerodte.constants import STRIKE_RANGE
from zerodte.market.contracts import Chain
from zerodte.session.decision import decision_at
from zerodte.session.reading import Reading, reading_at
from zerodte.session.sample import SampleDay
from zerodte.session.session import Session
from zerodte.views import blocks
from zerodte.views.chain_blocks import chain_blocks, chain_head, clock_text, without_quotes
from zerodte.views.decision import Outlook, headline_block, probabilities_block, setup_block
from zerodte.views.frame import Frame, check_symbol, data_as_of
from zerodte.views.next_session import next_session
from zerodte.wire.base import timestamp
from zerodte.wire.envelope import Source
from zerodte.wire.errors import ApiError
from zerodte.wire.exposure import ChainQuery, ExposureBlocks, ExposureQuery, NextSession, encode
from zerodte.wire.numbers import number
from zerodte.wire.snapshot import NoZeroDte, SessionClosed, SnapshotBlocks, SnapshotQuery


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
    check_symbol(session, symbol, without_any="none; ask for a past instant with at")
    chain = session.chain(symbol, expiry)
    if expiry is not None and chain is None:
        raise ApiError("expiry_not_found", _no_expiry(session, symbol, expiry))
    if not session.is_open_for(symbol, expiry):
        if isinstance(query, ExposureQuery):
            return _exposure_outside(session, source, query, chain)
        return msgspec.json.encode(_closed(session, source, symbol))
    if chain is None:
        return msgspec.json.encode(_no_zero_dte(session, source, symbol))
    reading = session.reading(chain, settled=isinstance(query, ExposureQuery))
    if reading is None:
        raise without_quotes(chain.symbol, chain.expiry, session.now)
    return _whole(_outlook_now(session, chain, reading), source, query, market_open=True)


def snapshot_at(frame: Frame, query: ChainQuery) -> bytes:
    """The JSON of a snapshot at the last sample not after a past instant, as it was then.

    Args:
        frame: The symbol, the instant, the samples.
        query: As for `snapshot`; its expiry is None or the day's own, whose chain alone is sampled.

    Raises:
        ApiError: no_data, invalid_expiry, invalid_at or warming_up.
    """
    day = frame.day
    if day is not None and query.expiry not in (None, day.expiry):
        message = f"with at, expiry must be left out or the day's own, {day.expiry}"
        raise ApiError("invalid_expiry", message)
    outlook = _outlook_at(frame, settled=isinstance(query, ExposureQuery))
    return _whole(outlook, frame.source, query, market_open=frame.market_open)


def summary_at(frame: Frame) -> bytes:
    """The same without `strikes` and `body`, on effective open interest.

    Raises:
        ApiError: no_data, invalid_at or warming_up.
    """
    outlook = _outlook_at(frame)
    head = chain_head(outlook.reading, frame.source, market_open=frame.market_open)
    fields = msgspec.structs.asdict(head) | msgspec.structs.asdict(
        _blocks(outlook, STRIKE_RANGE, market_open=frame.market_open)
    )
    del fields["strikes"]
    return msgspec.json.encode(fields)


def _outlook_now(session: Session, chain: Chain, reading: Reading) -> Outlook:
    """A chain now, and the decision of its last sample."""
    later = chain.expiry != session.hours.date
    return Outlook.of(
        reading,
        session.decision(chain),
        absence="not today's expiry" if later else "no sample of the session has been taken",
        settings=session.settings,
    )


def _outlook_at(frame: Frame, *, settled: bool = False) -> Outlook:
    """A chain at a past sample, and its decision then."""
    day, reading = _reading_at(frame, settled=settled)
    return Outlook.of(
        reading,
        None if settled else decision_at(day, frame.row, reading.live),
        absence="no decision was kept with this sample",
    )


def _reading_at(frame: Frame, *, settled: bool) -> tuple[SampleDay, Reading]:
    day, asked = frame.day, new_york_clock(frame.at)
    if day is None:
        message = f"no samples of a same-day chain of {frame.symbol} are stored for {asked.date()}"
        raise ApiError("no_data", message)
    if frame.row < 0:
        first = clock_text(day.contexts[0].at)
        message = f"{asked:%H:%M:%S} is before the first sample of {day.expiry}, taken at {first}"
        raise ApiError("invalid_at", message)
    reading = reading_at(day, frame.row, settled=settled)
    if reading is None:
        at = day.contexts[frame.row].at
        raise without_quotes(day.symbol, day.expiry, at)
    return day, reading


def _whole(
    outlook: Outlook,
    source: Source,
    query: ChainQuery,
    *,
    market_open: bool,
    then: NextSession | None = None,
) -> bytes:
    head = chain_head(outlook.reading, source, market_open=market_open)
    if isinstance(query, ExposureQuery):
        shared = chain_blocks(outlook.reading, query.strike_range, market_open=market_open)
        return encode(head, ExposureBlocks(**shared, next_session=then))
    by_strike = isinstance(query, SnapshotQuery) and query.inventory == "1"
    body = _blocks(outlook, query.strike_range, market_open=market_open, by_strike=by_strike)
    return encode(head, body)


def _blocks(
    outlook: Outlook, strike_range: float, *, market_open: bool, by_strike: bool = False
) -> SnapshotBlocks:
    reading = outlook.reading
    shared = chain_blocks(reading, strike_range, outlook.decision, market_open=market_open)
    if reading.state.instant.clock.is_floored:
        shared["warnings"].append("ranges and chances are those of a whole minute")
    return SnapshotBlocks(
        **shared,
        flow_direction=blocks.flow_direction_block(reading),
        headline=headline_block(outlook),
        setup=setup_block(outlook),
        probabilities=probabilities_block(outlook),
        dealer_inventory=blocks.inventory_block(reading, by_strike=by_strike),
    )


def _exposure_outside(
    session: Session, source: Source, query: ExposureQuery, chain: Chain | None
) -> bytes:
    """The exposure before the open, after the close, or on a day without a session."""
    then = next_session(session, query.symbol)
    reading = None
    if chain is not None and (_is_session_day(session) or query.expiry is not None):
        reading = session.last_reading(chain, settled=True)
    if chain is None or reading is None:
        return msgspec.json.encode(_no_zero_dte(session, source, query.symbol, then))
    outlook = _outlook_now(session, chain, reading)
    return _whole(outlook, source, query, market_open=False, then=then)


def _closed(session: Session, source: Source, symbol: str) -> SessionClosed:
    hours = session.hours
    over = session.now > hours.close
    last = hours.date if over else session.previous_date
    opens = f"not open before {clock_text(hours.open)}. Last session: {last}"
    return SessionClosed(
        source=source,
        data_as_of=data_as_of(session.arrivals(symbol)),
        symbol=symbol,
        last_session=last,
        as_of=timestamp(session.now),
        message=f"The session of {hours.date} is {'closed' if over else opens}.",
    )


def _no_zero_dte(
    session: Session, source: Source, symbol: str, then: NextSession | None = None
) -> NoZeroDte:
    today, chain, spot = (
        new_york_clock(session.now),
        session.next_chain(symbol),
        session.spot(symbol),
    )
    following = None if chain is None else chain.expiry
    later = f" Next expiry: {following}." if following else " The tape has no later expiry."
    if following == today.date():
        later = ""
    return NoZeroDte(
        source=source,
        data_as_of=data_as_of(session.arrivals(symbol)),
        symbol=symbol,
        underlying_price=number(spot.value) if spot else then.underlying_price if then else None,
        as_of=timestamp(session.now),
        market_open=session.is_open_for(symbol),
        next_zero_dte_expiry=following,
        message=f"{_absence(session, symbol)} today ({today:%A}).{later}",
        next_session=then,
    )


def _absence(session: Session, symbol: str) -> str:
    """Why there is no same-day chain to show."""
    if _is_session_day(session) and session.chain(symbol) is not None:
        return f"No usable quote of the 0DTE chain of {symbol}"
    return f"No 0DTE expiry for {symbol}"


def _is_session_day(session: Session) -> bool:
    """Whether now is the session's own date, rather than a weekend or the evening before."""
    return new_york_clock(session.now).date() == session.hours.date


def _no_expiry(session: Session, symbol: str, expiry: datetime.date) -> str:
    following = session.next_expiry(symbol)
    hint = f"; the next one after {session.hours.date} is {following}" if following else ""
    return f"{symbol} has no PM-settled chain that expires on {expiry}{hint}"
