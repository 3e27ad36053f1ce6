"""The generated chain: readable by anybody, plainly not market data, whole in every block."""

import datetime
import json
from pathlib import Path

import databento
import pytest

from session.synthetic import synthetic_tape
from zerodte.constants import STRIKE_RANGE
from zerodte.feeds.synthetic_tape import SYMBOL
from zerodte.runtime.replay import replay, source_of
from zerodte.tape.folder import open_tape
from zerodte.views.snapshot import snapshot
from zerodte.wire.snapshot import SnapshotQuery


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic_tape(tmp_path_factory.mktemp("sample"), datetime.date(2025, 6, 2)).path


def test_the_vendors_client_reads_every_file(folder: Path) -> None:
    files = sorted(folder.glob("*.dbn*"))
    assert len(files) == 5
    for file in files:
        assert sum(1 for _ in databento.DBNStore.from_bytes(file.read_bytes())) > 0


def test_it_fills_every_block(folder: Path) -> None:
    tape = open_tape(folder)
    assert source_of(tape) == "simulated"
    answer = json.loads(
        snapshot(replay(tape), "simulated", SnapshotQuery(symbol=SYMBOL, strike_range=STRIKE_RANGE))
    )
    unknown = {
        f"{block}.{field}"
        for block, fields in answer["body"].items()
        if isinstance(fields, dict)
        for field, value in fields.items()
        if value is None
    }
    undecided = "dealer_inventory.agrees"  # A handful of trades leaves 0 in the interval.
    # Only signed_v1 has a confidence, and it is not the default.
    assert unknown == {"vol_context.vix", "flow_direction.oi_delta_confidence", undecided}
    assert answer["regime"]["label"] == "positive_gamma"
    assert answer["metadata"]["data_quality_score"] == 94, "3 of 10 trades, at mid, have no side"
