"""A tape moved to another session, sent as a vendor would."""

import datetime
import json
import time
from pathlib import Path

import numpy as np
import pytest

from feeds.gateway import KEY, OPRA, simulated
from runtime.killing import command
from zerodte.feeds.databento.feed import DatabentoFeed
from zerodte.feeds.databento.session import DatabentoGateway
from zerodte.feeds.rebased_tape import RebasedTape
from zerodte.feeds.vendor_key import VendorKey
from zerodte.market.calendar import TradingSession, calendar, last_trading_day
from zerodte.market.osi import parse_osi
from zerodte.records.dbn import UNDEF_TIME
from zerodte.records.tick import Batch, Tick
from zerodte.runtime.replay import replay
from zerodte.views.snapshot import snapshot
from zerodte.wire.snapshot import SnapshotQuery

NVDA = SnapshotQuery(symbol="NVDA")


def session(date: str) -> TradingSession:
    found = calendar().session(datetime.date.fromisoformat(date))
    assert found is not None
    return found


#: A Friday in winter, before a holiday, and the one before the clocks change.
@pytest.mark.parametrize("date", ["2026-01-16", "2025-03-07", "2025-06-09"])
def test_expiries_are_as_many_sessions_away(date: str) -> None:
    tape, day = simulated(), session(date)
    moved = RebasedTape(tape, day)
    assert moved.session == day
    for number, raw in tape.symbols[OPRA].items():
        was, now = parse_osi(raw), parse_osi(moved.symbols[OPRA][number])
        assert (was.root, was.strike, was.right) == (now.root, now.strike, now.right)
        assert calendar().session(now.expiry) is not None
        assert calendar().sessions_between(
            tape.session.date, last_trading_day(was.expiry)
        ) == calendar().sessions_between(day.date, now.expiry)


def test_every_time_moves_with_the_open() -> None:
    tape, day = simulated(), session("2026-01-16")
    offset = day.open - tape.session.open
    moved = RebasedTape(tape, day)
    for old, new in zip(tape.ticks(), moved.ticks(), strict=True):
        assert new.end - old.end == offset
        for was, now in zip(batches(old), batches(new), strict=True):
            assert (was.dataset, was.schema) == (now.dataset, now.schema)
            for name in was.records.dtype.names or ():
                before, after = was.records[name], now.records[name]
                if name in {"ts_recv", "ts_event", "ts_ref"}:
                    known = (before != UNDEF_TIME) & (before != 0)
                    shift = after[known].astype(np.int64) - before[known].astype(np.int64)
                    assert (shift == offset).all()
                    assert (after[~known] == before[~known]).all()
                elif name == "raw_symbol":
                    names = moved.symbols[was.dataset]
                    ids = now.records["instrument_id"].tolist()
                    assert [raw.decode() for raw in after.tolist()] == [names[i] for i in ids]
                elif name != "expiration":
                    assert after.tobytes() == before.tobytes()


@pytest.mark.drill
def test_the_day_that_it_makes_is_the_same_day() -> None:
    """Twelve weeks later, without a holiday in reach: all that is not a time is as it was."""
    tape = simulated()
    moved = RebasedTape(tape, session("2025-08-29"))
    was, now = (json.loads(snapshot(replay(source), "replay", NVDA)) for source in (tape, moved))
    for block in ("exposures", "levels"):
        assert was[block] == now[block]
    assert was["underlying_price"] == now["underlying_price"]
    assert "moved from 2025-06-06" in str(moved.notes.notes)


def batches(tick: Tick) -> list[Batch]:
    return [*tick.definitions, *tick.statistics, *tick.underlying, *tick.quotes, *tick.trades]


@pytest.mark.drill
def test_a_feed_of_today(tmp_path: Path) -> None:
    words = ("feed", str(simulated().path), "--as", "databento", "--rebase", "today")
    with command(*words, "--port", "0") as (_, address):
        host, _, port = address.rpartition(":")
        gateway = DatabentoGateway(VendorKey(KEY), host, int(port))
        connection = DatabentoFeed(gateway, ["NVDA"], tmp_path).connect()
        connection.close()
    today = calendar().session_of(time.time_ns()).date
    assert connection.manifest.date == today
    expiries = {parse_osi(raw).expiry for raw in connection.manifest.symbols[OPRA].values()}
    assert min(expiries) == today
