"""A body of Cboe's delayed quotes, as long as that of SPX: read, chosen from, made into records.

The peer is msgspec alone, which decodes the same fields of the same body.
"""

import datetime
import json
from typing import Any

import msgspec

from benchmarks.harness import Row, compare
from zerodte.feeds.cboe.chains import ChainRecords
from zerodte.feeds.recorded import RecordedContracts
from zerodte.importers.cboe_delayed import DelayedOption, decode_delayed
from zerodte.market.calendar import calendar

_DATE = datetime.date(2025, 6, 6)
_ROWS = 30_600
_STRIKES = 340
_PUBLISHED = "2025-06-06 15:00:00"
#: What a body has beside the fields that are read.
_OTHERS = ("iv", "delta", "gamma", "vega", "theta", "rho", "theo", "change", "open", "high", "low",
           "tick", "last_trade_price", "percent_change", "prev_day_close")  # fmt: skip


class _Data(msgspec.Struct):
    options: list[DelayedOption]


class _Body(msgspec.Struct):
    timestamp: str
    data: _Data


def rows() -> list[Row]:
    """Reading and applying a body, beside decoding it."""
    body = _body()
    decoder = msgspec.json.Decoder(_Body)
    underlyings = {"ZERODTE.INDEX": {"SPX": 1}}
    # A server has met the contracts before, and applies a body a minute.
    chains = ChainRecords(_DATE, underlyings, RecordedContracts({}, ()))
    return compare(
        f"delayed quotes, {_ROWS:,} contracts",
        lambda: list(chains.of(decode_delayed(body))),
        msgspec_decode_alone=lambda: decoder.decode(body),
    )


def _body() -> bytes:
    days: list[datetime.date] = []
    session = calendar().session(_DATE)
    while session is not None and len(days) < _ROWS // (2 * _STRIKES):
        days.append(session.date)
        session = calendar().next(session.date)
    options = [
        {
            "option": f"SPXW{day:%y%m%d}{right}{(5_100 + 5 * strike) * 1000:08d}",
            "bid": 12.3,
            "bid_size": 15.0,
            "ask": 12.6,
            "ask_size": 9.0,
            "open_interest": 150.0,
            "volume": 37.0,
            "last_trade_time": "2025-06-06T10:44:12",
            **dict.fromkeys(_OTHERS, 0.1234),
        }
        for day in days
        for strike in range(_STRIKES)
        for right in "CP"
    ]
    data: dict[str, Any] = {
        "symbol": "^SPX",
        "current_price": 5950.1,
        "bid": 0.0,
        "ask": 0.0,
        "options": options,
    }
    data["last_trade_time"] = "2025-06-06T10:44:58"
    return json.dumps({"timestamp": _PUBLISHED, "symbol": "_SPX", "data": data}).encode()
