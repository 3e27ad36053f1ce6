"""Records of a tape as the payloads of Tradier's stream, and as entries of its REST interface."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from zerodte.feeds.message_board import BoardState, Fields, MessageWords, TapeMessage, dollars_of
from zerodte.feeds.playback import event_times
from zerodte.feeds.quote_fields import NS_PER_MS
from zerodte.feeds.tradier.protocol import QUOTE_EVENT, TIMESALE_EVENT, TRADE_EVENT
from zerodte.market.osi import Contract
from zerodte.market.roots import root_info
from zerodte.records.condition import Condition
from zerodte.records.dbn import UNDEF_PRICE, UNDEF_SIZE, Records, times_of
from zerodte.records.opra_conditions import letter_of
from zerodte.tape.tick_assembler import Piece

#: A venue; a tape of the consolidated market has none.
_EXCHANGE: Final = "C"
#: Conditions that a served trade has no flag for.
_PLAIN: Final = (Condition.UNKNOWN, Condition.REGULAR, Condition.CANCEL)


class TradierWords(MessageWords):
    """Payloads in the vendor's fields."""

    def quotes(self, symbols: Sequence[str], rows: Records) -> list[Fields]:
        """Quotes of anything; their time is that of receipt, which ends their second."""
        names = ("bid_px_00", "bid_sz_00", "ask_px_00", "ask_sz_00")
        sides = [rows[name].tolist() for name in names]
        times = (times_of(rows, "ts_recv") // NS_PER_MS).tolist()
        return [
            {
                "type": QUOTE_EVENT,
                "symbol": symbol,
                **_side("bid", bid, bid_size, at),
                **_side("ask", ask, ask_size, at),
            }
            for symbol, at, bid, bid_size, ask, ask_size in zip(symbols, times, *sides, strict=True)
        ]

    def stock_quotes(self, symbols: Sequence[str], rows: Records) -> list[Fields]:
        """Quotes of stocks, in the same fields."""
        return self.quotes(symbols, rows)

    def trades(self, symbols: Sequence[str], piece: Piece) -> list[Fields]:
        """Timesales with advanced details. A cancel has the number of its trade."""
        rows = piece.records
        count = len(rows)
        has_quotes = "bid_px_00" in (rows.dtype.names or ())
        codes = np.zeros(count, np.uint8) if piece.conditions is None else piece.conditions
        numbers = piece.first + np.arange(count) + 1
        if len(piece.cancel_pairs):
            cancels, originals = piece.cancel_pairs[:, 0], piece.cancel_pairs[:, 1]
            numbers[cancels - piece.first] = originals + 1
        unknown = [UNDEF_PRICE] * count
        return [
            {
                "type": TIMESALE_EVENT,
                "symbol": symbol,
                "exch": _EXCHANGE,
                **{
                    name: price
                    for name, price in (("bid", _text(bid)), ("ask", _text(ask)))
                    if price
                },
                "last": _text(price),
                "size": str(size),
                "date": str(at),
                "seq": number,
                "flag": "" if code in _PLAIN else letter_of(code),
                "cancel": code == Condition.CANCEL,
                "correction": False,
                "session": "normal",
            }
            for symbol, at, price, size, bid, ask, number, code in zip(
                symbols,
                (event_times(rows) // NS_PER_MS).tolist(),
                rows["price"].tolist(),
                rows["size"].tolist(),
                rows["bid_px_00"].tolist() if has_quotes else unknown,
                rows["ask_px_00"].tolist() if has_quotes else unknown,
                numbers.tolist(),
                codes.tolist(),
                strict=True,
            )
        ]

    def values(self, symbols: Sequence[str], rows: Records) -> list[Fields]:
        """Values of indices, as trades without size."""
        return [
            {
                "type": TRADE_EVENT,
                "symbol": symbol,
                "exch": "",
                "price": _text(price),
                "size": "0",
                "cvol": "0",
                "date": str(at),
                "last": _text(price),
            }
            for symbol, at, price in zip(
                symbols,
                (event_times(rows) // NS_PER_MS).tolist(),
                rows["price"].tolist(),
                strict=True,
            )
        ]


def quote_entry(
    name: str, state: BoardState, contracts: Mapping[str, Contract], symbols: Sequence[str]
) -> Fields | None:
    """What stands of a contract or an underlying, in the fields of quotes and chains.

    Args:
        name: OSI, without blanks, or an underlying.
        state: What stands.
        contracts: Those of the tape by name.
        symbols: Its underlyings.

    Returns:
        None if the tape does not have it.
    """
    contract = contracts.get(name)
    if contract is None and name not in symbols:
        return None
    trade, quote = state.trades.get(name), state.quotes.get(name)
    last = float(trade.fields["last"]) if trade is not None else None
    is_index = root_info(name).is_index
    entry: Fields = {
        "symbol": name,
        "description": name,
        "exch": "Z",
        "type": "option" if contract else "index" if is_index else "stock",
        "last": last,
        "change": None,
        "volume": 0,
        **dict.fromkeys(("open", "high", "low", "close")),
        **_standing("bid", quote),
        **_standing("ask", quote),
        "change_percentage": None,
        "average_volume": 0,
        "last_volume": int(trade.fields["size"]) if trade is not None else 0,
        "trade_date": trade.at // NS_PER_MS if trade is not None else 0,
        "prevclose": None,
        "week_52_high": 0.0,
        "week_52_low": 0.0,
    }
    if contract is None:
        return entry | {"root_symbols": name}
    _, figure = state.interest.get(name, (datetime.date.min, None))
    return entry | {
        "underlying": root_info(contract.root).symbol,
        "strike": contract.strike,
        "open_interest": figure,
        "contract_size": 100,
        "expiration_date": contract.expiry.isoformat(),
        "expiration_type": "weeklys",
        "option_type": "call" if contract.right == "C" else "put",
        "root_symbol": contract.root,
    }


def _side(side: str, price: int, size: int, at: int) -> Fields:
    """A side of a quote; what it does not have is absent."""
    return {
        **({side: dollars_of(price)} if price != UNDEF_PRICE else {}),
        **({f"{side}sz": size} if size != UNDEF_SIZE else {}),
        f"{side}exch": _EXCHANGE,
        f"{side}date": str(at),
    }


def _standing(side: str, quote: TapeMessage | None) -> Fields:
    fields = quote.fields if quote is not None else {}
    return {
        side: fields.get(side),
        f"{side}size": fields.get(f"{side}sz"),
        f"{side}exch": fields.get(f"{side}exch"),
        f"{side}_date": int(fields.get(f"{side}date", 0)),
    }


def _text(price: int) -> str:
    return str(dollars_of(price))
