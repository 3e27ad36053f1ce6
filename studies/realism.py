"""Whether a simulated session looks like a real one: trades, sizes, spreads, volume, against studies.

Every figure is counted on the records of whole sessions, as one would on a tape; only who was a
customer comes from truth.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from zerodte.config import HOUR, MINUTE
from zerodte.feeds.simulator.parts import Block, Listing
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.records.condition import Condition
from zerodte.records.dbn import UNDEF_PRICE

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure should be.

    Attributes:
        what: The figure, in words.
        low: At least.
        high: At most.
        real: What was measured on real markets, in words.
        source: Where.
    """

    what: str
    low: float
    high: float
    real: str
    source: str
