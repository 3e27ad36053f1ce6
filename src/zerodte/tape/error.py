"""The one exception of this room."""


class TapeError(ValueError):
    """What cannot be used as a tape, or as a part of one; says why, and what would do."""
