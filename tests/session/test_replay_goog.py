"""Lean's GOOG and SPXW days replayed: what the files hold is what the snapshot says."""

import datetime
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from importers.lean_twin import files, raw_symbol
from session.minutes import MINUTE
from zerodte.engine.state import ChainState
from zerodte.market.osi import format_osi
from zerodte.records.tick import Tick
from zerodte.runtime.replay import begin, replay
from zerodte.session.market_state import ClassifiedTrades
from zerodte.session.session import Session
from zerodte.tape.folder import Tape, open_tape
from zerodte.views.snapshot import snapshot
from zerodte.wire.snapshot import SnapshotQuery

DAY = datetime.date(2015, 12, 24)
TRADES = "lean/option/usa/minute/goog"


@pytest.fixture(scope="module")
def tape(goog_tape: Path) -> Tape:
    return open_tape(goog_tape)


@pytest.fixture(scope="module")
def at_close(tape: Tape) -> Session:
    return replay(tape, tape.session.close)


@pytest.fixture(scope="module")
def traded(recorded: Path) -> Counter[str]:
    """Contracts traded in the files, by raw symbol."""
    out: Counter[str] = Counter()
    for archive in (recorded / TRADES).glob("20151224_trade_*.zip"):
        for name, rows in files(archive).items():
            out[raw_symbol(name)] += sum(int(row[5]) for row in rows)
    return out


def answer(session: Session, symbol: str = "GOOG") -> dict[str, Any]:
    out: dict[str, Any] = json.loads(
        snapshot(session, "replay", SnapshotQuery(symbol=symbol, strike_range=0.10))
    )
    return out


def test_every_contract_is_conserved_from_the_files(
    at_close: Session, traded: Counter[str]
) -> None:
    flow, contracts = at_close.market.flow, at_close.market.contracts
    seen = {
        format_osi(contracts.contract(at)): int(flow.bought[at] + flow.sold[at] + flow.unsigned[at])
        for at in range(len(contracts))
    }
    assert +Counter(seen) == +traded
    rules = at_close.market.flow.volume
    assert rules.sum() == traded.total()
    assert at_close.market.flow.records.sum() == 958


def test_strikes_of_the_snapshot_are_those_of_the_files(
    at_close: Session, traded: Counter[str]
) -> None:
    rows = answer(at_close)["strikes"]
    assert len(rows) > 20
    for row in rows:
        for right in "CP":
            name = f"GOOG  151224{right}{round(row['strike'] * 1000):08d}"
            key = "call_volume" if right == "C" else "put_volume"
            assert (row[key] or 0) == traded[name], name


def test_the_days_volume_is_that_of_the_files(at_close: Session, traded: Counter[str]) -> None:
    today = sum(count for name, count in traded.items() if name[6:12] == "151224")
    chain = at_close.chain("GOOG")
    assert chain is not None
    assert today == 3_345
    sides = (at_close.market.flow.bought, at_close.market.flow.sold, at_close.market.flow.unsigned)
    listed = chain.positions[chain.listed]
    assert sum(int(side[listed].sum()) for side in sides) == today
    body = answer(at_close)
    assert body["flow"]["total_volume"] == today


def normal(value: float) -> float:
    return 0.5 * math.erfc(-value / math.sqrt(2.0))


@pytest.mark.drill
def test_trades_are_worth_what_the_tick_before_says(tape: Tape) -> None:
    """Black by hand on the smile of the last sample, the forward and spot of the tick before."""
    session = begin(tape)
    checked = 0
    for tick in tape.ticks():
        session.advance(tick.end - 10**9)
        chain = session.chain("GOOG")
        assert chain is not None
        state = session.state(chain) if session.is_open and session.samples("GOOG") else None
        for judged in session.apply(tick):
            if state is None:
                continue
            minutes = (tape.session.close - (tick.end - 10**9)) / MINUTE
            tau = max(minutes, 1.0) / tape.session.minutes / 252
            checked += check(judged, session, state, tau)
    assert checked > 100


def check(judged: ClassifiedTrades, session: Session, state: ChainState, tau: float) -> int:
    chain, forward, spot = session.chain("GOOG"), state.surface.forward, state.spot.value
    assert chain is not None
    count = 0
    for row, at in enumerate(judged.positions.tolist()):
        contract = session.market.contracts.contract(at)
        if contract.expiry != DAY:
            continue
        place = int(np.searchsorted(chain.strikes, contract.strike))
        deviation = float(state.surface.smile.volatility[place]) * math.sqrt(tau)
        d1 = math.log(forward / contract.strike) / deviation + deviation / 2
        delta = normal(d1) - (contract.right == "P")
        gamma = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi) / (forward * deviation)
        verdict = judged.classifications
        shares = int(verdict.side[row]) * int(judged.batch.records["size"][row]) * 100
        assert abs(verdict.delta_dollars[row] - shares * delta * spot) <= 0.5 + 1e-6
        assert abs(verdict.gamma_dollars[row] - shares * gamma * spot**2 * 0.01) <= 0.5 + 1e-6
        count += bool(shares)
    return count


@pytest.mark.drill
def test_spxw_spot_is_the_index_and_lies_at_parity(spxw_tape: Path) -> None:
    tape = open_tape(spxw_tape)
    apart: list[float] = []

    def watch(session: Session, tick: Tick, _: list[ClassifiedTrades]) -> None:
        if tick.end % MINUTE or not session.is_open or tick.end == tape.session.open:
            return
        chain = session.chain("SPX")
        state = session.state(chain) if chain else None
        if state is not None and state.instant.fresh:
            assert state.spot.source == "index"
            apart.append(abs(state.spot.value / state.surface.forward - 1))

    replay(tape, tape.session.close, watch)
    assert len(apart) > 380
    assert np.median(apart) < 0.001
    assert max(apart) < 0.001
