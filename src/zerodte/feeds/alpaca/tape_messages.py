"""A tape as the messages of Alpaca's stream, second by second, and what stands at a time."""

import datetime
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from zerodte.clock import new_york_clock
from zerodte.feeds.alpaca.protocol import QUOTE_MESSAGE, TRADE_MESSAGE, timestamp_of, write_time
from zerodte.feeds.playback import Playback, event_times
from zerodte.feeds.shared_ticks import SharedTicks
from zerodte.market.calendar import calendar
from zerodte.market.osi import Contract, find_osi
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
from zerodte.records.opra_conditions import letter_of
from zerodte.tape.source import FileSource
from zerodte.tape.tick_assembler import Piece

#: A message, or a part of one, by the vendor's fields.
Fields = dict[str, Any]
#: The publisher's digits of a price; more are an artefact of the division.
_DIGITS: Final = 9


@dataclass(slots=True)
class TickMessages:
    """The messages of a second.

    Attributes:
        end: UTC ns.
        messages: By symbol: quotes and trades, each in its order.
        interest: Figures by symbol, with the day at whose end they were.
    """

    end: int
    messages: list[Fields] = field(default_factory=list)
    interest: dict[str, tuple[datetime.date, int]] = field(default_factory=dict)

    def of(self, quotes: Collection[str], trades: Collection[str]) -> list[Fields]:
        """The messages of subscriptions to some symbols; "*" is all."""
        wanted = {QUOTE_MESSAGE: quotes, TRADE_MESSAGE: trades}
        return [
            one for one in self.messages if one["S"] in wanted[one["T"]] or "*" in wanted[one["T"]]
        ]


class TapeMessages:
    """One pass through a tape.

    Args:
        tape: The tape.
    """

    def __init__(self, tape: FileSource) -> None:
        self._playback = Playback(tape)
        self._kinds = {name: tape.kind(name) for name in tape.symbols}
        self._names: dict[str, dict[int, str]] = {
            dataset: {number: raw.replace(" ", "") for number, raw in symbols.items()}
            for dataset, symbols in tape.symbols.items()
        }

    def ticks(self) -> Iterator[TickMessages]:
        """Each second's messages.

        Raises:
            TapeError: If the tape is damaged.
        """
        streams = self._playback.manifest.streams
        for tick in self._playback.ticks():
            out = TickMessages(tick.end)
            for index, piece in tick.pieces:
                stream = streams[index]
                if self._kinds.get(stream.dataset) == "options":
                    self._add(out, stream.dataset, stream.schema, piece)
            yield out

    def _add(self, out: TickMessages, dataset: str, schema: str, piece: Piece) -> None:
        names = self._names[dataset]
        symbols = [names.get(number, "") for number in piece.records["instrument_id"].tolist()]
        if schema in TRADE_SCHEMAS:
            out.messages += _trades(symbols, piece)
        elif schema in CADENCE:
            out.messages += _quotes(symbols, piece.records)
        elif schema == "statistics":
            rows = piece.records
            for symbol, kind, at, figure in zip(
                symbols,
                rows["stat_type"].tolist(),
                times_of(rows, "ts_event").tolist(),
                rows["quantity"].tolist(),
                strict=True,
            ):
                if kind == STAT_OPEN_INTEREST:
                    morning = new_york_clock(at).date()
                    out.interest[symbol] = calendar().previous(morning).date, figure


class MessageBoard:
    """What the messages of a tape stand at, for requests and clients from any thread.

    Args:
        tape: The tape.
        memory: For how long messages are remembered, ns.
    """

    def __init__(self, tape: FileSource, memory: int) -> None:
        self.contracts = dict(_contracts(tape))
        self._memory = memory
        self._quotes: dict[str, Fields] = {}
        self._interest: dict[str, tuple[datetime.date, int]] = {}
        self._recent: deque[TickMessages] = deque()
        self._shared = SharedTicks(TapeMessages(tape).ticks(), self._learn)

    def ticks(self, now: int) -> Iterator[TickMessages]:
        """The ticks that end after a time (UTC ns), for one client.

        Raises:
            TapeError: If the tape is damaged; likewise for all methods.
        """
        return self._shared.after(now)

    def advance(self, until: int) -> None:
        """Move on to a time, UTC ns."""
        self._shared.advance(until)

    def at(self, now: int) -> tuple[Mapping[str, Fields], Mapping[str, tuple[datetime.date, int]]]:
        """The last quotes, and open interest with the day it is of, by symbol.

        Args:
            now: UTC ns; the time only moves on.
        """
        with self._shared.lock:
            self._shared.advance(now)
            return dict(self._quotes), dict(self._interest)

    def recent(self, since: int) -> list[TickMessages]:
        """The ticks that ended after a time, UTC ns, of those that were passed."""
        with self._shared.lock:
            return [tick for tick in self._recent if tick.end > since]

    def _learn(self, tick: TickMessages) -> None:
        for one in tick.messages:
            if one["T"] == QUOTE_MESSAGE:
                self._quotes[one["S"]] = one
        self._interest |= tick.interest
        self._recent.append(tick)
        while self._recent[0].end < tick.end - self._memory:
            self._recent.popleft()


def snapshot_of(quote: Fields) -> Fields:
    """A quote as the REST interface has it."""
    fields = {name: value for name, value in quote.items() if name not in ("T", "S", "t", "at")}
    return {"latestQuote": {"t": write_time(quote["at"]), **fields}}


def as_sent(messages: list[Fields]) -> list[Fields]:
    """Messages without what is not the vendor's."""
    return [{name: value for name, value in one.items() if name != "at"} for one in messages]


def _contracts(tape: FileSource) -> Iterator[tuple[str, Contract]]:
    for dataset, symbols in tape.symbols.items():
        if tape.kind(dataset) == "options":
            for raw in symbols.values():
                if contract := find_osi(raw):
                    yield raw.replace(" ", ""), contract


def _quotes(symbols: list[str], rows: Records) -> list[Fields]:
    """Quotes; their time is that of receipt, which ends their second."""
    sides = [rows[name].tolist() for name in ("bid_px_00", "bid_sz_00", "ask_px_00", "ask_sz_00")]
    found = []
    for symbol, at, *values in zip(
        symbols, times_of(rows, "ts_recv").tolist(), *sides, strict=True
    ):
        message = {"T": QUOTE_MESSAGE, "S": symbol, "t": timestamp_of(at), "at": at, "c": " "}
        bid, bid_size, ask, ask_size = values
        for side, price, size in (("b", bid, bid_size), ("a", ask, ask_size)):
            message[f"{side}x"] = "C"
            if price != UNDEF_PRICE:
                message[f"{side}p"] = round(price * PRICE_SCALE, _DIGITS)
            if size != UNDEF_SIZE:
                message[f"{side}s"] = size
        found.append(message)
    return found


def _trades(symbols: list[str], piece: Piece) -> list[Fields]:
    rows = piece.records
    codes = np.zeros(len(rows), np.uint8) if piece.conditions is None else piece.conditions
    return [
        {
            "T": TRADE_MESSAGE,
            "S": symbol,
            "t": timestamp_of(at),
            "at": at,
            "p": round(price * PRICE_SCALE, _DIGITS),
            "s": size,
            "x": "C",
            "c": letter_of(code),
        }
        for symbol, at, price, size, code in zip(
            symbols,
            event_times(rows).tolist(),
            rows["price"].tolist(),
            rows["size"].tolist(),
            codes.tolist(),
            strict=True,
        )
    ]
