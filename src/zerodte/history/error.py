"""The exceptions of this room."""

from zerodte.errors import ZerodteError


class HistoryError(ZerodteError, ValueError):
    """A finished session that cannot be stored or read."""


class StoreError(HistoryError):
    """A store that does not respond, or refuses; it may work later."""
