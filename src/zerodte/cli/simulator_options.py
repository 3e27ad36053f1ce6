"""Types of options of the simulated market."""

from typing import Any

import click

from zerodte.cli.options import Finite
from zerodte.feeds.simulator.names import Name, SimulationError, names_of
from zerodte.feeds.simulator.world import check_impact


class Symbols(click.ParamType[tuple[Name, ...]]):
    """Comma-separated symbols that can be simulated."""

    name = "A,B,..."

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Name, ...]:
        """Parse them, or fail with the known symbols."""
        words = (word.strip().upper() for word in str(value).split(","))
        try:
            return names_of(word for word in words if word)
        except SimulationError as error:
            self.fail(str(error), param, ctx)


class Impact(Finite):
    """The strength of dealers' hedging."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse it, or fail with the range."""
        impact = super().convert(value, param, ctx)
        try:
            check_impact(impact)
        except SimulationError as error:
            self.fail(str(error), param, ctx)
        return impact
