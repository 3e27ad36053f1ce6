"""Lean archives that have a trade bar twice: one is left, and contradictions are unknown."""

import warnings
import zipfile
from pathlib import Path

import pytest

from importers.lean_twin import DAY, TRADE_ROW, TRADES, lean_folder, member, zipped
from zerodte.importers.lean import import_lean
from zerodte.runtime.replay import replay
from zerodte.tape.folder import open_tape
from zerodte.tape.sidecars import ImportLoss

CALL = "ABC   210104C00100000"


@pytest.fixture
def lean(tmp_path: Path) -> Path:
    return lean_folder(tmp_path / "lean")


def doubled(path: Path, name: str, *contents: str) -> None:
    """An archive with a file of one name for each content."""
    with zipfile.ZipFile(path, "w") as out:
        for content in contents:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                out.writestr(name, content)


@pytest.mark.parametrize("contents", [(f"{TRADE_ROW}\n{TRADE_ROW}",), (TRADE_ROW, TRADE_ROW)])
def test_a_contract_has_one_trade_bar_a_minute(lean: Path, contents: tuple[str, ...]) -> None:
    doubled(lean / TRADES, member("trade"), *contents)
    said = import_lean(lean, "ABC", DAY, lean.parent / "tape")
    assert said.skipped == {"trades of options listed a second time": 1}
    assert (said.same_day_volume, said.bars["of trades"]) == (3, 1)
    assert not said.losses
    session = replay(open_tape(lean.parent / "tape"))
    assert session.market.flow.traded.sum() == 3


@pytest.mark.parametrize(
    ("other", "fact", "example"),
    [
        (TRADE_ROW[:-1] + "4", "sizes", f"two volumes of {CALL} at 9:31:00"),
        (TRADE_ROW.replace("11000,3", "11005,3"), "prices", f"two closes of {CALL} at 9:31:00"),
    ],
)
def test_trade_bars_that_contradict_each_other_are_unknown(
    lean: Path, other: str, fact: str, example: str
) -> None:
    later = TRADE_ROW.replace("34260000", "34320000")
    zipped(lean / TRADES, {member("trade"): "\n".join([TRADE_ROW, later, other, later])})
    said = import_lean(lean, "ABC", DAY, lean.parent / "tape")
    assert said.skipped == {"trades of options listed a second time": 2}
    assert (said.same_day_volume, said.bars["of trades"]) == (3, 1)
    assert dict(said.losses) == {fact: ImportLoss(1, 2, example)}
    assert open_tape(lean.parent / "tape").notes.import_losses["ABC"] == dict(said.losses)
