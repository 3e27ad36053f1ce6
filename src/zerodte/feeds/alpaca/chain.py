"""Chains in the answers of Alpaca's REST interface: contracts, open interest, last quotes."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from zerodte.feeds.alpaca.protocol import read_time
from zerodte.feeds.contract_records import StandingQuote
from zerodte.feeds.followed_contracts import OptionListing
from zerodte.feeds.interest_records import ListedInterest
from zerodte.market.osi import find_osi, format_osi


class ListedContract(msgspec.Struct):
    """A contract of an answer; its other fields are not read."""

    symbol: str = ""
    open_interest: str | None = None
    open_interest_date: str | None = None
    close_price: str | None = None


class ContractsAnswer(msgspec.Struct):
    """A page of `/v2/options/contracts`."""

    option_contracts: list[ListedContract] = []
    next_page_token: str | None = None


class _Quote(msgspec.Struct):
    t: str = ""
    bp: float = float("nan")
    bs: float = float("nan")
    ap: float = float("nan")
    # A keyword of Python.
    ask_size: float = msgspec.field(name="as", default=float("nan"))


class _Snapshot(msgspec.Struct, rename={"latest_quote": "latestQuote"}):
    latest_quote: _Quote | None = None


class SnapshotsAnswer(msgspec.Struct):
    """A page of `/v1beta1/options/snapshots/SYMBOL`, by the contracts' names."""

    snapshots: dict[str, _Snapshot] = {}
    next_page_token: str | None = None


@dataclass(frozen=True, slots=True)
class AlpacaChain:
    """The listed contracts of an underlying.

    Attributes:
        listings: They.
        interest: Open interest by raw symbol, where it is known.
        closes: Last prices of the day before by raw symbol, dollars, likewise.
    """

    listings: list[OptionListing]
    interest: Mapping[str, ListedInterest]
    closes: Mapping[str, float]


def chain_of(contracts: Sequence[ListedContract]) -> AlpacaChain:
    """The chain of all pages; those with no OSI symbol are left out."""
    listings: list[OptionListing] = []
    interest: dict[str, ListedInterest] = {}
    closes: dict[str, float] = {}
    for one in contracts:
        contract = find_osi(one.symbol)
        if contract is None:
            continue
        raw = format_osi(contract)
        listings.append(OptionListing(raw, one.symbol, contract))
        if (known := _interest(one)) is not None:
            interest[raw] = known
        closes[raw] = _number(one.close_price)
    return AlpacaChain(listings, interest, closes)


def standing_quotes(answer: SnapshotsAnswer) -> list[StandingQuote]:
    """The last quotes of a page."""
    return [
        StandingQuote(name, read_time(last.t), last.bp, last.bs, last.ap, last.ask_size)
        for name, snapshot in answer.snapshots.items()
        if (last := snapshot.latest_quote) is not None
    ]


def _interest(contract: ListedContract) -> ListedInterest | None:
    try:
        day = datetime.date.fromisoformat(contract.open_interest_date or "")
        return ListedInterest(day, int(contract.open_interest or ""))
    except ValueError:
        return None


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")
