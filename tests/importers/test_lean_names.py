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
