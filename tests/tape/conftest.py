"""Records and folders that the tests of the tape start from.

All of it happens on 23 March 2022 in New York, a usual session: two SPXW contracts and SPY.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from zerodte.records.dbn import Records, records
from zerodte.tape.writer import TapeWriter

_OPEN = 1_648_042_200 * 10**9  # 09:30 in New York


@pytest.fixture
def make() -> Callable[..., Records]:
    """Records of a schema, received so many seconds after the open; `ts_event` numbers them."""

    def made(schema: str, *seconds: float) -> Records:
        out = records(schema, len(seconds))
        out["instrument_id"] = np.arange(len(seconds)) % 2 + 1
        out["ts_event"] = np.arange(len(seconds))
        out["ts_recv"] = [_OPEN + round(second * 10**9) for second in seconds]
        if schema == "definition":
            out["raw_symbol"] = [b"SPXW  220323C04480000", b"SPXW  220323P04480000"]
        return out

    return made


@pytest.fixture
def writer(tmp_path: Path) -> TapeWriter:
    """A new tape that knows instruments 1 and 2 of OPRA.PILLAR, and 1 of two other datasets."""
    out = TapeWriter(tmp_path / "tape")
    out.ids("OPRA.PILLAR", ["SPXW  220323C04480000", "SPXW  220323P04480000"])
    out.ids("XNAS.ITCH", ["SPY", "QQQ"])
    out.ids("ZERODTE.INDEX", ["SPX", "NDX"])
    return out
