"""The terminal's answers in CSV as columns: which it must have, and of what kind.

Source: the vendor's reference of each request. Times are of New York, without a zone.
"""

import csv
import datetime
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, Literal

import numpy as np

from zerodte.arrays import F64, I64
from zerodte.clock import new_york
from zerodte.constants import CALENDAR_DAY
from zerodte.market.calendar import epoch_day
from zerodte.market.osi import Contract, is_root

_Kind = Literal["text", "time", "count", "price"]
_CONTRACT: Final[dict[str, _Kind]] = dict.fromkeys(
    ("symbol", "expiration", "strike", "right"), "text"
)
_SIDES: Final[dict[str, _Kind]] = {
    "bid_size": "count",
    "bid": "price",
    "ask_size": "count",
    "ask": "price",
}
#: The columns that are read of each answer.
CONTRACT_COLUMNS: Final = _CONTRACT
TRADE_COLUMNS: Final[dict[str, _Kind]] = {
    **_CONTRACT,
    "trade_timestamp": "time",
    "sequence": "count",
    "condition": "count",
    "size": "count",
    "exchange": "count",
    "price": "price",
    **_SIDES,
}
QUOTE_COLUMNS: Final[dict[str, _Kind]] = {**_CONTRACT, "timestamp": "time", **_SIDES}
INTEREST_COLUMNS: Final[dict[str, _Kind]] = {
    **_CONTRACT,
    "timestamp": "time",
    "open_interest": "count",
}
VALUE_COLUMNS: Final[dict[str, _Kind]] = {"timestamp": "time", "price": "price"}

_RIGHTS: Final = {"CALL": "C", "PUT": "P", "C": "C", "P": "P"}
_NOON: Final = datetime.time(12)


@dataclass(frozen=True, eq=False, slots=True)
class ThetaTable:
    """Columns of n rows.

    Attributes:
        columns: By name: texts as lists, numbers and times (UTC ns) as arrays of shape (n,). An
            empty price is NaN, an empty count -1.
        count: n.
    """

    columns: dict[str, Any]
    count: int

    def integers(self, name: str) -> I64:
        """A column of times or counts."""
        found: I64 = self.columns[name]
        return found

    def prices(self, name: str) -> F64:
        """A column of prices, dollars."""
        found: F64 = self.columns[name]
        return found

    def contracts(self) -> list[tuple[str, ...]]:
        """The texts of each row's contract, for `contract_of`."""
        return list(zip(*(self.columns[name] for name in _CONTRACT), strict=True))


def read_table(text: str, kinds: dict[str, _Kind], date: datetime.date) -> ThetaTable:
    """Read an answer; an empty one has no rows.

    Args:
        text: CSV with a header.
        kinds: The columns that it must have; others are left out.
        date: The session's.

    Raises:
        ValueError: If it is not whole, or not such an answer.
    """
    if text and not text.endswith("\n"):
        raise ValueError("it ends within a line")
    rows = csv.reader(text.splitlines(), strict=True)
    try:
        header = next(rows, list(kinds))
        if missing := [name for name in kinds if name not in header]:
            raise ValueError(f"no column {missing[0]!r}")
        places = [header.index(name) for name in kinds]
        take, width = itemgetter(*places), len(header)
        found = [take(row) for row in rows if len(row) == width or _refuse(row)]
    except csv.Error as error:
        raise ValueError(f"no CSV: {error}") from error
    lists = list(zip(*found, strict=True)) if found else [()] * len(kinds)
    shift = new_york(date, _NOON) - epoch_day(date) * CALENDAR_DAY - CALENDAR_DAY // 2
    columns = {
        name: _column(list(texts), kind, shift)
        for (name, kind), texts in zip(kinds.items(), lists, strict=True)
    }
    return ThetaTable(columns, len(found))


def contract_of(texts: tuple[str, ...]) -> Contract | None:
    """The contract of texts: root, expiration, strike in dollars, and right; None if none is."""
    root, expiration, strike, right = texts
    side = _RIGHTS.get(right.upper())
    try:
        expiry, dollars = datetime.date.fromisoformat(expiration), float(strike)
    except ValueError:
        return None
    if side is None or not is_root(root) or not 0.0 < dollars < 1e5:
        return None
    return Contract(root, expiry, round(dollars, 3), side)


def _refuse(row: list[str]) -> bool:
    raise ValueError(f"a line of {len(row)} fields")


def _column(texts: list[str], kind: _Kind, shift: int) -> Any:
    if kind == "text":
        return texts
    if kind == "price":
        return np.array([text or "nan" for text in texts], np.float64)
    if kind == "count":
        try:
            return np.array([text or "-1" for text in texts], np.str_).astype(np.int64)
        except OverflowError:
            raise ValueError("a number that has no room in 64 bits") from None
    return np.array(texts, "datetime64[ns]").astype(np.int64) + shift
