"""Rows of CSV files that list contracts: reading, checking and selecting them.

The names of the columns and the lines above them are left to each format's module.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

from zerodte.importers.csv_text import CsvRow
from zerodte.importers.import_losses import CellReader, LossCounter
from zerodte.importers.numbers import read_number
from zerodte.market.osi import Contract
from zerodte.market.roots import is_adjusted, root_info
from zerodte.tape.error import TapeError

_Row = TypeVar("_Row")

_CONTRACTS = "contracts"
#: What the facts of a row are called in the accounting.
_FACTS: Final = {
    "bid": "bids",
    "ask": "asks",
    "open_interest": "open interest",
    "volume": "volume",
}


@dataclass(frozen=True, slots=True)
class ContractRow:
    """One contract's values in a file.

    Attributes:
        contract: The contract.
        bid: Dollars; 0 without one, NaN if unknown.
        ask: Dollars; 0 without one, NaN if unknown.
        open_interest: Contracts; None if unknown.
        volume: Contracts; None if unknown.
        sizes: Contracts at bid and ask, None for an unknown one; None if the file has no sizes.
        line: Its line in the file, from 1.
        cells: The accounting of its cells.
        at_close: Its values at the close, if the file has both; without open interest.
    """

    contract: Contract
    bid: float
    ask: float
    open_interest: int | None
    volume: int | None
    sizes: tuple[int | None, int | None] | None = None
    line: int = 0
    cells: CellReader = field(default_factory=CellReader, compare=False)
    at_close: "ContractRow | None" = None

    @property
    def is_quoted(self) -> bool:
        """Whether it has a bid or an ask."""
        return self.bid > 0 or self.ask > 0

    def besides(self, other: "ContractRow") -> "ContractRow":
        """The row, with each fact unknown that another row of the same contract contradicts.

        A fact that only one of them knows is known.
        """
        changes: dict[str, Any] = {}
        for name, fact in _FACTS.items():
            own, its = getattr(self, name), getattr(other, name)
            if _is_unknown(own) and not _is_unknown(its):
                changes[name] = its
                self.cells.unreadable.pop(fact, None)
            elif not _is_unknown(own) and not _is_unknown(its) and own != its:
                changes[name] = math.nan if isinstance(own, float) else None
                self.cells.unreadable[fact] = f"{own:g} and {its:g}"
        return replace(self, **changes) if changes else self


def _is_unknown(value: float | None) -> bool:
    return value is None or math.isnan(value)


def read_underlying(bid: str, ask: str) -> tuple[float, float] | None:
    """Read the underlying's bid and ask in dollars; None unless both are positive."""
    try:
        prices = read_number(bid), read_number(ask)
    except ValueError:
        return None
    return prices if min(prices) > 0 else None


class UnreadableContractError(ValueError):
    """A row without a readable contract.

    Args:
        text: What is wrong, and the line.
        symbol: The underlying, if the row tells; empty if not.
    """

    def __init__(self, text: str, symbol: str = "") -> None:
        super().__init__(text)
        self.symbol = symbol


@dataclass(eq=False)
class SymbolRows:
    """The contracts of one underlying in a file.

    Attributes:
        symbol: The underlying.
        rows: Its contracts that have not expired, each once.
        row_count: The number of its rows in the file.
        skipped: The number of skipped contracts by reason.
        losses: What is unknown of its contracts.
    """

    symbol: str
    rows: dict[Contract, ContractRow] = field(default_factory=dict)
    row_count: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    losses: LossCounter = field(default_factory=LossCounter)

    def add(self, row: ContractRow, day: date) -> None:
        """Add a contract, or count why it is skipped."""
        contract = row.contract
        if is_adjusted(contract.root):
            self.skipped["contracts of adjusted roots"] += 1
        elif contract.expiry < day:
            self.skipped["contracts that had expired"] += 1
        elif contract in self.rows:
            self.skipped["contracts listed a second time"] += 1
            self.rows[contract] = self.rows[contract].besides(row)
        else:
            self.rows[contract] = row


def select_contracts(
    rows: Iterable[_Row],
    parse: Callable[[_Row], ContractRow],
    file: Path,
    day: date,
) -> list[SymbolRows]:
    """Select the contracts that have not expired before `day`, each once, by underlying.

    A cell that cannot be read makes a fact of a contract unknown; only a row without a readable
    contract is skipped.

    Args:
        rows: Any representation of one contract each.
        parse: Reads a row; an `UnreadableContractError` skips it.
        file: The file, for errors.
        day: The session's date.

    Returns:
        Underlyings with contracts, that of most of them first. It also has the counts of those
        without, and of rows of no known underlying.

    Raises:
        TapeError: If no contract is live on `day`.
    """
    symbols: dict[str, SymbolRows] = {}
    nowhere: list[UnreadableContractError] = []
    for row in rows:
        try:
            contract_row = parse(row)
        except UnreadableContractError as error:
            if not error.symbol:
                nowhere.append(error)
                continue
            symbol = symbols.setdefault(error.symbol, SymbolRows(error.symbol))
            symbol.skipped["contracts that cannot be read"] += 1
            symbol.losses.refuse(_CONTRACTS, 1, str(error))
        else:
            name = root_info(_plain_root(contract_row.contract.root)).symbol
            symbol = symbols.setdefault(name, SymbolRows(name))
            symbol.add(contract_row, day)
        symbol.row_count += 1
    found = sorted(
        (symbol for symbol in symbols.values() if symbol.rows), key=lambda symbol: -len(symbol.rows)
    )
    skipped = Counter({"contracts that cannot be read": len(nowhere)})
    for symbol in symbols.values():
        skipped.update({} if symbol.rows else symbol.skipped)
    if not found:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in (+skipped).items())
        raise TapeError(f"{file}: no contract that is live on {day}; it has {reasons or 'no rows'}")
    found[0].row_count += len(nowhere)
    found[0].skipped.update(+skipped)
    for symbol in found:
        symbol.losses.keep(_CONTRACTS, len(symbol.rows))
        for contract_row in symbol.rows.values():
            symbol.losses.add(contract_row.cells, contract_row.line)
        # Each underlying may be the one that has lost them.
        for unreadable in nowhere:
            symbol.losses.refuse(_CONTRACTS, 1, str(unreadable))
    return found


def _plain_root(root: str) -> str:
    """A root without the digit of an adjustment, SPY for SPY1."""
    return root.rstrip("0123456789") or root


def trim(cells: list[str], width: int) -> list[str]:
    """A row without the empty cells beyond the columns of its table."""
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    return cells


def require_whole(path: Path, rows: list[CsvRow], width: int) -> None:
    """Check that a file does not end within the row of a contract.

    Raises:
        TapeError: If it does: its other contracts are missing.
    """
    if not rows:
        return
    line, cells = rows[-1]
    # A shorter last line of one or two cells is a remark below the table.
    if 2 < len(cells) < width:
        raise TapeError(
            f"{path}, line {line}: the file ends within a row, after {len(cells)} of {width} "
            "columns; expected: a whole file; download it again"
        )
