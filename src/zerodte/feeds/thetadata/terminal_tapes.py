"""Tapes as ThetaData's terminal would tell them: rows of CSV by root, expiry and time.

Times have milliseconds, and prices are dollars. Quotes are those at each whole minute, and values
those at each second.
"""

import datetime
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias, TypeVar

from zerodte.arrays import U8
from zerodte.clock import new_york_clock
from zerodte.constants import MINUTE, SECOND
from zerodte.feeds.thetadata.conditions import NOT_SPECIFIED
from zerodte.market.osi import Contract, find_osi
from zerodte.records.condition import Condition
from zerodte.records.dbn import (
    PRICE_SCALE,
    STAT_OPEN_INTEREST,
    UNDEF_PRICE,
    UNDEF_SIZE,
    Records,
)
from zerodte.records.tick import Batch
from zerodte.tape.source import FileSource

#: A number of each condition.
CONDITION_NUMBERS: Final[dict[Condition, int]] = {
    Condition.UNKNOWN: NOT_SPECIFIED,
    Condition.REGULAR: 18,
    Condition.MULTI_LEG: 130,
    Condition.STOCK_OPTION: 138,
    Condition.CROSS: 127,
    Condition.AUCTION: 125,
    Condition.LATE: 13,
    Condition.OPENING: 7,
    Condition.CANCEL: 40,
}
_CONTRACT: Final = "symbol,expiration,strike,right"
_QUOTE: Final = "bid_size,bid_exchange,bid,bid_condition,ask_size,ask_exchange,ask,ask_condition"
HEADERS: Final = {
    "contracts": _CONTRACT,
    "trade_quote": f"{_CONTRACT},trade_timestamp,quote_timestamp,sequence,ext_condition1,"
    "ext_condition2,ext_condition3,ext_condition4,condition,size,exchange,price," + _QUOTE,
    "quote": f"{_CONTRACT},timestamp,{_QUOTE}",
    "open_interest": f"{_CONTRACT},timestamp,open_interest",
    "price": "timestamp,price",
}
_REGULAR_QUOTE: Final = 50

_Row = TypeVar("_Row")
#: Rows with their contracts, by root and expiry.
_Chains: TypeAlias = dict[tuple[str, datetime.date], list[tuple[Contract, _Row]]]


