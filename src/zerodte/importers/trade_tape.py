"""A day's trades of one underlying, with their quotes, as DBN records on a tape."""

from dataclasses import dataclass
from datetime import time
from pathlib import Path

import numpy as np

from zerodte.arrays import I64, U32, Bool
from zerodte.clock import new_york, new_york_clock
from zerodte.importers.chain_tape import definitions, expires_at_close, fixed, underlying_records
from zerodte.importers.import_summary import ImportSummary
from zerodte.importers.trade_columns import SymbolTrades, TradeColumns
from zerodte.market.calendar import TradingSession
from zerodte.market.osi import format_osi
from zerodte.records.dbn import UNDEF_PRICE, UNDEF_SIZE, Records, records
from zerodte.tape.writer import TapeWriter


@dataclass(frozen=True, slots=True, eq=False)
class ImportedTrades:
    """A session's trades of one underlying.

    Attributes:
        file: The imported file.
        dataset: The dataset of its options.
        session: The session.
        content: Contracts, reasons and losses.
        trades: The trades, at least one.
        row_count: Rows of the underlying in the file.
    """

    file: Path
    dataset: str
    session: TradingSession
    content: SymbolTrades
    trades: TradeColumns
    row_count: int


def write_trades(imported: ImportedTrades, writer: TapeWriter) -> ImportSummary:
    """Write the trades of an underlying: definitions, trades, quotes, and the underlying's price.

    A trade's quote is one of the contract's quotes too, as the market stood at that time.

    Raises:
        TapeError: If the tape already holds them.
    """
    content, trades = imported.content, imported.trades
    symbol, first, last = content.symbol, int(trades.times[0]), int(trades.times[-1])
    known = min(first, new_york(imported.session.date, time()))
    ids = writer.ids(imported.dataset, [format_osi(contract) for contract in content.contracts])
    stamp = "-".join(f"{new_york_clock(at):%Y-%m-%dT%H%M%S}" for at in (first, last))

    def name(dataset: str, schema: str) -> str:
        return f"{dataset}.{symbol}.{stamp}.{schema}.dbn.zst".lower()

    def write(dataset: str, schema: str, content: Records) -> None:
        if len(content):
            writer.write(dataset, schema, content, name=name(dataset, schema))

    write(imported.dataset, "definition", definitions(content.contracts, ids, symbol, known))
    writer.write(
        imported.dataset,
        "tcbbo",
        trade_records(trades, ids),
        name=name(imported.dataset, "tcbbo"),
        conditions=trades.conditions,
        cancels=trades.cancels if len(trades.cancels) else None,
    )
    write(imported.dataset, "cbbo-1m", _quotes(trades, ids))
    has_underlying = _has_underlying(trades)
    if has_underlying.any():
        write(
            *underlying_records(
                symbol,
                writer,
                trades.times[has_underlying],
                trades["underlying_bid"][has_underlying],
                trades["underlying_ask"][has_underlying],
            )
        )
    return _summary(imported)


def trade_records(trades: TradeColumns, ids: U32) -> Records:
    """Trades with their quotes as `tcbbo`.

    Args:
        trades: The trades.
        ids: Instrument ids by the index of a contract.
    """
    out = records("tcbbo", len(trades))
    out["instrument_id"] = ids[trades.columns["contract"]]
    out["publisher_id"] = trades.columns["venue"]
    out["ts_event"] = out["ts_recv"] = trades.times
    out["price"] = fixed(trades["price"])
    out["size"] = _sizes(trades, "size")
    _fill_quotes(out, trades)
    return out


def _quotes(trades: TradeColumns, ids: U32) -> Records:
    """The quotes of the trades that have one."""
    out = records("cbbo-1m", len(trades))
    out["instrument_id"] = ids[trades.columns["contract"]]
    out["ts_recv"] = trades.times
    _fill_quotes(out, trades)
    has_quote = (out["bid_px_00"] != UNDEF_PRICE) | (out["ask_px_00"] != UNDEF_PRICE)
    quotes: Records = out[has_quote]
    return quotes


def _fill_quotes(out: Records, trades: TradeColumns) -> None:
    # Without bid and ask there is no quote; a bid of 0 beside an ask says that nobody bids.
    is_empty = ~((trades["bid"] > 0) | (trades["ask"] > 0))
    for side in ("bid", "ask"):
        out[f"{side}_px_00"] = np.where(is_empty, UNDEF_PRICE, fixed(trades[side]))
        out[f"{side}_sz_00"] = _sizes(trades, f"{side}_size")


def _sizes(trades: TradeColumns, name: str) -> I64:
    sizes: I64 = trades.columns[name]
    return np.where(sizes < 0, UNDEF_SIZE, sizes)


def _has_underlying(trades: TradeColumns) -> Bool:
    """Mark the trades with a price of the underlying, the last one of each instant."""
    has_price: Bool = (trades["underlying_bid"] > 0) & (trades["underlying_ask"] > 0)
    rows = np.flatnonzero(has_price)
    is_last = np.append(np.diff(trades.times[rows]) > 0, True)
    has_price[rows] = is_last[: len(rows)]
    return has_price


def _summary(imported: ImportedTrades) -> ImportSummary:
    content, trades, session = imported.content, imported.trades, imported.session
    contracts = trades.columns["contract"]
    traded = np.unique(contracts)
    same_day = [
        index
        for index in traded.tolist()
        if expires_at_close(content.contracts[index], session.date)
    ]
    is_quoted = (trades["bid"] > 0) | (trades["ask"] > 0)
    cancels = len(trades.cancels)
    return ImportSummary(
        file=imported.file,
        symbol=content.symbol,
        at=int(trades.times[-1]),
        session=session,
        rows=imported.row_count,
        contracts=len(traded),
        expiries=len({content.contracts[index].expiry for index in traded.tolist()}),
        quotes=len(np.unique(contracts[is_quoted])),
        open_interest=0,
        open_interest_date=session.date,
        volumes=len(traded),
        same_day_contracts=len(same_day),
        same_day_open_interest=0,
        same_day_volume=int(trades.volume[np.isin(contracts, same_day)].sum()),
        has_underlying=bool(_has_underlying(trades).any()),
        skipped=+content.skipped,
        trades=f"{np.count_nonzero(~trades.is_cancel):,}, of which {cancels:,} were cancelled; "
        f"{trades.volume.sum():,} contracts",
        losses=content.losses.by_fact(),
    )
