"""A tape as the events of ThetaData's terminal, second by second, and the quotes at a time."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from zerodte.clock import new_york_clock
from zerodte.feeds.playback import Playback, event_times
from zerodte.feeds.shared_ticks import SharedTicks
from zerodte.feeds.thetadata.event_streams import EventFields, EventUnit
from zerodte.feeds.thetadata.events import (
    INDEX_TYPE,
    OPTION,
    event_contract,
)
from zerodte.feeds.thetadata.terminal_tapes import CONDITION_NUMBERS
from zerodte.market.osi import Contract, find_osi
from zerodte.records.condition import Condition
from zerodte.records.dbn import (
    CADENCE,
    PRICE_SCALE,
    STAT_OPEN_INTEREST,
    TRADE_SCHEMAS,
    UNDEF_PRICE,
    UNDEF_SIZE,
    Records,
    times_of,
)
from zerodte.tape.source import FileSource
from zerodte.tape.tick_assembler import Piece

_DIGITS: Final = 9
_NS_PER_MS: Final = 1_000_000
#: The vendor's numbers of a venue and of a regular quote, which nobody reads.
_VENUE, _REGULAR = 5, 50


@dataclass(slots=True)
class TerminalTick:
    """The units of a second, in order.

    Attributes:
        end: UTC ns.
        units: They.
        interest: Figures by the names of contracts, with the times that they are of, UTC ns.
    """

    end: int
    units: list[EventUnit] = field(default_factory=list)
    interest: dict[str, tuple[int, int]] = field(default_factory=dict)


class TapeEventSource:
    """One pass through a tape.

    Args:
        tape: The tape.
    """

    def __init__(self, tape: FileSource) -> None:
        self._playback = Playback(tape)
        self._kinds = {name: tape.kind(name) for name in tape.symbols}
        self._contracts: dict[tuple[str, int], tuple[str, EventFields]] = {}
        for dataset, symbols in tape.symbols.items():
            for number, raw in symbols.items():
                self._contracts[dataset, number] = _named(raw, is_option=self._is_option(dataset))
        self._bars: dict[str, EventFields] = {}
        self._count = 0

    def ticks(self) -> Iterator[TerminalTick]:
        """Each second's units.

        Raises:
            TapeError: If the tape is damaged.
        """
        streams = self._playback.manifest.streams
        for tick in self._playback.ticks():
            out = TerminalTick(tick.end)
            for index, piece in tick.pieces:
                stream = streams[index]
                if self._is_option(stream.dataset):
                    if stream.schema in TRADE_SCHEMAS:
                        out.units += self._trades(stream.dataset, piece)
                    elif stream.schema in CADENCE:
                        out.units += self._quotes(stream.dataset, piece.records)
                    elif stream.schema == "statistics":
                        out.interest |= self._interest(stream.dataset, piece.records)
                elif self._kinds.get(stream.dataset) == "index" and stream.schema == "trades":
                    out.units += self._values(stream.dataset, piece.records)
            out.units.sort(key=lambda unit: unit.at)
            yield out

    def _is_option(self, dataset: str) -> bool:
        return self._kinds.get(dataset) == "options"

    def _quotes(self, dataset: str, rows: Records) -> Iterator[EventUnit]:
        """Quotes; their time is that of receipt, which ends their second."""
        for row, at in zip(rows, times_of(rows, "ts_recv").tolist(), strict=True):
            name, contract = self._contracts[dataset, int(row["instrument_id"])]
            yield EventUnit(at, name, contract, quote=_quote(row, at))

    def _trades(self, dataset: str, piece: Piece) -> Iterator[EventUnit]:
        times = event_times(piece.records).tolist()
        for place, (row, at) in enumerate(zip(piece.records, times, strict=True)):
            name, contract = self._contracts[dataset, int(row["instrument_id"])]
            code = Condition.UNKNOWN if piece.conditions is None else piece.conditions[place]
            price, size = _dollars(int(row["price"])), int(row["size"])
            trade = self._trade(at, price, size, CONDITION_NUMBERS[Condition(code)])
            trade["exchange"] = int(row["publisher_id"])
            quote = _quote(row, at) if "bid_px_00" in (row.dtype.names or ()) else None
            bar = self._bar(name, at, price, size)
            yield EventUnit(at, name, contract, quote, bar, trade)

    def _values(self, dataset: str, rows: Records) -> Iterator[EventUnit]:
        for row, at in zip(rows, times_of(rows, "ts_event").tolist(), strict=True):
            name, contract = self._contracts[dataset, int(row["instrument_id"])]
            price = _dollars(int(row["price"]))
            bar = self._bar(name, at, price, 0)
            trade = self._trade(at, price, 0, 0) | {"sequence": 0, "exchange": _VENUE}
            yield EventUnit(at, name, contract, bar=bar, trade=trade)

    def _interest(self, dataset: str, rows: Records) -> dict[str, tuple[int, int]]:
        mine = rows[rows["stat_type"] == STAT_OPEN_INTEREST]
        names = [self._contracts[dataset, one][0] for one in mine["instrument_id"].tolist()]
        told = zip(times_of(mine, "ts_event").tolist(), mine["quantity"].tolist(), strict=True)
        return dict(zip(names, told, strict=True))

    def _trade(self, at: int, price: float, size: int, condition: int) -> EventFields:
        self._count += 1
        # OPRA's numbers have 32 bits, and the terminal gives them a sign.
        sequence = self._count if self._count % 2 else -self._count
        day = _day(at)
        return {
            "ms_of_day": day["ms_of_day"],
            "sequence": sequence,
            "size": size,
            "condition": condition,
            "price": price,
            "exchange": 0,
            "date": day["date"],
        }

    def _bar(self, name: str, at: int, price: float, size: int) -> EventFields:
        bar = self._bars.get(name)
        if bar is None:
            day = {"open": price, "high": price, "low": price, "volume": 0, "count": 0}
            bar = self._bars[name] = day
        bar["high"], bar["low"] = max(bar["high"], price), min(bar["low"], price)
        bar["volume"] += size
        bar["count"] += 1
        prices = {"open": bar["open"], "high": bar["high"], "low": bar["low"], "close": price}
        return _day(at) | prices | {"volume": bar["volume"], "count": bar["count"]}


class TerminalBoard:
    """What a tape's events stand at, for requests and clients from any thread.

    Args:
        tape: The tape.
        memory: For how long events are remembered, ns.
    """

    def __init__(self, tape: FileSource, memory: int) -> None:
        self.contracts = dict(_options(tape))
        self._memory = memory
        self._quotes: dict[str, EventUnit] = {}
        self._interest: dict[str, tuple[int, int]] = {}
        self._recent: deque[TerminalTick] = deque()
        self._shared = SharedTicks(TapeEventSource(tape).ticks(), self._learn)

    def ticks(self, now: int) -> Iterator[TerminalTick]:
        """The ticks that end after a time (UTC ns), for one client.

        Raises:
            TapeError: If the tape is damaged; likewise for all methods.
        """
        return self._shared.after(now)

    def advance(self, until: int) -> None:
        """Move on to a time, UTC ns."""
        self._shared.advance(until)

    def at(self, now: int) -> tuple[Mapping[str, EventUnit], Mapping[str, tuple[int, int]]]:
        """The last quotes, and open interest with the times that it is of, by name.

        Args:
            now: UTC ns; the time only moves on.
        """
        with self._shared.lock:
            self._shared.advance(now)
            return dict(self._quotes), dict(self._interest)

    def recent(self, since: int) -> list[TerminalTick]:
        """The ticks that ended after a time, UTC ns, of those that were passed."""
        with self._shared.lock:
            return [tick for tick in self._recent if tick.end > since]

    def _learn(self, tick: TerminalTick) -> None:
        for unit in tick.units:
            if unit.quote is not None:
                self._quotes[unit.name] = unit
        self._interest |= tick.interest
        self._recent.append(tick)
        while self._recent[0].end < tick.end - self._memory:
            self._recent.popleft()


def _options(tape: FileSource) -> Iterator[tuple[str, Contract]]:
    for dataset, symbols in tape.symbols.items():
        if tape.kind(dataset) == "options":
            for raw in symbols.values():
                if contract := find_osi(raw):
                    yield event_contract(contract).name, contract


def _named(raw: str, *, is_option: bool) -> tuple[str, EventFields]:
    """The name of an instrument, and how the vendor's messages tell it."""
    contract = find_osi(raw) if is_option else None
    if contract is None:
        return raw, {"security_type": INDEX_TYPE, "root": raw}
    told = event_contract(contract)
    return told.name, {
        "security_type": OPTION,
        "root": told.root,
        "expiration": told.expiration,
        "strike": told.strike,
        "right": told.right,
    }


def _day(at: int) -> EventFields:
    """A time as its day and the milliseconds of it, New York."""
    local = new_york_clock(at)
    seconds = (local.hour * 60 + local.minute) * 60 + local.second
    milliseconds = seconds * 1000 + at // _NS_PER_MS % 1000
    return {"ms_of_day": milliseconds, "date": int(f"{local:%Y%m%d}")}


def _quote(row: Any, at: int) -> EventFields:
    """The quote in a record; 0 for a side that is unknown."""
    day = _day(at)
    found: EventFields = {"ms_of_day": day["ms_of_day"]}
    for side in ("bid", "ask"):
        size = int(row[f"{side}_sz_00"])
        found |= {
            f"{side}_size": 0 if size == UNDEF_SIZE else size,
            f"{side}_exchange": _VENUE,
            side: _dollars(int(row[f"{side}_px_00"])),
            f"{side}_condition": _REGULAR,
        }
    return found | {"date": day["date"]}


def _dollars(price: int) -> float:
    return 0.0 if price == UNDEF_PRICE else round(price * PRICE_SCALE, _DIGITS)
