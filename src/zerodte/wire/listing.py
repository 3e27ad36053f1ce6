"""What there is to ask about: symbols, their listed options, the underlying's own quote."""

from datetime import date
from typing import Annotated

from msgspec import Struct

from zerodte.wire.base import Number, Timestamp, about
from zerodte.wire.envelope import Envelope
from zerodte.wire.query import NowQuery, Symbol

#: As the published contract spells them.
CAMEL = {"last_price": "lastPrice", "last_update": "lastUpdate"}


class SymbolList(Envelope, frozen=True, kw_only=True, gc=False):
    """The symbols with listed options."""

    symbols: Annotated[list[str], about("Sorted.")]
    count: Annotated[int, about("How many.")]
    note: Annotated[str | None, about("What to know of them; null when nothing.")]
    last_updated: Annotated[Timestamp, about("The instant this describes, UTC.")]
    session: Annotated[date, about("The day's session, US/Eastern (ours).")]
    open: Annotated[Timestamp, about("When it begins, UTC.")]
    close: Annotated[Timestamp, about("When it ends, early on a half day, UTC.")]


class SessionEntry(Struct, frozen=True, kw_only=True, gc=False):
    """A session that can be asked about with `at`."""

    date: Annotated[date, about("US/Eastern.")]
    open: Annotated[Timestamp, about("When it begins, UTC.")]
    close: Annotated[Timestamp, about("When it ends, early on a half day, UTC.")]
    symbols: Annotated[list[str], about("Sorted.")]


class SessionList(Envelope, frozen=True, kw_only=True, gc=False):
    """The sessions that can be asked about (ours)."""

    sessions: Annotated[list[SessionEntry], about("The day's first, then stored ones backwards.")]
    count: Annotated[int, about("How many.")]
    note: Annotated[str | None, about("Why stored ones may be missing; null when none is.")]


class TickerList(Envelope, frozen=True, kw_only=True, gc=False):
    """Everything that has listed options or a price of its own."""

    tickers: Annotated[list[str], about("Sorted.")]
    count: Annotated[int, about("How many.")]


class Expiration(Struct, frozen=True, kw_only=True, gc=False):
    """The strikes of one expiry."""

    expiration: Annotated[date, about("US/Eastern.")]
    strikes: Annotated[list[float], about("Of any root, dollars, ascending.")]


class OptionsMeta(Envelope, frozen=True, kw_only=True, gc=False):
    """The listed options of a symbol that can still trade."""

    symbol: Annotated[str, about("The underlying.")]
    expirations: Annotated[list[Expiration], about("The nearest first.")]
    expiration_count: Annotated[int, about("How many expiries.")]
    total_contracts: Annotated[int, about("Contracts of all of them.")]


class StockQuote(Envelope, frozen=True, kw_only=True, gc=False, rename=CAMEL):
    """The underlying's own price; null where the tape does not have it."""

    ticker: Annotated[str, about("The underlying.")]
    bid: Annotated[Number, about("Dollars; null for an index.")]
    ask: Annotated[Number, about("Dollars; null for an index.")]
    mid: Annotated[Number, about("Of bid and ask, dollars; null unless they make a price.")]
    last_price: Annotated[
        Number, about("The last index value; null for stocks: tapes have their quotes alone.")
    ]
    last_update: Annotated[Timestamp | None, about("When the newest of these was received, UTC.")]
    warnings: Annotated[list[str], about("What to know before trusting this; often empty.")]


class SymbolsQuery(NowQuery, frozen=True, kw_only=True, gc=False):
    """Asks for the symbols with listed options."""


class SessionsQuery(NowQuery, frozen=True, kw_only=True, gc=False):
    """Asks for the sessions that can be asked about."""

    changes = "tick"


class TickersQuery(NowQuery, frozen=True, kw_only=True, gc=False):
    """Asks for everything that has a price."""


class OptionsMetaQuery(NowQuery, frozen=True, kw_only=True, gc=False):
    """Asks for the listed options of a symbol."""

    codes = ("expiry_not_found", "invalid_at", "warming_up")
    changes = "tick"

    symbol: Symbol


class StockQuoteQuery(NowQuery, frozen=True, kw_only=True, gc=False):
    """Asks for the underlying's own price."""

    changes = "tick"

    symbol: Symbol
