"""The accounting of an import: of each fact, how many were in the file and how many are unknown."""

import math
from collections import Counter
from collections.abc import Mapping

from zerodte.importers.numbers import read_count, read_number
from zerodte.tape.sidecars import ImportLoss


class CellReader:
    """Reads the cells of one contract; a cell that cannot be read makes its fact unknown.

    Attributes:
        unreadable: The text of each unreadable cell by its fact.
        facts: All facts that were read, unknown ones included.
    """

    def __init__(self) -> None:
        self.unreadable: dict[str, str] = {}
        self.facts: list[str] = []

    def number(self, fact: str, text: str) -> float:
        """A price in dollars; NaN if it is unknown."""
        self.facts.append(fact)
        try:
            return read_number(text)
        except ValueError:
            self.unreadable[fact] = text.strip()
            return math.nan

    def count(self, fact: str, text: str) -> int | None:
        """A number of contracts; None if it is unknown."""
        self.facts.append(fact)
        try:
            return read_count(text)
        except ValueError:
            self.unreadable[fact] = text.strip()
            return None


class LossCounter:
    """Counts what a file has and what of it is unknown, by fact, with the first example."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()
        self._examples: dict[str, str] = {}

    def add(self, cells: CellReader, line: int) -> None:
        """Count the facts of a contract, which is on a line (from 1) of the file."""
        self._seen.update(cells.facts)
        for fact, text in cells.unreadable.items():
            self._lose(fact, 1, f"{text!r} on line {line}")

    def keep(self, fact: str, count: int) -> None:
        """Count facts that were read."""
        self._seen[fact] += count

    def refuse(self, fact: str, count: int, example: str) -> None:
        """Count facts that were lost whole, such as the contracts of an unreadable row."""
        self._seen[fact] += count
        self._lose(fact, count, example)

    def add_all(self, other: "LossCounter") -> None:
        """Count what another one has counted."""
        self._seen.update(other._seen)
        for fact, count in other._unknown.items():
            self._lose(fact, count, other._examples[fact])

    @property
    def lost(self) -> int:
        """The number of unknown facts."""
        return self._unknown.total()

    def _lose(self, fact: str, count: int, example: str) -> None:
        self._unknown[fact] += count
        self._examples.setdefault(fact, example)

    def by_fact(self) -> Mapping[str, ImportLoss]:
        """The facts of which some are unknown; empty for a clean file."""
        return {
            fact: ImportLoss(count, self._seen[fact], self._examples[fact])
            for fact, count in self._unknown.items()
        }
