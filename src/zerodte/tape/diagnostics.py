"""Problems of a tape that do not make it unusable: texts, and counts of records."""

from zerodte.errors import printable


class Diagnostics:
    """Distinct warnings in the order of their first occurrence, with their latest counts."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def warn(self, text: str) -> None:
        """Add a warning, unless it is there already."""
        self._texts[text] = printable(text)

    def count(self, name: str, problem: str, records: int) -> None:
        """Set how many records of a file have a problem; a later count replaces it."""
        if records:
            self._texts[f"{name} {problem}"] = printable(f"{name}: {records:,} records {problem}")

    def texts(self) -> list[str]:
        """All warnings."""
        return list(self._texts.values())
