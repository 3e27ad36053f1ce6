"""Quotes and chains in the answers of Tradier's REST interface.

One entry comes as an object, several as an array, none as null.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from zerodte.feeds.followed_contracts import OptionListing
from zerodte.feeds.tradier.protocol import event_time
from zerodte.market.osi import find_osi, format_osi

_NAN: Final = float("nan")


class QuoteEntry(msgspec.Struct):
    """A quote of anything, also within a chain; its other fields are not read."""

    symbol: str = ""
    last: float | None = _NAN
    prevclose: float | None = _NAN
    trade_date: float | None = 0
    bid: float | None = _NAN
    bidsize: float | None = _NAN
    bid_date: float | None = 0
    ask: float | None = _NAN
    asksize: float | None = _NAN
    ask_date: float | None = 0
    open_interest: float | None = None


class _Quotes(msgspec.Struct):
    quote: list[QuoteEntry] | QuoteEntry | None = None


class QuotesAnswer(msgspec.Struct):
    """Of `/v1/markets/quotes`."""

    quotes: _Quotes | None = None

    def entries(self) -> list[QuoteEntry]:
        """They."""
        return _listed(self.quotes.quote if self.quotes else None)


class _Options(msgspec.Struct):
    option: list[QuoteEntry] | QuoteEntry | None = None


class ChainAnswer(msgspec.Struct):
    """Of `/v1/markets/options/chains`."""

    options: _Options | None = None

    def entries(self) -> list[QuoteEntry]:
        """They."""
        return _listed(self.options.option if self.options else None)


class _Expirations(msgspec.Struct):
    date: list[str] | str | None = None


class ExpirationsAnswer(msgspec.Struct):
    """Of `/v1/markets/options/expirations`."""

    expirations: _Expirations | None = None

    def dates(self) -> list[str]:
        """They, yyyy-MM-dd."""
        found = self.expirations.date if self.expirations else None
        return [found] if isinstance(found, str) else found or []


@dataclass(frozen=True, slots=True)
class TradierChain:
    """The listed contracts of an underlying, of the expiries that are followed.

    Attributes:
        listings: They.
        interest: Open interest by raw symbol, contracts, where it is known.
        mids: Mids of the last quotes by raw symbol, dollars; NaN without one.
    """

    listings: list[OptionListing]
    interest: Mapping[str, int]
    mids: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class TradierQuote:
    """The last quote of a contract, or the last price of anything.

    Attributes:
        name: OSI, without blanks, or an underlying.
        at: UTC ns; 0 if unknown, as the other times.
        bid: Dollars; NaN if unknown, likewise all others.
        bid_size: Contracts.
        ask: Dollars.
        ask_size: Contracts.
        last: Dollars.
        traded: When that was.
        close: That of the day before, dollars.
    """

    name: str
    at: int
    bid: float
    bid_size: float
    ask: float
    ask_size: float
    last: float
    traded: int
    close: float

    @property
    def price(self) -> float:
        """The last price, else the mid, else the close of the day before; NaN if none is known."""
        mid = (self.bid + self.ask) / 2.0
        return next((one for one in (self.last, mid, self.close) if one > 0.0), math.nan)


def chain_of(entries: Iterable[QuoteEntry]) -> TradierChain:
    """The chain of some entries; those with no OSI symbol are left out."""
    listings: list[OptionListing] = []
    interest: dict[str, int] = {}
    mids: dict[str, float] = {}
    for one in entries:
        contract = find_osi(one.symbol)
        if contract is None:
            continue
        raw = format_osi(contract)
        listings.append(OptionListing(raw, one.symbol, contract))
        figure = _number(one.open_interest)
        if math.isfinite(figure):
            interest[raw] = round(figure)
        bid, ask = _number(one.bid), _number(one.ask)
        mids[raw] = (bid + ask) / 2.0 if bid >= 0.0 and ask > 0.0 else math.nan
    return TradierChain(listings, interest, mids)


def quotes_of(entries: Iterable[QuoteEntry]) -> list[TradierQuote]:
    """The quotes of some entries."""
    return [
        TradierQuote(
            one.symbol,
            max(event_time(one.bid_date), event_time(one.ask_date)),
            _number(one.bid),
            _number(one.bidsize),
            _number(one.ask),
            _number(one.asksize),
            _number(one.last),
            event_time(one.trade_date),
            _number(one.prevclose),
        )
        for one in entries
    ]


def _listed(found: list[QuoteEntry] | QuoteEntry | None) -> list[QuoteEntry]:
    return [found] if isinstance(found, QuoteEntry) else found or []


def _number(value: float | None) -> float:
    return _NAN if value is None else value
