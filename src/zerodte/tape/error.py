"""The one exception of this room."""

from zerodte.errors import ZerodteError


class TapeError(ZerodteError, ValueError):
    """What cannot be used as a tape, or as a part of one; says why, and what would do."""
