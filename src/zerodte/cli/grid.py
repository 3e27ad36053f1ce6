"""Tables of figures on a terminal, without lines."""

import sys
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table as Grid

#: Stands for a figure that is not known.
UNKNOWN_CELL: Final = "–"


#: Columns of the widest tables; and of those that no terminal shows and nothing may fold.
WIDE: Final = 150
UNFOLDED: Final = 200


class OutputConsole(Console):
    """Standard output.

    Args:
        least: Columns that a line has at least.
        unseen: Columns of a line where no terminal shows it; None for as many as usual.
    """

    def __init__(self, *, least: int = 0, unseen: int | None = None) -> None:
        super().__init__(width=None if sys.stdout.isatty() else unseen, highlight=False)
        self.width = max(self.width, least)

    def on_broken_pipe(self) -> None:
        """Leave it to the command: rich would end it as if it had failed."""
        raise  # noqa: PLE0704  called where a BrokenPipeError is handled


def empty_grid(labels: Sequence[str], heads: Sequence[str]) -> Grid:
    """A table without rows: columns of text first, then columns of figures."""
    grid = Grid(box=None, padding=(0, 2, 0, 0))
    for label in labels:
        grid.add_column(label, header_style="dim", no_wrap=True)
    for head in heads:
        grid.add_column(head, header_style="dim", justify="right", no_wrap=True)
    return grid
