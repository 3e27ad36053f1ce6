"""The tables of a study, as Markdown for the documentation and as JSON."""

from dataclasses import dataclass
from typing import TypeAlias

Cell: TypeAlias = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a study.

    Attributes:
        title: Its content and how it was computed.
        columns: Headings.
        rows: One value per heading.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def markdown(self) -> str:
        """The table as Markdown."""
        lines = [self.columns, ("---",) * len(self.columns), *self.rows]
        lines_text = ["| " + " | ".join(_cell_text(cell) for cell in line) + " |" for line in lines]
        return "\n".join([self.title, "", *lines_text, ""])

    def plain(self) -> dict[str, object]:
        """The table for JSON, with each row by its headings."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {"title": self.title, "rows": rows}


def _cell_text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "**no**"
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
