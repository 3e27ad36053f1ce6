"""The account of a replay: records and flow by hour, and the day's totals at the end."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from zerodte.clock import new_york_clock
from zerodte.constants import SECOND
from zerodte.engine.aggressor import SideRule
from zerodte.market.calendar import TradingSession
from zerodte.records.tick import Tick
from zerodte.session.market_state import ClassifiedTrades, MarketState
from zerodte.session.sample import Gap


@dataclass(slots=True)
class HourFlow:
    """Signed delta dollars of one hour, New York: what dealers had to hedge."""

    calls: int = 0
    puts: int = 0


@dataclass(slots=True)
class ReplayAccount:
    """A running account of a replay.

    Attributes:
        hours: The trading session.
        records: Records so far, by kind.
        flow: Flow by the hour at which it starts, New York.
    """

    hours: TradingSession
    records: Counter[str] = field(default_factory=Counter)
    flow: dict[int, HourFlow] = field(default_factory=dict)

    def add(self, tick: Tick, classified: list[ClassifiedTrades], market: MarketState) -> None:
        """Add a tick that was applied to `market`."""
        self.records.update(tick.counts())
        for trades in classified:
            self._add_flow(tick.end, trades, market)

    def _add_flow(self, end: int, trades: ClassifiedTrades, market: MarketState) -> None:
        known = trades.positions >= 0
        is_call = market.contracts.is_call[trades.positions[known]]
        dollars = trades.classifications.delta_dollars[known]
        hour = self.flow.setdefault(new_york_clock(end - 1).hour, HourFlow())
        hour.calls += int(dollars[is_call].sum())
        hour.puts += int(dollars[~is_call].sum())


@dataclass(frozen=True, slots=True)
class RuleLine:
    """Records and contracts that one rule decided."""

    rule: SideRule
    records: int
    contracts: int


@dataclass(frozen=True, slots=True)
class StrikeLine:
    """A busy strike: contracts by side, calls and puts together."""

    symbol: str
    strike: float
    bought: int
    sold: int
    unsigned: int


def rule_lines(market: MarketState) -> list[RuleLine]:
    """Every rule that decided anything, in the order in which they are tried."""
    flow = market.flow
    return [
        RuleLine(SideRule(rule), int(records), int(flow.volume[rule]))
        for rule, records in enumerate(flow.records)
        if records
    ]


def top_strikes(market: MarketState, hours: TradingSession, count: int) -> list[StrikeLine]:
    """The busiest strikes of same-day chains."""
    flow, lines = market.flow, []
    for symbol in market.contracts.symbols():
        chain = market.contracts.same_day(symbol, hours.date)
        if chain is None:
            continue
        sides = [
            np.where(chain.listed, side[chain.positions], 0).sum(axis=0)
            for side in (flow.bought, flow.sold, flow.unsigned)
        ]
        lines += [
            StrikeLine(symbol, float(strike), *map(int, volumes))
            for strike, *volumes in zip(chain.strikes, *sides, strict=True)
            if sum(volumes)
        ]
    return sorted(lines, key=lambda line: -(line.bought + line.sold + line.unsigned))[:count]


def seconds(gap: Gap) -> float:
    """The length of a gap in seconds."""
    return (gap.end - gap.start) / SECOND
