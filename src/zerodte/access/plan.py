"""Plans as data: an ordered table, lowest first. A configuration can replace the whole table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from zerodte.access.error import AccessError


@dataclass(frozen=True, slots=True)
class Plan:
    """What a key may ask for.

    Attributes:
        name: The name by which routes and keys refer to it.
        display_name: Its name in answers.
        daily_limit: Answers per UTC day; None for any number.
    """

    name: str
    display_name: str
    daily_limit: int | None = None

    def __post_init__(self) -> None:
        """Check the values, because they may come from a file."""
        if not (self.name.isascii() and self.name.isidentifier() and self.name.islower()):
            raise AccessError(
                f"plan {self.name!r}: a name has lower-case letters, digits and underscores"
            )
        if not self.display_name.strip() or not self.display_name.isprintable():
            raise AccessError(f"plan {self.name}: its display name is empty or not printable")
        if self.daily_limit is not None and self.daily_limit < 1:
            raise AccessError(
                f"plan {self.name}: the daily limit is {self.daily_limit}; it must be at least 1"
            )


class PlanTable:
    """Plans, lowest first: a plan includes what those before it may ask for.

    Args:
        plans: At least one plan; no name comes twice.

    Raises:
        AccessError: There is none, or a name comes twice.
    """

    def __init__(self, plans: Iterable[Plan]) -> None:
        self._plans = tuple(plans)
        self._ranks = {plan.name: rank for rank, plan in enumerate(self._plans)}
        if not self._plans:
            raise AccessError("there are no plans; give at least one")
        if len(self._ranks) < len(self._plans):
            raise AccessError("two plans have the same name")

    def __iter__(self) -> Iterator[Plan]:
        """The plans, lowest first."""
        return iter(self._plans)

    def __contains__(self, name: object) -> bool:
        """Whether there is a plan of this name."""
        return name in self._ranks

    def __getitem__(self, name: str) -> Plan:
        """The plan of a name; AccessError if there is none."""
        if name not in self._ranks:
            known = ", ".join(self._ranks)
            raise AccessError(f"there is no plan {name!r}; the plans are {known}")
        return self._plans[self._ranks[name]]

    def includes(self, name: str, required: str) -> bool:
        """Whether plan `name` is `required` or a higher one; an unknown plan includes nothing."""
        return name in self._ranks and self._ranks[name] >= self._ranks[required]

    def more_than(self, name: str) -> Plan | None:
        """The next plan that allows more answers a day than `name`; None if none does."""
        limit = self[name].daily_limit
        if limit is None:
            return None
        higher = self._plans[self._ranks[name] + 1 :]
        return next((p for p in higher if p.daily_limit is None or p.daily_limit > limit), None)


DEFAULT_PLANS: Final = PlanTable(
    [
        Plan("free", "Free", 5),
        Plan("basic", "Basic", 250),
        Plan("growth", "Growth", 2_500),
        Plan("alpha", "Alpha"),
        Plan("enterprise", "Enterprise"),
    ]
)
