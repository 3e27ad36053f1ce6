"""Records of a tape as the messages of Massive's streams."""

from collections.abc import Sequence

import numpy as np

from zerodte.feeds.massive.conditions import numbers_of
from zerodte.feeds.massive.protocol import (
    INDEX_PREFIX,
    OPTION_PREFIX,
    QUOTE_KIND,
    TRADE_KIND,
    VALUE_KIND,
)
from zerodte.feeds.message_board import Fields, MessageWords, TapeMessage, dollars_of
from zerodte.feeds.playback import event_times
from zerodte.feeds.quote_fields import NS_PER_MS
from zerodte.records.dbn import UNDEF_PRICE, UNDEF_SIZE, Records, times_of
from zerodte.tape.tick_assembler import Piece

#: The vendor's number of Cboe; tapes have no venues of ours.
_VENUE = 302


class MassiveWords(MessageWords):
    """Messages in the vendor's fields."""

    def quotes(self, symbols: Sequence[str], rows: Records) -> list[Fields]:
        """Quotes; their time is that of receipt, which ends their second."""
        names = ("bid_px_00", "bid_sz_00", "ask_px_00", "ask_sz_00")
        sides = [rows[name].tolist() for name in names]
        times = times_of(rows, "ts_recv").tolist()
        found = []
        for place, (symbol, at, *values) in enumerate(zip(symbols, times, *sides, strict=True)):
            message: Fields = {"ev": QUOTE_KIND, "sym": f"{OPTION_PREFIX}{symbol}"}
            bid, bid_size, ask, ask_size = values
            for side, price, size in (("b", bid, bid_size), ("a", ask, ask_size)):
                message[f"{side}x"] = _VENUE
                if price != UNDEF_PRICE:
                    message[f"{side}p"] = dollars_of(price)
                if size != UNDEF_SIZE:
                    message[f"{side}s"] = size
            found.append(message | {"t": at // NS_PER_MS, "q": place + 1})
        return found

    def trades(self, symbols: Sequence[str], piece: Piece) -> list[Fields]:
        """Trades with the number of their condition."""
        rows = piece.records
        codes = np.zeros(len(rows), np.uint8) if piece.conditions is None else piece.conditions
        found = []
        for place, (symbol, at, price, size, code) in enumerate(
            zip(
                symbols,
                event_times(rows).tolist(),
                rows["price"].tolist(),
                rows["size"].tolist(),
                codes.tolist(),
                strict=True,
            )
        ):
            message: Fields = {
                "ev": TRADE_KIND,
                "sym": f"{OPTION_PREFIX}{symbol}",
                "x": _VENUE,
                "p": dollars_of(price),
                "s": size,
                "t": at // NS_PER_MS,
                "q": piece.first + place + 1,
            }
            if numbers := numbers_of(code):
                message["c"] = numbers
            found.append(message)
        return found

    def values(self, symbols: Sequence[str], rows: Records) -> list[Fields]:
        """Values of indices."""
        return [
            {
                "ev": VALUE_KIND,
                "val": dollars_of(price),
                "T": f"{INDEX_PREFIX}{symbol}",
                "t": at // NS_PER_MS,
            }
            for symbol, at, price in zip(
                symbols, event_times(rows).tolist(), rows["price"].tolist(), strict=True
            )
        ]


def last_quote_of(quote: TapeMessage) -> Fields:
    """A quote as the REST interface has it; its times have nanoseconds."""
    sides = {"bid": "bp", "bid_size": "bs", "ask": "ap", "ask_size": "as"}
    known = {name: quote.fields[field] for name, field in sides.items() if field in quote.fields}
    return {**known, "last_updated": quote.at, "timeframe": "REAL-TIME"}
