"""Trades of 1,000 contracts signed, valued and totalled: a million at once, and one tick."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.flow_peers import TOTALS, Numpy, Polars, Tclf
from benchmarks.harness import Row, compare
from zerodte.constants import MINUTE
from zerodte.engine.flow import FlowLedger
from zerodte.engine.trades import NO_CANCEL, Trades

COUNT, CONTRACTS, TICK, MINUTES = 1_000_000, 1000, 200, 390
#: 2025-06-02, 09:30 in New York.
OPEN = 1_748_871_000_000_000_000
CLOSE = OPEN + MINUTES * MINUTE
_CENT = 10_000_000


def random_trades() -> Trades:
    """Most at the quotes, the rest at the midpoint or between; a few contracts trade most."""
    rng = np.random.default_rng(0)
    positions = (rng.zipf(1.3, COUNT) % CONTRACTS).astype(np.int32)
    mid = rng.integers(50, 2000, CONTRACTS)[positions] * 5
    half = rng.integers(1, 5, COUNT) * 5
    within = rng.choice([-1.0, 1.0, 0.0, 0.2, -0.4], COUNT, p=[0.35, 0.35, 0.15, 0.1, 0.05])
    sizes = rng.integers(1, 50, (2, COUNT)).astype(np.float64)
    return Trades(
        price=(mid + np.rint(within * half).astype(np.int64)) * _CENT,
        size=rng.geometric(0.2, COUNT),
        received=np.sort(rng.integers(OPEN + MINUTE, CLOSE, COUNT)),
        positions=positions,
        conditions=np.zeros(COUNT, np.uint8),
        standing=np.stack([(mid - half) / 100, (mid + half) / 100, *sizes], axis=1),
        spot=np.full(COUNT, 6000.0),
        delta=rng.uniform(-1, 1, COUNT),
        gamma=rng.uniform(0, 0.02, COUNT),
        stale=np.zeros(COUNT, np.bool_),
        cancels=np.full(COUNT, NO_CANCEL),
    )


def rows() -> list[Row]:
    """Ours, which can be undone by cancels, against peers that cannot; one core each."""
    day = random_trades()
    tick = Trades(*[column[:TICK] for column in day])  # type: ignore[arg-type]
    return [*_rows("a million trades", day), *_rows("a tick of 200 trades", tick)]


def _rows(name: str, trades: Trades) -> list[Row]:
    flow = FlowLedger(OPEN, CLOSE)
    flow.grow(CONTRACTS)
    flow.apply(trades, 0)
    peers: dict[str, Callable[[], Any]] = {
        "Polars,_one_thread": Polars(trades, OPEN, MINUTES, flow),
        "numpy": Numpy(trades, OPEN, MINUTES, flow),
    }
    for peer in peers.values():
        _assert_same(peer(), flow)
    if find_spec("tclf"):  # it lags behind new versions of Python
        peers["tclf,_sides_only"] = Tclf(trades)
    next_number = len(trades.price)

    def apply() -> None:
        nonlocal next_number
        flow.apply(trades, next_number)
        next_number += len(trades.price)

    return compare(f"{name} signed and totalled", apply, **peers)


def _assert_same(theirs: dict[str, Any], flow: FlowLedger) -> None:
    traded = np.flatnonzero(flow.traded)
    np.testing.assert_array_equal(theirs["positions"], traded)
    for name in TOTALS:
        np.testing.assert_array_equal(theirs[name], flow._totals[name][traded], name)
