"""QuantConnect Lean's minute data as it lies in its folders.

An archive holds one kind of rows of one day: of options a CSV file for each contract, of an
underlying a single one. Here is where they are, how they are named and what a row says; what
becomes of the rows is not.

Format: QuantConnect's documentation, "LEAN Engine / Data Format", and `LeanData.cs`.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from zerodte.arrays import F64, Bool
from zerodte.market.osi import Contract
from zerodte.market.roots import root_info
from zerodte.tape.error import TapeError

#: Told what is being done, how much of it is, and of how much.
Progress: TypeAlias = Callable[[str, int, int], None]

_PRICES: Final = ("open", "high", "low", "close")
_LARGEST_PRICE: Final = 1e13  # ten-thousandths of a dollar
_LARGEST_COUNT: Final = 2**32 - 2  # what a record holds, one below its "undefined"
_DAY: Final = 86_400_000  # milliseconds
_SHOWN: Final = 6  # names in an error

#: Options of equities: prices times 10,000, New York's time. So are those of indices.
_OPTIONS: Final = {False: "option", True: "indexoption"}


@dataclass(frozen=True, slots=True)
class LeanRowKind:
    """What the rows of an archive are.

    Attributes:
        name: As names of files have it.
        words: As a reader has it.
        columns: Of a row; the first is milliseconds of the day.
        gaps: Whether prices may be left empty, as of a side that nobody quotes.
    """

    name: str
    words: str
    columns: tuple[str, ...]
    gaps: bool = False

    @property
    def largest(self) -> F64:
        """The largest value that each column may hold, shape (len(columns),)."""
        limits = (_LARGEST_PRICE if _is_price(c) else _LARGEST_COUNT for c in self.columns[1:])
        return np.array([_DAY - 1, *limits], np.float64)

    @property
    def may_be_empty(self) -> Bool:
        """Which columns may be empty, shape (len(columns),)."""
        return np.array([self.gaps and _is_price(column) for column in self.columns])


def _is_price(column: str) -> bool:
    return column.endswith(_PRICES)


_SIDES: Final = {side: tuple(f"{side} {price}" for price in _PRICES) for side in ("bid", "ask")}
QUOTE: Final = LeanRowKind(
    "quote",
    "quotes",
    ("time", *_SIDES["bid"], "bid size", *_SIDES["ask"], "ask size"),
    gaps=True,
)
TRADE: Final = LeanRowKind("trade", "trades", ("time", *_PRICES, "volume"))
OPEN_INTEREST: Final = LeanRowKind("openinterest", "open interest", ("time", "open interest"))


@dataclass(frozen=True, slots=True)
class LeanArchive:
    """One archive of one day.

    Attributes:
        path: Where; its folder's name is the ticker.
        kind: What its rows are.
        day: Whose.
    """

    path: Path
    kind: LeanRowKind
    day: date

    @property
    def prefix(self) -> str:
        """What the names of the files in it begin with."""
        return f"{self.day:%Y%m%d}_{self.path.parent.name}_minute_{self.kind.name}"

    def contract(self, name: str) -> Contract | None:
        """The contract that a file in the archive is of; None if it is not named like one."""
        found = re.fullmatch(
            rf"{re.escape(self.prefix)}_(?:american|european)_(call|put)_(\d+)_(\d{{8}})\.csv", name
        )
        if found is None:
            return None
        right, strike, expiry = found.groups()
        try:
            day = datetime.strptime(expiry, "%Y%m%d").date()  # noqa: DTZ007
        except ValueError:
            return None
        root = self.path.parent.name.upper()
        return Contract(root, day, int(strike) / 10_000, right[0].upper())

    def members(self, progress: Progress) -> Iterator[tuple[str, bytes]]:
        """The files in it: names and contents, in the order they have there.

        Raises:
            TapeError: If it is not a ZIP archive, or is damaged.
        """
        what = f"reading {self.kind.words} of {self.path.parent.name}"
        try:
            with zipfile.ZipFile(self.path) as opened:
                names = [name for name in opened.namelist() if not name.endswith("/")]
                for done, name in enumerate(names):
                    progress(what, done, len(names))
                    yield name, opened.read(name)
        except OSError as error:
            raise TapeError(f"{self.path}: cannot be read: {error.strerror or error}") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            raise TapeError(f"{self.path}: not a ZIP archive, or a damaged one: {error}") from error

    def rows(self, name: str, content: bytes) -> F64:
        """The rows of a file in it, shape (n, len(columns)); NaN where a cell is empty.

        Raises:
            TapeError: If a cell is not a number, or rows are not as wide as the kind's.
        """
        if not content.strip():
            return np.empty((0, len(self.kind.columns)))
        # Twice, for two empty cells side by side share a comma.
        filled = content.replace(b",,", b",nan,").replace(b",,", b",nan,")
        lines = filled.decode("ascii", "replace").splitlines()
        try:
            table = np.loadtxt(lines, delimiter=",", comments=None, ndmin=2)
        except ValueError as error:
            raise TapeError(f"{self.path}, {name}, {self._complaint(lines)}") from error
        if table.shape[1] != len(self.kind.columns):
            raise TapeError(f"{self.path}, {name}, {self._complaint(lines)}")
        return table

    def _complaint(self, lines: Sequence[str]) -> str:
        """What is wrong with the first line that is."""
        columns = self.kind.columns
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            cells = line.split(",")
            if len(cells) != len(columns):
                expected = f"{len(columns)}: {', '.join(columns)}"
                return f"line {number}: {len(cells)} columns; expected are {expected}"
            for column, cell in zip(columns, cells, strict=False):
                try:
                    float(cell)
                except ValueError:
                    return f"line {number}: {column} is {cell!r}, not a number"
        return "not a table of numbers"


@dataclass(frozen=True, slots=True)
class LeanDay:
    """What there is of one underlying on one day.

    Attributes:
        options: Archives of its options.
        underlying: The archive of its own minutes: quotes of an equity, trades of an index.
        missing: Archives that one might expect, and where they were looked for.
    """

    options: Sequence[LeanArchive]
    underlying: LeanArchive | None
    missing: Sequence[str]


def find_day(root: Path, symbol: str, day: date) -> LeanDay:
    """Find the archives of a day: options and index options by root, the underlying by symbol.

    Raises:
        TapeError: If there is no folder of the options, or no quotes of them on that day.
    """
    is_index = root_info(symbol).is_index
    folders = _option_folders(root / _OPTIONS[is_index] / "usa" / "minute", symbol, is_index)
    missing: list[str] = []
    options: list[LeanArchive] = []
    for kind in (QUOTE, TRADE, OPEN_INTEREST):
        found = [_find(folder, kind, day) for folder in folders]
        options += [archive for archive in found if archive]
        if not any(found):
            pattern = f"{day:%Y%m%d}_{kind.name}_*.zip"
            if kind is QUOTE:
                there = "; ".join(_contents(folder) for folder in folders)
                raise TapeError(f"no archive {pattern} of the options' quotes: {there}")
            missing.append(f"{kind.words} of the options ({pattern})")
    kind, place = (TRADE, "index") if is_index else (QUOTE, "equity")
    folder = root / place / "usa" / "minute" / symbol.lower()
    underlying = _find(folder, kind, day)
    if underlying is None:
        missing.append(f"{kind.words} of the {place} ({folder / f'{day:%Y%m%d}_{kind.name}.zip'})")
    return LeanDay(options, underlying, missing)


def _option_folders(base: Path, symbol: str, is_index: bool) -> list[Path]:
    """The folders of the roots of a symbol: an index has several, SPX those of SPX and SPXW."""
    there = sorted(path for path in base.iterdir() if path.is_dir()) if base.is_dir() else []
    folders = [path for path in there if root_info(path.name.upper()).symbol == symbol]
    if not folders:
        what = "index options" if is_index else "options"
        raise TapeError(f"no folder of {what} on {symbol}: {_contents(base)}")
    return folders


def _find(folder: Path, kind: LeanRowKind, day: date) -> LeanArchive | None:
    """The archive of a kind in a folder; some of Lean's own end in .zip.zip."""
    form = re.compile(rf"{day:%Y%m%d}_{kind.name}(_american|_european)?(\.zip)+")
    found = sorted(path for path in folder.glob("*.zip") if form.fullmatch(path.name))
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise TapeError(f"{folder}: {len(found)} archives of the same rows: {names}; keep one")
    return LeanArchive(found[0], kind, day) if found else None


def _contents(folder: Path) -> str:
    """What is in a folder, in few words."""
    if not folder.is_dir():
        return f"there is no {folder}"
    names = sorted(path.name for path in folder.iterdir())
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{folder} has {', '.join(names[:_SHOWN]) or 'nothing'}{more}"
