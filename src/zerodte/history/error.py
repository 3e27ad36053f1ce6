"""The one exception of this room."""

from zerodte.errors import ZerodteError


class HistoryError(ZerodteError, ValueError):
    """A finished session that cannot be stored or read."""
