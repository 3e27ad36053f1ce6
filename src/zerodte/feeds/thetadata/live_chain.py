"""Chains of the day from the terminal's REST interface: contracts, open interest, last quotes."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from zerodte.clock import new_york_clock
from zerodte.constants import MINUTE
from zerodte.feeds.followed_contracts import OptionListing
from zerodte.feeds.interest_records import ListedInterest
from zerodte.feeds.thetadata.client import ThetaClient, ThetaQuery
from zerodte.feeds.thetadata.events import QuoteEvent, event_name
from zerodte.feeds.thetadata.table import ThetaTable, contract_of
from zerodte.feeds.universe import Universe, is_live
from zerodte.market.calendar import calendar
from zerodte.market.osi import Contract, format_osi
from zerodte.market.roots import roots_of

#: How long before the close a session's last quotes are looked for, ns.
_LAST: Final = 2 * MINUTE


@dataclass(frozen=True, slots=True)
class ThetaQuote:
    """The last quote of a contract.

    Attributes:
        name: As `event_name`.
        at: UTC ns.
        event: Its prices and sizes.
    """

    name: str
    at: int
    event: QuoteEvent


@dataclass(frozen=True, slots=True)
class ThetaChain:
    """The contracts of an underlying.

    Attributes:
        listings: They.
        interest: Open interest of the followed expiries by raw symbol, where it is known.
    """

    listings: list[OptionListing]
    interest: Mapping[str, ListedInterest]


class ThetaChains:
    """Asks the terminal for chains; from any thread.

    Args:
        client: Asks it.
        date: The session's.
    """

    def __init__(self, client: ThetaClient, date: datetime.date) -> None:
        self._client = client
        self._date = date

    def chain(self, symbol: str) -> ThetaChain:
        """The contracts that have had a quote today or the day before, as far as they are live.

        In the morning the first of today's quotes come one by one.

        Raises:
            FeedRefusalError: If the terminal refuses.
            FeedError: If it cannot be reached.
        """
        days = calendar().previous(self._date).date, self._date
        contracts = dict.fromkeys(
            contract
            for root in roots_of(symbol)
            for day in days
            for contract in self._client.contracts(root, day)
        )
        live = [one for one in contracts if is_live(one, self._date)]
        listings = [OptionListing(format_osi(one), event_name(one), one) for one in live]
        return ThetaChain(listings, self._interest(live))

    def last_quotes(self, contracts: Sequence[Contract]) -> list[ThetaQuote]:
        """The last quotes of some contracts today, asked for expiry by expiry.

        Raises:
            FeedError: As `chain`.
        """
        wanted = set(contracts)
        found: list[ThetaQuote] = []
        for root, expiry in sorted({(one.root, one.expiry) for one in contracts}):
            table = self._client.table(ThetaQuery("cmbp-1", root, self._date, expiry))
            found += _quotes(table, wanted)
        return found

    def closing_quotes(self, contracts: Sequence[Contract]) -> list[ThetaQuote]:
        """The last quotes of the session before, likewise."""
        before = calendar().previous(self._date)
        span = before.close - _LAST, before.close
        found: dict[str, ThetaQuote] = {}
        for root, expiry in sorted({(one.root, one.expiry) for one in contracts}):
            query = ThetaQuery("cbbo-1m", root, before.date, expiry, span)
            found |= {one.name: one for one in _quotes(self._client.table(query), set(contracts))}
        return list(found.values())

    def _interest(self, live: Sequence[Contract]) -> dict[str, ListedInterest]:
        expiries = set(Universe(self._date).expiries(live))
        found = {}
        for root, expiry in sorted({(one.root, one.expiry) for one in live}):
            if expiry not in expiries:
                continue
            table = self._client.table(ThetaQuery("statistics", root, self._date, expiry))
            figures = table.integers("open_interest").tolist()
            times = table.integers("timestamp").tolist()
            for texts, at, figure in zip(table.contracts(), times, figures, strict=True):
                if (contract := contract_of(texts)) is not None:
                    # The terminal tells the morning; it is of the end of the session before.
                    day = calendar().previous(new_york_clock(at).date()).date
                    found[format_osi(contract)] = ListedInterest(day, figure)
        return found


def _quotes(table: ThetaTable, wanted: set[Contract]) -> list[ThetaQuote]:
    sides = [
        table.prices("bid").tolist(),
        table.integers("bid_size").tolist(),
        table.prices("ask").tolist(),
        table.integers("ask_size").tolist(),
    ]
    found = []
    times = table.integers("timestamp").tolist()
    for texts, at, bid, bid_size, ask, ask_size in zip(
        table.contracts(), times, *sides, strict=True
    ):
        contract = contract_of(texts)
        if contract in wanted and (bid > 0.0 or ask > 0.0):
            event = QuoteEvent(0, 0, bid, bid_size, ask, ask_size)
            found.append(ThetaQuote(event_name(contract), at, event))
    return found
