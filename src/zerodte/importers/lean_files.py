"""The files of QuantConnect Lean's minute data: their folders, their names and their rows.

An archive holds the rows of one kind of one day: for options a CSV file per contract, for an
underlying a single one.

Format: QuantConnect's documentation, "LEAN Engine / Data Format", and `LeanData.cs`.
"""

import math
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from zerodte.arrays import F64, Bool
from zerodte.market.osi import Contract
from zerodte.market.roots import REDUCED, canonical_name, root_info, underlying_of
from zerodte.tape.error import TapeError
from zerodte.wire.text import first_of

#: Receives the current activity, the number of steps done, and the total.
Progress: TypeAlias = Callable[[str, int, int], None]

#: A cell that is not a number; every number of Lean's is from 0 up.
UNREADABLE: Final = -1.0
_PRICES: Final = ("open", "high", "low", "close")
_LARGEST_PRICE: Final = 1e13  # ten-thousandths of a dollar
_LARGEST_COUNT: Final = 2**32 - 2  # what a record holds, one below its "undefined"
_DAY: Final = 86_400_000  # milliseconds
_MAX_NAMES: Final = 6  # in an error
#: Bytes of a member of an archive: the most, and those up to which any ratio is plausible.
_LARGEST_MEMBER: Final = 1 << 26
_SMALL_MEMBER: Final = 1 << 20
#: Bytes of a member per compressed byte, at most.
_LARGEST_RATIO: Final = 400

#: Folders of options, by whether the underlying is an index.
_OPTION_FOLDERS: Final = {False: "option", True: "indexoption"}


@dataclass(frozen=True, slots=True)
class LeanRowKind:
    """The kind of an archive's rows.

    Attributes:
        name: In file names.
        label: In messages.
        columns: Of a row; the first is milliseconds of the day.
        facts: The names of the facts in the columns that are used.
        may_lack_prices: Whether prices may be empty, as on a side without a quote.
    """

    name: str
    label: str
    columns: tuple[str, ...]
    facts: Mapping[str, str]
    may_lack_prices: bool = False

    @property
    def largest(self) -> F64:
        """The largest valid value of each column, shape (len(columns),)."""
        limits = (_LARGEST_PRICE if _is_price(c) else _LARGEST_COUNT for c in self.columns[1:])
        return np.array([_DAY - 1, *limits], np.float64)

    @property
    def may_be_empty(self) -> Bool:
        """Whether each column may be empty, shape (len(columns),)."""
        return np.array([self.may_lack_prices and _is_price(column) for column in self.columns])


def _is_price(column: str) -> bool:
    return column.endswith(_PRICES)


_SIDES: Final = {side: tuple(f"{side} {price}" for price in _PRICES) for side in ("bid", "ask")}
QUOTE: Final = LeanRowKind(
    "quote",
    "quotes",
    ("time", *_SIDES["bid"], "bid size", *_SIDES["ask"], "ask size"),
    {"bid close": "bids", "bid size": "bid sizes", "ask close": "asks", "ask size": "ask sizes"},
    may_lack_prices=True,
)
TRADE: Final = LeanRowKind(
    "trade", "trades", ("time", *_PRICES, "volume"), {"close": "prices", "volume": "sizes"}
)
OPEN_INTEREST: Final = LeanRowKind(
    "openinterest", "open interest", ("time", "open interest"), {"open interest": "open interest"}
)


@dataclass(frozen=True, slots=True)
class LeanArchive:
    """An archive of one day.

    Attributes:
        path: Its location; its folder's name is the ticker.
        kind: The kind of its rows.
        day: Its date.
    """

    path: Path
    kind: LeanRowKind
    day: date

    @property
    def prefix(self) -> str:
        """The prefix of the names of its files."""
        return f"{self.day:%Y%m%d}_{self.path.parent.name}_minute_{self.kind.name}"

    def contract(self, name: str) -> Contract | None:
        """The contract of a file in the archive, by its name; None for any other name."""
        match = re.fullmatch(
            rf"{re.escape(self.prefix)}_(?:american|european)_(call|put)_(\d+)_(\d{{8}})\.csv", name
        )
        if match is None:
            return None
        right, strike, expiry = match.groups()
        try:
            day = datetime.strptime(expiry, "%Y%m%d").date()  # noqa: DTZ007
        except ValueError:
            return None
        root = canonical_name(self.path.parent.name)
        return Contract(root, day, int(strike) / 10_000, right[0].upper())

    def members(self, progress: Progress) -> Iterator[tuple[str, bytes]]:
        """Its files, names and contents, in archive order.

        Raises:
            TapeError: If it is damaged, or not a ZIP archive.
        """
        activity = f"reading {self.kind.label} of {self.path.parent.name}"
        try:
            with zipfile.ZipFile(self.path) as archive:
                members = [member for member in archive.infolist() if not member.is_dir()]
                for member in members:
                    self._check_size(member)
                for done, member in enumerate(members):
                    progress(activity, done, len(members))
                    yield member.filename, archive.read(member)
        except OSError as error:
            raise TapeError(f"{self.path}: cannot be read: {error.strerror or error}") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            raise TapeError(f"{self.path}: damaged, or not a ZIP archive: {error}") from error

    def _check_size(self, member: zipfile.ZipInfo) -> None:
        """Refuse what no day of minutes is; a member gives no more bytes than it claims."""
        size, packed = member.file_size, max(member.compress_size, 1)
        if size > _LARGEST_MEMBER or (size > _SMALL_MEMBER and size > _LARGEST_RATIO * packed):
            raise TapeError(
                f"{self.path}: {member.filename} claims {size:,} bytes from {packed:,}; a file of "
                f"minutes has at most {_LARGEST_MEMBER:,}, and {_LARGEST_RATIO} times its "
                "compressed ones"
            )

    def rows(self, name: str, content: bytes) -> F64:
        """The rows of one of its files, shape (n, len(columns)).

        An empty cell is NaN, and one that is not a number is `UNREADABLE`.

        Raises:
            TapeError: If a row has too few or too many columns.
        """
        if not content.strip():
            return np.empty((0, len(self.kind.columns)))
        # Twice, because two adjacent empty cells share a comma.
        filled = content.replace(b",,", b",nan,").replace(b",,", b",nan,")
        lines = filled.decode("ascii", "replace").splitlines()
        try:
            table = np.loadtxt(lines, delimiter=",", comments=None, ndmin=2)
        except ValueError:
            table = self._slow_rows(name, lines)
        if table.shape[1] != len(self.kind.columns):
            table = self._slow_rows(name, lines)
        return table

    def _slow_rows(self, name: str, lines: Sequence[str]) -> F64:
        """The rows of a file with a cell that is not a number, or of the wrong width."""
        columns = self.kind.columns
        rows = []
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            cells = line.split(",")
            if len(cells) != len(columns):
                raise TapeError(
                    f"{self.path}, {name}, line {number}: {len(cells)} columns; "
                    f"expected {len(columns)}: {', '.join(columns)}"
                )
            rows.append([_number(cell) for cell in cells])
        return np.array(rows, np.float64).reshape(-1, len(columns))


