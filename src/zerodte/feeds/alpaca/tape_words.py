"""Records of a tape as the messages of Alpaca's stream."""

from collections.abc import Sequence

import numpy as np

from zerodte.feeds.alpaca.protocol import QUOTE_MESSAGE, TRADE_MESSAGE, timestamp_of, write_time
from zerodte.feeds.message_board import Fields, MessageWords, TapeMessage, dollars_of
from zerodte.feeds.playback import event_times
from zerodte.records.dbn import UNDEF_PRICE, UNDEF_SIZE, Records, times_of
from zerodte.records.opra_conditions import letter_of
from zerodte.tape.tick_assembler import Piece


class AlpacaWords(MessageWords):
    """Messages in the vendor's fields."""

    def quotes(self, symbols: Sequence[str], rows: Records) -> list[Fields]:
        """Quotes; their time is that of receipt, which ends their second."""
        names = ("bid_px_00", "bid_sz_00", "ask_px_00", "ask_sz_00")
        sides = [rows[name].tolist() for name in names]
        found = []
        for symbol, at, *values in zip(
            symbols, times_of(rows, "ts_recv").tolist(), *sides, strict=True
        ):
            message = {"T": QUOTE_MESSAGE, "S": symbol, "t": timestamp_of(at), "c": " "}
            bid, bid_size, ask, ask_size = values
            for side, price, size in (("b", bid, bid_size), ("a", ask, ask_size)):
                message[f"{side}x"] = "C"
                if price != UNDEF_PRICE:
                    message[f"{side}p"] = dollars_of(price)
                if size != UNDEF_SIZE:
                    message[f"{side}s"] = size
            found.append(message)
        return found

    def trades(self, symbols: Sequence[str], piece: Piece) -> list[Fields]:
        """Trades with the letter of their condition."""
        rows = piece.records
        codes = np.zeros(len(rows), np.uint8) if piece.conditions is None else piece.conditions
        return [
            {
                "T": TRADE_MESSAGE,
                "S": symbol,
                "t": timestamp_of(at),
                "p": dollars_of(price),
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


def snapshot_of(quote: TapeMessage) -> Fields:
    """A quote as the REST interface has it."""
    fields = {name: one for name, one in quote.fields.items() if name not in ("T", "S", "t")}
    return {"latestQuote": {"t": write_time(quote.at), **fields}}
