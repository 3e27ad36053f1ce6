"""Whether a simulated session looks like a real one: trades, sizes, spreads, volume, against studies.

Every figure is counted on the records of whole sessions, as one would on a tape; only who was a
customer comes from truth.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
