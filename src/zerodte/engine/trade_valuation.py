"""What a trade is valued at: spot and greeks of its contract as of the tick before it.

Only the chains that trade are looked at, and each once a tick: its forward from the standing
quotes, then delta and gamma of each trade on the last smile.
"""

import math
from typing import NamedTuple

import numpy as np

from zerodte.arrays import F64, I32, Bool
from zerodte.compiled import kernel
from zerodte.constants import SPOT_SIGMAS
from zerodte.engine.book import QuoteBook, grown
from zerodte.engine.plausibility import believed_parity, is_price
from zerodte.engine.surface import Smile
from zerodte.engine.trades import TradeValues
from zerodte.market.contracts import Chain, Contracts

_SQRT_HALF = math.sqrt(0.5)
_INV_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)


class _Grid(NamedTuple):
    """The strikes of all chains end to end; those of chain c are rows start[c] to start[c + 1]."""

    start: I32
    strike: F64
    positions: I32


class _ContractColumns(NamedTuple):
    """Contracts by position."""

    chain: I32
    strike: F64
    is_call: Bool


class TradeValuation:
    """Values trades on the last smiles and the standing quotes."""

    def __init__(self) -> None:
        self._volatility = np.empty(0)
        self._grid = _grid([])
        self._size = 0

    def grow(self, contracts: Contracts) -> None:
        """Learn contracts that were listed since."""
        if len(contracts) != self._size:
            self._size = len(contracts)
            self._volatility = grown(self._volatility, self._size, np.nan)
            self._grid = _grid(contracts.chains)

    def take(self, chain: Chain, smile: Smile) -> None:
        """Hold a chain's new smile."""
        both = np.broadcast_to(smile.volatility, chain.listed.shape)
        self._volatility[chain.positions[chain.listed]] = both[chain.listed]

    def value(
        self,
        positions: I32,
        contracts: Contracts,
        book: QuoteBook,
        stale: Bool,
        tau: F64,
        own_price: F64,
        is_today: Bool,
    ) -> TradeValues:
        """Value trades.

        Args:
            positions: The contract of each, shape (m,), negative for none.
            contracts: Those that `grow` was last given.
            book: Standing quotes.
            stale: Whether a chain has been silent for too long, by chain number.
            tau: Time to expiry by chain number, years of 252 sessions.
            own_price: The underlying's own price by chain number, dollars; NaN where unknown.
            is_today: Whether a chain expires today, in the session, by chain number.
        """
        out = np.full((3, len(positions)), np.nan)
        listed = _ContractColumns(contracts.chain, contracts.strike, contracts.is_call)
        _value(
            positions,
            listed,
            self._grid,
            self._volatility,
            book.bid,
            book.ask,
            stale,
            tau,
            own_price,
            is_today,
            out,
        )
        return TradeValues(out[0], out[1], out[2])


def _grid(chains: list[Chain]) -> _Grid:
    sizes = [len(chain.strikes) for chain in chains]
    nothing = np.empty((2, 0), np.int32)
    return _Grid(
        start=np.concatenate(([0], np.cumsum(sizes))).astype(np.int32),
        strike=np.concatenate([np.empty(0), *(chain.strikes for chain in chains)]),
        positions=np.concatenate([nothing, *(chain.positions for chain in chains)], axis=1),
    )


@kernel
def _sides(values: F64, positions: I32) -> F64:
    out = np.full(positions.shape, np.nan)
    for right in range(2):
        for i in range(positions.shape[1]):
            if positions[right, i] >= 0:
                out[right, i] = values[positions[right, i]]
    return out


@kernel
def _value(
    positions: I32,
    listed: _ContractColumns,
    grid: _Grid,
    volatility: F64,
    bid: F64,
    ask: F64,
    stale: Bool,
    tau: F64,
    own_price: F64,
    is_today: Bool,
    out: F64,
) -> None:
    forward, spot = np.empty(tau.shape[0]), own_price.copy()
    seen = np.zeros(tau.shape[0], np.bool_)
    for i in range(positions.shape[0]):
        at = positions[i]
        if at < 0:
            continue
        c = listed.chain[at]
        if not seen[c]:
            seen[c] = True
            forward[c] = own_price[c]
            if not stale[c]:
                rows = slice(grid.start[c], grid.start[c + 1])
                positions_of = grid.positions[:, rows]
                parity = believed_parity(
                    grid.strike[rows], _sides(bid, positions_of), _sides(ask, positions_of)
                )
                forward[c] = own_price[c] if math.isnan(parity.forward) else parity.forward
                if not is_price(own_price[c], parity, SPOT_SIGMAS if is_today[c] else np.inf):
                    spot[c] = parity.forward
        out[0, i] = forward[c] if math.isnan(spot[c]) else spot[c]
        deviation = volatility[at] * math.sqrt(tau[c])
        d1 = math.log(forward[c] / listed.strike[at]) / deviation + 0.5 * deviation
        tail = 0.5 * math.erfc(abs(d1) * _SQRT_HALF)  # N(-|d1|)
        put = 0.0 if listed.is_call[at] else 1.0
        out[1, i] = (1.0 - put) - tail if d1 > 0.0 else tail - put
        out[2, i] = _INV_SQRT_2PI * math.exp(-0.5 * d1 * d1) / (forward[c] * deviation)
        if math.isnan(d1):
            out[1, i] = np.nan