def _number(cell: str) -> float:
    try:
        return float(cell) if cell.strip() else math.nan
    except ValueError:
        return UNREADABLE


@dataclass(frozen=True, slots=True)
class LeanDay:
    """The archives of one underlying on one day.

    Attributes:
        options: Archives of its options.
        underlying: The archive of its own minutes: quotes of an equity, trades of an index.
        missing: Optional archives that were not found, with their paths.
    """

    options: Sequence[LeanArchive]
    underlying: LeanArchive | None
    missing: Sequence[str]


def find_day(root: Path, symbol: str, day: date) -> LeanDay:
    """Find the archives of a day: of options by root, of the underlying by symbol.

    Raises:
        TapeError: If there is no folder of the options, or nothing of them on that day.
    """
    is_index = root_info(symbol).is_index
    base = root / _OPTION_FOLDERS[is_index] / "usa" / "minute"
    folders = _option_folders(base, symbol, is_index)
    missing: list[str] = []
    options: list[LeanArchive] = []
    for kind in (QUOTE, TRADE, OPEN_INTEREST):
        archives = [archive for folder in folders if (archive := _find(folder, kind, day))]
        options += archives
        if not archives:
            missing.append(f"{kind.label} of the options ({day:%Y%m%d}_{kind.name}_*.zip)")
    if not options:
        contents = "; ".join(_contents(folder) for folder in folders)
        raise TapeError(
            f"no archive {day:%Y%m%d}_quote_*.zip, nor of trades or open interest, of the options: "
            f"{contents}"
        )
    kind, asset = (TRADE, "index") if is_index else (QUOTE, "equity")
    folder = _underlying_folder(root / asset / "usa" / "minute", symbol)
    underlying = _find(folder, kind, day)
    if underlying is None and symbol in REDUCED:
        underlying = _find(folder.with_name(REDUCED[symbol][0].lower()), kind, day)
    if underlying is None:
        missing.append(f"{kind.label} of the {asset} ({folder / f'{day:%Y%m%d}_{kind.name}.zip'})")
    return LeanDay(options, underlying, missing)


def _option_folders(base: Path, symbol: str, is_index: bool) -> list[Path]:
    """The folders of a symbol's roots; an index may have several, such as SPX and SPXW."""
    children = sorted(path for path in base.iterdir() if path.is_dir()) if base.is_dir() else []
    folders = [path for path in children if underlying_of(path.name) == symbol]
    if not folders:
        asset = "index options" if is_index else "options"
        raise TapeError(f"no folder of {asset} on {symbol}: {_contents(base)}")
    return folders


def _underlying_folder(base: Path, symbol: str) -> Path:
    """The folder of an underlying, which Lean may spell with a dot: brk.b."""
    children = sorted(base.iterdir()) if base.is_dir() else []
    named = (path for path in children if path.is_dir() and canonical_name(path.name) == symbol)
    return next(named, base / symbol.lower())


def _find(folder: Path, kind: LeanRowKind, day: date) -> LeanArchive | None:
    """The archive of a kind in a folder; some of Lean's own end in .zip.zip."""
    pattern = re.compile(rf"{day:%Y%m%d}_{kind.name}(_american|_european)?(\.zip)+")
    paths = sorted(path for path in folder.glob("*.zip") if pattern.fullmatch(path.name))
    if len(paths) > 1:
        names = ", ".join(path.name for path in paths)
        raise TapeError(f"{folder}: {len(paths)} archives of the same rows: {names}; keep one")
    return LeanArchive(paths[0], kind, day) if paths else None


def _contents(folder: Path) -> str:
    """A short list of a folder's contents, for an error."""
    if not folder.is_dir():
        return f"there is no {folder}"
    names = sorted(path.name for path in folder.iterdir())
    return f"{folder} has {first_of(names, _MAX_NAMES) or 'nothing'}"
