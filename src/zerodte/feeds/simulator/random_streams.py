"""Where chance comes from: a generator for each part of a simulation, told apart by words.

No part draws from another's, so that one that draws more or less than before moves no other, and a
symbol's market is the same whichever symbols are simulated beside it.
"""

import datetime

import numpy as np


def generator(seed: int, date: datetime.date, *words: str) -> np.random.Generator:
    """The generator of one part of a day's simulation: `generator(7, day, "jumps", "market")`."""
    places = (int.from_bytes(word.encode()) for word in words)
    entropy = np.random.SeedSequence((seed, date.toordinal(), *places))
    return np.random.Generator(np.random.PCG64(entropy))
