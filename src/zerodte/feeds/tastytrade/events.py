"""A tape as the events of DXLink, second by second."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from zerodte.arrays import I64
from zerodte.clock import new_york_clock
from zerodte.feeds.playback import Playback, event_times
from zerodte.feeds.quote_fields import NS_PER_MS
from zerodte.feeds.tastytrade.chain import streamer_symbol
from zerodte.feeds.tastytrade.protocol import EventValue
from zerodte.market.calendar import epoch_day
from zerodte.market.osi import find_osi
from zerodte.market.roots import underlying_of
from zerodte.records.condition import Condition
from zerodte.records.dbn import (
    CADENCE,
    STAT_OPEN_INTEREST,
    TRADE_SCHEMAS,
    UNDEF_PRICE,
    UNDEF_SIZE,
    Records,
    times_of,
)
from zerodte.records.opra_conditions import letter_of
from zerodte.tape.source import FileSource
from zerodte.tape.tick_assembler import Piece

#: Fields that a tape has not, in the vendor's words for none. All others are null.
_DEFAULTS: Final[Mapping[str, EventValue]] = {
    **dict.fromkeys(("eventTime", "eventFlags", "sequence", "timeNanoPart", "prevDayId"), 0),
    **dict.fromkeys(("bidExchangeCode", "askExchangeCode", "exchangeCode"), ""),
    **dict.fromkeys(("tradeThroughExempt", "exchangeSaleConditions"), ""),
    **dict.fromkeys(("dayOpenPrice", "dayHighPrice", "dayLowPrice", "dayClosePrice"), "NaN"),
    **dict.fromkeys(("prevDayClosePrice", "prevDayVolume"), "NaN"),
    **dict.fromkeys(("dayClosePriceType", "prevDayClosePriceType"), "REGULAR"),
    "extendedTradingHours": False,
    "validTick": True,
}
#: Fixed-point prices of a dollar.
_PER_DOLLAR: Final = 10**9
_SIDES: Final = {b"B": "BUY", b"A": "SELL"}


@dataclass(frozen=True, eq=False, slots=True)
class EventTable:
    """Events of one kind, as columns.

    Attributes:
        kind: Such as "Quote".
        columns: Values by field; `eventSymbol` is one.
    """

    kind: str
    columns: Mapping[str, Sequence[EventValue]]

    @property
    def symbols(self) -> Sequence[EventValue]:
        """Whose they are."""
        return self.columns["eventSymbol"]

    def of(self, symbols: Collection[EventValue]) -> "EventTable":
        """The events of some symbols."""
        rows = [row for row, symbol in enumerate(self.symbols) if symbol in symbols]
        return self if len(rows) == len(self.symbols) else self.rows(rows)

    def rows(self, rows: Sequence[int]) -> "EventTable":
        """Some of the events, in the given order."""
        found = {name: [values[row] for row in rows] for name, values in self.columns.items()}
        return EventTable(self.kind, found)

    def flat(self, fields: Sequence[str]) -> list[EventValue]:
        """All values in one list, event by event, of some fields in their order."""
        count = len(self.symbols)
        columns = [self.columns.get(name, [_DEFAULTS.get(name)] * count) for name in fields]
        return [value for event in zip(*columns, strict=True) for value in event]


class TickEvents(NamedTuple):
    """The events of a second.

    Attributes:
        end: UTC ns.
        tables: Of one kind each.
    """

    end: int
    tables: list[EventTable]


class TapeEvents:
    """One pass through a tape.

    Args:
        tape: The tape.
    """

    def __init__(self, tape: FileSource) -> None:
        self._playback = Playback(tape)
        self._kinds = {name: tape.kind(name) for name in tape.symbols}
        self._names: dict[str, dict[int, str]] = {
            dataset: {number: event_symbol(raw) for number, raw in symbols.items()}
            for dataset, symbols in tape.symbols.items()
        }

    def ticks(self) -> Iterator[TickEvents]:
        """Each second's events.

        Raises:
            TapeError: If the tape is damaged.
        """
        streams = self._playback.manifest.streams
        for tick in self._playback.ticks():
            tables = []
            for index, piece in tick.pieces:
                stream = streams[index]
                table = self._table(stream.dataset, stream.schema, piece)
                if table is not None and len(table.symbols):
                    tables.append(table)
            yield TickEvents(tick.end, tables)

    def _table(self, dataset: str, schema: str, piece: Piece) -> EventTable | None:
        is_option = self._kinds.get(dataset) == "options"
        rows = piece.records
        if schema == "statistics":
            return self._summaries(dataset, rows[rows["stat_type"] == STAT_OPEN_INTEREST])
        if is_option and schema in TRADE_SCHEMAS:
            return self._sales(dataset, piece)
        if schema in TRADE_SCHEMAS:
            return self._trades(dataset, _last_of_each(rows))
        if schema in CADENCE:
            return self._quotes(dataset, _last_of_each(rows))
        return None

    def _symbols(self, dataset: str, rows: Records) -> list[EventValue]:
        names = self._names.get(dataset, {})
        return [names.get(number, "") for number in rows["instrument_id"].tolist()]

    def _quotes(self, dataset: str, rows: Records) -> EventTable:
        at = _milliseconds(times_of(rows, "ts_recv"))
        return EventTable(
            "Quote",
            {
                "eventSymbol": self._symbols(dataset, rows),
                "bidTime": at,
                "bidPrice": _dollars(rows, "bid_px_00"),
                "bidSize": _sizes(rows, "bid_sz_00"),
                "askTime": at,
                "askPrice": _dollars(rows, "ask_px_00"),
                "askSize": _sizes(rows, "ask_sz_00"),
            },
        )

    def _trades(self, dataset: str, rows: Records) -> EventTable:
        return EventTable(
            "Trade",
            {
                "eventSymbol": self._symbols(dataset, rows),
                "time": _milliseconds(event_times(rows)),
                "price": _dollars(rows, "price"),
            },
        )

    def _summaries(self, dataset: str, rows: Records) -> EventTable:
        days = [epoch_day(new_york_clock(at).date()) for at in event_times(rows).tolist()]
        return EventTable(
            "Summary",
            {
                "eventSymbol": self._symbols(dataset, rows),
                "dayId": days,
                "openInterest": rows["quantity"].tolist(),
            },
        )

    def _sales(self, dataset: str, piece: Piece) -> EventTable:
        rows = piece.records
        count, times = len(rows), event_times(rows)
        has_quotes = "bid_px_00" in (rows.dtype.names or ())
        codes = np.zeros(count, np.uint8) if piece.conditions is None else piece.conditions
        indices = piece.first + np.arange(count) + 1
        if len(piece.cancel_pairs):
            cancels, originals = piece.cancel_pairs[:, 0], piece.cancel_pairs[:, 1]
            indices[cancels - piece.first] = originals + 1
        unknown: list[EventValue] = ["NaN"] * count
        return EventTable(
            "TimeAndSale",
            {
                "eventSymbol": self._symbols(dataset, rows),
                "index": indices.tolist(),
                "time": _milliseconds(times),
                "timeNanoPart": (times % NS_PER_MS).tolist(),
                "price": _dollars(rows, "price"),
                "size": rows["size"].tolist(),
                "bidPrice": _dollars(rows, "bid_px_00") if has_quotes else unknown,
                "askPrice": _dollars(rows, "ask_px_00") if has_quotes else unknown,
                "exchangeSaleConditions": [letter_of(code) for code in codes.tolist()],
                "aggressorSide": [_SIDES.get(s, "UNDEFINED") for s in rows["side"].tolist()],
                "spreadLeg": (codes == Condition.MULTI_LEG).tolist(),
                "type": ["CANCEL" if c == Condition.CANCEL else "NEW" for c in codes.tolist()],
            },
        )


def event_symbol(raw: str) -> str:
    """What DXLink calls the instrument of a raw symbol of a tape."""
    contract = find_osi(raw)
    return underlying_of(raw) if contract is None else streamer_symbol(contract)


def _last_of_each(rows: Records) -> Records:
    """The last record of each instrument, in their order."""
    _, last = np.unique(rows["instrument_id"][::-1], return_index=True)
    return rows[np.sort(len(rows) - 1 - last)]


def _milliseconds(times: I64) -> list[EventValue]:
    found: list[EventValue] = (times // NS_PER_MS).tolist()
    return found


def _dollars(rows: Records, name: str) -> list[EventValue]:
    raw = rows[name]
    return [
        "NaN" if is_unknown else dollars
        for is_unknown, dollars in zip(
            (raw == UNDEF_PRICE).tolist(), (raw / _PER_DOLLAR).tolist(), strict=True
        )
    ]


def _sizes(rows: Records, name: str) -> list[EventValue]:
    return ["NaN" if size == UNDEF_SIZE else size for size in rows[name].tolist()]
