"""Trades made up for the tests: one at a time, as columns, and at random."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from zerodte.engine.flow import ContractTerms, FlowLedger
from zerodte.engine.trades import Trades
from zerodte.records.dbn import UNDEF_PRICE, UNDEF_SIZE

SECOND = 10**9
MINUTE = 60 * SECOND
#: 2025-06-02, 09:30 and 13:00 in New York.
OPEN = 1_748_871_000 * SECOND
CLOSE = OPEN + 210 * MINUTE
CONTRACTS = 5
NICKEL = 50_000_000
TOTALS = ["bought", "sold", "unsigned", "unpriced", "delta_dollars", "gamma_dollars"]
TOTALS += ["opened", "net_bought", "customer_dollars", "variance"]
#: Strike, whether a call, chain: a straddle, verticals, a butterfly of both rights, a calendar.
TERMS = [(100, True, 0), (105, True, 0), (100, False, 0), (95, False, 0), (100, True, 1)]
NAN = float("nan")


@dataclass(frozen=True)
class Made:
    """One record; prices in nickels, 0 for a side of the quote that is empty."""

    price: int = 20
    size: int = 5
    at: int = OPEN + MINUTE
    position: int = 0
    condition: int = 0
    bid: int = 18
    ask: int = 22
    bid_size: float = 10.0
    ask_size: float = 20.0
    spot: float = 500.0
    delta: float = 0.5
    gamma: float = 0.02
    stale: bool = False
    cancels: int = -1


def columns(made: Sequence[Made]) -> Trades:
    """The records as the kernel takes them."""
    quote = [(m.bid * 0.05 or NAN, m.ask * 0.05 or NAN, m.bid_size, m.ask_size) for m in made]
    raw = [m.price if m.price == UNDEF_PRICE else m.price * NICKEL for m in made]

    def column(name: str, dtype: Any) -> Any:
        return np.array([getattr(m, name) for m in made], dtype)

    return Trades(
        price=np.array(raw, np.int64),
        size=column("size", np.int64),
        received=column("at", np.int64),
        positions=column("position", np.int32),
        conditions=column("condition", np.uint8),
        standing=np.array(quote).reshape(-1, 4),
        spot=column("spot", np.float64),
        delta=column("delta", np.float64),
        gamma=column("gamma", np.float64),
        stale=column("stale", np.bool_),
        cancels=column("cancels", np.int64),
    )


def new_flow(
    multi_leg_weight: float = 0.0, *, terms: bool = False, single_listed: bool = False
) -> FlowLedger:
    """A flow of the made session, with room for its contracts; packages need their terms."""
    flow = FlowLedger(OPEN, CLOSE, multi_leg_weight)
    if not terms:
        flow.grow(CONTRACTS)
        return flow
    strike, is_call, chain = (np.array(column) for column in zip(*TERMS, strict=True))
    known = ContractTerms(
        strike * 1.0, is_call, np.full(CONTRACTS, single_listed), np.full(CONTRACTS, CLOSE)
    )
    flow.grow(CONTRACTS, chain.astype(np.int32), None, known)
    return flow


def totals(flow: FlowLedger) -> dict[str, list[float]]:
    """Every running total, by name."""
    return {name: getattr(flow, name).tolist()[:CONTRACTS] for name in TOTALS}


def repeated(made: Made, count: int) -> Trades:
    """The same record again and again."""
    rows: list[Any] = [np.repeat(column, count, axis=0) for column in columns([made])]
    return Trades(*rows)


#: A few instants, so that trades share minutes, and those at which something begins or ends.
_TIMES = [OPEN - 1, OPEN + 5 * SECOND - 1, OPEN + 5 * SECOND, CLOSE, CLOSE + 1]
_TIMES += [OPEN + minutes * MINUTE + 7 for minutes in (1, 1, 1, 2, 2, 17, 64, 65, 130, 209)]
_UNKNOWN = st.sampled_from([NAN, float("inf")])

_SIZES = st.integers(1, 2).map(float) | st.just(NAN)

#: A record of any kind but a cancel. Few values of everything, so that they often meet.
any_trade = st.builds(
    Made,
    price=st.integers(1, 5) | st.sampled_from([0, UNDEF_PRICE]),
    size=st.integers(1, 3) | st.sampled_from([0, 10_000, UNDEF_SIZE]),
    at=st.sampled_from(_TIMES),
    position=st.integers(-1, CONTRACTS - 1),
    condition=st.integers(0, 7) | st.just(0) | st.just(2),
    bid=st.integers(0, 3),
    ask=st.integers(0, 5),
    bid_size=_SIZES,
    ask_size=_SIZES,
    spot=st.floats(1.0, 6000.0) | _UNKNOWN,
    delta=st.floats(-1.0, 1.0) | _UNKNOWN,
    gamma=st.floats(0.0, 0.5) | _UNKNOWN,
    stale=st.booleans(),
)

#: A trade that is signed, by its quote or at its midpoint.
signed_trade = st.builds(
    Made,
    price=st.integers(1, 9),
    size=st.integers(1, 3),
    at=st.sampled_from(_TIMES[5:]),
    position=st.integers(0, 1),
    bid=st.integers(1, 4),
    ask=st.integers(5, 9),
    bid_size=st.integers(1, 2).map(float),
    ask_size=st.integers(1, 2).map(float),
    delta=st.floats(-1.0, 1.0),
    gamma=st.floats(0.0, 0.5),
)
