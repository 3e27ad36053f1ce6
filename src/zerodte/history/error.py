"""The one exception of this room."""

from zerodte.errors import ZerodteError


class HistoryError(ZerodteError, ValueError):
    """What cannot be kept as a finished session, or read as one; says why, and what would do."""
