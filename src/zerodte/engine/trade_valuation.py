"""What a trade is valued at: spot and greeks of its contract as of the tick before it.

Only the chains that trade are looked at, and the nearest one of their symbol, which tells whether
the underlying's own price can be believed; each once a tick. A chain's forward is of its standing
quotes, delta and gamma of a trade are of the last smile.
"""

import datetime
import math
from typing import NamedTuple

import numpy as np

from zerodte.arrays import F64, I32, I64, Bool
from zerodte.compiled import kernel
from zerodte.engine.book import QuoteBook, grown
from zerodte.engine.plausibility import believed_parity, is_price
from zerodte.engine.surface import Smile
from zerodte.engine.trades import TradeValues
from zerodte.market.contracts import Chain, Contracts
from zerodte.pricing.forward import NO_PARITY, Parity

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


class _Expiries(NamedTuple):
    """The chains of each underlying that can still trade, the nearest expiry first.

    Attributes:
        underlying: Whose a chain is, by chain number.
        start: Those of underlying u are chain[start[u]] to chain[start[u + 1]].
        chain: Chain numbers.
        is_last_day: Whether a chain expires on the session's date, by chain number.
    """

    underlying: I32
    start: I32
    chain: I32
    is_last_day: Bool


class TradeValuation:
    """Values trades on the last smiles and the standing quotes.

    Args:
        date: Of the session.
    """

    def __init__(self, date: datetime.date) -> None:
        self._date = date
        self._volatility = np.empty(0)
        self._grid = _grid([])
        self._expiries = _expiries([], np.empty(0, np.intp), date)
        self._size = 0

    def grow(self, contracts: Contracts, underlying: I64) -> None:
        """Learn contracts that were listed since.

        Args:
            contracts: All.
            underlying: Numbers of underlyings, by chain number.
        """
        if len(contracts) != self._size:
            self._size = len(contracts)
            self._volatility = grown(self._volatility, self._size, np.nan)
            self._grid = _grid(contracts.chains)
            self._expiries = _expiries(contracts.chains, underlying, self._date)

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
        *,
        is_open: bool,
    ) -> TradeValues:
        """Value trades.

        Args:
            positions: The contract of each, shape (m,), negative for none.
            contracts: Those that `grow` was last given.
            book: Standing quotes.
            stale: Whether a chain has been silent for too long, by chain number.
            tau: Time to expiry by chain number, years of 252 sessions.
            own_price: By underlying, dollars; NaN where unknown.
            is_open: Whether what expires today still trades.
        """
        out = np.full((3, len(positions)), np.nan)
        listed = _ContractColumns(contracts.chain, contracts.strike, contracts.is_call)
        _value(
            positions,
            listed,
            self._grid,
            self._expiries,
            self._volatility,
            book.bid,
            book.ask,
            stale,
            tau,
            own_price,
            is_open,
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


def _expiries(chains: list[Chain], underlying: I64, date: datetime.date) -> _Expiries:
    numbers = underlying.astype(np.int32)
    live = sorted(
        (int(numbers[chain.number]), chain.expiry, chain.root, chain.number)
        for chain in chains
        if chain.trades_after_open(date)
    )
    owners = np.array([owner for owner, *_ in live], np.int32)
    return _Expiries(
        underlying=numbers,
        start=np.searchsorted(owners, np.arange(numbers.max(initial=-1) + 2)).astype(np.int32),
        chain=np.array([number for *_, number in live], np.int32),
        is_last_day=np.array([chain.expiry == date for chain in chains], np.bool_),
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
def _parity(c: int, grid: _Grid, bid: F64, ask: F64, stale: Bool) -> Parity:
    """The put-call parity of a chain; `NO_PARITY` where it is stale or has none."""
    if stale[c]:
        return NO_PARITY
    rows = slice(grid.start[c], grid.start[c + 1])
    positions = grid.positions[:, rows]
    return believed_parity(grid.strike[rows], _sides(bid, positions), _sides(ask, positions))


@kernel
def _value(
    positions: I32,
    listed: _ContractColumns,
    grid: _Grid,
    expiries: _Expiries,
    volatility: F64,
    bid: F64,
    ask: F64,
    stale: Bool,
    tau: F64,
    own_price: F64,
    is_open: bool,
    out: F64,
) -> None:
    forward, spot = np.empty(tau.shape[0]), own_price.copy()
    is_known = np.zeros(tau.shape[0], np.bool_)
    is_judged = np.zeros(own_price.shape[0], np.bool_)
    for i in range(positions.shape[0]):
        at = positions[i]
        if at < 0:
            continue
        c = listed.chain[at]
        u = expiries.underlying[c]
        if not is_judged[u] and not math.isnan(own_price[u]):
            is_judged[u] = True
            # Of the first chain that has a parity, as for every other figure of the symbol.
            for k in range(expiries.start[u], expiries.start[u + 1]):
                near = expiries.chain[k]
                parity = _parity(near, grid, bid, ask, stale)
                is_known[near], forward[near] = True, parity.forward
                if not math.isnan(parity.forward):
                    is_today = is_open and expiries.is_last_day[near]
                    if not is_price(own_price[u], parity, is_today):
                        spot[u] = parity.forward
                    break
        if not is_known[c]:
            is_known[c], forward[c] = True, _parity(c, grid, bid, ask, stale).forward
        if math.isnan(forward[c]):
            forward[c] = spot[u]
        out[0, i] = forward[c] if math.isnan(spot[u]) else spot[u]
        deviation = volatility[at] * math.sqrt(tau[c])
        d1 = math.log(forward[c] / listed.strike[at]) / deviation + 0.5 * deviation
        tail = 0.5 * math.erfc(abs(d1) * _SQRT_HALF)  # N(-|d1|)
        put = 0.0 if listed.is_call[at] else 1.0
        out[1, i] = (1.0 - put) - tail if d1 > 0.0 else tail - put
        out[2, i] = _INV_SQRT_2PI * math.exp(-0.5 * d1 * d1) / (forward[c] * deviation)
        if math.isnan(d1):
            out[1, i] = np.nan
