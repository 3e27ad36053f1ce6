"""A whole chain from its quotes to every figure of a snapshot, compared with a part of it.

No library computes all of it. The peer computes implied volatilities and greeks in a loop over
QuantLib, and nothing else.
"""

import datetime

import numpy as np
import QuantLib as ql  # noqa: N813

from benchmarks.chain import FORWARD, STRIKE, TAU, VOL
from benchmarks.greeks import quantlib_loop
from benchmarks.harness import Row, compare
from zerodte.arrays import F64
from zerodte.engine.chain_inputs import ChainClock, ChainInputs, Quotes, Spot, mids_and_spreads
from zerodte.engine.inventory import inventory
from zerodte.engine.plausibility import believed_parity
from zerodte.engine.state import Anchor, evaluate
from zerodte.engine.surface import solve_smile
from zerodte.market.contracts import Chain
from zerodte.pricing import black

_STRIKES = STRIKE[:500]
_TICK = 0.05


_POSITIONS = np.arange(1000, dtype=np.int32).reshape(2, -1)
_CHAIN = Chain(
    number=0,
    root="SPXW",
    symbol="SPX",
    expiry=datetime.date(2025, 6, 2),
    am_settled=False,
    strikes=_STRIKES,
    positions=_POSITIONS,
    listed=_POSITIONS >= 0,
)


def _book() -> tuple[F64, F64]:
    """Bid and ask of 500 strikes, quoted a tick or more wide, an hour before the close."""
    rights = np.repeat((True, False), 500)
    model = black.price(FORWARD, STRIKE, TAU, VOL, rights).reshape(2, -1)
    bid: F64 = np.floor(model / _TICK) * _TICK
    return bid, bid + 2 * _TICK


def _instant(bid: F64, ask: F64, open_interest: F64) -> ChainInputs:
    return ChainInputs(
        chain=_CHAIN,
        clock=ChainClock(0, TAU, 1.0, 330 / 3.9, 0.171, 1.0),
        fresh=True,
        newest=0,
        quotes=Quotes(*mids_and_spreads(bid, ask, fresh=True), {}, np.full_like(bid, np.nan)),
        official=open_interest,
        effective=open_interest,
        volume=open_interest,
        oi_as_of=0,
    )


def rows() -> list[Row]:
    """All figures from quotes, without caches."""
    (bid, ask), spot = _book(), Spot(FORWARD, "index")
    open_interest = np.random.default_rng(1).integers(0, 9000, (2, 500)).astype(np.float64)
    known, is_call = _instant(bid, ask, open_interest), _STRIKES >= FORWARD
    mids = np.where(is_call, known.mid[0], known.mid[1])
    quoted = [
        (ql.Option.Call if call else ql.Option.Put, strike, mid)
        for call, strike, mid in zip(is_call, _STRIKES.tolist(), mids.tolist(), strict=True)
        if mid > 0.0
    ]

    def ours() -> object:
        instant = _instant(bid, ask, open_interest)
        forward = believed_parity(_STRIKES, bid, ask).forward
        smile = solve_smile(instant, forward)
        assert smile is not None
        state = evaluate(instant, smile, 0, forward, spot, Anchor(0.2, 0.001))
        flow = 0.1 * open_interest
        return state, inventory(
            state.surface.greeks,
            FORWARD,
            open_interest,
            flow,
            variance=open_interest,
            traded=open_interest,
        )

    greeks = quantlib_loop()

    def volatilities_and_greeks() -> object:
        deviations = [
            ql.blackFormulaImpliedStdDev(right, strike, FORWARD, mid)
            for right, strike, mid in quoted
        ]
        return deviations, greeks()

    return compare(
        "whole chain refresh, 1,000 contracts", ours, QuantLib_iv_and_greeks=volatilities_and_greeks
    )
