"""Contracts as the table of a CSV file lists them: its rows, their numbers, and which are left out.

What somebody's columns are called and what stands above them is that importer's.
"""

import csv
import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from zerodte.market.osi import Contract
from zerodte.market.roots import is_adjusted, root_info
from zerodte.tape.error import TapeError

_NUMBER = re.compile(r"(\d+|\d{1,3}(,\d{3})+)?(\.\d*)?", re.ASCII)
_LARGEST = 1e9  # beyond any price or count, and within every field that they go to


@dataclass(frozen=True, slots=True)
class ContractRow:
    """What a file says of one contract.

    Attributes:
        contract: Which.
        bid: Dollars; 0 where there is none.
        ask: Dollars; 0 where there is none.
        open_interest: Contracts.
        volume: Contracts.
        sizes: Contracts at bid and ask; None where the file has no sizes.
    """

    contract: Contract
    bid: float
    ask: float
    open_interest: int
    volume: int
    sizes: tuple[int, int] | None = None

    @property
    def is_quoted(self) -> bool:
        """Whether anybody bids or asks."""
        return self.bid > 0 or self.ask > 0


def read_rows(path: Path) -> list[list[str]]:
    """The rows of a CSV file, blank ones left out.

    Raises:
        TapeError: If there is no such file, it is empty, or it cannot be read as CSV.
    """
    try:
        # Nothing that is used holds letters outside ASCII; a date in words may.
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as lines:
            rows = [row for row in csv.reader(lines) if any(cell.strip() for cell in row)]
    except OSError as error:
        raise TapeError(f"{path}: cannot be read: {error.strerror}") from error
    except csv.Error as error:
        raise TapeError(f"{path}: not a CSV file: {error}") from error
    if not rows:
        raise TapeError(f"{path}: empty, where a table of option quotes was expected")
    return rows


def read_number(text: str) -> float:
    """A price or count of a file, thousands separators allowed.

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
    """A whole number of contracts.

    Raises:
        ValueError: If it is not one from 0 to a billion.
    """
    number = read_number(text)
    if number != math.floor(number):
        raise ValueError(f"{text!r} is not a whole number")
    return int(number)


def live(listings: Iterable[ContractRow], day: date, skipped: Counter[str]) -> list[ContractRow]:
    """The contracts of one underlying that have not expired before `day`, each once.

    The underlying is that of most of them. What is left out is counted in `skipped`.
    """
    kept: dict[Contract, ContractRow] = {}
    for listing in listings:
        contract = listing.contract
        if is_adjusted(contract.root):
            skipped["contracts of adjusted roots"] += 1
        elif contract.expiry < day:
            skipped["contracts that had expired"] += 1
        elif contract in kept:
            skipped["contracts listed a second time"] += 1
        else:
            kept[contract] = listing
    by_symbol = Counter(root_info(contract.root).symbol for contract in kept)
    (symbol, own), *_ = by_symbol.most_common(1) or [("", 0)]
    if len(kept) > own:
        skipped["contracts of other underlyings"] += len(kept) - own
    return [one for one in kept.values() if root_info(one.contract.root).symbol == symbol]
