"""The one exception of this room."""


class HistoryError(ValueError):
    """What cannot be kept as a finished session, or read as one; says why, and what would do."""
