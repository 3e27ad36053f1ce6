"""What a client of our gateway subscribes to, and a tape's records of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from zerodte.feeds.databento.protocol import received_since
from zerodte.feeds.feed import FeedError
from zerodte.market.osi import find_osi
from zerodte.records.dbn import CADENCE, SCHEMAS, Records
from zerodte.tape.record_router import TICK_FIELDS
from zerodte.tape.source import FileSource

#: All symbols of a dataset.
_ALL: Final = "ALL_SYMBOLS"
_PARENT_SUFFIX: Final = ".OPT"
_STYPES: Final = ("raw_symbol", "parent", "instrument_id")
#: Symbols that a client may ask for in all.
_MOST_SYMBOLS: Final = 200_000


@dataclass(slots=True)
class DatabentoSubscription:
    """A subscription, from one line or several.

    Attributes:
        schema: As DBN names it.
        start: Replay since then, UTC ns; None for live only.
        asked: The symbol by which an instrument was asked for, by id.
        unresolved: Symbols that the dataset does not have.
        is_complete: Whether its last line has come.
    """

    schema: str
    start: int | None
    asked: dict[int, str] = field(default_factory=dict)
    unresolved: list[str] = field(default_factory=list)
    is_complete: bool = False

    @property
    def is_sampled(self) -> bool:
        """Whether its records are sent at the end of each interval."""
        return CADENCE.get(self.schema, 0) > 0


class DatabentoDirectory:
    """Resolves symbols of one dataset.

    Args:
        symbols: Raw symbols by id.
    """

    def __init__(self, symbols: Mapping[int, str]) -> None:
        self.symbols = dict(symbols)
        self._ids = {symbol: number for number, symbol in self.symbols.items()}
        self._families: dict[str, list[int]] = {}
        for number, symbol in self.symbols.items():
            contract = find_osi(symbol)
            root = contract.root if contract else symbol
            self._families.setdefault(root + _PARENT_SUFFIX, []).append(number)

    def add(self, fields: Mapping[str, str], open_ones: list[DatabentoSubscription]) -> None:
        """Add a line to the subscription that it goes on, or to a new one.

        Raises:
            FeedError: If it is no subscription that the gateway serves.
        """
        schema, stype = fields.get("schema", ""), fields.get("stype_in", "")
        if schema not in SCHEMAS:
            raise FeedError(f"schema {schema[:40]!r}; expected: one of {', '.join(SCHEMAS)}")
        if stype not in _STYPES:
            raise FeedError(f"stype_in {stype[:40]!r}; expected: one of {', '.join(_STYPES)}")
        start = fields.get("start")
        if start is not None and not (start.isdecimal() and len(start) < 20):
            raise FeedError(f"start {start[:40]!r}; expected: nanoseconds since 1970")
        number = None if start is None else int(start)
        found = next((one for one in open_ones if not one.is_complete), None)
        if found is None or (found.schema, found.start) != (schema, number):
            found = DatabentoSubscription(schema, number)
            open_ones.append(found)
        self._resolve(found, stype, fields.get("symbols", ""))
        found.is_complete = fields.get("is_last", "1") != "0"

    def _resolve(self, found: DatabentoSubscription, stype: str, text: str) -> None:
        for symbol in text.split(","):
            if symbol == _ALL:
                numbers = list(self.symbols)
            elif stype == "parent":
                numbers = self._families.get(symbol, [])
            elif stype == "raw_symbol":
                numbers = [self._ids[symbol]] if symbol in self._ids else []
            else:
                number = int(symbol) if symbol.isdecimal() and len(symbol) < 11 else -1
                numbers = [number] if number in self.symbols else []
            if not numbers:
                found.unresolved.append(symbol[:40])
            for number in numbers:
                found.asked[number] = symbol if stype == "parent" else self.symbols[number]
        if len(found.asked) > _MOST_SYMBOLS:
            raise FeedError(f"more than {_MOST_SYMBOLS:,} symbols")


def subscribed_ticks(
    tape: FileSource, dataset: str, subscription: DatabentoSubscription
) -> Iterator[tuple[int, Records]]:
    """The end of each tick of a tape, UTC ns, and its records of a subscription.

    Only ticks of before the subscription's start may have none.
    """
    ids = np.array(sorted(subscription.asked), np.uint32)
    is_all = len(ids) == len(tape.symbols.get(dataset, {}))
    start = subscription.start or 0
    nothing: Records = np.empty(0, SCHEMAS[subscription.schema])
    for tick in tape.ticks_of(dataset, subscription.schema):
        if tick.end < start:
            yield tick.end, nothing
            continue
        for name in TICK_FIELDS:
            for batch in getattr(tick, name):
                if batch.schema != subscription.schema:
                    continue
                rows = received_since(batch.records, start)
                if not is_all:
                    rows = rows[np.isin(rows["instrument_id"], ids)]
                if len(rows):
                    yield tick.end, rows
