"""Types of options of the simulated market."""

import click

from zerodte.feeds.simulator.names import Name, SimulationError, names_of


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
