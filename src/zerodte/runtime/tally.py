"""What a replay adds up while it runs: records, flow by hour, gaps; and the day's account after."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from zerodte.config import SECOND, STALE_AFTER
from zerodte.engine.aggressor import Rule
from zerodte.market.calendar import TradingSession, new_york_clock
from zerodte.records.dbn import CADENCE
from zerodte.records.tick import Tick
from zerodte.session.board import Board, Judged


@dataclass(slots=True)
class HourFlow:
    """Signed delta dollars of one hour, New York: what dealers had to hedge."""

    calls: int = 0
    puts: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """A silence of the whole tape within the session, UTC ns, both ends exclusive."""

    start: int
    end: int


@dataclass(slots=True)
class Tally:
    """A running account of a replay.

    Attributes:
        hours: The trading session.
        cadence: Interval at which the tape's source speaks, ns: as its notes say, or the longest of
            its options' quotes so far.
        records: Records so far, by kind.
        flow: By the hour that begins then, New York.
        gaps: Silences of the tape longer than its cadence explains.
    """

    hours: TradingSession
    cadence: int
    records: Counter[str] = field(default_factory=Counter)
    flow: dict[int, HourFlow] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    _spoke: int | None = None

    def take(self, tick: Tick, judged: list[Judged], board: Board) -> None:
        """Add a tick that `board` has taken."""
        self.records.update(tick.counts())
        for trades in judged:
            self._add_flow(tick.end, trades, board)
        self._hear(tick)

    def finish(self, now: int) -> None:
        """End the account at `now` (UTC ns), up to which the tape was meant to speak."""
        self._add_silence(now)

    def _add_flow(self, end: int, trades: Judged, board: Board) -> None:
        known = trades.positions >= 0
        is_call = board.contracts.is_call[trades.positions[known]]
        dollars = trades.verdicts.delta_dollars[known]
        hour = self.flow.setdefault(new_york_clock(end - 1).hour, HourFlow())
        hour.calls += int(dollars[is_call].sum())
        hour.puts += int(dollars[~is_call].sum())

    def _hear(self, tick: Tick) -> None:
        if not (tick.quotes or tick.trades or tick.underlying):
            return
        self.cadence = max([self.cadence, *(CADENCE[batch.schema] for batch in tick.quotes)])
        self._add_silence(tick.end)
        self._spoke = max(tick.end, self.hours.open)

    def _add_silence(self, until: int) -> None:
        spoke = self.hours.open if self._spoke is None else self._spoke
        until = min(until, self.hours.close)
        if until - spoke > max(STALE_AFTER, 2 * self.cadence):
            self.gaps.append(Gap(spoke, until))


@dataclass(frozen=True, slots=True)
class RuleLine:
    """What one rule decided: records and contracts."""

    rule: Rule
    records: int
    contracts: int


@dataclass(frozen=True, slots=True)
class StrikeLine:
    """A busy contract pair: contracts by side at one strike, both rights together."""

    symbol: str
    strike: float
    bought: int
    sold: int
    unsigned: int


def rule_lines(board: Board) -> list[RuleLine]:
    """Every rule that decided anything, in the order in which they are asked."""
    flow = board.flow
    return [
        RuleLine(Rule(rule), int(records), int(flow.volume[rule]))
        for rule, records in enumerate(flow.records)
        if records
    ]


def top_strikes(board: Board, hours: TradingSession, count: int) -> list[StrikeLine]:
    """The strikes of same-day chains that traded most."""
    flow, lines = board.flow, []
    for symbol in board.contracts.symbols():
        chain = board.contracts.same_day(symbol, hours.date)
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
    """How long a gap lasts."""
    return (gap.end - gap.start) / SECOND