class TerminalTape:
    """A tape as the terminal tells it. Its records are read when they are asked for, and held.

    Args:
        tape: The tape.
    """

    def __init__(self, tape: FileSource) -> None:
        self.date = tape.session.date
        self._datasets = [name for name in tape.symbols if tape.kind(name) == "options"]
        self._names = {name: dict(tape.symbols[name]) for name in tape.symbols}
        self._count = 0
        self._trades: _Chains[tuple[Records, int, int]] = {}
        self._quotes: _Chains[tuple[int, Records]] = {}
        self._interest: _Chains[tuple[int, int]] = {}
        self._values: dict[str, list[tuple[int, int]]] = {}
        self._contracts: dict[tuple[str, int], Contract] = {
            (dataset, number): contract
            for dataset in self._datasets
            for number, raw in self._names[dataset].items()
            if (contract := find_osi(raw))
        }
        self._unread: FileSource | None = tape
        self._lock = threading.Lock()

    @property
    def contracts(self) -> list[Contract]:
        """All contracts."""
        found = set(self._contracts.values())
        return sorted(found, key=lambda one: (one.root, one.expiry, one.strike, one.right))

    def trades(
        self, root: str, expiry: datetime.date | None, span: tuple[int, int]
    ) -> Iterator[str]:
        """Rows of trades with their quotes.

        Args:
            root: Of the contracts.
            expiry: Of the contracts; None for all.
            span: First and last time, UTC ns.
        """
        self._read()
        for contract, (row, condition, sequence) in _chains(self._trades, root, expiry):
            time = int(row["ts_recv"])
            if span[0] <= time <= span[1]:
                stamp = csv_time(time)
                yield (
                    f"{csv_contract(contract)},{stamp},{stamp},{sequence},255,255,255,255,{condition},"
                    f"{row['size']},{row['publisher_id']},{_dollars(int(row['price']))},{_sides(row)}"
                )

    def quotes(
        self, root: str, expiry: datetime.date | None, span: tuple[int, int]
    ) -> Iterator[str]:
        """Rows of quotes at each whole minute; arguments as for `trades`."""
        self._read()
        for contract, (mark, row) in _chains(self._quotes, root, expiry):
            if span[0] <= mark <= span[1]:
                yield f"{csv_contract(contract)},{csv_time(mark)},{_sides(row)}"

    def interest(self, root: str, expiry: datetime.date | None) -> Iterator[str]:
        """Rows of open interest; arguments as for `trades`."""
        self._read()
        for contract, (time, figure) in _chains(self._interest, root, expiry):
            yield f"{csv_contract(contract)},{csv_time(time)},{figure}"

    def values(self, symbol: str, span: tuple[int, int]) -> Iterator[str]:
        """Rows of an index's values at each second; those that stay the same are left out."""
        self._read()
        last = 0
        found = sorted(self._values.get(symbol, ()))
        for at, (time, price) in enumerate(found):
            mark = -(-time // SECOND) * SECOND
            is_last = at + 1 == len(found) or found[at + 1][0] > mark
            if is_last and price != last and span[0] <= mark <= span[1]:
                last = price
                yield f"{csv_time(mark)},{_dollars(price)}"

    def _read(self) -> None:
        with self._lock:
            tape, self._unread = self._unread, None
            if tape is not None:
                self._read_all(tape)

    def _read_all(self, tape: FileSource) -> None:
        states = {name: _Standing(self._names[name]) for name in self._datasets}
        mark = -(-tape.session.open // MINUTE) * MINUTE
        for tick in tape.ticks():
            for batch in tick.quotes:
                if state := states.get(batch.dataset):
                    state.add(batch.records)
            for batch in tick.trades:
                self._add_trades(batch)
            for batch in tick.statistics:
                self._add_interest(batch)
            for batch in tick.underlying:
                if batch.schema == "trades":
                    self._add_values(batch)
            while mark <= tick.end:
                for name, state in states.items():
                    self._mark(mark, name, state)
                mark += MINUTE

    def _mark(self, mark: int, dataset: str, state: "_Standing") -> None:
        for row in state.at(mark):
            contract = self._contracts.get((dataset, int(row["instrument_id"])))
            if contract is not None:
                _append(self._quotes, contract, (mark, row))

    def _add_trades(self, batch: Batch) -> None:
        codes = batch.conditions
        for at, row in enumerate(batch.records):
            contract = self._contracts.get((batch.dataset, int(row["instrument_id"])))
            if contract is None:
                continue
            is_cancel = batch.cancels is not None and batch.cancels[at] >= 0
            code = Condition.CANCEL if is_cancel else _condition(codes, at)
            _append(self._trades, contract, (row, CONDITION_NUMBERS[code], self._count))
            self._count += 1

    def _add_interest(self, batch: Batch) -> None:
        for row in batch.records[batch.records["stat_type"] == STAT_OPEN_INTEREST]:
            contract = self._contracts.get((batch.dataset, int(row["instrument_id"])))
            time = int(row["ts_event"])
            if contract is not None and new_york_clock(time).date() == self.date:
                _append(self._interest, contract, (time, int(row["quantity"])))

    def _add_values(self, batch: Batch) -> None:
        names: Mapping[int, str] = self._names[batch.dataset]
        for row in batch.records:
            symbol = names[int(row["instrument_id"])]
            self._values.setdefault(symbol, []).append((int(row["ts_recv"]), int(row["price"])))


class _Standing:
    """The quote of each contract that stands, and those that came after a mark."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self._rows: dict[int, Records] = {}
        self._later: list[Records] = []
        self._known = set(names)

    def add(self, rows: Records) -> None:
        self._later.extend(rows)

    def at(self, mark: int) -> Sequence[Records]:
        """The quotes at a time, by the order of ids."""
        waiting = self._later
        self._later = [row for row in waiting if row["ts_recv"] > mark]
        for row in waiting:
            if row["ts_recv"] <= mark:
                self._rows[int(row["instrument_id"])] = row.copy()
        return [self._rows[number] for number in sorted(self._rows)]


def _condition(codes: U8 | None, at: int) -> Condition:
    return Condition.UNKNOWN if codes is None else Condition(int(codes[at]))


def _append(chains: _Chains[_Row], contract: Contract, row: _Row) -> None:
    chains.setdefault((contract.root, contract.expiry), []).append((contract, row))


def _chains(
    chains: _Chains[_Row], root: str, expiry: datetime.date | None
) -> Iterator[tuple[Contract, _Row]]:
    """The rows of an expiry, or of all."""
    for (name, day), rows in sorted(chains.items(), key=lambda one: one[0]):
        if name == root and expiry in (None, day):
            yield from rows


def csv_contract(contract: Contract) -> str:
    """A contract as four fields of CSV."""
    side = "CALL" if contract.right == "C" else "PUT"
    return f"{contract.root},{contract.expiry},{contract.strike:.3f},{side}"


def csv_time(time: int) -> str:
    """A time, UTC ns, as a field of CSV."""
    at = new_york_clock(time)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{time // 1_000_000 % 1_000:03}"


def _dollars(price: int) -> str:
    """A fixed-point price in dollars; 0 if it is unknown."""
    return "0.00" if price == UNDEF_PRICE else f"{price * PRICE_SCALE:.4f}"


def _sides(row: Records) -> str:
    parts = []
    for side in ("bid", "ask"):
        size = int(row[f"{side}_sz_00"])
        price = _dollars(int(row[f"{side}_px_00"]))
        parts.append(f"{0 if size == UNDEF_SIZE else size},1,{price},{_REGULAR_QUOTE}")
    return ",".join(parts)
