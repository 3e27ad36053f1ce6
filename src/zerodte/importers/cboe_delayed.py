"""Cboe's delayed quotes in JSON: one body, decoded with its types.

A body has the whole chain of one underlying, as it was 15 minutes before its publication.
`timestamp` is UTC, with a blank between date and time; `last_trade_time` is New York, with a T.
Expired contracts stay listed, and counts are written as floats.
"""

import codecs
import datetime
import json
import math
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from zerodte.clock import ClockError, new_york_clock, parse_new_york
from zerodte.constants import MINUTE, SECOND
from zerodte.market.calendar import calendar
from zerodte.tape.error import TapeError

#: Age of the quotes of options at their publication, ns.
CBOE_DELAY: Final = 15 * MINUTE
#: Seconds from one publication of a chain to the next, about.
CBOE_CADENCE_S: Final = 60

_BLANK: Final = "%Y-%m-%d %H:%M:%S"
#: How far the underlying's last trade may be after the publication, ns: clocks differ a little.
_TOLERANCE: Final = MINUTE


class DelayedOption(msgspec.Struct, gc=False):
    """A contract as Cboe has it; fields that nobody reads are left out, None is unknown.

    Attributes:
        option: Its symbol, without padding, SPXW220323C04480000.
        bid: Dollars; 0 without one.
        ask: Dollars; 0 without one.
        bid_size: Contracts.
        ask_size: Contracts.
        open_interest: Contracts, of the morning.
        volume: Contracts, of the day so far.
    """

    option: str
    bid: float | None = None
    ask: float | None = None
    open_interest: float | None = None
    volume: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None


class _Underlying(msgspec.Struct):
    options: list[DelayedOption]
    current_price: float | None = None
    bid: float | None = None
    ask: float | None = None
    last_trade_time: str | None = None


class _Body(msgspec.Struct):
    timestamp: str
    symbol: str
    data: _Underlying


class _OddUnderlying(msgspec.Struct):
    options: list[Any]
    current_price: Any = None
    bid: Any = None
    ask: Any = None
    last_trade_time: Any = None


class _OddBody(msgspec.Struct):
    """A body whose numbers may be anything."""

    timestamp: str
    symbol: str
    data: _OddUnderlying


@dataclass(frozen=True, slots=True)
class DelayedChain:
    """A decoded body.

    Attributes:
        symbol: The underlying, as Cboe names it: _SPX, SPY.
        published: Its time of publication, UTC ns.
        traded: The underlying's last trade, UTC ns; None if unknown.
        price: The underlying's last price or value, dollars; None if unknown.
        bid: The underlying's bid, dollars; 0 for an index, None if unknown.
        ask: Likewise its ask.
        options: Its contracts, expired ones too.
    """

    symbol: str
    published: int
    traded: int | None
    price: float | None
    bid: float | None
    ask: float | None
    options: list[DelayedOption]

    @property
    def at(self) -> int:
        """The time of its options' quotes, UTC ns."""
        return self.published - CBOE_DELAY

    @property
    def valued_at(self) -> int | None:
        """The time of an index's value, UTC ns; None if it is not known to be of the session.

        In the evening that begins a session the value of the session before still stands, so it
        has the time of the quotes.

        Raises:
            MarketError: If the quotes are outside the calendar.
        """
        session = calendar().session_of(self.at)
        start, _ = calendar().span(session)
        if self.traded is None:
            return None
        if self.traded >= start:
            return min(self.traded, self.at)
        is_evening = new_york_clock(self.at).date() < session.date
        before, _ = calendar().span(calendar().previous(session.date))
        return self.at if is_evening and self.traded >= before else None


_DECODER: Final = msgspec.json.Decoder(_Body)
_NUMBERS: Final = tuple(field for field in DelayedOption.__struct_fields__ if field != "option")


def decode_delayed(body: bytes) -> DelayedChain:
    """Decode a body, with or without a byte order mark.

    Raises:
        TapeError: If it is not JSON, ends early, lacks a field or has one of another type, but for
            numbers, which are then unknown, or its times are not in their zones.
    """
    body = body.removeprefix(codecs.BOM_UTF8)  # editors write one when they save a body
    try:
        found = _decode(body)
    except msgspec.ValidationError as error:
        raise TapeError(
            f"not Cboe's delayed quotes in JSON: {error}; expected: timestamp, symbol and "
            "data with options"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TapeError(_not_json(body, str(error))) from error
    data = found.data
    published, traded = _published(found.timestamp), _traded(data.last_trade_time)
    if traded is not None and traded > published + _TOLERANCE:
        raise TapeError(
            f"its timestamp {found.timestamp!r} is before the underlying's last trade, "
            f"{data.last_trade_time} New York; expected: timestamp in UTC, last_trade_time in "
            "New York time"
        )
    return DelayedChain(
        found.symbol, published, traded, data.current_price, data.bid, data.ask, data.options
    )


def _decode(body: bytes) -> _Body:
    """A body with its types.

    Python's own reader and a look at every number take several times as long, so that is for
    bodies in which a number is none: one odd cell is no reason to lose the chain.
    """
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        try:
            plain = msgspec.convert(json.loads(body), _OddBody)
        except (ValueError, RecursionError):
            plain = None  # what is wrong with it is told by the types
        if plain is None:
            raise
    odd = plain.data
    data = _Underlying(
        [_option(one if isinstance(one, dict) else {}) for one in odd.options],
        _number(odd.current_price),
        _number(odd.bid),
        _number(odd.ask),
        odd.last_trade_time if isinstance(odd.last_trade_time, str) else None,
    )
    return _Body(plain.timestamp, plain.symbol, data)


def _option(cells: dict[str, Any]) -> DelayedOption:
    """A contract; one without a name has an empty one, which no contract has."""
    name = cells.get("option")
    numbers = {field: _number(cells.get(field)) for field in _NUMBERS}
    return DelayedOption(name if isinstance(name, str) else "", **numbers)


def _number(cell: object) -> float | None:
    """A number, also as text; None if it is none."""
    if cell is None or isinstance(cell, bool):
        return None
    try:
        number = msgspec.convert(cell, float, strict=False)
    except msgspec.ValidationError:
        return None
    return number if math.isfinite(number) else None


def _not_json(body: bytes, reason: str) -> str:
    start = body[:200].lstrip()
    if not start:
        return "empty; expected: Cboe's delayed quotes in JSON"
    if not start.startswith(b"{"):
        return f"not JSON: it begins with {start[:40]!r}; expected: Cboe's delayed quotes in JSON"
    if not body.rstrip().endswith(b"}"):
        return f"it ends in the middle, after {len(body):,} bytes: {reason}; download it again"
    return f"not JSON: {reason}; expected: Cboe's delayed quotes in JSON"


def _published(text: str) -> int:
    try:
        moment = datetime.datetime.strptime(text, _BLANK).replace(tzinfo=datetime.UTC)
        published = int(moment.timestamp()) * SECOND
        new_york_clock(published - CBOE_DELAY)
    except (ValueError, OverflowError, OSError):
        raise TapeError(
            f"timestamp {text[:40]!r}; expected: UTC, such as '2026-11-27 15:45:10'"
        ) from None
    return published


def _traded(text: str | None) -> int | None:
    if not text:
        return None
    try:
        return parse_new_york(text)
    except ClockError as error:
        raise TapeError(f"last_trade_time: {error}") from error
