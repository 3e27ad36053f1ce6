"""What the market state says of chains at one instant, observed for all of them in one pass."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from zerodte.arrays import F64, I32, I64, U8, Bool
from zerodte.constants import LONG_TERM_DAYS
from zerodte.engine.arithmetic import zero_where_unknown
from zerodte.engine.chain_inputs import (
    CALL,
    PUT,
    ChainInputs,
    Quotes,
    Spot,
    fault_masks,
    mids_and_spreads,
)
from zerodte.engine.inventory import Inventory, NetPurchases, inventory
from zerodte.engine.open_interest import MovedInterest, Turnover, open_interest
from zerodte.engine.plausibility import PLAUSIBLE, VERDICTS, judge
from zerodte.engine.surface import Surface
from zerodte.engine.volume import volume_of
from zerodte.market.contracts import Chain
from zerodte.pricing.forward import NO_PARITY, Parity, parity_of
from zerodte.session.market_state import MarketState
from zerodte.session.sample import single, units


@dataclass(frozen=True, eq=False, slots=True)
class ChainObservation:
    """All that is known of a chain at one instant. Arrays are of shape (2, n).

    Attributes:
        instant: What the model may look at.
        parity: Put-call parity; `NO_PARITY` where the chain is stale or has none.
        mid: As samples store it.
        spread: As samples store it.
        offer: As samples store it.
        contracts: Traded since the open.
        delta_dollars: Signed, since the open.
        gamma_dollars: Likewise, per 1% move.
        customer_dollars: Delta dollars of what customers are expected to have traded.
        cleared: Contracts that the venue says were cleared; NaN where unknown.
        net_bought: Contracts that customers are expected to have bought less sold.
        variance: Of that, contracts squared.
        interest: How its open interest was moved.
        by_rule: Contracts by the `Rule` that decided, shape (rules,).
        has_trades: Whether a trade of the symbol has come.
    """

    instant: ChainInputs
    parity: Parity
    mid: I32
    spread: I32
    offer: I32
    contracts: I64
    delta_dollars: I64
    gamma_dollars: I64
    customer_dollars: I64
    cleared: F64
    net_bought: F64
    variance: F64
    interest: MovedInterest
    by_rule: I64
    has_trades: bool

    def forward_near(self, spot: Spot) -> float:
        """By put-call parity where a strike has both sides, else the underlying's price."""
        forward = self.parity.forward
        return forward if math.isfinite(forward) else spot.value

    def purchases(self) -> NetPurchases:
        """What customers are expected to have bought, by strike."""
        return NetPurchases(
            zero_where_unknown(self.net_bought).sum(axis=0),
            zero_where_unknown(self.variance).sum(axis=0),
            self.contracts.astype(np.float64),
        )

    def book(self, surface: Surface, spot: Spot) -> Inventory:
        """Dealers' own book in the chain."""
        return inventory(
            surface.greeks,
            spot.value,
            self.instant.counted_official,
            self.net_bought,
            self.variance,
            self.contracts.astype(np.float64),
        )


def observe(
    market: MarketState,
    chains: Sequence[Chain],
    now: int,
    *,
    quantised: bool = False,
    is_provisional: bool = False,
) -> list[ChainObservation]:
    """What is known of chains at `now` (UTC ns).

    Args:
        market: Who knows.
        chains: Which; each has a strike.
        now: UTC ns.
        quantised: Open interest has the digits of a sample, so that what is computed is what will
            be computed again. Mids need not: of them figures only see the smile, which is stored.
        is_provisional: Open interest of before the session's date stands in for what it has not
            published yet.
    """
    if not chains:
        return []
    side = _StackedChains(chains)
    settled = market.settled.open_interest
    if is_provisional:
        settled = np.where(np.isfinite(settled), settled, market.settled.earlier)
    columns = _Columns.of(market, side, now, side.published(settled), quantised=quantised)
    return _split(market, side, columns, now, is_provisional=is_provisional)


class _StackedChains:
    """Chains along one axis of strikes."""

    def __init__(self, chains: Sequence[Chain]) -> None:
        self.chains = chains
        self.sizes = np.array([len(chain.strikes) for chain in chains])
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.positions = np.concatenate([chain.positions for chain in chains], axis=1)
        self.listed = np.concatenate([chain.listed for chain in chains], axis=1)
        self.strikes = np.concatenate([chain.strikes for chain in chains])

    def column(self, values: F64) -> F64:
        """Values by position; NaN where no contract is listed."""
        return np.where(self.listed, values[self.positions], np.nan)

    def published(self, counts: F64) -> F64:
        """Open interest by position; NaN on a side that has none at any strike.

        Vendors whose figures failed send zeros: no side of a traded chain holds none at all.
        """
        counts = self.column(counts)
        some = np.logical_or.reduceat(counts > 0.0, self.starts, axis=1)
        return np.where(np.repeat(some, self.sizes, axis=1), counts, np.nan)

    def count(self, values: I64) -> I64:
        """Counts by position; 0 where no contract is listed."""
        return np.where(self.listed, values[self.positions], 0)

    def masked(self, values: F64) -> F64:
        """Counts by contract; 0 where none is listed."""
        return np.where(self.listed, values, 0.0)

    def days_ahead(self, today: date) -> I64:
        """Days until each chain expires."""
        return np.array([(chain.expiry - today).days for chain in self.chains])

    def at_strikes(self, values: Bool) -> Bool:
        """A value of each chain at all its strikes."""
        return np.repeat(values, self.sizes)

    def total(self, values: F64 | Bool) -> F64:
        """The sums over each chain's contracts."""
        return np.add.reduceat(values.sum(axis=0), self.starts).astype(np.float64)


