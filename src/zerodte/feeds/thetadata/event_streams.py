"""The streams of a client of ThetaData's terminal, and the messages that they consist of."""

import random
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from zerodte.feeds.thetadata.events import INDEX_TYPE, QUOTE_TYPE, TRADE_TYPE

#: A message's fields.
EventFields = dict[str, Any]
_CONNECTED: Final = "CONNECTED"
#: Quotes of a contract that the full trade stream sends after a trade.
_QUOTES_AFTER: Final = 2
#: Times the dollars of a message whose decoder is out of step.
_NONSENSE: Final = 1e9


@dataclass(slots=True)
class EventUnit:
    """Messages that belong together: a quote; or a trade with the quote and the bar before it.

    Attributes:
        at: UTC ns.
        name: Of an option as `event_name`; of an index, its symbol.
        contract: The vendor's, as JSON has it.
        quote: Fields of the quote; None for none.
        bar: Fields of the bar of the day, likewise.
        trade: Fields of the trade, likewise.
    """

    at: int
    name: str
    contract: EventFields
    quote: EventFields | None = None
    bar: EventFields | None = None
    trade: EventFields | None = None

    @property
    def is_index(self) -> bool:
        """Whether it is a value of an index."""
        return bool(self.contract["security_type"] == INDEX_TYPE)


@dataclass(slots=True)
class EventStreams:
    """The streams of a client.

    Attributes:
        quotes: Contracts whose quotes it gets, by name.
        trades: Contracts and indices whose trades or values it gets.
        is_bulk: Whether it gets all trades of options.
    """

    quotes: set[str] = field(default_factory=set)
    trades: set[str] = field(default_factory=set)
    is_bulk: bool = False
    _owed: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.quotes) + len(self.trades)

    def messages(self, unit: EventUnit) -> Iterator[str]:
        """The messages of a unit that the client gets, as it gets them."""
        is_traded = unit.name in self.trades or (self.is_bulk and not unit.is_index)
        is_owed = self._owed[unit.name] > 0
        for fields, kind, is_wanted in (
            (unit.quote, QUOTE_TYPE, unit.name in self.quotes or is_owed),
            (unit.bar, "OHLC", is_traded),
            (unit.trade, TRADE_TYPE, is_traded),
        ):
            is_before = self.is_bulk and unit.trade is not None
            if fields is not None and (is_wanted or (is_before and kind == QUOTE_TYPE)):
                header = {"type": kind, "status": _CONNECTED}
                body = {"header": header, "contract": unit.contract, kind.lower(): fields}
                yield msgspec.json.encode(body).decode()
        if self.is_bulk and unit.trade is not None:
            self._owed[unit.name] = _QUOTES_AFTER
        elif is_owed and unit.quote is not None:
            self._owed[unit.name] -= 1


def nonsense(units: Collection[EventUnit], draw: random.Random) -> Iterator[EventUnit]:
    """Units as a decoder that is out of step tells them: their prices cannot be."""
    for unit in units:
        times = draw.choice((_NONSENSE, -1.0))
        quote = unit.quote and unit.quote | {
            side: times * (unit.quote[side] + 1.0) for side in ("bid", "ask")
        }
        trade = unit.trade and unit.trade | {"price": times * unit.trade["price"]}
        yield EventUnit(unit.at, unit.name, unit.contract, quote, unit.bar, trade)
