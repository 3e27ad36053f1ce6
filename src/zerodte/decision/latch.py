"""What the decision remembers from one sample to the next: levels, label, conditions, events.

A pure function of the last memory and of the next sample: a replay goes the way that live went.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from zerodte.arrays import I64, Bool
from zerodte.constants import (
    CROSSING_CLEAR,
    CROSSING_HOLD,
    DWELL,
    FLIP_HOLD,
    LABEL_SHARE,
    LEVEL_LEAD,
)
from zerodte.decision.condition import RULE_CONDITIONS, Figures
from zerodte.engine.regime import Regime

#: Figures of the strike that is the magnet.
_OF_MAGNET: Final = frozenset(("magnet_distance", "magnet_moved", "magnet_share", "off_pin"))
_COUNT: Final = len(RULE_CONDITIONS)
_PLACES: Final = {code: place for place, code in enumerate(RULE_CONDITIONS)}
#: No time: nothing of a market happened then.
_NEVER: Final = 0


@dataclass(frozen=True, slots=True)
class LevelLatch:
    """A level that moves only where another strike leads, and goes on to.

    Attributes:
        strike: Dollars; NaN where there is none.
        since: Since when it stands, UTC ns.
        rival: The strike that leads it now, or NaN.
        streak: Samples in a row that this one has led.
    """

    strike: float = math.nan
    since: int = _NEVER
    rival: float = math.nan
    streak: int = 0

    def step(self, at: int, strike: float, weight: Callable[[float], float]) -> "LevelLatch":
        """The latch after a sample.

        Args:
            at: UTC ns.
            strike: The heaviest, dollars; NaN where there is none.
            weight: Of a strike, above zero; NaN where it is not listed.
        """
        if math.isnan(strike) or strike == self.strike:
            return replace(self, rival=math.nan, streak=0)
        if math.isnan(self.strike):
            return LevelLatch(strike, at)
        own = weight(self.strike)
        if not own > 0.0:
            return LevelLatch(strike, at)
        if weight(strike) < (1.0 + LEVEL_LEAD) * own:
            return replace(self, rival=math.nan, streak=0)
        streak = self.streak + 1 if strike == self.rival else 1
        if streak >= DWELL:
            return LevelLatch(strike, at)
        return replace(self, rival=strike, streak=streak)


@dataclass(frozen=True, slots=True)
class LabelLatch:
    """The regime label: it turns only where the other sign is clear, and stays so.

    Attributes:
        label: The sign that stands; unknown while none may be claimed, and for a while after.
        since: Since when, UTC ns.
        streak: Samples in a row that it has been about to turn.
    """

    label: Regime = "unknown"
    since: int = _NEVER
    streak: int = 0

    def has_turned(self, at: int) -> bool:
        """Whether it came to a sign a short while before `at` (UTC ns)."""
        return self.label != "unknown" and at - self.since < FLIP_HOLD

    def step(
        self, at: int, label: Regime, net_share: float, *, is_withheld: bool = False
    ) -> "LabelLatch":
        """The latch after a sample.

        Args:
            at: UTC ns.
            label: What may be claimed now; unknown counts at once, unless net GEX is withheld.
            net_share: Net over gross GEX.
            is_withheld: Whether it is unknown because it rests on single quotes, as is common
                while it crosses zero: then unknown counts once it has lasted, as a turn does.
        """
        if label == self.label:
            return replace(self, streak=0)
        if is_withheld and self.label != "unknown" and self.streak + 1 < DWELL:
            return replace(self, streak=self.streak + 1)
        if label == "unknown" or not self.since:
            return LabelLatch(label, at)
        if self.label != "unknown" and abs(net_share) < LABEL_SHARE:
            return replace(self, streak=0)
        if self.streak + 1 >= DWELL:
            return LabelLatch(label, at)
        return replace(self, streak=self.streak + 1)


@dataclass(frozen=True, eq=False, slots=True)
class ConditionLatches:
    """Which conditions hold.

    Attributes:
        holds: By place in `RULE_CONDITIONS`, shape (conditions,).
        streaks: Samples in a row that each has been about to turn, likewise.
    """

    holds: Bool = field(default_factory=lambda: np.zeros(_COUNT, np.bool_))
    streaks: I64 = field(default_factory=lambda: np.zeros(_COUNT, np.int64))

    def __getitem__(self, code: str) -> bool:
        return bool(self.holds[_PLACES[code]])

    def step(self, figures: Figures, *, magnet_moves: bool = False) -> "ConditionLatches":
        """The latches after a sample with these figures.

        Args:
            figures: Of the sample.
            magnet_moves: Whether another strike has just become the magnet: what held of the old
                one says nothing of it, so conditions on it hold or fail at once.
        """
        holds, streaks = self.holds.copy(), self.streaks.copy()
        for place, condition in enumerate(RULE_CONDITIONS.values()):
            value = figures[condition.figure]
            if magnet_moves and condition.figure in _OF_MAGNET:
                holds[place], streaks[place] = condition.is_met(value), 0
                continue
            turns = not condition.is_kept(value) if holds[place] else condition.is_met(value)
            streaks[place] = streaks[place] + 1 if turns else 0
            at_once = holds[place] and condition.ends_at_once
            if turns and (at_once or streaks[place] >= condition.dwell):
                holds[place], streaks[place] = not holds[place], 0
        return ConditionLatches(holds, streaks)

    @property
    def bits(self) -> int:
        """Which hold, as a whole number: bit by place."""
        return sum(1 << place for place in np.flatnonzero(self.holds).tolist())

    @classmethod
    def of_bits(cls, bits: int) -> "ConditionLatches":
        """The same from the whole number."""
        return cls(np.array([bool(bits >> place & 1) for place in range(_COUNT)]))


@dataclass(frozen=True, slots=True)
class Events:
    """What just happened: an alert stands for a while after it.

    Attributes:
        side: The last known side of the flip that spot was clearly on: 1 above, -1 below, 0 none.
        crossed_at: When it last changed, with the sign of net GEX, UTC ns; 0 if never.
        flipped_at: When net GEX last turned against its sign on settled open interest, UTC ns; 0 if
            never.
        sign: Of net GEX when spot was last clearly on a side; 0 if never.
    """

    side: int = 0
    crossed_at: int = 0
    flipped_at: int = 0
    sign: int = 0

    def step(self, at: int, figures: Figures, *, flips: bool) -> "Events":
        """The events after a sample.

        Args:
            at: UTC ns.
            figures: Of the sample; `flip_side` is spot minus flip, in sigmas.
            flips: Whether net GEX has just turned against its settled sign.
        """
        distance, share = figures["flip_side"], figures["net_share"]
        side, sign = self.side, self.sign
        if abs(distance) >= CROSSING_CLEAR and abs(share) > 0.0:
            side, sign = (1 if x > 0.0 else -1 for x in (distance, share))
        # Where only the nearest of several flips is another one, net GEX keeps its sign.
        crossed = self.side * side < 0 and self.sign * sign < 0
        return Events(
            side,
            at if crossed else self.crossed_at,
            at if flips else self.flipped_at,
            sign,
        )

    def is_crossing(self, at: int) -> bool:
        """Whether spot crossed the flip a short while before `at` (UTC ns)."""
        return self.crossed_at > 0 and at - self.crossed_at < CROSSING_HOLD

    def is_flipping(self, at: int) -> bool:
        """Whether flow turned the sign of net GEX a short while before `at` (UTC ns)."""
        return self.flipped_at > 0 and at - self.flipped_at < FLIP_HOLD
