"""Importer for option trades of the Cboe DataShop, each with the best quote before it.

A file has one line per trade or cancel, with the sale condition, the national best bid and ask, the
quotes of the single exchanges until June 2022, and the quote of the underlying.
"""

import math
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from zerodte.importers.chain_tape import CBOE_DATASHOP, check_session
from zerodte.importers.csv_formats import CBOE_TRADES
from zerodte.importers.csv_text import CsvRow
from zerodte.importers.datashop_conditions import CONDITIONS
from zerodte.importers.datashop_table import (
    ROOT,
    UNDERLYING,
    DatashopTable,
    NewYorkTimes,
    read_contract,
)
from zerodte.importers.import_summary import ImportSummary
from zerodte.importers.numbers import read_count, read_integer, read_number
from zerodte.importers.trade_columns import UNKNOWN_SIZE, SymbolTrades, TradeColumns, TradeRow
from zerodte.importers.trade_tape import ImportedTrades, write_trades
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.osi import Contract, MarketError
from zerodte.market.roots import canonical_name, is_adjusted, root_info
from zerodte.records.condition import Condition
from zerodte.tape.atomic_folder import atomic_folder
from zerodte.tape.error import TapeError
from zerodte.tape.writer import TapeWriter

_NOTES: Final = (
    "Cboe DataShop option trades: the quotes are the best bid and ask at the time of each trade",
)
#: Quotes come with trades, so one is fresh for as long as a minute's sample.
_CADENCE_SECONDS: Final = 60

_CONTRACT: Final = (ROOT, "expiration", "strike", "option_type")
_EXCHANGE_CELLS: Final = 5  # exchange, bid size, bid, ask size, ask
#: The fact that each column of integers tells, in an account of losses.
_INTEGERS: Final = {
    "sequence_number": "sequence numbers",
    "exchange_id": "exchanges",
    "canceled_trade_condition_id": "marks of cancels",
    "number_of_exchanges": "exchanges' quotes",
}
_FACTS: Final = (
    "trades",
    "prices",
    "sizes",
    "bids",
    "asks",
    "sale conditions",
    *_INTEGERS.values(),
)


def import_trades(file: str | Path, out: str | Path, day: date | None = None) -> ImportSummary:
    """Import the trades of a file into a tape; several files of a day can share a tape.

    A cell that cannot be read makes a fact of the trade unknown. A cancel takes away the newest
    trade of its contract, exchange, price and size. Trades that are marked as cancelled, whose
    cancel is not in the file, and rows that are there twice, are left out and counted.

    Args:
        file: The CSV file, of any number of underlyings.
        out: The tape's folder.
        day: The session to import; by default that of all trades.

    Returns:
        The summary of the underlying with most trades, with the others' in it.

    Raises:
        TapeError: If the file does not have this form, has trades of several sessions and `day` is
            not given, has no trade of `day`, or the tape already holds them.
    """
    path = Path(file)
    reader = _TradeReader(
        DatashopTable(path, "DataShop file of option trades", CBOE_TRADES.columns)
    )
    reader.read()
    session = _session(path, reader.symbols, day)
    imports = [
        imported
        for content in reader.symbols.values()
        if (imported := _of_session(path, content, session, reader.row_counts))
    ]
    if not imports:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in reader.skipped().items())
        raise TapeError(f"{path}: no trade of {session.date}; it has {reasons or 'no rows'}")
    imports.sort(key=lambda imported: -len(imported.trades))
    check_session(Path(out), session)
    losses = {content.symbol: content.losses.by_fact() for content in reader.symbols.values()}
    with atomic_folder(Path(out)) as folder:
        writer = TapeWriter(
            folder, notes=_NOTES, cadence_seconds=_CADENCE_SECONDS, import_losses=losses
        )
        summary, *others = [write_trades(imported, writer) for imported in imports]
        writer.finish()
    return summary.with_others(others)


