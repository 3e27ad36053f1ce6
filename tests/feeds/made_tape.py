"""A tape of one contract, by hand."""

from pathlib import Path

import numpy as np

from feeds.gateway import DATE
from feeds.terminal import SECOND
from zerodte.feeds.session_fetch import sessions_of
from zerodte.importers.chain_tape import definitions
from zerodte.market.osi import parse_osi
from zerodte.records.condition import Condition
from zerodte.records.dbn import STAT_OPEN_INTEREST, UNDEF_PRICE, UNDEF_SIZE, records
from zerodte.tape.folder import Tape, open_tape
from zerodte.tape.writer import TapeWriter

#: A trade: seconds after the open, price in cents, contracts, condition, the one it cancels.
PRINTS = [
    (1, 100, 5, Condition.REGULAR, None),
    (1, 100, 5, Condition.REGULAR, None),
    (2, 105, 7, Condition.MULTI_LEG, None),
    (3, 110, 1, Condition.STOCK_OPTION, None),
    (4, 110, 2, Condition.CROSS, None),
    (5, 115, 3, Condition.AUCTION, None),
    (6, 115, 4, Condition.LATE, None),
    (7, 120, 9, Condition.OPENING, None),
    (8, 125, 8, Condition.UNKNOWN, None),
    (9, 105, 7, Condition.CANCEL, 2),
    (10, 100, 5, Condition.CANCEL, 1),
]
RAW = "SPXW  250606C06000000"


def made_tape(folder: Path) -> Tape:
    """A tape of one contract, with every condition, a quote without bid, and one without both."""
    (session,) = sessions_of(DATE, DATE)
    writer = TapeWriter(folder)
    dataset = "OPRA.PILLAR"
    ids = writer.ids(dataset, [RAW])
    defined = definitions([parse_osi(RAW)], ids, "SPX", session.open - 3 * 3_600 * SECOND)
    writer.write(dataset, "definition", defined)
    interest = records("statistics", 1)
    interest["instrument_id"], interest["stat_type"] = ids[0], STAT_OPEN_INTEREST
    interest["ts_event"] = interest["ts_recv"] = session.open - 3 * 3_600 * SECOND
    interest["quantity"] = 0
    writer.write(dataset, "statistics", interest)
    quotes = records("cbbo-1s", 3)
    quotes["instrument_id"] = ids[0]
    quotes["ts_recv"] = session.open + np.array([1, 61, 121]) * SECOND
    quotes["bid_px_00"] = [10**9, 0, UNDEF_PRICE]
    quotes["ask_px_00"] = [2 * 10**9, 3 * 10**9, UNDEF_PRICE]
    quotes["bid_sz_00"], quotes["ask_sz_00"] = [4, 0, UNDEF_SIZE], [5, 6, UNDEF_SIZE]
    writer.write(dataset, "cbbo-1s", quotes)
    trades = records("tcbbo", len(PRINTS))
    trades["instrument_id"], trades["publisher_id"] = ids[0], 5
    seconds, cents, sizes, codes, cancelled = zip(*PRINTS, strict=True)
    trades["ts_recv"] = trades["ts_event"] = session.open + np.array(seconds) * SECOND
    trades["price"], trades["size"] = np.array(cents) * 10**7, sizes
    trades["bid_px_00"], trades["ask_px_00"] = 10**9, 2 * 10**9
    trades["bid_sz_00"], trades["ask_sz_00"] = 4, 5
    pairs = [(at, one) for at, one in enumerate(cancelled) if one is not None]
    writer.write(
        dataset,
        "tcbbo",
        trades,
        conditions=np.array(codes, np.uint8),
        cancels=np.array(pairs, np.int64),
    )
    writer.finish()
    return open_tape(folder)
