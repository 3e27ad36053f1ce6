"""The random streams of a simulation: one generator per part, identified by a key.

No two parts share a stream. A part that draws more or less than before does not affect the others,
and a symbol's market does not depend on the other symbols.
"""

import datetime

import numpy as np


def generator(seed: int, date: datetime.date, *key: str) -> np.random.Generator:
    """The generator of one part of a day's simulation: `generator(7, day, "jumps", "market")`."""
    numbers = (int.from_bytes(part.encode()) for part in key)
    entropy = np.random.SeedSequence((seed, date.toordinal(), *numbers))
    return np.random.Generator(np.random.PCG64(entropy))