class _TradeReader:
    """Reads the trades of a table, by underlying.

    Args:
        table: The table.

    Attributes:
        symbols: The trades of each underlying.
        row_counts: The number of rows of each underlying.
    """

    def __init__(self, table: DatashopTable) -> None:
        self._table = table
        self._times = NewYorkTimes()
        self._contracts: dict[tuple[str, ...], tuple[SymbolTrades, int]] = {}
        self._indices = [table.columns[name] for name in _CONTRACT]
        self._losses: Counter[tuple[str, str]] = Counter()
        self.symbols: dict[str, SymbolTrades] = {}
        self.row_counts: Counter[str] = Counter()

    def read(self) -> None:
        """Read all rows.

        Raises:
            TapeError: If the file is not such a table, or ends within a row.
        """
        for row in self._table.rows():
            self._read_row(row)
        for content in self.symbols.values():
            for fact in _FACTS:
                lost = self._losses[content.symbol, fact]
                content.losses.keep(fact, self.row_counts[content.symbol] - lost)

    def skipped(self) -> Counter[str]:
        """The number of skipped trades of all underlyings, by reason."""
        return sum((content.skipped for content in self.symbols.values()), Counter())

    def _read_row(self, row: CsvRow) -> None:
        key = tuple([row.cells[index] for index in self._indices])
        found = self._contracts.get(key)
        if found is None:
            try:
                found = self._add_contract(key, read_contract(*key))
            except ValueError as error:
                content = self._content(self._table.cell(row, UNDERLYING) or key[0])
                self.row_counts[content.symbol] += 1
                content.skipped["trades of contracts that cannot be read"] += 1
                self._lose(content, "trades", f"{error} on line {row.line}")
                return
        content, contract = found
        self.row_counts[content.symbol] += 1
        if contract < 0:
            content.skipped["trades of adjusted roots"] += 1
            return
        try:
            time = self._times.read(self._table.cell(row, "quote_datetime"))
        except ValueError as error:
            content.skipped["trades without a time"] += 1
            self._lose(content, "trades", f"{error} on line {row.line}")
            return
        content.rows.append(self._trade(content, contract, time, row))

    def _trade(self, content: SymbolTrades, contract: int, time: int, row: CsvRow) -> TradeRow:
        cell = self._table.cell

        def number(fact: str, name: str) -> float:
            text = cell(row, name)
            try:
                return read_number(text)
            except ValueError:
                self._lose(content, fact, f"{text.strip()!r} on line {row.line}")
                return math.nan

        size = number("sizes", "trade_size")
        if size != size // 1:  # NaN, or half a contract
            if not math.isnan(size):
                self._lose(content, "sizes", f"{size} on line {row.line}")
            size = UNKNOWN_SIZE
        bid_size, ask_size = self._depth(content, row)
        return TradeRow(
            contract=contract,
            time=time,
            sequence=self._integer(content, row, "sequence_number"),
            venue=self._integer(content, row, "exchange_id") % (1 << 16),
            price=number("prices", "trade_price"),
            size=int(size),
            condition=self._condition(content, row),
            is_cancelled=self._integer(content, row, "canceled_trade_condition_id") > 0,
            bid=number("bids", "best_bid"),
            ask=number("asks", "best_ask"),
            bid_size=bid_size,
            ask_size=ask_size,
            underlying_bid=_price(cell(row, "underlying_bid")),
            underlying_ask=_price(cell(row, "underlying_ask")),
        )

    def _condition(self, content: SymbolTrades, row: CsvRow) -> Condition:
        text = self._table.cell(row, "trade_condition_id").strip()
        try:
            return CONDITIONS[read_integer(text)]
        except (KeyError, ValueError):
            self._lose(content, "sale conditions", f"{text!r} on line {row.line}")
            return Condition.UNKNOWN

    def _integer(self, content: SymbolTrades, row: CsvRow, name: str) -> int:
        """The integer in a column; 0 if it is empty, or cannot be read, which is counted."""
        text = self._table.cell(row, name)
        if not text.strip():
            return 0
        try:
            return read_integer(text)
        except ValueError:
            self._lose(content, _INTEGERS[name], f"{text.strip()!r} on line {row.line}")
            return 0

    def _depth(self, content: SymbolTrades, row: CsvRow) -> tuple[int, int]:
        """Contracts at the best bid and ask, on all exchanges, if the row has their quotes."""
        count = self._integer(content, row, "number_of_exchanges")
        if count <= 0:
            return UNKNOWN_SIZE, UNKNOWN_SIZE
        start = self._table.columns["number_of_exchanges"] + 1
        cells = row.cells[start : start + _EXCHANGE_CELLS * count]
        best = self._table.cell(row, "best_bid"), self._table.cell(row, "best_ask")
        return _size_at(best[0], cells[2::5], cells[1::5]), _size_at(
            best[1], cells[4::5], cells[3::5]
        )

    def _add_contract(self, key: tuple[str, ...], contract: Contract) -> tuple[SymbolTrades, int]:
        content = self._content(contract.root)
        index = -1
        if not is_adjusted(contract.root):
            index = len(content.contracts)
            content.contracts.append(contract)
        self._contracts[key] = content, index
        return content, index

    def _content(self, name: str) -> SymbolTrades:
        symbol = root_info(canonical_name(name)).symbol
        return self.symbols.setdefault(symbol, SymbolTrades(symbol))

    def _lose(self, content: SymbolTrades, fact: str, example: str) -> None:
        self._losses[content.symbol, fact] += 1
        content.losses.refuse(fact, 1, example)