@dataclass(frozen=True, eq=False, slots=True)
class _Columns:
    """Of all chains, side by side."""

    fresh: Bool
    has_trades: Bool
    bid: F64
    ask: F64
    verdict: U8
    believed: F64
    mid: F64
    spread: F64
    offer: F64
    mid_units: I32
    spread_units: I32
    offer_units: I32
    official: F64
    effective: F64
    simulated: F64
    cleared: F64
    volume: F64
    day: Turnover
    delta_dollars: I64
    gamma_dollars: I64
    customer_dollars: I64

    @classmethod
    def of(
        cls,
        market: MarketState,
        side: _StackedChains,
        now: int,
        settled: F64,
        *,
        quantised: bool,
    ) -> "_Columns":
        numbers = np.array([chain.number for chain in side.chains])
        fresh = ~market.book.stale(now)[numbers]
        has_trades = np.array([market.has_trades(chain.symbol) for chain in side.chains])
        bid, ask = side.column(market.book.bid), side.column(market.book.ask)
        verdict = judge(side.strikes, side.starts, bid, ask)
        verdict[:, side.at_strikes(side.days_ahead(market.hours.date) > LONG_TERM_DAYS)] = PLAUSIBLE
        believed = np.where(verdict == PLAUSIBLE, bid, np.nan)
        mid, spread = mids_and_spreads(believed, ask, side.at_strikes(fresh))
        unbid = (verdict == PLAUSIBLE) & ~(bid > 0.0) & (ask > 0.0) & side.at_strikes(fresh)
        offer = np.where(unbid, ask, np.nan)
        day = Turnover(*(side.masked(part) for part in market.flow.turnover(side.positions)))
        interest = open_interest(settled, day, market.oi_method)
        official, effective = interest.official, np.where(side.listed, interest.effective, np.nan)
        if quantised:
            official, effective = single(official), single(effective)
        cleared, known = side.column(market.settled.volume), side.at_strikes(has_trades)
        return cls(
            fresh=fresh,
            has_trades=has_trades,
            bid=bid,
            ask=ask,
            verdict=verdict,
            believed=believed,
            mid=mid,
            spread=spread,
            offer=offer,
            mid_units=units(mid),
            spread_units=units(spread),
            offer_units=units(offer),
            official=official,
            effective=effective,
            simulated=np.where(side.listed, interest.simulated, np.nan),
            cleared=cleared,
            volume=volume_of(cleared, day.traded, side.listed, has_trades=known),
            day=day,
            delta_dollars=side.count(market.flow.delta_dollars),
            gamma_dollars=side.count(market.flow.gamma_dollars),
            customer_dollars=side.count(market.flow.customer_dollars),
        )


def _split(
    market: MarketState,
    side: _StackedChains,
    columns: _Columns,
    now: int,
    *,
    is_provisional: bool,
) -> list[ChainObservation]:
    """The columns of each chain."""
    faults = {
        reason: side.total(mask).astype(np.int64).tolist()
        for reason, mask in (
            *fault_masks(columns.bid, columns.ask, side.listed).items(),
            *((name, columns.verdict == verdict) for verdict, name in VERDICTS.items()),
        )
    }
    day = columns.day
    traded, signed = side.total(day.traded).tolist(), side.total(day.bought + day.sold).tolist()
    has_official = side.total(np.isfinite(columns.official)).tolist()
    is_known = np.isfinite(columns.simulated)
    simulated = np.where(
        side.total(is_known) > 0.0, side.total(np.where(is_known, columns.simulated, 0.0)), np.nan
    ).tolist()
    contracts = day.traded.astype(np.int64)
    out = []
    for i, chain in enumerate(side.chains):
        own = np.s_[:, side.starts[i] : side.starts[i] + side.sizes[i]]
        instant = ChainInputs(
            chain=chain,
            clock=market.clock(chain, now),
            fresh=bool(columns.fresh[i]),
            newest=market.book.newest_of(chain.number),
            quotes=Quotes(
                columns.mid[own],
                columns.spread[own],
                {reason: counts[i] for reason, counts in faults.items() if counts[i]},
                columns.offer[own],
            ),
            official=columns.official[own],
            effective=columns.effective[own],
            volume=columns.volume[own],
            oi_as_of=market.oi_as_of(chain.symbol, is_provisional=is_provisional)
            if has_official[i]
            else None,
            classified_share=_classified(
                signed[i], traded[i], has_trades=bool(columns.has_trades[i])
            ),
        )
        bid, ask = columns.believed[own], columns.ask[own]
        found = parity_of(chain.strikes, bid[CALL], ask[CALL], bid[PUT], ask[PUT])
        observation = ChainObservation(
            instant=instant,
            parity=found if instant.fresh else NO_PARITY,
            mid=columns.mid_units[own],
            spread=columns.spread_units[own],
            offer=columns.offer_units[own],
            contracts=contracts[own],
            delta_dollars=columns.delta_dollars[own],
            gamma_dollars=columns.gamma_dollars[own],
            customer_dollars=columns.customer_dollars[own],
            cleared=columns.cleared[own],
            net_bought=day.net_bought[own],
            variance=day.variance[own],
            interest=MovedInterest(market.oi_method, simulated[i]),
            by_rule=market.flow.volume_of(chain.number),
            has_trades=bool(columns.has_trades[i]),
        )
        out.append(observation)
    return out


def _classified(signed: float, traded: float, *, has_trades: bool) -> float:
    """The share of a chain's traded contracts that have a side, as `ChainInputs` has it."""
    if traded:
        return signed / traded
    return 1.0 if has_trades else np.nan
