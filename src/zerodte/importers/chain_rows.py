"""Rows of CSV files that list contracts: reading, checking and selecting them.

The names of the columns and the lines above them are left to each format's module.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

from zerodte.importers.csv_text import CsvRow
from zerodte.importers.import_losses import CellReader, LossCounter
from zerodte.importers.numbers import read_number
from zerodte.market.osi import Contract
from zerodte.market.roots import is_adjusted, root_info
from zerodte.tape.error import TapeError

_Row = TypeVar("_Row")

_CONTRACTS = "contracts"


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
    """

    contract: Contract
    bid: float
    ask: float
    open_interest: int | None
    volume: int | None
    sizes: tuple[int | None, int | None] | None = None
    line: int = 0
    cells: CellReader = field(default_factory=CellReader, compare=False)

    @property
    def is_quoted(self) -> bool:
        """Whether it has a bid or an ask."""
        return self.bid > 0 or self.ask > 0


def read_underlying(cells: Mapping[str, str], bid: str, ask: str) -> tuple[float, float] | None:
    """Read the underlying's bid and ask in dollars, by column; None unless both are positive."""
    try:
        prices = read_number(cells[bid]), read_number(cells[ask])
    except (KeyError, ValueError):
        return None
    return prices if min(prices) > 0 else None


def select_contracts(
    rows: Iterable[_Row],
    parse: Callable[[_Row], ContractRow],
    day: date,
    skipped: Counter[str],
    losses: LossCounter,
) -> list[ContractRow]:
    """Select the contracts of one underlying that have not expired before `day`, each once.

    The underlying is that of most of them. A cell that cannot be read makes a fact of a contract
    unknown; only a row without a readable contract is skipped.

    Args:
        rows: Any representation of one contract each.
        parse: Reads a row; a ValueError, which tells the line, skips it.
        day: The session's date.
        skipped: Receives the number of skipped contracts by reason.
        losses: Receives what is unknown of the selected contracts, and the unreadable rows.
    """
    selection: dict[Contract, ContractRow] = {}
    for row in rows:
        try:
            contract_row = parse(row)
        except ValueError as error:
            skipped["contracts that cannot be read"] += 1
            losses.refuse(_CONTRACTS, 1, str(error))
            continue
        contract = contract_row.contract
        if is_adjusted(contract.root):
            skipped["contracts of adjusted roots"] += 1
        elif contract.expiry < day:
            skipped["contracts that had expired"] += 1
        elif contract in selection:
            skipped["contracts listed a second time"] += 1
        else:
            selection[contract] = contract_row
    by_symbol = Counter(root_info(contract.root).symbol for contract in selection)
    (symbol, count), *_ = by_symbol.most_common(1) or [("", 0)]
    if len(selection) > count:
        skipped["contracts of other underlyings"] += len(selection) - count
    rows_of_symbol = [
        row for row in selection.values() if root_info(row.contract.root).symbol == symbol
    ]
    losses.keep(_CONTRACTS, len(rows_of_symbol))
    for contract_row in rows_of_symbol:
        losses.add(contract_row.cells, contract_row.line)
    return rows_of_symbol


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
