"""How a tape is spread over files and chunks changes nothing: plain trades meet the same quotes."""

from pathlib import Path

import numpy as np
import pytest

from session.made_tape import OPEN, SECOND, quotes, stock, trades, write
from session.minutes import by_minute
from zerodte.records.dbn import Records
from zerodte.tape import dbnfile
from zerodte.tape.folder import Tape, open_tape

pytestmark = pytest.mark.drill

SPAN = 180


def feed() -> tuple[Records, Records]:
    """Quotes as they change, and trades without any, a few of each a second."""
    return quotes("cmbp-1", 4_000, SPAN, seed=3), trades("trades", 600, SPAN, seed=4)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    quoted, traded = feed()
    folder = tmp_path_factory.mktemp("whole")
    return write(folder, ("cmbp-1", quoted), ("trades", traded), ("bbo-1s", stock(SPAN)))


@pytest.mark.parametrize("size", [2_000, 20_000])
def test_chunks_of_any_size(whole: Tape, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    expected = by_minute(open_tape(whole.path))
    monkeypatch.setattr(dbnfile, "CHUNK", size)
    assert by_minute(open_tape(whole.path)) == expected


@pytest.mark.parametrize("packed", [True, False], ids=["zstd", "plain"])
def test_contracts_in_files_of_their_own(whole: Tape, tmp_path: Path, *, packed: bool) -> None:
    """As of two downloads of one day, each with half of the contracts."""
    quoted, traded = feed()
    parts = [
        (schema, rows[rows["instrument_id"] % 2 == half])
        for schema, rows in (("cmbp-1", quoted), ("trades", traded))
        for half in (0, 1)
    ]
    tape = write(tmp_path, *parts, ("bbo-1s", stock(SPAN)), packed=packed)
    assert by_minute(tape) == by_minute(open_tape(whole.path))


def test_hours_in_files_of_their_own(whole: Tape, tmp_path: Path) -> None:
    """As a recorder that was started anew leaves them, in the middle of a second."""
    until = OPEN + SPAN // 2 * SECOND + SECOND // 2
    parts = [
        (schema, rows[np.asarray(rows["ts_recv"] < until) == early])
        for schema, rows in zip(("cmbp-1", "trades"), feed(), strict=True)
        for early in (True, False)
    ]
    tape = write(tmp_path, *parts, ("bbo-1s", stock(SPAN)))
    assert by_minute(tape) == by_minute(open_tape(whole.path))
