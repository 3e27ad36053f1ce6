"""A tape as the messages of a vendor's stream, second by second, and what stands at a time."""

import abc
import datetime
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from zerodte.clock import new_york_clock
from zerodte.feeds.playback import Playback, event_times
from zerodte.feeds.shared_ticks import SharedTicks
from zerodte.market.calendar import calendar
from zerodte.market.osi import Contract, find_osi
from zerodte.market.roots import underlying_of
from zerodte.records.dbn import (
    CADENCE,
    PRICE_SCALE,
    STAT_OPEN_INTEREST,
    TRADE_SCHEMAS,
    Records,
    times_of,
)
from zerodte.tape.source import FileSource
from zerodte.tape.tick_assembler import Piece

#: A message, or a part of one, by the vendor's fields.
Fields = dict[str, Any]
#: The publisher's digits of a price; more are an artefact of the division.
_DIGITS: Final = 9


class TapeMessage(NamedTuple):
    """A message of a tape.

    Attributes:
        symbol: Whose it is: an OSI symbol without blanks, or an underlying.
        is_trade: Whether it is a trade rather than a quote; an index's value is one.
        at: When it was, UTC ns: of a trade by the market, of a quote when its second ended.
        fields: As the vendor writes it.
    """

    symbol: str
    is_trade: bool
    at: int
    fields: Fields


class MessageWords(abc.ABC):
    """How a vendor writes messages; one list of fields for each record."""

    @abc.abstractmethod
    def quotes(self, symbols: Sequence[str], rows: Records) -> list[Fields]:
        """Quotes of contracts."""

    @abc.abstractmethod
    def trades(self, symbols: Sequence[str], piece: Piece) -> list[Fields]:
        """Trades of contracts."""

    def stock_quotes(self, symbols: Sequence[str], rows: Records) -> list[Fields]:  # noqa: ARG002
        """Quotes of stocks; by default the vendor sends none."""
        return []

    def values(self, symbols: Sequence[str], rows: Records) -> list[Fields]:  # noqa: ARG002
        """Values of indices; likewise."""
        return []


@dataclass(slots=True)
class TickMessages:
    """The messages of a second.

    Attributes:
        end: UTC ns.
        messages: Quotes and trades, each in its order.
        interest: Figures by symbol, with the day at whose end they were.
    """

    end: int
    messages: list[TapeMessage] = field(default_factory=list)
    interest: dict[str, tuple[datetime.date, int]] = field(default_factory=dict)

    def of(self, quotes: Collection[str], trades: Collection[str]) -> list[TapeMessage]:
        """The messages of subscriptions to some symbols; "*" is all."""
        wanted = {False: quotes, True: trades}
        return [
            one
            for one in self.messages
            if one.symbol in wanted[one.is_trade] or "*" in wanted[one.is_trade]
        ]


class TapeMessages:
    """One pass through a tape.

    Args:
        tape: The tape.
        words: The vendor's.
    """

    def __init__(self, tape: FileSource, words: MessageWords) -> None:
        self._playback = Playback(tape)
        self._words = words
        self._kinds = {name: tape.kind(name) for name in tape.symbols}
        self._names: dict[str, dict[int, str]] = {
            dataset: {number: _symbol(raw) for number, raw in symbols.items()}
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
                if stream.dataset in self._kinds:
                    self._add(out, stream.dataset, stream.schema, piece)
            yield out

    def _add(self, out: TickMessages, dataset: str, schema: str, piece: Piece) -> None:
        rows, words = piece.records, self._words
        names = self._names[dataset]
        symbols = [names.get(number, "") for number in rows["instrument_id"].tolist()]
        is_option = self._kinds[dataset] == "options"
        if schema in TRADE_SCHEMAS:
            fields = words.trades(symbols, piece) if is_option else words.values(symbols, rows)
            self._add_messages(out, symbols, fields, event_times(rows).tolist(), is_trade=True)
        elif schema in CADENCE:
            write = words.quotes if is_option else words.stock_quotes
            at = times_of(rows, "ts_recv").tolist()
            self._add_messages(out, symbols, write(symbols, rows), at, is_trade=False)
        elif schema == "statistics" and is_option:
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

    @staticmethod
    def _add_messages(
        out: TickMessages,
        symbols: Sequence[str],
        fields: Sequence[Fields],
        times: Sequence[int],
        *,
        is_trade: bool,
    ) -> None:
        if fields:
            out.messages += [
                TapeMessage(symbol, is_trade, at, one)
                for symbol, at, one in zip(symbols, times, fields, strict=True)
            ]


class BoardState(NamedTuple):
    """What a board stands at.

    Attributes:
        quotes: The last quotes by symbol.
        trades: The last trades and values by symbol.
        interest: Open interest by symbol, with the day at whose end it was.
    """

    quotes: Mapping[str, TapeMessage]
    trades: Mapping[str, TapeMessage]
    interest: Mapping[str, tuple[datetime.date, int]]


class MessageBoard:
    """What the messages of a tape stand at, for requests and clients from any thread.

    Args:
        tape: The tape.
        words: The vendor's.
        memory: For how long messages are remembered, ns.
    """

    def __init__(self, tape: FileSource, words: MessageWords, memory: int) -> None:
        self.contracts = dict(_contracts(tape))
        self._memory = memory
        self._last: dict[bool, dict[str, TapeMessage]] = {False: {}, True: {}}
        self._interest: dict[str, tuple[datetime.date, int]] = {}
        self._recent: deque[TickMessages] = deque()
        self._shared = SharedTicks(TapeMessages(tape, words).ticks(), self._learn)

    def ticks(self, now: int) -> Iterator[TickMessages]:
        """The ticks that end after a time (UTC ns), for one client.

        Raises:
            TapeError: If the tape is damaged; likewise for all methods.
        """
        return self._shared.after(now)

    def advance(self, until: int) -> None:
        """Move on to a time, UTC ns."""
        self._shared.advance(until)

    def at(self, now: int) -> BoardState:
        """What stands at a time, UTC ns; the time only moves on."""
        with self._shared.lock:
            self._shared.advance(now)
            return BoardState(dict(self._last[False]), dict(self._last[True]), dict(self._interest))

    def recent(self, since: int) -> list[TickMessages]:
        """The ticks that ended after a time, UTC ns, of those that were passed."""
        with self._shared.lock:
            return [tick for tick in self._recent if tick.end > since]

    def _learn(self, tick: TickMessages) -> None:
        for one in tick.messages:
            self._last[one.is_trade][one.symbol] = one
        self._interest |= tick.interest
        self._recent.append(tick)
        while self._recent[0].end < tick.end - self._memory:
            self._recent.popleft()


def dollars_of(price: int) -> float:
    """A fixed-point price as dollars, to the publisher's digits."""
    return round(price * PRICE_SCALE, _DIGITS)


def _symbol(raw: str) -> str:
    return underlying_of(raw) if find_osi(raw) is None else raw.replace(" ", "")


def _contracts(tape: FileSource) -> Iterator[tuple[str, Contract]]:
    for dataset, symbols in tape.symbols.items():
        if tape.kind(dataset) == "options":
            for raw in symbols.values():
                if contract := find_osi(raw):
                    yield raw.replace(" ", ""), contract
