"""Chains that are hardly chains: one strike, calls alone, nobody's quotes, other days' expiries."""

import datetime

import pytest

from session.day import WEDNESDAY, Day, ask
from session.generated import FAULTS, priced, send, with_fault
from session.usual import AT, heard, usual
from zerodte.records.tick import Tick
from zerodte.views.snapshot import snapshot
from zerodte.wire.errors import ApiError
from zerodte.wire.snapshot import SnapshotQuery


def test_a_chain_of_one_strike() -> None:
    """It has a forward and one volatility; whatever needs a neighbour is null."""
    answer = ask(heard(priced([500.0], 500.2, 150, vol=0.4)).session)
    assert answer["expected_move"]["atm_iv"] == pytest.approx(0.4, rel=0.02)
    assert answer["hedging"]["convexity_at_spot"] is None
    assert answer["metadata"]["greek_smoothness_score"] is None
    assert answer["regime"]["gamma_flip_status"] == "insufficient_local_coverage"
    assert answer["pin_risk"]["max_pain"] == 500.0
    assert len(answer["strikes"]) == 1


def test_a_chain_of_calls_alone() -> None:
    """No parity: the forward is the index value; the puts are not listed, their figures null."""
    rows = [with_fault(row, "P", FAULTS["unlisted"]) for row in usual()]
    answer = ask(heard(rows).session)
    assert answer["metadata"]["spot_source"] == "index"
    assert answer["exposures"]["net_gex"] > 0.0
    assert answer["levels"]["put_wall"] is None
    assert answer["regime"]["gamma_flip_status"] == "insufficient_local_coverage"
    row = answer["strikes"][AT]
    assert row["put_symbol"] is None
    for name in ("oi", "volume", "iv", "delta", "gamma", "theta", "mid", "spread_pct"):
        assert row[f"put_{name}"] is None, name
    for name in ("gex", "dex"):
        assert row[f"put_{name}"] is None, "a contract that is not there has no exposure"
    assert row["net_gex"] == row["call_gex"]
    for name in ("oi_share_pct", "volume_share_pct", "gex_share_pct"):
        assert sum(one[name] or 0.0 for one in answer["strikes"]) == pytest.approx(100.0, abs=0.1)


def test_a_chain_of_calls_alone_without_any_price_of_the_underlying() -> None:
    rows = [with_fault(row, "P", FAULTS["unlisted"]) for row in usual()]
    session = send(Day(), rows, "12:00", None).session
    with pytest.raises(ApiError, match="two-sided") as refused:
        snapshot(session, "replay", SnapshotQuery(symbol="SPX", strike_range=0.03))
    assert refused.value.code == "warming_up"


def test_a_chain_that_nobody_quoted() -> None:
    rows = [with_fault(row, right, FAULTS["never quoted"]) for row in usual() for right in "C"]
    rows = [with_fault(row, "P", FAULTS["never quoted"]) for row in rows]
    with pytest.raises(ApiError) as refused:
        ask(heard(rows).session)
    assert refused.value.code == "warming_up"


def test_ticks_without_records_are_nothing_but_time() -> None:
    day = heard()
    day.session.apply(Tick(end=day.time("12:00:05")))
    assert day.session.now == day.time("12:00:05")
    assert ask(day.session)["metadata"]["snapshot_age_seconds"] == 5.0


def test_a_symbol_that_expires_on_other_days_only() -> None:
    friday = WEDNESDAY + datetime.timedelta(days=2)
    session = send(Day(), usual(), "12:00", 500.0, friday).session
    answer = ask(session)
    assert answer["no_zero_dte"] is True
    assert answer["next_zero_dte_expiry"] == "2022-03-25"
    assert answer["expiration"] is None
    assert answer["body"] is None
    assert answer["underlying_price"] == 500.0
    assert answer["message"] == (
        "No 0DTE expiry for SPX today (Wednesday). Next expiry: 2022-03-25."
    )
    assert ask(session, expiry=friday)["expiration"] == "2022-03-25"
