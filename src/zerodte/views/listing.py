"""What there is to ask about: symbols, their listed options, the underlying's own quote."""

import datetime
import math
from collections.abc import Mapping, Sequence

import msgspec

from zerodte.engine.underlying import own_mid
from zerodte.market.calendar import TradingSession, calendar
from zerodte.session.session import Session
from zerodte.views.frame import check_symbol, data_as_of
from zerodte.wire.base import timestamp
from zerodte.wire.envelope import Source
from zerodte.wire.errors import ApiError
from zerodte.wire.listing import (
    Expiration,
    OptionsMeta,
    OptionsMetaQuery,
    SessionEntry,
    SessionList,
    StockQuote,
    StockQuoteQuery,
    SymbolList,
    SymbolsQuery,
    TickerList,
    TickersQuery,
)
from zerodte.wire.numbers import number

_NOTE = "Symbols without an expiry today are answered by the paths of all expiries."


def symbols(session: Session, source: Source, query: SymbolsQuery) -> bytes:
    """The JSON of the symbols with listed options."""
    del query
    found = session.symbols()
    without = [symbol for symbol in found if session.chain(symbol) is None]
    answer = SymbolList(
        source=source,
        data_as_of=data_as_of(session.arrivals()),
        symbols=found,
        count=len(found),
        note=_NOTE if without else None,
        last_updated=timestamp(session.now),
        session=session.hours.date,
        open=timestamp(session.hours.open),
        close=timestamp(session.hours.close),
    )
    return msgspec.json.encode(answer)


def sessions(
    session: Session,
    source: Source,
    stored: Mapping[datetime.date, Sequence[str]],
    note: str | None,
) -> bytes:
    """The JSON of the sessions that can be asked about.

    Args:
        session: The day's.
        source: Its.
        stored: The symbols of each stored session, ascending.
        note: Why some may be missing; None when none is.
    """
    own = {*session.symbols(), *stored.get(session.hours.date, ())}
    entries = [_entry(session.hours, sorted(own))]
    for date in sorted(stored.keys() - {session.hours.date}, reverse=True):
        hours = calendar().session(date)
        if hours is not None:
            entries.append(_entry(hours, list(stored[date])))
    answer = SessionList(
        source=source,
        data_as_of=data_as_of(session.arrivals()),
        sessions=entries,
        count=len(entries),
        note=note,
    )
    return msgspec.json.encode(answer)


def _entry(hours: TradingSession, symbols: list[str]) -> SessionEntry:
    return SessionEntry(
        date=hours.date,
        open=timestamp(hours.open),
        close=timestamp(hours.close),
        symbols=symbols,
    )


def tickers(session: Session, source: Source, query: TickersQuery) -> bytes:
    """The JSON of everything that has listed options or a price of its own."""
    del query
    found = _tickers(session)
    answer = TickerList(
        source=source,
        data_as_of=data_as_of(session.arrivals()),
        tickers=found,
        count=len(found),
    )
    return msgspec.json.encode(answer)


def options_meta(session: Session, source: Source, query: OptionsMetaQuery) -> bytes:
    """The JSON of a symbol's listed options.

    Raises:
        ApiError: symbol_not_found, or expiry_not_found where all have expired.
    """
    symbol = query.symbol
    check_symbol(session, symbol)
    strikes: dict[object, set[float]] = {}
    count, expirations = 0, []
    for chain in session.chains(symbol):
        strikes.setdefault(chain.expiry, set()).update(chain.strikes.tolist())
        count += int(chain.listed.sum())
    for chain in session.chains(symbol):
        if chain.expiry in strikes:
            known = sorted(strikes.pop(chain.expiry))
            expirations.append(Expiration(expiration=chain.expiry, strikes=known))
    if not expirations:
        raise ApiError("expiry_not_found", f"every listed contract of {symbol} has expired")
    answer = OptionsMeta(
        source=source,
        data_as_of=data_as_of(session.arrivals(symbol)),
        symbol=symbol,
        expirations=expirations,
        expiration_count=len(expirations),
        total_contracts=count,
    )
    return msgspec.json.encode(answer)


def stock_quote(session: Session, source: Source, query: StockQuoteQuery) -> bytes:
    """The JSON of the underlying's own price; a stale one is given, and said to be old.

    Raises:
        ApiError: symbol_not_found.
    """
    symbol = query.symbol
    if symbol not in (found := _tickers(session)):
        known = ", ".join(found[:20]) or "none"
        raise ApiError("symbol_not_found", f"{symbol} is not tracked; tracked tickers: {known}")
    own = session.market.underlyings.own_quote(symbol, session.now)
    bid, ask, value = (own.bid, own.ask, own.value) if own else (math.nan,) * 3
    warnings = []
    if own is None:
        warnings.append(f"no source prices {symbol} itself; its options say what spot is")
    elif not own.is_fresh:
        warnings.append("the last price is old")
    mid = own_mid(bid, ask)
    if 0.0 < bid < ask and math.isnan(mid):
        warnings.append("the quote is too wide to be a price")
    answer = StockQuote(
        source=source,
        data_as_of=data_as_of(session.arrivals(symbol)),
        ticker=symbol,
        bid=number(bid),
        ask=number(ask),
        mid=number(mid),
        last_price=number(value),
        last_update=timestamp(own.at) if own else None,
        warnings=warnings,
    )
    return msgspec.json.encode(answer)


def _tickers(session: Session) -> list[str]:
    """What has contracts or a price: a symbol that was only ever named has neither."""
    prices = session.market.underlyings
    priced = {symbol for _, symbol in prices.places}
    return sorted({*session.symbols(), *priced})
