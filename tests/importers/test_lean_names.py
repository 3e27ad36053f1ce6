"""Lean's folders by every name of an underlying, and the clocks of its index files."""

import datetime
import zipfile
from pathlib import Path

import pytest

from zerodte.clock import new_york
from zerodte.importers.lean import import_lean
from zerodte.tape.folder import open_tape

DAY = datetime.date(2025, 6, 2)
TEN = 10 * 3_600_000


def archive(folder: Path, kind: str, member: str, row: str) -> None:
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / f"20250602_{kind}.zip", "w") as out:
        out.writestr(f"20250602_{folder.name}_minute_{member}.csv", row)


def options(root: Path, kind: str, name: str, strike: int) -> None:
    quote = f"{TEN},10000,10000,10000,10000,1,11000,11000,11000,11000,1\n"
    style = "european" if kind == "indexoption" else "american"
    folder = root / kind / "usa" / "minute" / name
    archive(folder, f"quote_{style}", f"quote_{style}_call_{strike}0000_20250602", quote)


@pytest.mark.parametrize(
    ("root", "index", "hour", "price"),
    [
        ("rutw", "rut", 10, 2075.0),
        ("xsp", "xsp", 10, 2075.0),
        ("spxw", "spx", 11, 2075.0),
        ("nqx", "ndx", 11, 415.0),
        ("mrut", "rut", 10, 207.5),
    ],
)
def test_an_index_file_has_its_own_clock_and_scale(
    tmp_path: Path, root: str, index: str, hour: int, price: float
) -> None:
    options(tmp_path, "indexoption", root, 2075)
    row = f"{TEN},2075,2075,2075,2075,0\n"
    archive(tmp_path / "index" / "usa" / "minute" / index, "trade", "trade", row)
    import_lean(tmp_path, root, DAY, tmp_path / "t")
    (value,) = [batch for tick in open_tape(tmp_path / "t").ticks() for batch in tick.underlying]
    assert value.records["price"].tolist() == [round(price * 1e9)]
    assert value.records["ts_recv"].tolist() == [new_york(DAY, datetime.time(hour, 1))]


@pytest.mark.parametrize("typed", ["BRK.B", "brk.b", "BRKB", "BRK/B"])
def test_a_dotted_folder_is_found_by_every_name(tmp_path: Path, typed: str) -> None:
    options(tmp_path, "option", "brk.b", 500)
    row = f"{TEN},5000000,5000000,5000000,5000000,1,5001000,5001000,5001000,5001000,1\n"
    archive(tmp_path / "equity" / "usa" / "minute" / "brk.b", "quote", "quote", row)
    summary = import_lean(tmp_path, typed, DAY, tmp_path / "t")
    assert (summary.symbol, summary.has_underlying) == ("BRKB", True)
    assert "same day      1 contracts\n" in str(summary)


def test_strikes_from_before_a_split_are_said(tmp_path: Path) -> None:
    """Strikes of 640 and 645 beside 88 to 97, at 92.70: a split of seven for one."""
    folder = tmp_path / "option" / "usa" / "minute" / "aapl"
    folder.mkdir(parents=True)
    quote = f"{TEN},10000,10000,10000,10000,1,11000,11000,11000,11000,1\n"
    with zipfile.ZipFile(folder / "20250602_quote_american.zip", "w") as out:
        for strike in (*range(88, 98), 640, 645):
            member = f"20250602_aapl_minute_quote_american_call_{strike}0000_20250606.csv"
            out.writestr(member, quote)
    price = f"{TEN},927000,927000,927000,927000,1,927100,927100,927100,927100,1\n"
    archive(tmp_path / "equity" / "usa" / "minute" / "aapl", "quote", "quote", price)
    import_lean(tmp_path, "AAPL", DAY, tmp_path / "t")
    (said,) = open_tape(tmp_path / "t").notes.import_warnings()["AAPL"]
    assert said.startswith("scale of strikes (from before a split?) unknown for 2 of 12")
    assert said.endswith("such as AAPL  250606C00640000")
