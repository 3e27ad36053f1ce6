"""Everything of the decision that one sample leaves to the next."""

from dataclasses import dataclass, field, replace
from typing import Final

from zerodte.constants import SAMPLE_INTERVAL, SETUP_STAND
from zerodte.decision.condition import Figures
from zerodte.decision.figures import FLY
from zerodte.decision.judgement import may_stand, ranked
from zerodte.decision.latch import ConditionLatches, Events, LabelLatch, LevelLatch

#: The name of the setup that stands where no other qualifies.
WAIT: Final = "wait"


@dataclass(frozen=True, eq=False, slots=True)
class Memory:
    """What the next sample goes on from.

    Attributes:
        label: The regime label that stands.
        magnet: Strike of the largest |net GEX|, latched.
        call_wall: Of the largest call GEX.
        put_wall: Of the most negative put GEX.
        holds: Which conditions hold.
        events: What just happened.
        primary: The setup that stands.
        primary_since: Since when, UTC ns.
    """

    label: LabelLatch = field(default_factory=LabelLatch)
    magnet: LevelLatch = field(default_factory=LevelLatch)
    call_wall: LevelLatch = field(default_factory=LevelLatch)
    put_wall: LevelLatch = field(default_factory=LevelLatch)
    holds: ConditionLatches = field(default_factory=ConditionLatches)
    events: Events = field(default_factory=Events)
    primary: str = WAIT
    primary_since: int = 0

    def step(self, at: int, figures: Figures) -> "Memory":
        """The memory after a sample, whose levels and label it has already.

        Args:
            at: UTC ns.
            figures: Of the sample.
        """
        magnet_moves = self.magnet.since == at
        holds = self.holds.step(figures, magnet_moves=magnet_moves)
        code = "regime_flipped"
        # Also where net GEX stays as it is, the settled one beside it may cross zero with spot.
        has_turned = self.label.has_turned(at)
        flips = holds[code] and not self.holds[code] and has_turned
        events = self.events.step(at, figures, flips=flips)
        best = ranked(holds, figures, self.primary)
        primary = best[0].name if best else WAIT
        if self._has_just_come(at) and may_stand(self.primary, holds):
            primary = self.primary
        # A fly at another strike is another trade.
        is_other = magnet_moves and primary == FLY
        stands = primary == self.primary and self.primary_since > 0 and not is_other
        since = self.primary_since if stands else at
        return replace(self, holds=holds, events=events, primary=primary, primary_since=since)

    def _has_just_come(self, at: int) -> bool:
        return 0 < at - self.primary_since < SETUP_STAND * SAMPLE_INTERVAL
