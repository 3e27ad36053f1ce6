"""Tables of the Cboe DataShop: columns by name, and the contract, date and time of a row.

The DataShop has added columns over the years, and adds more for an extra fee, so only names tell.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Final

from zerodte.clock import new_york
from zerodte.importers.csv_formats import hint_of
from zerodte.importers.csv_text import CsvRow, iterate_rows
from zerodte.importers.numbers import read_number
from zerodte.market.osi import Contract, format_osi
from zerodte.market.roots import canonical_name
from zerodte.tape.error import TapeError

UNDERLYING: Final = "underlying_symbol"
ROOT: Final = "root"

_RIGHTS: Final = {"C": "C", "CALL": "C", "P": "P", "PUT": "P"}
_CLOCK: Final = re.compile(
    r"(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*([AP]M)?", re.ASCII | re.IGNORECASE
)


class DatashopTable:
    """A table with its columns by name.

    Args:
        path: The CSV file.
        content: What it should be, in an error.
        columns: The names of the columns that it must have.

    Attributes:
        path: The file.
        columns: The index of each column by its name, in lower case.
        width: The number of columns that have a name.

    Raises:
        TapeError: If the file cannot be read, or lacks a column.
    """

    def __init__(self, path: Path, content: str, columns: Sequence[str]) -> None:
        self.path = path
        self._rows = iterate_rows(path)
        names = [name.strip().lower() for name in next(self._rows).cells]
        while names and not names[-1]:
            names.pop()
        self.columns = {name: index for index, name in reversed(list(enumerate(names)))}
        if missing := [name for name in columns if name not in self.columns]:
            raise TapeError(
                f"{path}: not a {content}; it lacks {', '.join(missing)}{hint_of(names)}"
            )
        self.width = len(names)
        self._needed = max(self.columns[name] for name in columns) + 1

    def rows(self) -> Iterator[CsvRow]:
        """The rows; one that is too short has empty cells at its end.

        Raises:
            TapeError: If there is none, or the file ends within one.
        """
        row = None
        for row in self._rows:
            if len(row.cells) < self.width:
                yield CsvRow(row.line, row.cells + [""] * (self.width - len(row.cells)))
            else:
                yield row
        if row is None:
            raise TapeError(f"{self.path}: a header without rows; expected: one row per contract")
        # A shorter last line of one or two cells is a remark below the table.
        if 2 < len(row.cells) < self._needed:
            raise TapeError(
                f"{self.path}, line {row.line}: the file ends within a row, after "
                f"{len(row.cells)} of {self.width} columns; expected: a whole file; download it "
                "again"
            )

    def cell(self, row: CsvRow, name: str) -> str:
        """A cell of a row; empty without such a column."""
        index = self.columns.get(name)
        return "" if index is None else row.cells[index]


def read_contract(root: str, expiration: str, strike: str, option_type: str) -> Contract:
    """Read a contract that a tape can hold.

    Raises:
        ValueError: If it is not one.
    """
    right = option_type.strip().upper()
    contract = Contract(
        root=canonical_name(root),
        expiry=read_date(expiration),
        strike=read_number(strike),
        right=_RIGHTS.get(right, right),
    )
    format_osi(contract)  # raises for a contract without an OSI symbol
    return contract


def read_date(text: str) -> date:
    """Read a date: yyyy-MM-dd, or M/d/yyyy as spreadsheets save it; a time after it is ignored.

    Raises:
        ValueError: If it is not one.
    """
    day = text.strip().partition(" ")[0].partition("T")[0]
    if "/" in day:
        return datetime.strptime(day, "%m/%d/%Y").date()  # noqa: DTZ007
    return date.fromisoformat(day)


class NewYorkTimes:
    """Reads New York times, `2024-01-05 09:31:04.125`, as UTC nanoseconds.

    A day's hours are looked up once, because files repeat them a million times.
    """

    def __init__(self) -> None:
        self._hours: dict[tuple[str, int], int] = {}

    def read(self, text: str) -> int:
        """Read a time.

        Raises:
            ValueError: If it is not a date and a time.
        """
        day, _, clock = text.strip().replace("T", " ").partition(" ")
        match = _CLOCK.fullmatch(clock.strip())
        if match is None:
            raise ValueError(f"{text.strip()!r} is not a date and a time")
        hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
        if match[5]:
            hour = hour % 12 + (12 if match[5].upper() == "PM" else 0)
        if minute > 59 or second > 59:
            raise ValueError(f"{text.strip()!r} is not a time of day")
        start = self._hours.get((day, hour))
        if start is None:
            start = self._hours[day, hour] = new_york(read_date(day), time(hour))
        fraction = int((match[4] or "").ljust(9, "0"))
        return start + (60 * minute + second) * 10**9 + fraction
