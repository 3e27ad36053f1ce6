"""Rows of CSV files that list contracts: reading, checking and selecting them.

The names of the columns and the lines above them are left to each format's module.
"""

import csv
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from zerodte.market.osi import Contract
from zerodte.market.roots import is_adjusted, root_info
from zerodte.tape.error import TapeError

_NUMBER = re.compile(r"(\d+|\d{1,3}(,\d{3})+)?(\.\d*)?", re.ASCII)
_LARGEST = 1e9  # beyond any price or count, and within the range of every field of a record

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class ContractRow:
    """One contract's values in a file.

    Attributes:
        contract: The contract.
        bid: Dollars; 0 without one.
        ask: Dollars; 0 without one.
        open_interest: Contracts.
        volume: Contracts.
        sizes: Contracts at bid and ask; None if the file has no sizes.
    """

    contract: Contract
    bid: float
    ask: float
    open_interest: int
    volume: int
    sizes: tuple[int, int] | None = None

    @property
    def is_quoted(self) -> bool:
        """Whether it has a bid or an ask."""
        return self.bid > 0 or self.ask > 0


def read_rows(path: Path) -> list[list[str]]:
    """Read the rows of a CSV file, without blank ones.

    Raises:
        TapeError: If there is no such file, it is empty, or it cannot be read as CSV.
    """
    try:
        # Nothing of interest holds letters outside ASCII; a date in words may.
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as lines:
            rows = [row for row in csv.reader(lines) if any(cell.strip() for cell in row)]
    except OSError as error:
        raise TapeError(f"{path}: cannot be read: {error.strerror}") from error
    except csv.Error as error:
        raise TapeError(f"{path}: not a CSV file: {error}") from error
    if not rows:
        raise TapeError(f"{path}: empty; expected: a table of option quotes")
    return rows


def read_number(text: str) -> float:
    """Read a price or count; thousands separators are allowed.

    Raises:
        ValueError: If it is not a number from 0 to a billion.
    """
    if _NUMBER.fullmatch(text.strip()) is None:
        raise ValueError(f"{text!r} is not a number")
    number = float(text.replace(",", ""))
    if number > _LARGEST:
        raise ValueError(f"{text!r} is more than a billion")
    return number


def read_count(text: str) -> int:
    """Read a number of contracts.

    Raises:
        ValueError: If it is not a whole number from 0 to a billion.
    """
    number = read_number(text)
    if number != math.floor(number):
        raise ValueError(f"{text!r} is not a whole number")
    return int(number)


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
) -> list[ContractRow]:
    """Select the contracts of one underlying that have not expired before `day`, each once.

    The underlying is that of most of them.

    Args:
        rows: Any representation of one contract each.
        parse: Reads a row; a ValueError skips it.
        day: The session's date.
        skipped: Receives the number of skipped contracts by reason.
    """
    selection: dict[Contract, ContractRow] = {}
    for row in rows:
        try:
            contract_row = parse(row)
        except ValueError:
            skipped["contracts that cannot be read"] += 1
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
    return [row for row in selection.values() if root_info(row.contract.root).symbol == symbol]
