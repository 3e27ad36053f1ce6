"""A made file of DataShop option trades: a seeded day of one underlying, row by row."""

import datetime
import io
from pathlib import Path
from typing import Final

import numpy as np

from engine.twin_pricing import black

DAY: Final = datetime.date(2025, 6, 2)
OPEN: Final = datetime.datetime.combine(DAY, datetime.time(9, 30))
HEADER: Final = (
    "underlying_symbol,quote_datetime,sequence_number,root,expiration,strike,option_type,"
    "exchange_id,trade_size,trade_price,trade_condition_id,canceled_trade_condition_id,best_bid,"
    "best_ask,trade_iv,trade_delta,underlying_bid,underlying_ask,number_of_exchanges"
)
STRIKES: Final = np.arange(95.0, 106.0)
SPOT: Final = 100.0

Row = dict[str, str]


def trade_rows(
    count: int, seed: int, *, root: str = "ABC", symbol: str = "ABC", scale: float = 1.0
) -> list[Row]:
    """Trades of random contracts within 5 min of the open, at prices around their quotes."""
    random = np.random.default_rng(seed)
    seconds = np.sort(random.uniform(10, 300, count))
    rows = []
    for number, second in enumerate(seconds.tolist()):
        strike, right = random.choice(STRIKES), random.choice(["C", "P"])
        value = scale * black(SPOT, strike, 1 / 252, 0.25, right == "C")
        bid = max(round(value - 0.02, 2), 0.0)
        ask = round(bid + 0.05, 2)
        at = OPEN + datetime.timedelta(seconds=second)
        price = max(round(bid + random.integers(-1, 7) * 0.01, 2), 0.01)
        rows.append(
            {
                "underlying_symbol": symbol,
                "quote_datetime": at.isoformat(" ", "milliseconds"),
                "sequence_number": f"{1000 + number}",
                "root": root,
                "expiration": DAY.isoformat(),
                "strike": f"{scale * strike:.3f}",
                "option_type": str(right),
                "exchange_id": f"{random.integers(1, 9)}",
                "trade_size": f"{random.integers(1, 20)}",
                "trade_price": f"{price:.4f}",
                "trade_condition_id": "18",
                "canceled_trade_condition_id": "0",
                "best_bid": f"{bid:.4f}",
                "best_ask": f"{ask:.4f}",
                "trade_iv": "0.2500",
                "trade_delta": "0.5000",
                "underlying_bid": f"{scale * SPOT - 0.01:.4f}",
                "underlying_ask": f"{scale * SPOT + 0.01:.4f}",
                "number_of_exchanges": "",
            }
        )
    return rows


def trades_file(folder: Path, rows: list[Row], header: str = HEADER, name: str = "t.csv") -> Path:
    """A file of trades, with the columns of a header."""
    out = io.StringIO()
    print(header, file=out)
    for row in rows:
        print(",".join(row.get(column, "") for column in header.split(",")), file=out)
    path = folder / name
    path.write_text(out.getvalue())
    return path
