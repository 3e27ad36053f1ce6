"""The day of a folder is that of the many, not that of one stray file."""

import datetime
from collections.abc import Callable

import numpy as np
import pytest

from zerodte.records.dbn import OPRA, Records
from zerodte.tape.folder import open_tape
from zerodte.tape.writer import TapeWriter

Make = Callable[..., Records]
DAY = 24 * 3600
DATE = datetime.date(2022, 3, 23)


@pytest.mark.parametrize("days", [-1, 1, 5])
@pytest.mark.parametrize("name", ["a.dbn", "z.dbn"])
def test_stray_file_of_another_session_does_not_decide(
    writer: TapeWriter, make: Make, days: int, name: str
) -> None:
    writer.write(OPRA, "cbbo-1s", make("cbbo-1s", *range(1, 9)), name="q.dbn")
    stray = make("tcbbo", days * DAY, days * DAY + 1)
    writer.write(OPRA, "tcbbo", stray, name=name)
    writer.write(OPRA, "tcbbo", make("tcbbo", 3, 4, 5), name="t.dbn")
    tape = open_tape(writer.path)
    assert tape.session.date == DATE
    assert sum(len(batch.records) for tick in tape.ticks() for batch in tick.trades) == 3
    begins, left = [text for text in tape.warnings if text.startswith(name)]
    assert begins.endswith("the tape is of 2022-03-23, as 11 of 13 quotes and trades are")
    when = "before" if days < 0 else "after"
    assert left == f"{name}: 2 records are from {when} the session; left out"


def test_one_record_with_a_wrong_clock_does_not_decide(writer: TapeWriter, make: Make) -> None:
    content = make("cbbo-1s", *range(9))
    content["ts_recv"][0] += np.uint64(DAY * 10**9)
    path = writer.write(OPRA, "cbbo-1s", content, name="q.dbn")
    assert path.exists()
    assert open_tape(writer.path).session.date == DATE


def test_stray_file_of_no_known_day_does_not_decide(writer: TapeWriter, make: Make) -> None:
    writer.write(OPRA, "cbbo-1s", make("cbbo-1s", 1, 2), name="q.dbn")
    path = writer.write(OPRA, "trades", make("trades", 1), name="a.dbn")
    raw = bytearray(path.read_bytes())
    raw[-16:-8] = np.uint64(5).tobytes()
    path.write_bytes(raw)
    tape = open_tape(writer.path)
    assert tape.session.date == DATE
    assert sum(len(batch.records) for tick in tape.ticks() for batch in tick.quotes) == 2
    assert any(text.startswith("a.dbn: 1 records are from before") for text in tape.warnings)
