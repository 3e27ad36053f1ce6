"""The one exception of this room."""

from zerodte.errors import ZerodteError


class TapeError(ZerodteError, ValueError):
    """A file or folder that is unusable as a tape or as a part of one."""
