"""Chains in the answers of Massive's REST interface: contracts, open interest, last quotes."""

import datetime
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from zerodte.feeds.contract_records import StandingQuote
from zerodte.feeds.followed_contracts import OptionListing
from zerodte.feeds.interest_records import ListedInterest
from zerodte.feeds.massive.protocol import OPTION_PREFIX
from zerodte.feeds.quote_fields import NS_PER_MS
from zerodte.market.osi import find_osi, format_osi

_NAN = float("nan")


class MassiveContract(msgspec.Struct):
    """A contract of an answer; its other fields are not read."""

    ticker: str = ""


class ContractsPage(msgspec.Struct):
    """A page of `/v3/reference/options/contracts`."""

    results: list[MassiveContract] = []
    next_url: str | None = None


class _Interest(msgspec.Struct):
    ticker: str = ""
    date: str = ""
    open_interest: float | None = None


class InterestPage(msgspec.Struct):
    """A page of `/options/v1/open-interest`."""

    results: list[_Interest] = []
    next_url: str | None = None


class _LastQuote(msgspec.Struct):
    bid: float = _NAN
    bid_size: float = _NAN
    ask: float = _NAN
    ask_size: float = _NAN
    last_updated: int = 0
    timeframe: str = ""


class _Details(msgspec.Struct):
    ticker: str = ""


class _Day(msgspec.Struct):
    close: float = _NAN


class _SpotPrice(msgspec.Struct):
    price: float = _NAN
    value: float = _NAN


class _ContractState(msgspec.Struct):
    details: _Details = msgspec.field(default_factory=_Details)
    last_quote: _LastQuote | None = None
    day: _Day | None = None
    underlying_asset: _SpotPrice | None = None


class SnapshotsPage(msgspec.Struct):
    """A page of `/v3/snapshot/options/SYMBOL`."""

    results: list[_ContractState] = []
    next_url: str | None = None


@dataclass(frozen=True, slots=True)
class MassiveChain:
    """The listed contracts of an underlying.

    Attributes:
        listings: They.
        interest: Open interest by raw symbol, where it is known.
    """

    listings: Sequence[OptionListing]
    interest: Mapping[str, ListedInterest]


@dataclass(frozen=True, slots=True)
class ChainSnapshot:
    """What an expiry stands at.

    Attributes:
        quotes: The last quotes.
        closes: Last prices of the day by the vendor's names, dollars.
        spot: Price of the underlying, dollars; NaN if it is not told.
        is_delayed: Whether the vendor says that a quote is late.
    """

    quotes: list[StandingQuote]
    closes: Mapping[str, float]
    spot: float
    is_delayed: bool


def listings_of(contracts: Sequence[MassiveContract]) -> list[OptionListing]:
    """The contracts that have an OSI symbol."""
    return list(_listings([one.ticker for one in contracts]))


def interest_of(pages: Sequence[InterestPage]) -> dict[str, ListedInterest]:
    """The newest figure of each contract, by raw symbol."""
    found: dict[str, ListedInterest] = {}
    for one in (row for page in pages for row in page.results):
        contract = find_osi(one.ticker.removeprefix(OPTION_PREFIX))
        try:
            day = datetime.date.fromisoformat(one.date)
        except ValueError:
            continue
        if contract is None or one.open_interest is None or not math.isfinite(one.open_interest):
            continue
        raw = format_osi(contract)
        if raw not in found or found[raw].day < day:
            found[raw] = ListedInterest(day, int(one.open_interest))
    return found


def snapshot_of(pages: Sequence[SnapshotsPage]) -> ChainSnapshot:
    """What all pages of an expiry tell."""
    rows = [row for page in pages for row in page.results]
    quotes = [
        StandingQuote(
            row.details.ticker,
            # The stream's times have milliseconds: one of the same is not newer.
            last.last_updated // NS_PER_MS * NS_PER_MS,
            last.bid,
            last.bid_size,
            last.ask,
            last.ask_size,
        )
        for row in rows
        if (last := row.last_quote) is not None
    ]
    spots = [
        price
        for row in rows
        if (asset := row.underlying_asset) is not None
        for price in (asset.price, asset.value)
        if price > 0.0
    ]
    return ChainSnapshot(
        quotes,
        {row.details.ticker: row.day.close for row in rows if row.day is not None},
        spots[0] if spots else _NAN,
        any(row.last_quote is not None and row.last_quote.timeframe == "DELAYED" for row in rows),
    )


def _listings(tickers: Sequence[str]) -> Iterator[OptionListing]:
    for ticker in tickers:
        contract = find_osi(ticker.removeprefix(OPTION_PREFIX))
        if contract is not None:
            yield OptionListing(format_osi(contract), ticker, contract)
