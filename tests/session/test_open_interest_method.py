"""How trades move open interest, as an answer says it: by default and by configuration."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from session.made_tape import SYMBOLS, quotes, stock, trades, write
from zerodte.runtime.replay import replay
from zerodte.session.settings import SessionSettings
from zerodte.views.snapshot import snapshot
from zerodte.wire.snapshot import SnapshotQuery

SPAN = 95
SETTLED = sum(100 + 7 * n for n in range(len(SYMBOLS)))


def day_of(tmp_path: Path, count: int, *method: str) -> tuple[dict[str, Any], float, int]:
    """The block about flow, contracts bought less sold, and contracts traded."""
    rows = {"cbbo-1s": quotes("cbbo-1s", 4_000, SPAN, seed=1), "bbo-1s": stock(SPAN)}
    if count:
        rows["tcbbo"] = trades("tcbbo", count, SPAN, seed=2)
    settings = SessionSettings(method[0]) if method else SessionSettings()
    session = replay(write(tmp_path, *rows.items()), settings=settings)
    answer = snapshot(session, "replay", SnapshotQuery(symbol="ABC", strike_range=0.10))
    flow = session.market.flow
    traded = int(rows["tcbbo"]["size"].sum()) if count else 0
    return json.loads(answer)["flow_direction"], float((flow.bought - flow.sold).sum()), traded


def test_trades_close_what_is_held_by_default(tmp_path: Path) -> None:
    block, _, traded = day_of(tmp_path, 300)
    assert block["open_interest_method"] == "turnover_v3"
    assert block["oi_delta_confidence"] is None
    # Without the morning's open interest nothing would be held, and all of it would open.
    assert SETTLED < block["simulated_oi"] < SETTLED + 0.6 * 0.43 * traded


def test_a_share_of_all_volume_opens(tmp_path: Path) -> None:
    block, _, traded = day_of(tmp_path, 300, "turnover_v2")
    assert block["open_interest_method"] == "turnover_v2"
    assert block["oi_delta_confidence"] is None
    assert block["simulated_oi"] == round(SETTLED + 0.18 * traded)
    # Nothing falls below zero, so effective open interest moved by the same.
    assert block["total_abs_delta_contracts"] == round(0.18 * traded)


def test_the_other_methods_by_configuration(tmp_path: Path) -> None:
    signed, net, traded = day_of(tmp_path / "signed", 300, "signed_v1")
    assert signed["open_interest_method"] == "signed_v1"
    assert signed["oi_delta_confidence"] == 0.43
    assert signed["simulated_oi"] == pytest.approx(SETTLED + 0.43 * net, abs=0.5)
    early, _, _ = day_of(tmp_path / "early", 300, "turnover_v1")
    assert early["oi_delta_confidence"] is None
    # Nobody holds less than nothing; else the first minutes open 0.43 x 0.6 of what they trade.
    assert early["simulated_oi"] == round(SETTLED + 0.43 * 0.6 * traded)


def test_a_day_without_trades_has_not_moved_to_zero(tmp_path: Path) -> None:
    block, _, _ = day_of(tmp_path, 0)
    assert block["open_interest_method"] == "turnover_v3"
    assert (block["simulated_oi"], block["oi_delta_confidence"], block["label"]) == (None,) * 3


def test_simulated_may_fall_below_zero_where_effective_may_not(tmp_path: Path) -> None:
    """Sold contracts close more than there were: signed_v1 alone can say so."""
    rows = trades("tcbbo", 300, SPAN, seed=2)
    rows["instrument_id"] = 1
    rows["size"] = 50
    rows["bid_px_00"] = rows["price"]
    rows["ask_px_00"] = rows["price"] + 10_000_000
    tape = write(
        tmp_path,
        ("cbbo-1s", quotes("cbbo-1s", 4_000, SPAN, seed=1)),
        ("tcbbo", rows),
        ("bbo-1s", stock(SPAN)),
    )
    session = replay(tape, settings=SessionSettings("signed_v1"))
    sold = int(session.market.flow.sold.sum())
    assert sold > 0.9 * 300 * 50
    answer = snapshot(session, "replay", SnapshotQuery(symbol="ABC", strike_range=0.10))
    body = json.loads(answer)
    assert body["flow_direction"]["simulated_oi"] == round(SETTLED - 0.43 * sold)
    assert body["flow_direction"]["total_abs_delta_contracts"] == 100
    assert body["flow"]["total_oi"] == SETTLED - 100
    assert np.isclose(body["flow_direction"]["live_net_gex"], body["exposures"]["net_gex"])
