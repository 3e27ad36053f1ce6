"""What was found wrong with a tape without making it unusable: texts, and counts of records."""


class Diagnostics:
    """Warnings in the order in which they first came up; said once, counts at their newest."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def warn(self, text: str) -> None:
        """Note a text, once."""
        self._texts[text] = text

    def count(self, name: str, what: str, records: int) -> None:
        """Note how many records of a file something was found of; a later count replaces it."""
        if records:
            self._texts[f"{name} {what}"] = f"{name}: {records:,} records {what}"

    def texts(self) -> list[str]:
        """All of them."""
        return list(self._texts.values())