def _size_at(best: str, prices: list[str], sizes: list[str]) -> int:
    """The sizes at a price together; unknown if no exchange quotes it."""
    try:
        level = read_number(best)
        at_best = [
            read_count(size)
            for price, size in zip(prices, sizes, strict=False)
            if price == best or read_number(price) == level
        ]
    except ValueError:
        return UNKNOWN_SIZE
    return sum(at_best) if at_best else UNKNOWN_SIZE


def _price(text: str) -> float:
    try:
        return read_number(text)
    except ValueError:
        return math.nan


def _session(path: Path, symbols: Mapping[str, SymbolTrades], day: date | None) -> TradingSession:
    """The session to import."""
    times = [[row.time for row in content.rows] for content in symbols.values()]
    left = np.unique(np.concatenate([np.empty(0, np.int64), *map(np.array, times)]))
    sessions = []
    try:
        if day is not None and (session := calendar().session(day)) is not None:
            return session
        if day is not None:
            raise TapeError(f"{day}: not a trading day")
        while len(left):
            session = calendar().session_of(int(left[0]))
            sessions.append(session)
            left = left[left >= calendar().span(session)[1]]
    except MarketError as error:
        raise TapeError(f"{path}: {error}") from error
    if not sessions:
        raise TapeError(f"{path}: no trade of a readable contract and time")
    if len(sessions) > 1:
        raise TapeError(
            f"{path}: trades of {len(sessions)} sessions, {sessions[0].date} to "
            f"{sessions[-1].date}, but a tape is one; choose it with --date {sessions[0].date}"
        )
    return sessions[0]


def _of_session(
    path: Path, content: SymbolTrades, session: TradingSession, row_counts: Mapping[str, int]
) -> ImportedTrades | None:
    """The trades of a session; None without any."""
    start, end = calendar().span(session)
    trades = TradeColumns(content.rows)
    content.rows = []
    is_today = (trades.times >= start) & (trades.times < end)
    is_live = np.array([contract.expiry >= session.date for contract in content.contracts], "?")
    is_expired = ~is_live[trades.columns["contract"]] & is_today
    for reason, mask in (
        ("trades of other sessions", ~is_today),
        ("trades of contracts that had expired", is_expired),
    ):
        content.skipped[reason] += int(np.count_nonzero(mask))
    trades.select(is_today & ~is_expired)
    trades.drop_repeats(content.skipped)
    trades.match_cancels(content.skipped)
    if not len(trades):
        return None
    used, trades.columns["contract"] = np.unique(trades.columns["contract"], return_inverse=True)
    content.contracts = [content.contracts[index] for index in used.tolist()]
    return ImportedTrades(
        file=path,
        dataset=CBOE_DATASHOP,
        session=session,
        content=content,
        trades=trades,
        row_count=row_counts[content.symbol],
    )
