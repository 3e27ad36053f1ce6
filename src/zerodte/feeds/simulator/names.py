"""The underlyings that can be simulated: one table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Name:
    """An underlying and the habits of its options."""

    symbol: str
