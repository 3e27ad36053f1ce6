"""What a study gives: tables of plain values, as Markdown for the documentation and as JSON."""

from dataclasses import dataclass
from typing import TypeAlias

Cell: TypeAlias = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a study.

    Attributes:
        title: What it shows, and how it was made.
        columns: Headings.
        rows: A value for each heading.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def markdown(self) -> str:
        """The table as it stands in the documentation."""
        lines = [self.columns, ("---",) * len(self.columns), *self.rows]
        shown = ["| " + " | ".join(_shown(cell) for cell in line) + " |" for line in lines]
        return "\n".join([self.title, "", *shown, ""])

    def plain(self) -> dict[str, object]:
        """The table as JSON has it: each row by its headings."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {"title": self.title, "rows": rows}


def _shown(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "**no**"
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
